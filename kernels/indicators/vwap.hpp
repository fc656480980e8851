// Rolling volume-weighted average price.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Vwap {
 public:
  explicit Vwap(const Setup& setup) : money_(setup.length(0)), volume_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    const double typical = (in[0].value + in[1].value + in[2].value) / 3.0;
    const double money = money_.step(typical * in[3].value), volume = volume_.step(in[3].value);
    out[0] = volume > 0.0 ? money / volume : undefined;
  }

 private:
  WindowSum money_, volume_;
};

inline constexpr FunctionInfo vwap_info = describe<Vwap>(
    "vwap", "Volume-weighted average of the typical price over n bars; undefined while they hold no volume.", "definition",
    {InputKind::high, InputKind::low, InputKind::close, InputKind::volume}, {length_argument("n", undefined, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
