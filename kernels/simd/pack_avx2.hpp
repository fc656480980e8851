// Eight lanes in AVX2 registers: I whole numbers, D doubles (two registers), M all bits of a lane's 32.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/base/decision_hash.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr int width = 8;
inline constexpr const char* instruction_set_name = "avx2";

struct M { __m256i m; };
QUERN_INLINE M operator&(M a, M b) { return {_mm256_and_si256(a.m, b.m)}; }
QUERN_INLINE M operator|(M a, M b) { return {_mm256_or_si256(a.m, b.m)}; }
QUERN_INLINE M operator~(M a) { return {_mm256_xor_si256(a.m, _mm256_set1_epi32(-1))}; }
QUERN_INLINE M without(M a, M b) { return {_mm256_andnot_si256(b.m, a.m)}; }
QUERN_INLINE bool any(M a) { return !_mm256_testz_si256(a.m, a.m); }
QUERN_INLINE std::uint32_t bits(M a) { return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(a.m))); }
QUERN_INLINE M mask_of(std::uint32_t bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return {_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), bit), bit)};
}

struct I { __m256i v; };
QUERN_INLINE I all_i(std::int32_t x) { return {_mm256_set1_epi32(x)}; }
QUERN_INLINE I load_i(const std::int32_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
QUERN_INLINE void store(std::int32_t* p, I a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v); }
QUERN_INLINE I operator+(I a, I b) { return {_mm256_add_epi32(a.v, b.v)}; }
QUERN_INLINE I operator-(I a, I b) { return {_mm256_sub_epi32(a.v, b.v)}; }
QUERN_INLINE I max_of(I a, I b) { return {_mm256_max_epi32(a.v, b.v)}; }
QUERN_INLINE I min_of(I a, I b) { return {_mm256_min_epi32(a.v, b.v)}; }
QUERN_INLINE M operator>(I a, I b) { return {_mm256_cmpgt_epi32(a.v, b.v)}; }
QUERN_INLINE M operator<(I a, I b) { return b > a; }
QUERN_INLINE M operator<=(I a, I b) { return ~(a > b); }
QUERN_INLINE M operator>=(I a, I b) { return ~(b > a); }
QUERN_INLINE M operator==(I a, I b) { return {_mm256_cmpeq_epi32(a.v, b.v)}; }
QUERN_INLINE I select(M m, I a, I b) { return {_mm256_blendv_epi8(b.v, a.v, m.m)}; }


struct D { __m256d lo, hi; };
QUERN_INLINE D all_d(double x) { return {_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
QUERN_INLINE D load_d(const double* p) { return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
QUERN_INLINE void store(double* p, D a) { _mm256_storeu_pd(p, a.lo), _mm256_storeu_pd(p + 4, a.hi); }
QUERN_INLINE D operator+(D a, D b) { return {_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi)}; }
QUERN_INLINE D operator-(D a, D b) { return {_mm256_sub_pd(a.lo, b.lo), _mm256_sub_pd(a.hi, b.hi)}; }
QUERN_INLINE D operator*(D a, D b) { return {_mm256_mul_pd(a.lo, b.lo), _mm256_mul_pd(a.hi, b.hi)}; }
QUERN_INLINE D operator/(D a, D b) { return {_mm256_div_pd(a.lo, b.lo), _mm256_div_pd(a.hi, b.hi)}; }
QUERN_INLINE D max_of(D a, D b) { return {_mm256_max_pd(a.lo, b.lo), _mm256_max_pd(a.hi, b.hi)}; }
QUERN_INLINE D floor_of(D a) { return {_mm256_floor_pd(a.lo), _mm256_floor_pd(a.hi)}; }
QUERN_INLINE D ceil_of(D a) { return {_mm256_ceil_pd(a.lo), _mm256_ceil_pd(a.hi)}; }
QUERN_INLINE D trunc_of(D a) {
  constexpr int to_zero = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
  return {_mm256_round_pd(a.lo, to_zero), _mm256_round_pd(a.hi, to_zero)};
}
QUERN_INLINE D abs_of(D a) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  return {_mm256_andnot_pd(sign, a.lo), _mm256_andnot_pd(sign, a.hi)};
}
QUERN_INLINE D negated(D a) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  return {_mm256_xor_pd(a.lo, sign), _mm256_xor_pd(a.hi, sign)};
}
template <int op>
QUERN_INLINE M compare(D a, D b) {
  const __m256 lo = _mm256_castpd_ps(_mm256_cmp_pd(a.lo, b.lo, op)), hi = _mm256_castpd_ps(_mm256_cmp_pd(a.hi, b.hi, op));
  const __m256 mixed = _mm256_shuffle_ps(lo, hi, 0x88);  // l0 l1 h0 h1 | l2 l3 h2 h3
  return {_mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xD8)};
}
QUERN_INLINE M operator<(D a, D b) { return compare<_CMP_LT_OQ>(a, b); }
QUERN_INLINE M operator<=(D a, D b) { return compare<_CMP_LE_OQ>(a, b); }
QUERN_INLINE M operator>(D a, D b) { return compare<_CMP_GT_OQ>(a, b); }
QUERN_INLINE M operator>=(D a, D b) { return compare<_CMP_GE_OQ>(a, b); }
QUERN_INLINE M operator==(D a, D b) { return compare<_CMP_EQ_OQ>(a, b); }
QUERN_INLINE D select(M m, D a, D b) {
  const __m256d lo = _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(m.m)));
  const __m256d hi = _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_extracti128_si256(m.m, 1)));
  return {_mm256_blendv_pd(b.lo, a.lo, lo), _mm256_blendv_pd(b.hi, a.hi, hi)};
}

QUERN_INLINE D to_d(I a) {
  return {_mm256_cvtepi32_pd(_mm256_castsi256_si128(a.v)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(a.v, 1))};
}
QUERN_INLINE I to_i(D a) { return {_mm256_set_m128i(_mm256_cvttpd_epi32(a.hi), _mm256_cvttpd_epi32(a.lo))}; }

// x / by with the bits of the division, for finite x of common size: two corrections of x * (1 / by).
QUERN_INLINE __m256d divided_half(__m256d x, __m256d by, __m256d inverse) {
  const __m256d first = _mm256_mul_pd(x, inverse);
  const __m256d second = _mm256_fmadd_pd(_mm256_fnmadd_pd(first, by, x), inverse, first);
  return _mm256_fmadd_pd(_mm256_fnmadd_pd(second, by, x), inverse, second);
}
QUERN_INLINE D divided(D x, double by, double inverse) {
  const __m256d b = _mm256_set1_pd(by), i = _mm256_set1_pd(inverse);
  return {divided_half(x.lo, b, i), divided_half(x.hi, b, i)};
}

// Decision hashes, lane by lane.
struct Hashes {
  std::uint64_t of[width];

  QUERN_INLINE void start() {
    for (std::uint64_t& hash : of) hash = decision_hash_start;
  }
  QUERN_INLINE std::uint64_t at(int lane) const { return of[lane]; }
  QUERN_INLINE void add(M lanes, std::int32_t bar, I event, M shorts, I ticks, D lots) {
    std::int32_t what[width], price[width];
    double count[width];
    store(what, event), store(price, ticks), store(count, lots);
    const std::uint32_t short_bits = bits(shorts);
    for (std::uint32_t left = bits(lanes); left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      of[lane] = decision_hash_add(of[lane], bar, what[lane], (short_bits >> lane & 1) != 0 ? -1 : 1, price[lane], static_cast<std::int64_t>(count[lane]));
    }
  }
};

}  // namespace QUERN_BACKEND
}  // namespace quern
