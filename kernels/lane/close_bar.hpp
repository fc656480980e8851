// Step 5 of a bar: what happens at its close.
#pragma once

#include "kernels/lane/ledger.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// E23.
QUERN_HD inline void pay_funding(const MarketView& market, LaneState& s, std::int32_t bar) {
  Position& p = s.position;
  if (market.funding_begin == nullptr || p.side == 0) return;
  for (std::int32_t i = market.funding_begin[bar]; i < market.funding_begin[bar + 1]; ++i) {
    const double pay = funding_of(p.side, p.quantity, market.close_price[bar], market.funding_rate[i]);
    s.cash = s.cash - pay;
    p.profit = p.profit - pay;
    s.count.funding += pay;
    if (s.sink.pay != nullptr) s.sink.pay(s.sink.to, FundingPaid{bar, pay});
  }
}

// E25, in exact money.
QUERN_HD QUERN_INLINE double marked_equity(const LaneState& s, double close) {
  const Position& p = s.position;
  return p.side == 0 ? s.cash : s.cash + p.side * (p.quantity * (close - p.entry_price));
}

// The rest of the position at the close of `bar`: taker, no slippage (E25, E27).
QUERN_HD inline void exit_at_close(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar, ExitReason reason) {
  exit_at(plan, s, bar, s.position.lots, market.close[bar], market.close[bar], plan.costs.taker_bps, reason);
}

// E27: the end of the data.
QUERN_HD inline void end_lane(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar) {
  s.order = Order::none;
  s.exit_due = false;
  if (s.position.side != 0 && plan.rules.end == EndPolicy::close) {
    exit_at_close(plan, market, s, bar, ExitReason::end_of_data);
  }
}

// E25: a lane at or below zero. `s.equity` is the mark.
QUERN_HD inline void ruin(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar) {
  s.ruined = true;
  s.order = Order::none;
  s.exit_due = false;
  if (s.position.side != 0) exit_at_close(plan, market, s, bar, ExitReason::ruined);
  s.equity = s.cash;
}

// E26. `s.equity` is the mark.
QUERN_HD inline void breakers(const LanePlan& plan, LaneState& s) {
  if (s.equity > s.peak) s.peak = s.equity;
  if ((s.day_start - s.equity) / s.day_start >= plan.account.daily_loss_limit) s.day_stopped = true;
  if ((s.peak - s.equity) / s.peak >= plan.account.max_drawdown_halt) s.halted = true;
}

// E20.
QUERN_HD inline void move_stops(const LanePlan& plan, const MarketView& market, const LaneInput& lane, LaneState& s,
                                std::int32_t bar) {
  Position& p = s.position;
  if (plan.trail.present()) {
    const bool by_close = plan.trail_basis == TrailBasis::close || p.counts_with_close;
    const std::int64_t extreme = by_close ? market.close[bar] : p.side > 0 ? market.high[bar] : market.low[bar];
    if (p.side * (extreme - p.best) > 0) p.best = extreme;
    if (p.side * (p.best - p.entry_ticks) >= p.activation) {
      const std::int32_t price = p.side > 0 ? plan.trail.long_price : plan.trail.short_price;
      const bool is_distance = plan.trail.distance >= 0;
      if (is_distance || price >= 0) {
        const double x = value_at(plan, lane, is_distance ? plan.trail.distance : price, bar);
        if (x > 0.0) {
          const std::int64_t level = is_distance ? p.best - p.side * static_cast<std::int64_t>(distance_ticks(x, plan.account.tick))
                                                 : level_ticks(x, plan.account.tick);
          if (!p.has_stop || p.side * (level - p.stop) > 0) {
            p.has_stop = true;
            p.stop = level;
            p.stop_reason = ExitReason::trailing_stop_loss;
          }
        }
      }
    }
  }
  p.counts_with_close = false;
  if (lane.breakeven_after > 0 && p.targets_filled >= lane.breakeven_after &&
      (!p.has_stop || p.side * (p.entry_ticks - p.stop) > 0)) {
    p.has_stop = true;
    p.stop = p.entry_ticks;
    p.stop_reason = ExitReason::breakeven_stop;
  }
}

// Signals, time exit, cancellation, entry decision (E7 to E11, E18, E19). Not on the last bar.
QUERN_HD inline void decide(const LanePlan& plan, const MarketView& market, const LaneInput& lane, LaneState& s,
                            std::int32_t bar) {
  Position& p = s.position;
  bool ignore_entries = false;
  if (p.side != 0) {
    if (bit_at(p.side > 0 ? lane.exit_long : lane.exit_short, bar)) {                          // E18
      s.exit_due = true;
      s.exit_reason = ExitReason::exit_signal;
    } else if (lane.max_bars > 0 && bar - p.entry_bar + 1 >= lane.max_bars) {                  // E19
      s.exit_due = true;
      s.exit_reason = ExitReason::time_stop;
    }
    if (!plan.rules.reverse) return;
  } else if (s.order != Order::none) {                                                        // E7
    if (bit_at(s.decision.side > 0 ? lane.exit_long : lane.exit_short, bar)) s.order = Order::none;
    ignore_entries = true;
  }
  if (ignore_entries || s.day_stopped || s.halted || bar < lane.first_bar) return;
  const bool wants_long = bit_at(lane.entry_long, bar), wants_short = bit_at(lane.entry_short, bar);
  if (wants_long == wants_short) return;                                                       // E9
  const int side = wants_long ? 1 : -1;
  if (p.side == side) return;                                                                  // E8
  if (p.side == 0 && bar < s.next_entry_bar) return;                                           // E10
  if (lane.filter != nullptr && !bit_at(lane.filter, bar)) {                                   // E11
    if (p.side == 0) ++s.count.filtered;
    return;
  }
  const bool as_limit = plan.order == OrderType::limit && p.side == 0;
  Decision decision;
  if (!decide_entry(plan, lane, side, bar, market.close[bar], as_limit, decision)) {           // E4
    ++s.count.rejected;
    return;
  }
  s.decision = decision;
  if (p.side != 0) {
    s.exit_due = true;
    s.exit_reason = ExitReason::reversal;
    s.order = Order::at_open;
  } else if (as_limit) {
    s.order = Order::limit;
    s.order_last_bar = bar + lane.timeout_bars;
  } else if (plan.rules.fill == FillAt::close) {                                               // E6
    enter(plan, market, s, bar, market.close[bar], false);
    if (p.side != 0) p.best = market.close[bar];
  } else {
    s.order = Order::at_open;
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
