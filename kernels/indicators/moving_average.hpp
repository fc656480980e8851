// The averages that a category argument chooses from.
#pragma once

#include <variant>

#include "kernels/indicators/dema.hpp"
#include "kernels/indicators/ema.hpp"
#include "kernels/indicators/sma.hpp"
#include "kernels/indicators/support.hpp"
#include "kernels/indicators/tema.hpp"
#include "kernels/indicators/wma.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr const char* average_choices[] = {"sma", "ema", "wma", "dema", "tema", nullptr};

constexpr ArgumentInfo average_argument(const char* name) {
  return {name, ArgumentKind::category, 0.0, 0.0, 4.0, average_choices};
}

inline int average_lookback(double choice, double n) {
  const int whole = static_cast<int>(n) - 1;
  return choice == 3.0 ? 2 * whole : choice == 4.0 ? 3 * whole : whole;
}

class MovingAverage {
 public:
  MovingAverage(double choice, int n, bool in_ticks, const TickSize& tick) : average_(make(choice, n, in_ticks, tick)) {}
  // Undefined until the look-back. The first value put in must be defined: the caller skips its own look-back.
  double step(const Sample& x) {
    return std::visit(
        [&](auto& average) {
          if constexpr (std::is_same_v<std::decay_t<decltype(average)>, Sma>) {
            return average.step(x);
          } else {
            return average.step(x.value);
          }
        },
        average_);
  }

 private:
  using Any = std::variant<Sma, Ema<>, Wma, Dema<>, Tema<>>;
  static Any make(double choice, int n, bool in_ticks, const TickSize& tick) {
    if (choice == 1.0) return Ema<>(n);
    if (choice == 2.0) return Wma(n);
    if (choice == 3.0) return Dema<>(n);
    if (choice == 4.0) return Tema<>(n);
    return Sma(n, in_ticks, tick);
  }
  Any average_;
};

}  // namespace QUERN_BACKEND
}  // namespace quern
