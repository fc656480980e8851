// Keltner channel.
#pragma once

#include "kernels/indicators/atr.hpp"
#include "kernels/indicators/ema.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Keltner {
 public:
  explicit Keltner(const Setup& setup) : multiple_(setup.real(1)), ema_(setup.length(0)), atr_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double middle = ema_.step(in[2].value);
    const double width = multiple_ * atr_.step(in[0].value, in[1].value, in[2].value);
    out[0] = middle + width;
    out[1] = middle;
    out[2] = middle - width;
  }

 private:
  double multiple_;
  Ema<> ema_;
  Atr<> atr_;
};

inline constexpr FunctionInfo keltner_info =
    describe<Keltner>("keltner", "Keltner channel: ema(close, n) and k average true ranges above and below it.",
                      "definition", {InputKind::high, InputKind::low, InputKind::close},
                      {length_argument("n", 20.0, 1.0), real_argument("k", 2.0)}, {"upper", "middle", "lower"});

}  // namespace QUERN_BACKEND
}  // namespace quern
