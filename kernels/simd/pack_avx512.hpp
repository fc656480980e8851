// Sixteen lanes in AVX-512 registers: I whole numbers, D doubles (two registers), M one bit a lane.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/base/decision_hash.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr int width = 16;
inline constexpr const char* instruction_set_name = "avx512";

struct M { __mmask16 m; };
QUERN_INLINE M operator&(M a, M b) { return {static_cast<__mmask16>(a.m & b.m)}; }
QUERN_INLINE M operator|(M a, M b) { return {static_cast<__mmask16>(a.m | b.m)}; }
QUERN_INLINE M operator~(M a) { return {static_cast<__mmask16>(~a.m)}; }
QUERN_INLINE M without(M a, M b) { return {static_cast<__mmask16>(a.m & ~b.m)}; }
QUERN_INLINE bool any(M a) { return a.m != 0; }
QUERN_INLINE std::uint32_t bits(M a) { return a.m; }
QUERN_INLINE M mask_of(std::uint32_t bits) { return {static_cast<__mmask16>(bits)}; }

struct I { __m512i v; };
QUERN_INLINE I all_i(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
QUERN_INLINE I load_i(const std::int32_t* p) { return {_mm512_loadu_si512(p)}; }
QUERN_INLINE void store(std::int32_t* p, I a) { _mm512_storeu_si512(p, a.v); }
QUERN_INLINE I operator+(I a, I b) { return {_mm512_add_epi32(a.v, b.v)}; }
QUERN_INLINE I operator-(I a, I b) { return {_mm512_sub_epi32(a.v, b.v)}; }
QUERN_INLINE I max_of(I a, I b) { return {_mm512_max_epi32(a.v, b.v)}; }
QUERN_INLINE I min_of(I a, I b) { return {_mm512_min_epi32(a.v, b.v)}; }
QUERN_INLINE M operator<(I a, I b) { return {_mm512_cmplt_epi32_mask(a.v, b.v)}; }
QUERN_INLINE M operator<=(I a, I b) { return {_mm512_cmple_epi32_mask(a.v, b.v)}; }
QUERN_INLINE M operator>(I a, I b) { return {_mm512_cmpgt_epi32_mask(a.v, b.v)}; }
QUERN_INLINE M operator>=(I a, I b) { return {_mm512_cmpge_epi32_mask(a.v, b.v)}; }
QUERN_INLINE M operator==(I a, I b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
QUERN_INLINE I select(M m, I a, I b) { return {_mm512_mask_blend_epi32(m.m, b.v, a.v)}; }


struct D { __m512d lo, hi; };
QUERN_INLINE D all_d(double x) { return {_mm512_set1_pd(x), _mm512_set1_pd(x)}; }
QUERN_INLINE D load_d(const double* p) { return {_mm512_loadu_pd(p), _mm512_loadu_pd(p + 8)}; }
QUERN_INLINE void store(double* p, D a) { _mm512_storeu_pd(p, a.lo), _mm512_storeu_pd(p + 8, a.hi); }
QUERN_INLINE D operator+(D a, D b) { return {_mm512_add_pd(a.lo, b.lo), _mm512_add_pd(a.hi, b.hi)}; }
QUERN_INLINE D operator-(D a, D b) { return {_mm512_sub_pd(a.lo, b.lo), _mm512_sub_pd(a.hi, b.hi)}; }
QUERN_INLINE D operator*(D a, D b) { return {_mm512_mul_pd(a.lo, b.lo), _mm512_mul_pd(a.hi, b.hi)}; }
QUERN_INLINE D operator/(D a, D b) { return {_mm512_div_pd(a.lo, b.lo), _mm512_div_pd(a.hi, b.hi)}; }
QUERN_INLINE D max_of(D a, D b) { return {_mm512_max_pd(a.lo, b.lo), _mm512_max_pd(a.hi, b.hi)}; }
QUERN_INLINE D floor_of(D a) { return {_mm512_roundscale_pd(a.lo, 9), _mm512_roundscale_pd(a.hi, 9)}; }
QUERN_INLINE D ceil_of(D a) { return {_mm512_roundscale_pd(a.lo, 10), _mm512_roundscale_pd(a.hi, 10)}; }
QUERN_INLINE D trunc_of(D a) { return {_mm512_roundscale_pd(a.lo, 11), _mm512_roundscale_pd(a.hi, 11)}; }
QUERN_INLINE D abs_of(D a) { return {_mm512_abs_pd(a.lo), _mm512_abs_pd(a.hi)}; }
QUERN_INLINE D negated(D a) {
  const __m512i sign = _mm512_set1_epi64(INT64_MIN);
  return {_mm512_castsi512_pd(_mm512_xor_si512(_mm512_castpd_si512(a.lo), sign)),
          _mm512_castsi512_pd(_mm512_xor_si512(_mm512_castpd_si512(a.hi), sign))};
}
template <int op>
QUERN_INLINE M compare(D a, D b) {
  return {static_cast<__mmask16>(_mm512_cmp_pd_mask(a.lo, b.lo, op) | _mm512_cmp_pd_mask(a.hi, b.hi, op) << 8)};
}
QUERN_INLINE M operator<(D a, D b) { return compare<_CMP_LT_OQ>(a, b); }
QUERN_INLINE M operator<=(D a, D b) { return compare<_CMP_LE_OQ>(a, b); }
QUERN_INLINE M operator>(D a, D b) { return compare<_CMP_GT_OQ>(a, b); }
QUERN_INLINE M operator>=(D a, D b) { return compare<_CMP_GE_OQ>(a, b); }
QUERN_INLINE M operator==(D a, D b) { return compare<_CMP_EQ_OQ>(a, b); }
QUERN_INLINE D select(M m, D a, D b) {
  return {_mm512_mask_blend_pd(static_cast<__mmask8>(m.m), b.lo, a.lo), _mm512_mask_blend_pd(static_cast<__mmask8>(m.m >> 8), b.hi, a.hi)};
}

QUERN_INLINE D to_d(I a) {
  return {_mm512_cvtepi32_pd(_mm512_castsi512_si256(a.v)), _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(a.v, 1))};
}
// Of whole numbers in range.
QUERN_INLINE I to_i(D a) {
  return {_mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvttpd_epi32(a.lo)), _mm512_cvttpd_epi32(a.hi), 1)};
}

// x / by with the bits of the division, for finite x of common size: two corrections of x * (1 / by).
QUERN_INLINE __m512d divided_half(__m512d x, __m512d by, __m512d inverse) {
  const __m512d first = _mm512_mul_pd(x, inverse);
  const __m512d second = _mm512_fmadd_pd(_mm512_fnmadd_pd(first, by, x), inverse, first);
  return _mm512_fmadd_pd(_mm512_fnmadd_pd(second, by, x), inverse, second);
}
QUERN_INLINE D divided(D x, double by, double inverse) {
  const __m512d b = _mm512_set1_pd(by), i = _mm512_set1_pd(inverse);
  return {divided_half(x.lo, b, i), divided_half(x.hi, b, i)};
}

// Decision hashes of sixteen lanes; see decision_hash_add, of which this is the vector form.
struct Hashes {
  __m512i lo, hi;

  QUERN_INLINE void start() { lo = hi = _mm512_set1_epi64(static_cast<long long>(decision_hash_start)); }
  QUERN_INLINE std::uint64_t at(int lane) const {
    alignas(64) std::uint64_t all[16];
    _mm512_store_si512(all, lo), _mm512_store_si512(all + 8, hi);
    return all[lane];
  }
  static QUERN_INLINE __m512i mix(__m512i hash, __m512i word) {
    hash = _mm512_mullo_epi64(_mm512_xor_si512(hash, word), _mm512_set1_epi64(static_cast<long long>(0xBF58476D1CE4E5B9ull)));
    return _mm512_xor_si512(hash, _mm512_srli_epi64(hash, 29));
  }
  static QUERN_INLINE __m512i half(__m512i hash, __mmask8 lanes, std::int32_t bar, __m256i event, __mmask8 shorts, __m256i ticks, __m512d lots) {
    const __m512i side = _mm512_mask_blend_epi64(shorts, _mm512_set1_epi64(1), _mm512_set1_epi64(2));
    const __m512i what = _mm512_or_si512(_mm512_slli_epi64(_mm512_cvtepu32_epi64(event), 8), side);
    __m512i mixed = mix(hash, _mm512_or_si512(_mm512_set1_epi64(static_cast<long long>(static_cast<std::uint64_t>(static_cast<std::uint32_t>(bar)) << 32)), what));
    mixed = mix(mixed, _mm512_cvtepu32_epi64(ticks));
    mixed = mix(mixed, _mm512_cvttpd_epi64(lots));
    return _mm512_mask_mov_epi64(hash, lanes, mixed);
  }
  QUERN_INLINE void add(M lanes, std::int32_t bar, I event, M shorts, I ticks, D lots) {
    lo = half(lo, static_cast<__mmask8>(lanes.m), bar, _mm512_castsi512_si256(event.v), static_cast<__mmask8>(shorts.m), _mm512_castsi512_si256(ticks.v), lots.lo);
    hi = half(hi, static_cast<__mmask8>(lanes.m >> 8), bar, _mm512_extracti64x4_epi64(event.v, 1), static_cast<__mmask8>(shorts.m >> 8),
              _mm512_extracti64x4_epi64(ticks.v, 1), lots.hi);
  }
};

}  // namespace QUERN_BACKEND
}  // namespace quern
