// Vectors of one value a lane. The width follows the instruction set that the file is compiled for. `.cpp` files only.
#pragma once

#include <cstdint>

#include "kernels/base/backend.hpp"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define QUERN_PACK_AVX512 1
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quern {
inline namespace QUERN_BACKEND {

#if defined(QUERN_PACK_AVX512)
inline constexpr int pack_lanes = 16;
#elif defined(__AVX2__)
inline constexpr int pack_lanes = 8;
#else
inline constexpr int pack_lanes = 4;
#endif
inline constexpr int half_lanes = pack_lanes / 2;
inline constexpr std::uint32_t all_lanes = (1u << pack_lanes) - 1;

typedef std::int32_t Int __attribute__((vector_size(4 * pack_lanes)));
typedef float Float __attribute__((vector_size(4 * pack_lanes)));
typedef double HalfDouble __attribute__((vector_size(8 * half_lanes)));
typedef std::int64_t HalfLong __attribute__((vector_size(8 * half_lanes)));
typedef std::int32_t HalfInt __attribute__((vector_size(4 * half_lanes)));

// Two registers.
struct Double {
  HalfDouble low, high;
};

QUERN_INLINE Double operator+(Double a, Double b) { return {a.low + b.low, a.high + b.high}; }
QUERN_INLINE Double operator-(Double a, Double b) { return {a.low - b.low, a.high - b.high}; }
QUERN_INLINE Double operator*(Double a, Double b) { return {a.low * b.low, a.high * b.high}; }
QUERN_INLINE Double operator/(Double a, Double b) { return {a.low / b.low, a.high / b.high}; }

template <class Real>
struct PackOf;
template <>
struct PackOf<float> {
  using type = Float;
};
template <>
struct PackOf<double> {
  using type = Double;
};

QUERN_INLINE Int load(const std::int32_t* from) { return *reinterpret_cast<const Int*>(from); }
QUERN_INLINE Float load(const float* from) { return *reinterpret_cast<const Float*>(from); }
QUERN_INLINE Double load(const double* from) {
  return {*reinterpret_cast<const HalfDouble*>(from), *reinterpret_cast<const HalfDouble*>(from + half_lanes)};
}
QUERN_INLINE void store(std::int32_t* to, Int x) { *reinterpret_cast<Int*>(to) = x; }
QUERN_INLINE void store(float* to, Float x) { *reinterpret_cast<Float*>(to) = x; }
QUERN_INLINE void store(double* to, Double x) {
  *reinterpret_cast<HalfDouble*>(to) = x.low;
  *reinterpret_cast<HalfDouble*>(to + half_lanes) = x.high;
}
QUERN_INLINE Int fill(std::int32_t x) { return Int{} + x; }
QUERN_INLINE Float fill(float x) { return x - Float{}; }
QUERN_INLINE Double fill(double x) { return {x - HalfDouble{}, x - HalfDouble{}}; }

#if defined(QUERN_PACK_AVX512)

struct Mask {
  __mmask16 bits;
};
QUERN_INLINE Mask operator|(Mask a, Mask b) { return {static_cast<__mmask16>(a.bits | b.bits)}; }
QUERN_INLINE Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.bits & b.bits)}; }
QUERN_INLINE std::uint32_t bits_of(Mask a) { return a.bits; }
QUERN_INLINE Mask mask_of(std::uint32_t bits) { return {static_cast<__mmask16>(bits)}; }

QUERN_INLINE Mask at_most(Int a, Int b) { return {_mm512_cmple_epi32_mask((__m512i)a, (__m512i)b)}; }
QUERN_INLINE Mask at_least(Int a, Int b) { return {_mm512_cmpge_epi32_mask((__m512i)a, (__m512i)b)}; }
QUERN_INLINE Mask below(Float a, Float b) { return {_mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ)}; }
QUERN_INLINE Mask below(Double a, Double b) {
  const unsigned low = _mm512_cmp_pd_mask((__m512d)a.low, (__m512d)b.low, _CMP_LT_OQ);
  const unsigned high = _mm512_cmp_pd_mask((__m512d)a.high, (__m512d)b.high, _CMP_LT_OQ);
  return {static_cast<__mmask16>(low | high << 8)};
}
QUERN_INLINE Int select(Mask m, Int a, Int b) { return (Int)_mm512_mask_mov_epi32((__m512i)b, m.bits, (__m512i)a); }
QUERN_INLINE Float select(Mask m, Float a, Float b) { return (Float)_mm512_mask_mov_ps((__m512)b, m.bits, (__m512)a); }
QUERN_INLINE Double select(Mask m, Double a, Double b) {
  return {(HalfDouble)_mm512_mask_mov_pd((__m512d)b.low, static_cast<__mmask8>(m.bits), (__m512d)a.low),
          (HalfDouble)_mm512_mask_mov_pd((__m512d)b.high, static_cast<__mmask8>(m.bits >> 8), (__m512d)a.high)};
}
QUERN_INLINE Int larger(Int a, Int b) { return (Int)_mm512_max_epi32((__m512i)a, (__m512i)b); }
QUERN_INLINE Float larger(Float a, Float b) { return (Float)_mm512_max_ps((__m512)a, (__m512)b); }
QUERN_INLINE Double larger(Double a, Double b) {
  return {(HalfDouble)_mm512_max_pd((__m512d)a.low, (__m512d)b.low), (HalfDouble)_mm512_max_pd((__m512d)a.high, (__m512d)b.high)};
}

#else

struct Mask {
  Int lanes;                     // -1 or 0
};
QUERN_INLINE Mask operator|(Mask a, Mask b) { return {a.lanes | b.lanes}; }
QUERN_INLINE Mask operator&(Mask a, Mask b) { return {a.lanes & b.lanes}; }
QUERN_INLINE std::uint32_t bits_of(Mask a) {
#if defined(__AVX2__)
  return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)a.lanes));
#elif defined(__x86_64__)
  return static_cast<std::uint32_t>(_mm_movemask_ps((__m128)a.lanes));
#else
  std::uint32_t bits = 0;
  for (int i = 0; i < pack_lanes; ++i) bits |= static_cast<std::uint32_t>(a.lanes[i] & 1) << i;
  return bits;
#endif
}
QUERN_INLINE Mask mask_of(std::uint32_t bits) {
  Int lane_bit{};
  for (int i = 0; i < pack_lanes; ++i) lane_bit[i] = 1 << i;
  return {(fill(static_cast<std::int32_t>(bits)) & lane_bit) == lane_bit};
}

QUERN_INLINE HalfLong low_of(Mask m) {
  HalfInt x;
  __builtin_memcpy(&x, &m.lanes, sizeof x);
  return __builtin_convertvector(x, HalfLong);
}
QUERN_INLINE HalfLong high_of(Mask m) {
  HalfInt x;
  __builtin_memcpy(&x, reinterpret_cast<const char*>(&m.lanes) + sizeof x, sizeof x);
  return __builtin_convertvector(x, HalfLong);
}
QUERN_INLINE Mask joined(HalfLong low, HalfLong high) {
  const HalfInt a = __builtin_convertvector(low, HalfInt), b = __builtin_convertvector(high, HalfInt);
  Mask m;
  __builtin_memcpy(&m.lanes, &a, sizeof a);
  __builtin_memcpy(reinterpret_cast<char*>(&m.lanes) + sizeof a, &b, sizeof b);
  return m;
}

QUERN_INLINE Mask at_most(Int a, Int b) { return {a <= b}; }
QUERN_INLINE Mask at_least(Int a, Int b) { return {a >= b}; }
QUERN_INLINE Mask below(Float a, Float b) { return {a < b}; }
QUERN_INLINE Mask below(Double a, Double b) { return joined(a.low < b.low, a.high < b.high); }
QUERN_INLINE Int select(Mask m, Int a, Int b) { return m.lanes ? a : b; }
QUERN_INLINE Float select(Mask m, Float a, Float b) { return m.lanes ? a : b; }
QUERN_INLINE Double select(Mask m, Double a, Double b) {
  return {low_of(m) ? a.low : b.low, high_of(m) ? a.high : b.high};
}
QUERN_INLINE Int larger(Int a, Int b) { return a > b ? a : b; }
QUERN_INLINE Float larger(Float a, Float b) { return a > b ? a : b; }
QUERN_INLINE Double larger(Double a, Double b) {
  return {a.low > b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

#endif

QUERN_INLINE Float to_real(Int x, Float) { return __builtin_convertvector(x, Float); }
QUERN_INLINE Double to_real(Int x, Double) {
  HalfInt halves[2];
  __builtin_memcpy(halves, &x, sizeof x);
  return {__builtin_convertvector(halves[0], HalfDouble), __builtin_convertvector(halves[1], HalfDouble)};
}
typedef float HalfFloat __attribute__((vector_size(4 * half_lanes)));
QUERN_INLINE Float to_real(Double x, Float) {
  const HalfFloat halves[2] = {__builtin_convertvector(x.low, HalfFloat), __builtin_convertvector(x.high, HalfFloat)};
  Float all;
  __builtin_memcpy(&all, halves, sizeof all);
  return all;
}
QUERN_INLINE Double to_real(Double x, Double) { return x; }

}  // namespace QUERN_BACKEND
}  // namespace quern
