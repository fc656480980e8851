// Money flow index.
#pragma once

#include "kernels/indicators/support.hpp"
#include "kernels/indicators/typical_price.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Mfi {
 public:
  explicit Mfi(const Setup& setup)
      : in_ticks_(candles_in_ticks(setup)), positive_(setup.length(0)), negative_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const TypicalPrice typical(in, in_ticks_);
    const double flow = typical.value * in[3].value;
    out[0] = undefined;
    if (started_) {
      const double positive = positive_.step(is_above(typical.key, last_key_) ? flow : 0.0);
      const double negative = negative_.step(is_above(last_key_, typical.key) ? flow : 0.0);
      const double total = positive + negative;
      out[0] = total <= 0.0 ? 0.0 : 100.0 * (positive / total);
    }
    started_ = true;
    last_key_ = typical.key;
  }

 private:
  bool in_ticks_, started_ = false;
  WindowSum positive_, negative_;
  double last_key_ = 0.0;
};

inline constexpr FunctionInfo mfi_info = describe<Mfi>(
    "mfi", "Money flow index, 0 to 100; a bar whose typical price has not moved counts for neither side, 0 without flow.",
    "TA-Lib", {InputKind::high, InputKind::low, InputKind::close, InputKind::volume}, {length_argument("n", 14.0, 2.0)},
    {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
