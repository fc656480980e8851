// Bollinger bands.
#pragma once

#include "kernels/indicators/moving_average.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Bbands {
 public:
  explicit Bbands(const Setup& setup)
      : up_(setup.real(1)),
        down_(setup.real(2)),
        middle_(setup.real(3), setup.length(0), setup.in_ticks[0], setup.tick),
        spread_(setup.length(0), setup.in_ticks[0], setup.tick) {}
  static int lookback(const double* arguments) { return average_lookback(arguments[3], arguments[0]); }
  void step(const Sample* in, double* out) {
    spread_.step(in[0]);
    const double middle = middle_.step(in[0]), deviation = spread_.deviation();
    out[0] = middle + deviation * up_;
    out[1] = middle;
    out[2] = middle - deviation * down_;
  }

 private:
  double up_, down_;
  MovingAverage middle_;
  Spread spread_;
};

inline constexpr FunctionInfo bbands_info = describe<Bbands>(
    "bbands", "Bollinger bands: an average and population deviations above and below it.", "TA-Lib", {InputKind::number},
    {length_argument("n", 5.0, 2.0), real_argument("up", 2.0), real_argument("down", 2.0), average_argument("ma")},
    {"upper", "middle", "lower"});

}  // namespace QUERN_BACKEND
}  // namespace quern
