// Fills: what they do to cash, position, counters and the decision hash.
#pragma once

#include "kernels/lane/state.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

QUERN_HD inline void close_trade(LaneState& s, std::int32_t bar, std::int32_t cooldown_bars) {
  Position& p = s.position;
  Counters& c = s.count;
  const double profit = p.profit;
  ++c.trades;
  if (profit > 0.0) {
    ++c.wins;
    c.won += profit;
  }
  if (profit < 0.0) {
    ++c.losses;
    c.lost += profit;
    if (++c.losses_in_row > c.most_losses_in_row) c.most_losses_in_row = c.losses_in_row;
  } else {
    c.losses_in_row = 0;
  }
  const double from_mean = profit - c.mean_profit;
  c.mean_profit += from_mean / c.trades;
  c.profit_spread += from_mean * (profit - c.mean_profit);
  if (c.trades == 1 || profit > c.best_trade) c.best_trade = profit;
  if (c.trades == 1 || profit < c.worst_trade) c.worst_trade = profit;
  const std::int32_t held = bar - p.entry_bar;
  c.bars_held += held;
  if (held > c.longest_bars) c.longest_bars = held;
  if (p.was_ambiguous) ++c.ambiguous_trades;
  p.side = 0;
  p.quantity = 0.0;
  p.lots = 0;
  s.next_entry_bar = bar + cooldown_bars;
}

// Takes `lots` of the position off at `ticks`; `base_ticks` is the price before slippage.
QUERN_HD inline void exit_at(const LanePlan& plan, LaneState& s, std::int32_t bar, std::int64_t lots, std::int32_t ticks,
                             std::int32_t base_ticks, double bps, ExitReason reason) {
  Position& p = s.position;
  const double quantity = quantity_of(lots, plan.account.lot);
  const double price = price_of(ticks, plan.account.tick);
  const double notional = quantity * price;
  const double fee = fee_of(notional, bps);
  const double gross = gross_of(p.side, quantity, p.entry_price, price);
  const std::int32_t slip = ticks > base_ticks ? ticks - base_ticks : base_ticks - ticks;
  const double slippage = price_of(slip, plan.account.tick) * quantity;
  s.cash = s.cash + gross;
  s.cash = s.cash - fee;
  p.profit = p.profit + gross;
  p.profit = p.profit - fee;
  s.count.notional += notional;
  s.count.fees += fee;
  s.count.slippage += slippage;
  if (reason == ExitReason::liquidation) ++s.count.liquidations;
  s.hash = decision_hash_add(s.hash, bar, 16 + static_cast<int>(reason), p.side, ticks, lots);
  p.lots -= lots;
  p.quantity = quantity_of(p.lots, plan.account.lot);
  if (s.sink.add != nullptr) {
    const Fill fill{bar, s.decision.bar, p.side, 0, static_cast<std::uint8_t>(p.lots == 0), reason, ticks, lots, fee, slippage};
    s.sink.add(s.sink.to, fill);
  }
  if (p.lots == 0) close_trade(s, bar, plan.rules.cooldown_bars);
}

// The rest of the position as taker, with slippage (E21).
QUERN_HD inline void exit_market(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar,
                                 std::int32_t base_ticks, ExitReason reason) {
  const Position& p = s.position;
  const double bps = market_bps(plan.costs, p.quantity, market.volume[bar]);
  exit_at(plan, s, bar, p.lots, slipped(base_ticks, bps, -p.side), base_ticks, plan.costs.taker_bps, reason);
}

// The rest of the position at the stop in force, or at `open` where the market opens beyond it (E15, E16, E24).
QUERN_HD inline void exit_stop(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar,
                               const StopInForce& stop, std::int32_t ticks) {
  if (stop.is_liquidation) {
    const std::int32_t at = static_cast<std::int32_t>(stop.ticks);
    exit_at(plan, s, bar, s.position.lots, at, at, plan.costs.taker_bps, ExitReason::liquidation);
  } else {
    exit_market(plan, market, s, bar, ticks, s.position.stop_reason);
  }
}

// Fills the nearest target at `ticks` (E16).
QUERN_HD inline void exit_target(const LanePlan& plan, LaneState& s, std::int32_t bar, std::int32_t ticks) {
  Position& p = s.position;
  const int target = p.targets_filled++;
  std::int64_t lots = p.lots;
  if (p.targets_filled < p.target_count) {
    const double part = __builtin_floor(p.fractions[target] * static_cast<double>(p.entry_lots) * (1.0 + 1e-12));
    if (part < static_cast<double>(lots)) lots = static_cast<std::int64_t>(part);
  }
  if (lots > 0) exit_at(plan, s, bar, lots, ticks, ticks, plan.costs.maker_bps, ExitReason::take_profit);
}

// Opens what `s.decision` says at `base_ticks` (E6, E7, E12, E13). `equity`: mark of the last close before the fill.
QUERN_HD inline void enter(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar,
                           std::int32_t base_ticks, bool as_maker) {
  const Decision& d = s.decision;
  const Account& account = plan.account;
  const double fee_bps = as_maker ? plan.costs.maker_bps : plan.costs.taker_bps;
  std::int32_t ticks = as_maker ? base_ticks : slipped(base_ticks, plan.costs.slippage_bps, d.side);
  const double lots = entry_lots({plan.size_mode, d.size_value, d.volatility, s.equity, ticks, d.has_stop,
                                  placed(d.stop, ticks, d.side, -1), d.side, fee_bps}, account);
  if (!(lots >= 1.0)) {
    ++s.count.rejected;
    return;
  }
  if (lots > static_cast<double>(max_lots)) {
    s.faults |= lane_fault_too_many_lots;
    ++s.count.rejected;
    return;
  }
  Position& p = s.position;
  p.lots = p.entry_lots = static_cast<std::int64_t>(lots);
  p.quantity = quantity_of(p.lots, account.lot);
  if (!as_maker) ticks = slipped(base_ticks, market_bps(plan.costs, p.quantity, market.volume[bar]), d.side);
  p.side = d.side;
  p.entry_bar = bar;
  p.entry_ticks = ticks;
  p.entry_price = price_of(ticks, account.tick);
  p.was_ambiguous = p.counts_with_close = false;
  p.has_stop = d.has_stop;
  p.stop_reason = ExitReason::stop_loss;
  p.stop = placed(d.stop, ticks, d.side, -1);
  p.has_liquidation = account.leverage > 1.0;
  if (p.has_liquidation) p.liquidation = liquidation_ticks(d.side, ticks, account);
  p.best = d.side > 0 ? 0 : static_cast<std::int64_t>(max_ticks) + 1;
  p.activation = d.activation;
  p.target_count = d.target_count;
  p.targets_filled = 0;
  for (int i = 0; i < d.target_count; ++i) {
    const std::int64_t level = placed(d.targets[i], ticks, d.side, 1);
    int at = i;
    while (at > 0 && d.side * (p.targets[at - 1] - level) > 0) {
      p.targets[at] = p.targets[at - 1];
      p.fractions[at] = p.fractions[at - 1];
      --at;
    }
    p.targets[at] = level;
    p.fractions[at] = d.fractions[i];
  }
  const double notional = p.quantity * p.entry_price;
  const double fee = fee_of(notional, fee_bps);
  const std::int32_t slip = ticks > base_ticks ? ticks - base_ticks : base_ticks - ticks;
  const double slippage = price_of(slip, account.tick) * p.quantity;
  s.cash = s.cash - fee;
  p.profit = 0.0 - fee;
  s.count.notional += notional;
  s.count.fees += fee;
  s.count.slippage += slippage;
  s.hash = decision_hash_add(s.hash, bar, 1, p.side, ticks, p.lots);
  if (s.sink.add != nullptr) {
    s.sink.add(s.sink.to, Fill{bar, d.bar, p.side, 1, 0, ExitReason::stop_loss, ticks, p.lots, fee, slippage});
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
