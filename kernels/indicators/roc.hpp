// Rate of change in percent over n bars; 0 where the earlier value is 0.
#pragma once

#include "kernels/indicators/lagged.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Roc {
 public:
  explicit Roc(const Setup& setup) : lagged_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double x = in[0].value, before = lagged_.step(x);
    out[0] = before == 0.0 ? 0.0 : ((x / before) - 1.0) * 100.0;
  }

 private:
  Lagged lagged_;
};

inline constexpr FunctionInfo roc_info =
    describe<Roc>("roc", "Rate of change in percent over n bars; 0 where the earlier value is 0.", "TA-Lib",
                  {InputKind::number}, {length_argument("n", 10.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
