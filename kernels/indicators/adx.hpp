// Average directional index.
#pragma once

#include "kernels/indicators/directional_movement.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

template <class Number = double>
struct Adx {
  DirectionalMovement<Number> movement;
  Number value;
  int n, seen = 0;

  explicit Adx(int length) : movement(length), value(0.0), n(length) {}
  Number step(Number high, Number low, Number close) {
    movement.step(high, low, close);
    if (!movement.ready()) return Number(undefined);
    const Number minus = movement.indicator(movement.minus), plus = movement.indicator(movement.plus);
    const Number total = minus + plus;
    const bool moved = total != Number(0.0);
    const Number index = moved ? Number(100.0) * (std::fabs(minus - plus) / total) : Number(0.0);
    if (seen < n) {
      value = value + index;
      if (++seen < n) return Number(undefined);
      return value = value / Number(n);
    }
    if (moved) value = (value * Number(n - 1) + index) / Number(n);
    return value;
  }
};

class AdxFunction {
 public:
  explicit AdxFunction(const Setup& setup) : adx_(setup.length(0)) {}
  static int lookback(const double* arguments) { return 2 * static_cast<int>(arguments[0]) - 1; }
  void step(const Sample* in, double* out) { out[0] = adx_.step(in[0].value, in[1].value, in[2].value); }

 private:
  Adx<> adx_;
};

inline constexpr FunctionInfo adx_info =
    describe<AdxFunction>("adx", "Average directional index, 0 to 100 (Wilder); 0 on flat bars.",
                          "TA-Lib; J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
                          {InputKind::high, InputKind::low, InputKind::close}, {length_argument("n", 14.0, 2.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
