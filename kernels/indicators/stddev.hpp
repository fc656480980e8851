// Population deviation.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Stddev {
 public:
  explicit Stddev(const Setup& setup)
      : deviations_(setup.real(1)), spread_(setup.length(0), setup.in_ticks[0], setup.tick) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    spread_.step(in[0]);
    out[0] = spread_.deviation() * deviations_;
  }

 private:
  double deviations_;
  Spread spread_;
};

inline constexpr FunctionInfo stddev_info =
    describe<Stddev>("stddev", "Population standard deviation of n values, times `nbdev`.", "TA-Lib", {InputKind::number},
                     {length_argument("n", 5.0, 2.0), real_argument("nbdev", 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
