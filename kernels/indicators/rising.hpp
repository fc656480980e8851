// Rising values.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Rising {
 public:
  explicit Rising(const Setup& setup) : n_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double x = in[0].value;
    out[0] = steps_.step(x > previous_) >= n_ ? 1.0 : 0.0;
    previous_ = x;
  }

 private:
  int n_;
  Run steps_;
  double previous_ = undefined;
};

inline constexpr FunctionInfo rising_info =
    describe<Rising>("rising", "True after n consecutive rising steps.", "definition", {InputKind::number},
                     {length_argument("n", undefined, 1.0)}, {""}, true);

}  // namespace QUERN_BACKEND
}  // namespace quern
