// Aroon.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Aroon {
 public:
  explicit Aroon(const Setup& setup) : n_(setup.length(0)), highest_(setup.length(0) + 1), lowest_(setup.length(0) + 1) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double highest = highest_.step(in[0].value), lowest = lowest_.step(in[1].value);
    const double unit = 100.0 / n_;
    out[0] = std::isfinite(lowest) ? unit * static_cast<double>(n_ - lowest_.age()) : undefined;
    out[1] = std::isfinite(highest) ? unit * static_cast<double>(n_ - highest_.age()) : undefined;
  }

 private:
  int n_;
  Highest highest_;
  Lowest lowest_;
};

inline constexpr FunctionInfo aroon_info =
    describe<Aroon>("aroon", "How recent the lowest low and the highest high of n + 1 bars are, 0 to 100.", "TA-Lib",
                    {InputKind::high, InputKind::low}, {length_argument("n", 14.0, 2.0)}, {"down", "up"});

}  // namespace QUERN_BACKEND
}  // namespace quern
