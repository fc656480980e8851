// Moving average convergence and divergence.
#pragma once

#include "kernels/indicators/ema.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Both averages start so that they are seeded at the same bar; a fast length above the slow one is exchanged with it.
class Macd {
 public:
  explicit Macd(const Setup& setup)
      : fast_(shorter(setup.arguments)), slow_(longer(setup.arguments)), signal_(setup.length(2)) {}
  static int lookback(const double* arguments) { return longer(arguments) - 1 + static_cast<int>(arguments[2]) - 1; }
  void step(const Sample* in, double* out) {
    const double x = in[0].value;
    out[0] = out[1] = out[2] = undefined;
    const double slow = slow_.step(x);
    const double fast = bar_ >= slow_.n - fast_.n ? fast_.step(x) : undefined;
    if (bar_ < slow_.n) ++bar_;
    if (bar_ < slow_.n) return;
    out[0] = fast - slow;
    out[1] = signal_.step(out[0]);
    out[2] = out[0] - out[1];
  }

 private:
  static int shorter(const double* arguments) {
    return static_cast<int>(arguments[0] < arguments[1] ? arguments[0] : arguments[1]);
  }
  static int longer(const double* arguments) {
    return static_cast<int>(arguments[0] < arguments[1] ? arguments[1] : arguments[0]);
  }
  Ema<> fast_, slow_, signal_;
  int bar_ = 0;
};

inline constexpr FunctionInfo macd_info = describe<Macd>(
    "macd", "Difference of two exponential averages, its signal line and the rest; macd(26, 12) equals macd(12, 26).",
    "TA-Lib", {InputKind::number},
    {length_argument("fast", 12.0, 2.0), length_argument("slow", 26.0, 2.0), length_argument("signal", 9.0, 1.0)},
    {"macd", "signal", "hist"});

}  // namespace QUERN_BACKEND
}  // namespace quern
