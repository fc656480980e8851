// Where a value lies in a window's range.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// 100 * (x - lowest) / (highest - lowest); 0 where the range is 0.
class StochasticPosition {
 public:
  explicit StochasticPosition(int n) : highest_(n), lowest_(n) {}
  double step(double high, double low, double x) {
    const double highest = highest_.step(high), lowest = lowest_.step(low);
    const double unit = (highest - lowest) / 100.0;
    return unit == 0.0 ? 0.0 : (x - lowest) / unit;
  }

 private:
  Highest highest_;
  Lowest lowest_;
};

}  // namespace QUERN_BACKEND
}  // namespace quern
