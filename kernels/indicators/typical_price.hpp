// Typical price of a bar, with its tie test.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// (high + low + close) / 3 for the arithmetic, and a key for comparisons: the sum in whole ticks where the candles have
// ticks, so that equal prices compare equal.
struct TypicalPrice {
  double value, key;
  TypicalPrice(const Sample* in, bool in_ticks)
      : value((in[0].value + in[1].value + in[2].value) / 3.0),
        key(in_ticks ? static_cast<double>(std::int64_t{in[0].ticks} + in[1].ticks + in[2].ticks) : value) {}
};
// a > b by more than rounding, as TA-Lib decides ties; exact for keys in ticks.
inline bool is_above(double a, double b) { return a - b > 1e-14 * (std::fabs(a) + std::fabs(b)); }

inline bool candles_in_ticks(const Setup& setup) { return setup.in_ticks[0] && setup.in_ticks[1] && setup.in_ticks[2]; }

}  // namespace QUERN_BACKEND
}  // namespace quern
