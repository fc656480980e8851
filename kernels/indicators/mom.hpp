// Momentum: the value less the one n bars ago.
#pragma once

#include "kernels/indicators/lagged.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Mom {
 public:
  explicit Mom(const Setup& setup) : lagged_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double x = in[0].value, before = lagged_.step(x);
    out[0] = x - before;
  }

 private:
  Lagged lagged_;
};

inline constexpr FunctionInfo mom_info = describe<Mom>("mom", "Momentum: the value less the one n bars ago.", "TA-Lib",
                                                       {InputKind::number}, {length_argument("n", 10.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
