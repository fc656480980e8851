// Sum of a window.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Sum {
 public:
  explicit Sum(const Setup& setup) : sum_(setup.length(0), setup.in_ticks[0], setup.tick) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) { out[0] = sum_.step(in[0]); }

 private:
  SampleSum sum_;
};

inline constexpr FunctionInfo sum_info = describe<Sum>("sum", "Sum of the last n values.", "definition", {InputKind::number},
                                                       {length_argument("n", undefined, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
