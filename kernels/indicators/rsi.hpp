// Relative strength index.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Wilder's smoothing, seeded with the means of the first n gains and losses; undefined until then.
template <class Number = double>
struct Rsi {
  Number gain, loss, previous;
  int n, seen = 0;

  explicit Rsi(int length) : gain(0.0), loss(0.0), previous(0.0), n(length) {}
  Number step(Number x) {
    const Number change = x - previous;
    previous = x;
    if (seen == 0) {
      ++seen;
      return Number(undefined);
    }
    if (seen > n) {
      loss = loss * Number(n - 1);
      gain = gain * Number(n - 1);
    }
    if (change < Number(0.0)) {
      loss = loss - change;
    } else {
      gain = gain + change;
    }
    if (seen <= n && ++seen <= n) return Number(undefined);
    loss = loss / Number(n);
    gain = gain / Number(n);
    const Number total = gain + loss;
    return total == Number(0.0) ? Number(0.0) : Number(100.0) * (gain / total);
  }
};

class RsiFunction {
 public:
  explicit RsiFunction(const Setup& setup) : rsi_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) { out[0] = rsi_.step(in[0].value); }

 private:
  Rsi<> rsi_;
};

inline constexpr FunctionInfo rsi_info =
    describe<RsiFunction>("rsi", "Relative strength index (Wilder); 0 where no price has moved.",
                          "TA-Lib; J. W. Wilder, New Concepts in Technical Trading Systems (1978)", {InputKind::number},
                          {length_argument("n", 14.0, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
