// Slow stochastic.
#pragma once

#include "kernels/indicators/moving_average.hpp"
#include "kernels/indicators/stochastic_position.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Stoch {
 public:
  explicit Stoch(const Setup& setup)
      : skip_fast_(setup.length(0) - 1),
        skip_slow_(skip_fast_ + average_lookback(setup.real(2), setup.real(1))),
        position_(setup.length(0)),
        slowk_(setup.real(2), setup.length(1), false, setup.tick),
        slowd_(setup.real(4), setup.length(3), false, setup.tick) {}
  static int lookback(const double* arguments) {
    return static_cast<int>(arguments[0]) - 1 + average_lookback(arguments[2], arguments[1]) +
           average_lookback(arguments[4], arguments[3]);
  }
  void step(const Sample* in, double* out) {
    const double fast = position_.step(in[0].value, in[1].value, in[2].value);
    const int bar = bar_ <= skip_slow_ ? bar_++ : bar_;
    out[0] = bar >= skip_fast_ ? slowk_.step({fast, 0}) : undefined;
    out[1] = bar >= skip_slow_ ? slowd_.step({out[0], 0}) : undefined;
  }

 private:
  int skip_fast_, skip_slow_, bar_ = 0;
  StochasticPosition position_;
  MovingAverage slowk_, slowd_;
};

inline constexpr FunctionInfo stoch_info = describe<Stoch>(
    "stoch", "Slow stochastic: smoothed position of the close in the range of n bars, 0 to 100; 0 on flat bars.", "TA-Lib",
    {InputKind::high, InputKind::low, InputKind::close},
    {length_argument("fastk", 5.0, 1.0), length_argument("slowk", 3.0, 1.0), average_argument("slowk_ma"),
     length_argument("slowd", 3.0, 1.0), average_argument("slowd_ma")},
    {"slowk", "slowd"});

}  // namespace QUERN_BACKEND
}  // namespace quern
