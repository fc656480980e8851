// Downward directional indicator.
#pragma once

#include "kernels/indicators/directional_movement.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class MinusDi {
 public:
  explicit MinusDi(const Setup& setup) : movement_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    movement_.step(in[0].value, in[1].value, in[2].value);
    out[0] = movement_.indicator(movement_.minus);
  }

 private:
  DirectionalMovement<> movement_;
};

inline constexpr FunctionInfo minus_di_info =
    describe<MinusDi>("minus_di", "Downward directional indicator, 0 to 100 (Wilder); with n = 1 a share, as TA-Lib.",
                      "TA-Lib; J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
                      {InputKind::high, InputKind::low, InputKind::close}, {length_argument("n", 14.0, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
