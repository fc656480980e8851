// Prices as whole ticks (rule E1) and quantities as whole lots (rule E1b).
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/base/backend.hpp"

namespace quern {

inline constexpr std::int32_t max_ticks = 2147483647;          // E1: levels and distances saturate here
inline constexpr std::int64_t max_lots = std::int64_t{1} << 53; // E1b: more in one fill is an error

// A tick size a/b in whole numbers (0.05 is 1/20), so that a price is one correctly rounded division away from its
// ticks. `value` is the double nearest to a/b.
struct TickSize {
  double value = 0.01;
  double numerator = 1.0;
  double denominator = 100.0;
};

inline namespace QUERN_BACKEND {

// Nearest whole number, halves away from zero.
QUERN_HD QUERN_INLINE double round_half_away(double x) {
  const double whole = std::trunc(x);
  const double rest = x - whole;  // exact
  return rest >= 0.5 ? whole + 1.0 : rest <= -0.5 ? whole - 1.0 : whole;
}

// The double nearest to the decimal price of `ticks` (E1: `(ticks*a)/b`, one division).
QUERN_HD QUERN_INLINE double price_of(std::int32_t ticks, const TickSize& tick) {
  return (static_cast<double>(ticks) * tick.numerator) / tick.denominator;
}

// A computed level as ticks: `round_half_away(x / tick)`, saturating at +-max_ticks. `x` must be finite.
QUERN_HD QUERN_INLINE std::int32_t level_ticks(double x, const TickSize& tick) {
  const double ticks = round_half_away(x / tick.value);
  if (ticks >= static_cast<double>(max_ticks)) return max_ticks;
  if (ticks <= -static_cast<double>(max_ticks)) return -max_ticks;
  return static_cast<std::int32_t>(ticks);
}

// A stop, target or trail distance as ticks: at least 1.
QUERN_HD QUERN_INLINE std::int32_t distance_ticks(double x, const TickSize& tick) {
  const std::int32_t ticks = level_ticks(x, tick);
  return ticks < 1 ? 1 : ticks;
}

// E1b: whole lots of quantity `q`, as a double that holds a whole number (may exceed max_lots; the caller checks).
QUERN_HD QUERN_INLINE double lots_of(double quantity, double lot) {
  return std::floor(quantity / lot * (1.0 + 1e-12));
}

}  // namespace QUERN_BACKEND
}  // namespace quern
