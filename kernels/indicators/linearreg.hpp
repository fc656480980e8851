// Linear regression.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Linearreg {
 public:
  explicit Linearreg(const Setup& setup) : window_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    window_.push(in[0].value);
    out[0] = undefined;
    if (!window_.full()) return;
    const double n = window_.size();
    const double sum_x = n * (n - 1.0) * 0.5, sum_xx = n * (n - 1.0) * (2.0 * n - 1.0) / 6.0;
    double sum_y = 0.0, sum_xy = 0.0, age = n;
    window_.each([&](double value) {
      sum_y += value;
      sum_xy += (age -= 1.0) * value;
    });
    const double slope = (n * sum_xy - sum_x * sum_y) / (sum_x * sum_x - n * sum_xx);
    const double start = (sum_y - slope * sum_x) / n;
    out[0] = start + slope * (n - 1.0);
  }

 private:
  Ring<double> window_;
};

inline constexpr FunctionInfo linearreg_info =
    describe<Linearreg>("linearreg", "End point of the least-squares line through n values.", "TA-Lib", {InputKind::number},
                        {length_argument("n", 14.0, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
