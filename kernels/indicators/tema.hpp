// Triple exponential moving average.
#pragma once

#include "kernels/indicators/ema.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

template <class Number = double>
struct Tema {
  Ema<Number> one, two, three;
  int n, seen = 0;

  explicit Tema(int length) : one(length), two(length), three(length), n(length) {}
  Number step(Number x) {
    const Number a = one.step(x);
    if (++seen < n) return Number(undefined);
    const Number b = two.step(a);
    if (seen < 2 * n - 1) return Number(undefined);
    seen = 2 * n - 1;
    const Number c = three.step(b);
    return c + (Number(3.0) * a - Number(3.0) * b);
  }
};

class TemaFunction {
 public:
  explicit TemaFunction(const Setup& setup) : tema_(setup.length(0)) {}
  static int lookback(const double* arguments) { return 3 * (static_cast<int>(arguments[0]) - 1); }
  void step(const Sample* in, double* out) { out[0] = tema_.step(in[0].value); }

 private:
  Tema<> tema_;
};

inline constexpr FunctionInfo tema_info =
    describe<TemaFunction>("tema", "Triple exponential moving average: 3 ema - 3 ema of ema + ema of ema of ema.", "TA-Lib",
                           {InputKind::number}, {length_argument("n", 30.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
