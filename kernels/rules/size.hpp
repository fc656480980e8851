// Quantity of an entry (E12, E13).
#pragma once

#include "kernels/base/ticks.hpp"
#include "kernels/rules/costs.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

struct SizeRequest {
  SizeMode mode;
  double value, volatility;      // defined and positive (E4)
  double equity;                 // mark of the last close before the fill
  std::int32_t price_ticks;      // with slippage, without impact
  bool has_stop;
  std::int64_t stop_ticks;       // absolute
  int side;
  double fee_bps;
};

// Whole lots as a double (may exceed max_lots: a fault of the caller's lane), 0 when nothing can be opened.
QUERN_HD inline double entry_lots(const SizeRequest& at, const Account& account) {
  const double price = price_of(at.price_ticks, account.tick);
  const double cost = price * (1.0 + at.fee_bps / 10000.0);
  double quantity = 0.0;
  switch (at.mode) {
    case SizeMode::fixed_quantity: quantity = at.value; break;
    case SizeMode::fraction: quantity = at.value * at.equity * account.leverage / cost; break;
    case SizeMode::fixed_notional: quantity = at.value / price; break;
    case SizeMode::risk: {
      const std::int64_t gap = at.side * (static_cast<std::int64_t>(at.price_ticks) - at.stop_ticks);
      if (!at.has_stop || gap <= 0) return 0.0;
      const double distance = static_cast<double>(gap) * account.tick.numerator / account.tick.denominator;
      quantity = at.value * at.equity / distance;
      break;
    }
    case SizeMode::volatility_parity: quantity = at.value * at.equity / (at.volatility * price); break;
  }
  if (account.cap) {
    const double most = at.equity * account.leverage / cost;
    if (!(quantity <= most)) quantity = most;
  }
  const double lots = lots_of(quantity, account.lot);
  if (!(lots >= 1.0)) return 0.0;
  if (lots * account.lot * price < account.min_notional) return 0.0;
  return lots;
}

}  // namespace QUERN_BACKEND
}  // namespace quern
