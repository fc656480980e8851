// Stochastic of the relative strength index.
#pragma once

#include "kernels/indicators/moving_average.hpp"
#include "kernels/indicators/rsi.hpp"
#include "kernels/indicators/stochastic_position.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class StochRsi {
 public:
  explicit StochRsi(const Setup& setup)
      : skip_rsi_(setup.length(0)),
        skip_fast_(skip_rsi_ + setup.length(1) - 1),
        rsi_(setup.length(0)),
        position_(setup.length(1)),
        fastd_(setup.real(3), setup.length(2), false, setup.tick) {}
  static int lookback(const double* arguments) {
    return static_cast<int>(arguments[0]) + static_cast<int>(arguments[1]) - 1 +
           average_lookback(arguments[3], arguments[2]);
  }
  void step(const Sample* in, double* out) {
    const double rsi = rsi_.step(in[0].value);
    const int bar = bar_ <= skip_fast_ ? bar_++ : bar_;
    out[0] = bar >= skip_rsi_ ? position_.step(rsi, rsi, rsi) : undefined;
    out[1] = bar >= skip_fast_ ? fastd_.step({out[0], 0}) : undefined;
  }

 private:
  int skip_rsi_, skip_fast_, bar_ = 0;
  Rsi<> rsi_;
  StochasticPosition position_;
  MovingAverage fastd_;
};

inline constexpr FunctionInfo stochrsi_info = describe<StochRsi>(
    "stochrsi", "Fast stochastic of the RSI: %K is not smoothed, %D is an average of it; 0 where the RSI is flat.", "TA-Lib",
    {InputKind::number},
    {length_argument("n", 14.0, 2.0), length_argument("fastk", 5.0, 1.0), length_argument("fastd", 3.0, 1.0),
     average_argument("fastd_ma")},
    {"fastk", "fastd"});

}  // namespace QUERN_BACKEND
}  // namespace quern
