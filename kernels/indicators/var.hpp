// Population variance.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Var {
 public:
  explicit Var(const Setup& setup) : spread_(setup.length(0), setup.in_ticks[0], setup.tick) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    spread_.step(in[0]);
    out[0] = spread_.variance();
  }

 private:
  Spread spread_;
};

inline constexpr FunctionInfo var_info =
    describe<Var>("var", "Population variance of n values; `nbdev` has no effect, as in TA-Lib.", "TA-Lib",
                  {InputKind::number}, {length_argument("n", 5.0, 1.0), real_argument("nbdev", 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
