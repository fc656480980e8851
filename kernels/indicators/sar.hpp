// Parabolic stop and reverse.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Sar {
 public:
  explicit Sar(const Setup& setup)
      : acceleration_(setup.real(0) > setup.real(1) ? setup.real(1) : setup.real(0)),
        maximum_(setup.real(1)),
        factor_(acceleration_) {}
  static int lookback(const double*) { return 1; }
  void step(const Sample* in, double* out) {
    const double high = in[0].value, low = in[1].value;
    out[0] = undefined;
    if (bar_ == 1) {  // the first move tells the side; the bar counts as its own predecessor
      const double up = high - previous_high_, down = previous_low_ - low;
      is_long_ = !(down > 0.0 && up < down);
      extreme_ = is_long_ ? high : low;
      stop_ = is_long_ ? previous_low_ : previous_high_;
      previous_high_ = high;
      previous_low_ = low;
    }
    if (bar_ >= 1) out[0] = is_long_ ? follow_long(high, low) : follow_short(high, low);
    previous_high_ = high;
    previous_low_ = low;
    if (bar_ < 2) ++bar_;
  }

 private:
  double above(double stop, double high) const { return max_of(high, max_of(previous_high_, stop)); }
  double below(double stop, double low) const {
    const double bounded = stop > previous_low_ ? previous_low_ : stop;
    return bounded > low ? low : bounded;
  }
  double follow_long(double high, double low) {
    if (low <= stop_) {
      is_long_ = false;
      const double shown = above(extreme_, high);
      factor_ = acceleration_;
      extreme_ = low;
      stop_ = above(shown + factor_ * (extreme_ - shown), high);
      return shown;
    }
    const double shown = stop_;
    if (high > extreme_) {
      extreme_ = high;
      speed_up();
    }
    stop_ = below(stop_ + factor_ * (extreme_ - stop_), low);
    return shown;
  }
  double follow_short(double high, double low) {
    if (high >= stop_) {
      is_long_ = true;
      const double shown = below(extreme_, low);
      factor_ = acceleration_;
      extreme_ = high;
      stop_ = below(shown + factor_ * (extreme_ - shown), low);
      return shown;
    }
    const double shown = stop_;
    if (low < extreme_) {
      extreme_ = low;
      speed_up();
    }
    stop_ = above(stop_ + factor_ * (extreme_ - stop_), high);
    return shown;
  }
  void speed_up() {
    factor_ += acceleration_;
    if (factor_ > maximum_) factor_ = maximum_;
  }
  double acceleration_, maximum_, factor_;
  double previous_high_ = 0.0, previous_low_ = 0.0, extreme_ = 0.0, stop_ = 0.0;
  bool is_long_ = true;
  int bar_ = 0;
};

inline constexpr FunctionInfo sar_info = describe<Sar>(
    "sar", "Parabolic stop and reverse.", "TA-Lib; J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
    {InputKind::high, InputKind::low}, {real_argument("acceleration", 0.02, 0.0), real_argument("maximum", 0.2, 0.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
