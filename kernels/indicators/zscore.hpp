// Z-score.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Zscore {
 public:
  explicit Zscore(const Setup& setup) : spread_(setup.length(0), setup.in_ticks[0], setup.tick) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    spread_.step(in[0]);
    out[0] = spread_.score();
  }

 private:
  Spread spread_;
};

inline constexpr FunctionInfo zscore_info = describe<Zscore>(
    "zscore", "Distance from the mean of n values in population deviations; undefined on a constant window.", "definition",
    {InputKind::number}, {length_argument("n", undefined, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
