// Realised volatility.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class RealizedVol {
 public:
  explicit RealizedVol(const Setup& setup)
      : scale_(std::sqrt(365.0 * 86400.0 * 1e9 / setup.bar_duration_ns)), returns_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double close = in[0].value;
    out[0] = undefined;
    if (started_) {
      returns_.push(std::log(close / previous_));
      if (returns_.full()) out[0] = deviation() * scale_;
    }
    started_ = true;
    previous_ = close;
  }

 private:
  double deviation() const {
    const double n = returns_.size();
    double sum = 0.0, squares = 0.0;
    returns_.each([&](double value) { sum += value; });
    const double mean = sum / n;
    returns_.each([&](double value) { squares += (value - mean) * (value - mean); });
    return std::sqrt(squares / (n - 1.0));
  }
  double scale_, previous_ = 0.0;
  bool started_ = false;
  Ring<double> returns_;
};

inline constexpr FunctionInfo realized_vol_info =
    describe<RealizedVol>("realized_vol", "Sample deviation of n log returns of the close, scaled to a year of 365 days.",
                          "definition", {InputKind::close}, {length_argument("n", undefined, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
