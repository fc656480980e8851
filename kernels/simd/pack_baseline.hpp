// Four lanes in plain arrays, for any processor.
#pragma once

#include <cstdint>

#include "kernels/base/decision_hash.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr int width = 4;
inline constexpr const char* instruction_set_name = "baseline";

struct M { std::int32_t m[width]; };
struct I { std::int32_t v[width]; };
struct D { double v[width]; };

#define QUERN_EACH(result, expression)              \
  result out;                                       \
  for (int i = 0; i < width; ++i) expression;       \
  return out;

QUERN_INLINE M operator&(M a, M b) { QUERN_EACH(M, out.m[i] = a.m[i] & b.m[i]) }
QUERN_INLINE M operator|(M a, M b) { QUERN_EACH(M, out.m[i] = a.m[i] | b.m[i]) }
QUERN_INLINE M operator~(M a) { QUERN_EACH(M, out.m[i] = ~a.m[i]) }
QUERN_INLINE M without(M a, M b) { QUERN_EACH(M, out.m[i] = a.m[i] & ~b.m[i]) }
QUERN_INLINE bool any(M a) { return (a.m[0] | a.m[1] | a.m[2] | a.m[3]) != 0; }
QUERN_INLINE std::uint32_t bits(M a) {
  return static_cast<std::uint32_t>((a.m[0] & 1) | (a.m[1] & 2) | (a.m[2] & 4) | (a.m[3] & 8));
}
QUERN_INLINE M mask_of(std::uint32_t bits) { QUERN_EACH(M, out.m[i] = (bits >> i & 1) != 0 ? -1 : 0) }

QUERN_INLINE I all_i(std::int32_t x) { QUERN_EACH(I, out.v[i] = x) }
QUERN_INLINE I load_i(const std::int32_t* p) { QUERN_EACH(I, out.v[i] = p[i]) }
QUERN_INLINE void store(std::int32_t* p, I a) { for (int i = 0; i < width; ++i) p[i] = a.v[i]; }
QUERN_INLINE I operator+(I a, I b) { QUERN_EACH(I, out.v[i] = a.v[i] + b.v[i]) }
QUERN_INLINE I operator-(I a, I b) { QUERN_EACH(I, out.v[i] = a.v[i] - b.v[i]) }
QUERN_INLINE I max_of(I a, I b) { QUERN_EACH(I, out.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i]) }
QUERN_INLINE I min_of(I a, I b) { QUERN_EACH(I, out.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i]) }
QUERN_INLINE D all_d(double x) { QUERN_EACH(D, out.v[i] = x) }
QUERN_INLINE D load_d(const double* p) { QUERN_EACH(D, out.v[i] = p[i]) }
QUERN_INLINE void store(double* p, D a) { for (int i = 0; i < width; ++i) p[i] = a.v[i]; }
QUERN_INLINE D operator+(D a, D b) { QUERN_EACH(D, out.v[i] = a.v[i] + b.v[i]) }
QUERN_INLINE D operator-(D a, D b) { QUERN_EACH(D, out.v[i] = a.v[i] - b.v[i]) }
QUERN_INLINE D operator*(D a, D b) { QUERN_EACH(D, out.v[i] = a.v[i] * b.v[i]) }
QUERN_INLINE D operator/(D a, D b) { QUERN_EACH(D, out.v[i] = a.v[i] / b.v[i]) }
QUERN_INLINE D max_of(D a, D b) { QUERN_EACH(D, out.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i]) }
QUERN_INLINE D floor_of(D a) { QUERN_EACH(D, out.v[i] = __builtin_floor(a.v[i])) }
QUERN_INLINE D ceil_of(D a) { QUERN_EACH(D, out.v[i] = __builtin_ceil(a.v[i])) }
QUERN_INLINE D trunc_of(D a) { QUERN_EACH(D, out.v[i] = __builtin_trunc(a.v[i])) }
QUERN_INLINE D abs_of(D a) { QUERN_EACH(D, out.v[i] = __builtin_fabs(a.v[i])) }
QUERN_INLINE D negated(D a) { QUERN_EACH(D, out.v[i] = -a.v[i]) }
#define QUERN_COMPARE(type, op) \
  QUERN_INLINE M operator op(type a, type b) { QUERN_EACH(M, out.m[i] = a.v[i] op b.v[i] ? -1 : 0) }
QUERN_COMPARE(I, <) QUERN_COMPARE(I, <=) QUERN_COMPARE(I, >) QUERN_COMPARE(I, >=) QUERN_COMPARE(I, ==)
QUERN_COMPARE(D, <) QUERN_COMPARE(D, <=) QUERN_COMPARE(D, >) QUERN_COMPARE(D, >=) QUERN_COMPARE(D, ==)
#undef QUERN_COMPARE
QUERN_INLINE I select(M m, I a, I b) { QUERN_EACH(I, out.v[i] = m.m[i] != 0 ? a.v[i] : b.v[i]) }
QUERN_INLINE D select(M m, D a, D b) { QUERN_EACH(D, out.v[i] = m.m[i] != 0 ? a.v[i] : b.v[i]) }
QUERN_INLINE D to_d(I a) { QUERN_EACH(D, out.v[i] = static_cast<double>(a.v[i])) }
QUERN_INLINE I to_i(D a) { QUERN_EACH(I, out.v[i] = static_cast<std::int32_t>(a.v[i])) }
QUERN_INLINE D divided(D x, double by, double) { QUERN_EACH(D, out.v[i] = x.v[i] / by) }
#undef QUERN_EACH

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
