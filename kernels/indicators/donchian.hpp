// Donchian channel.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Donchian {
 public:
  explicit Donchian(const Setup& setup) : highest_(setup.length(0)), lowest_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) {
    out[0] = highest_.step(in[0].value);
    out[1] = lowest_.step(in[1].value);
    out[2] = (out[0] + out[1]) / 2.0;
  }

 private:
  Highest highest_;
  Lowest lowest_;
};

inline constexpr FunctionInfo donchian_info = describe<Donchian>(
    "donchian", "Donchian channel: highest high and lowest low of n bars, this one included, and their middle.",
    "definition", {InputKind::high, InputKind::low}, {length_argument("n", 20.0, 1.0)}, {"high", "low", "mid"});

}  // namespace QUERN_BACKEND
}  // namespace quern
