// Average true range.
#pragma once

#include "kernels/indicators/support.hpp"
#include "kernels/indicators/trange.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Wilder's smoothing, seeded with the mean of the first n true ranges; the first bar, without a previous close, has none.
template <class Number = double>
struct Atr {
  TrueRange<Number> range;
  Number value;
  int n, seen = 0;

  explicit Atr(int length) : value(0.0), n(length) {}
  Number step(Number high, Number low, Number close) {
    const Number x = range.step(high, low, close);
    if (seen == 0) {
      ++seen;
      return Number(undefined);
    }
    if (seen <= n) {
      value = value + x;
      if (++seen <= n) return Number(undefined);
      return value = value / Number(n);
    }
    return value = (value * Number(n - 1) + x) / Number(n);
  }
};

class AtrFunction {
 public:
  explicit AtrFunction(const Setup& setup) : atr_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) { out[0] = atr_.step(in[0].value, in[1].value, in[2].value); }

 private:
  Atr<> atr_;
};

inline constexpr FunctionInfo atr_info =
    describe<AtrFunction>("atr", "Average true range (Wilder); the first bar does not count.",
                          "TA-Lib; J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
                          {InputKind::high, InputKind::low, InputKind::close}, {length_argument("n", 14.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
