// Lowest value of a window.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class LowestFunction {
 public:
  explicit LowestFunction(const Setup& setup) : extreme_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) { out[0] = extreme_.step(in[0].value); }

 private:
  Lowest extreme_;
};

inline constexpr FunctionInfo lowest_info =
    describe<LowestFunction>("lowest", "The smallest of the last n values.", "definition", {InputKind::number},
                             {length_argument("n", undefined, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
