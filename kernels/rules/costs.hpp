// Slippage, fees, funding and profit (E1c, E21, E22, E23). Every product is rounded once, in the order written here.
#pragma once

#include "kernels/base/ticks.hpp"
#include "kernels/market/rules.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

QUERN_HD QUERN_INLINE double quantity_of(std::int64_t lots, double lot) { return static_cast<double>(lots) * lot; }

// E22, on a notional.
QUERN_HD QUERN_INLINE double fee_of(double notional, double bps) { return notional * bps / 10000.0; }

// E21: `ticks` moved by `bps` in `direction` (+1 a buy, -1 a sale), at least one tick of price left.
QUERN_HD QUERN_INLINE std::int32_t slipped(std::int32_t ticks, double bps, int direction) {
  if (!(bps > 0.0)) return ticks;
  const double move = __builtin_ceil(static_cast<double>(ticks) * bps / 10000.0 * (1.0 - 1e-12));
  const double moved = static_cast<double>(ticks) + direction * move;
  if (moved < 1.0) return 1;
  return moved >= static_cast<double>(max_ticks) ? max_ticks : static_cast<std::int32_t>(moved);
}

// E21: slippage and impact of a market or stop fill of `quantity` in a bar of `volume`.
QUERN_HD QUERN_INLINE double market_bps(const Costs& costs, double quantity, double volume) {
  return volume > 0.0 ? costs.slippage_bps + costs.impact_bps * quantity / volume : costs.slippage_bps;
}

// What closing `quantity` at `exit` earns before fees.
QUERN_HD QUERN_INLINE double gross_of(int side, double quantity, double entry, double exit) {
  return side * (quantity * (exit - entry));
}

// E23: what a position pays at one funding time (negative: receives).
QUERN_HD QUERN_INLINE double funding_of(int side, double quantity, double close, double rate) {
  return ((side * quantity) * close) * rate;
}

}  // namespace QUERN_BACKEND
}  // namespace quern
