// Double exponential moving average.
#pragma once

#include "kernels/indicators/ema.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

template <class Number = double>
struct Dema {
  Ema<Number> one, two;
  int n, seen = 0;

  explicit Dema(int length) : one(length), two(length), n(length) {}
  Number step(Number x) {
    const Number a = one.step(x);
    if (++seen < n) return Number(undefined);
    seen = n;
    return Number(2.0) * a - two.step(a);
  }
};

class DemaFunction {
 public:
  explicit DemaFunction(const Setup& setup) : dema_(setup.length(0)) {}
  static int lookback(const double* arguments) { return 2 * (static_cast<int>(arguments[0]) - 1); }
  void step(const Sample* in, double* out) { out[0] = dema_.step(in[0].value); }

 private:
  Dema<> dema_;
};

inline constexpr FunctionInfo dema_info =
    describe<DemaFunction>("dema", "Double exponential moving average: 2 ema - ema of ema.", "TA-Lib", {InputKind::number},
                           {length_argument("n", 30.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
