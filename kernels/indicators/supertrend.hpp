// Supertrend.
#pragma once

#include "kernels/indicators/atr.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Bands of k average true ranges around (high + low) / 2. A band moves only towards the price, until the close before
// lay beyond it; a close beyond the band that is shown turns the direction.
class Supertrend {
 public:
  explicit Supertrend(const Setup& setup) : multiple_(setup.real(1)), atr_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double close = in[2].value;
    const double width = multiple_ * atr_.step(in[0].value, in[1].value, close);
    const double middle = (in[0].value + in[1].value) / 2.0;
    double upper = middle + width, lower = middle - width;
    out[0] = out[1] = undefined;
    if (std::isnan(width)) return;
    if (started_) {
      if (!(upper < upper_ || previous_close_ > upper_)) upper = upper_;
      if (!(lower > lower_ || previous_close_ < lower_)) lower = lower_;
      if (is_up_ ? close < lower : close > upper) is_up_ = !is_up_;
    }
    started_ = true;
    upper_ = upper;
    lower_ = lower;
    previous_close_ = close;
    out[0] = is_up_ ? lower : upper;
    out[1] = is_up_ ? 1.0 : -1.0;
  }

 private:
  double multiple_;
  Atr<> atr_;
  double upper_ = 0.0, lower_ = 0.0, previous_close_ = 0.0;
  bool started_ = false, is_up_ = true;
};

inline constexpr FunctionInfo supertrend_info = describe<Supertrend>(
    "supertrend", "Supertrend line and direction (1 up, -1 down; 1 at its first bar), with Wilder's average true range.",
    "O. Seban, Supertrend", {InputKind::high, InputKind::low, InputKind::close},
    {length_argument("n", 10.0, 1.0), real_argument("k", 3.0, 0.0)}, {"line", "direction"});

}  // namespace QUERN_BACKEND
}  // namespace quern
