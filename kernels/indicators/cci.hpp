// Commodity channel index.
#pragma once

#include "kernels/indicators/support.hpp"
#include "kernels/indicators/typical_price.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Cci {
 public:
  explicit Cci(const Setup& setup) : in_ticks_(candles_in_ticks(setup)), window_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    const TypicalPrice typical(in, in_ticks_);
    equal_.step(window_.count > 0 && !is_above(typical.key, last_key_) && !is_above(last_key_, typical.key));
    last_key_ = typical.key;
    window_.push(typical.value);
    out[0] = undefined;
    if (!window_.full()) return;
    const double n = window_.size();
    double mean = 0.0, deviation = 0.0;
    for (double value : window_.slots) mean += value;
    mean /= n;
    for (double value : window_.slots) deviation += std::fabs(value - mean);
    const double distance = typical.value - mean;
    const bool at_mean = !is_above(typical.value, mean) && !is_above(mean, typical.value);
    const bool flat = equal_.length >= window_.size() - 1 || at_mean || deviation == 0.0;
    out[0] = flat ? 0.0 : distance / (0.015 * (deviation / n));
  }

 private:
  bool in_ticks_;
  Ring<double> window_;
  Run equal_;
  double last_key_ = 0.0;
};

inline constexpr FunctionInfo cci_info =
    describe<Cci>("cci", "Commodity channel index of the typical price; 0 on flat bars.", "TA-Lib",
                  {InputKind::high, InputKind::low, InputKind::close}, {length_argument("n", 14.0, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
