// True range.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Undefined at its first bar, which has no previous close.
template <class Number = double>
struct TrueRange {
  Number previous_close;
  bool started = false;

  TrueRange() : previous_close(0.0) {}
  Number step(Number high, Number low, Number close) {
    Number range = high - low;
    const Number up = std::fabs(high - previous_close), down = std::fabs(low - previous_close);
    if (up > range) range = up;
    if (down > range) range = down;
    previous_close = close;
    if (started) return range;
    started = true;
    return Number(undefined);
  }
};

class TrueRangeFunction {
 public:
  explicit TrueRangeFunction(const Setup&) {}
  static int lookback(const double*) { return 1; }
  void step(const Sample* in, double* out) { out[0] = range_.step(in[0].value, in[1].value, in[2].value); }

 private:
  TrueRange<> range_;
};

inline constexpr FunctionInfo trange_info =
    describe<TrueRangeFunction>("trange", "True range: the bar's range, reaching to the previous close.", "TA-Lib",
                                {InputKind::high, InputKind::low, InputKind::close}, {}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
