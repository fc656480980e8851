// Normalised average true range.
#pragma once

#include "kernels/indicators/atr.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Natr {
 public:
  explicit Natr(const Setup& setup) : atr_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double close = in[2].value;
    const double atr = atr_.step(in[0].value, in[1].value, close);
    out[0] = atr_.n == 1 ? atr : close == 0.0 ? 0.0 : (atr / close) * 100.0;  // n = 1: the true range, as TA-Lib
  }

 private:
  Atr<> atr_;
};

inline constexpr FunctionInfo natr_info =
    describe<Natr>("natr", "Average true range in percent of the close; with n = 1 the true range itself, as TA-Lib.",
                   "TA-Lib", {InputKind::high, InputKind::low, InputKind::close}, {length_argument("n", 14.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
