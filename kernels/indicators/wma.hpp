// Linearly weighted moving average.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Wma {
 public:
  explicit Wma(int n) : window_(n) {}
  explicit Wma(const Setup& setup) : Wma(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  double step(double x) {
    window_.push(x);
    if (!window_.full()) return undefined;
    const double n = window_.size();
    double sum = 0.0, weight = 0.0;
    window_.each([&](double value) { sum += value * (weight += 1.0); });
    return sum / (n * (n + 1.0) * 0.5);
  }
  void step(const Sample* in, double* out) { out[0] = step(in[0].value); }

 private:
  Ring<double> window_;
};

inline constexpr FunctionInfo wma_info =
    describe<Wma>("wma", "Weighted moving average: weights n, n - 1, ... 1 from the newest value on.", "TA-Lib",
                  {InputKind::number}, {length_argument("n", 30.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
