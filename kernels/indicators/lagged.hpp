// The value some bars ago.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Value n bars ago; undefined in the first n bars.
class Lagged {
 public:
  explicit Lagged(int n) : window_(n) {}
  double step(double x) {
    const double before = window_.full() ? window_.oldest() : undefined;
    window_.push(x);
    return before;
  }

 private:
  Ring<double> window_;
};

}  // namespace QUERN_BACKEND
}  // namespace quern
