// Where a value lies in a window's range.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// 100 * (x - lowest) / (highest - lowest); 0 where the range is 0 or nothing but rounding, as in TA-Lib: an RSI trembles in
// its last digits while prices stand still.
class StochasticPosition {
 public:
  explicit StochasticPosition(int n) : highest_(n), lowest_(n) {}
  double step(double high, double low, double x) {
    const double highest = highest_.step(high), lowest = lowest_.step(low);
    const double range = highest - lowest;
    if (range <= 1e-14 * (std::fabs(highest) + std::fabs(lowest))) return 0.0;
    return (x - lowest) / (range / 100.0);
  }

 private:
  Highest highest_;
  Lowest lowest_;
};

}  // namespace QUERN_BACKEND
}  // namespace quern
