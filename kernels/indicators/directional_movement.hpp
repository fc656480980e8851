// Wilder's directional movement, smoothed.
#pragma once

#include "kernels/indicators/support.hpp"
#include "kernels/indicators/trange.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Sums of the first n - 1 movements, then s - s / n + new. `ready` from the n-th movement on.
template <class Number = double>
struct DirectionalMovement {
  TrueRange<Number> true_range;
  Number plus, minus, range, previous_high, previous_low;
  int n, seen = 0;

  explicit DirectionalMovement(int length)
      : plus(0.0), minus(0.0), range(0.0), previous_high(0.0), previous_low(0.0), n(length) {}
  bool ready() const { return seen > n; }
  void step(Number high, Number low, Number close) {
    const Number up = high - previous_high, down = previous_low - low;
    previous_high = high;
    previous_low = low;
    const Number true_range_now = true_range.step(high, low, close);
    if (seen == 0) {
      ++seen;
      return;
    }
    if (seen >= n) {
      minus = minus - minus / Number(n);
      plus = plus - plus / Number(n);
      range = range - range / Number(n);
    }
    if (seen <= n) ++seen;
    if (down > Number(0.0) && up < down) {
      minus = minus + down;
    } else if (up > Number(0.0) && up > down) {
      plus = plus + up;
    }
    range = range + true_range_now;
  }
  // The indicator of one side; with n = 1 a share instead of a percentage, as TA-Lib.
  Number indicator(Number side) const {
    if (range == Number(0.0)) return Number(0.0);
    return n == 1 ? side / range : Number(100.0) * (side / range);
  }
};

}  // namespace QUERN_BACKEND
}  // namespace quern
