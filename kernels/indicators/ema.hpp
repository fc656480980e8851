// Exponential moving average, and its double and triple forms.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Seeded with the mean of the first n values; undefined until then. A length of 1 gives the values themselves.
template <class Number = double>
struct Ema {
  Number factor, value;
  int n, seen = 0;

  explicit Ema(int length) : factor(Number(2.0) / Number(length + 1)), value(0.0), n(length) {}
  Number step(Number x) {
    if (n == 1) return value = x;
    if (seen < n) {
      value = value + x;
      if (++seen < n) return Number(undefined);
      return value = value / Number(n);
    }
    return value = (x - value) * factor + value;
  }
};

class EmaFunction {
 public:
  explicit EmaFunction(const Setup& setup) : ema_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) { out[0] = ema_.step(in[0].value); }

 private:
  Ema<> ema_;
};

inline constexpr FunctionInfo ema_info = describe<EmaFunction>(
    "ema", "Exponential moving average, factor 2 / (n + 1), seeded with the mean of the first n values.", "TA-Lib",
    {InputKind::number}, {length_argument("n", 30.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
