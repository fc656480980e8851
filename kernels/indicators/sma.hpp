// Simple moving average.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Sma {
 public:
  Sma(int n, bool in_ticks, const TickSize& tick) : n_(n), sum_(n, in_ticks, tick) {}
  explicit Sma(const Setup& setup) : Sma(setup.length(0), setup.in_ticks[0], setup.tick) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  double step(const Sample& x) { return sum_.step(x) / n_; }
  void step(const Sample* in, double* out) { out[0] = step(in[0]); }

 private:
  int n_;
  SampleSum sum_;
};

inline constexpr FunctionInfo sma_info =
    describe<Sma>("sma", "Simple moving average: the mean of the last n values.", "TA-Lib", {InputKind::number},
                  {length_argument("n", 30.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
