// Change over n bars.
#pragma once

#include "kernels/indicators/lagged.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Change {
 public:
  explicit Change(const Setup& setup) : lagged_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double x = in[0].value, before = lagged_.step(x);
    out[0] = x - before;
  }

 private:
  Lagged lagged_;
};

inline constexpr FunctionInfo change_info = describe<Change>("change", "The value less the one n bars ago.", "definition",
                                                             {InputKind::number}, {length_argument("n", 1.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
