// Williams' %R.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Willr {
 public:
  explicit Willr(const Setup& setup) : highest_(setup.length(0)), lowest_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    const double highest = highest_.step(in[0].value), lowest = lowest_.step(in[1].value);
    const double unit = (highest - lowest) / -100.0;
    out[0] = unit == 0.0 ? 0.0 : (highest - in[2].value) / unit;
  }

 private:
  Highest highest_;
  Lowest lowest_;
};

inline constexpr FunctionInfo willr_info =
    describe<Willr>("willr", "Williams' %R, -100 to 0; 0 on flat bars.", "TA-Lib",
                    {InputKind::high, InputKind::low, InputKind::close}, {length_argument("n", 14.0, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
