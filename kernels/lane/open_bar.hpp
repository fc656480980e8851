// Steps 1 to 4 of a bar: the open, gaps, the inside of the bar, the end of a limit order's life.
#pragma once

#include "kernels/lane/ledger.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Prices of a stretch of time that E15 to E17 look at: a bar, or a finer one inside it.
struct Stretch {
  std::int32_t open, high, low;
};

QUERN_HD QUERN_INLINE std::int32_t adverse_of(const Stretch& x, int side) { return side > 0 ? x.low : x.high; }
QUERN_HD QUERN_INLINE std::int32_t favourable_of(const Stretch& x, int side) { return side > 0 ? x.high : x.low; }

// E15.
QUERN_HD inline void gaps(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar, std::int32_t open) {
  Position& p = s.position;
  const StopInForce stop = stop_in_force(p);
  if (reaches_stop(p, stop, open)) {
    exit_stop(plan, market, s, bar, stop, open);
    return;
  }
  while (p.side != 0 && p.targets_filled < p.target_count && reaches_target(p, p.targets_filled, open, 0)) {
    const bool at_open = plan.rules.target_gap == TargetGap::open;
    exit_target(plan, s, bar, at_open ? open : static_cast<std::int32_t>(p.targets[p.targets_filled]));
  }
}

QUERN_HD inline void fill_reached_targets(const LanePlan& plan, LaneState& s, std::int32_t bar, std::int32_t favourable) {
  Position& p = s.position;
  while (p.side != 0 && p.targets_filled < p.target_count &&
         reaches_target(p, p.targets_filled, favourable, plan.rules.through_ticks)) {
    exit_target(plan, s, bar, static_cast<std::int32_t>(p.targets[p.targets_filled]));
  }
}

QUERN_HD QUERN_INLINE void exit_at_stop(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar,
                                        const StopInForce& stop) {
  exit_stop(plan, market, s, bar, stop, static_cast<std::int32_t>(stop.ticks));
}

// E16, E17.
QUERN_HD inline void inside(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar, const Stretch& x,
                            Intrabar policy, bool count_ambiguous) {
  Position& p = s.position;
  const StopInForce stop = stop_in_force(p);
  const bool stopped = reaches_stop(p, stop, adverse_of(x, p.side));
  const std::int32_t favourable = favourable_of(x, p.side);
  const bool reached =
      p.targets_filled < p.target_count && reaches_target(p, p.targets_filled, favourable, plan.rules.through_ticks);
  if (!stopped) {
    if (reached) fill_reached_targets(plan, s, bar, favourable);
    return;
  }
  if (!reached) {
    exit_at_stop(plan, market, s, bar, stop);
    return;
  }
  if (count_ambiguous) {
    ++s.count.ambiguous_bars;
    p.was_ambiguous = true;
  }
  if (policy == Intrabar::open_proximity) {
    const std::int64_t to_target = p.side * (p.targets[p.targets_filled] - x.open), to_stop = p.side * (x.open - stop.ticks);
    policy = to_target < to_stop ? Intrabar::tp_first : Intrabar::sl_first;
  }
  if (policy == Intrabar::tp_first) {
    fill_reached_targets(plan, s, bar, favourable);
  } else if (policy == Intrabar::detail && market.detail_begin != nullptr) {
    for (std::int32_t i = market.detail_begin[bar]; i < market.detail_begin[bar + 1] && p.side != 0; ++i) {
      const Stretch part{market.detail_open[i], market.detail_high[i], market.detail_low[i]};
      gaps(plan, market, s, bar, part.open);
      if (p.side != 0) inside(plan, market, s, bar, part, Intrabar::sl_first, false);
    }
  }
  if (p.side != 0) exit_at_stop(plan, market, s, bar, stop);
}

QUERN_HD inline void open_bar(const LanePlan& plan, const MarketView& market, LaneState& s, std::int32_t bar) {
  Position& p = s.position;
  const Stretch x{market.open[bar], market.high[bar], market.low[bar]};
  // 1. Open.
  if (s.exit_due) {
    s.exit_due = false;
    exit_market(plan, market, s, bar, x.open, s.exit_reason);                                  // E14
  }
  if (s.order == Order::at_open) {
    s.order = Order::none;
    enter(plan, market, s, bar, x.open, false);                                                // E6, E7, E8
  }
  bool through = false;
  if (s.order == Order::limit) {
    const int side = s.decision.side;
    through = side * (s.decision.limit - adverse_of(x, side)) >= plan.rules.through_ticks;     // E7
    if (through && side * (s.decision.limit - x.open) > 0) {
      s.order = Order::none;
      through = false;
      enter(plan, market, s, bar, x.open, true);
    }
  }
  // 2. Gaps.
  if (p.side != 0) gaps(plan, market, s, bar, x.open);
  // 3. Inside the bar.
  if (through) {
    s.order = Order::none;
    enter(plan, market, s, bar, static_cast<std::int32_t>(s.decision.limit), true);
    if (p.side != 0) {
      p.counts_with_close = true;
      const StopInForce stop = stop_in_force(p);
      if (reaches_stop(p, stop, adverse_of(x, p.side))) exit_at_stop(plan, market, s, bar, stop);
    }
  } else if (p.side != 0) {
    inside(plan, market, s, bar, x, plan.rules.intrabar, true);
  }
  // 4. A limit order whose last bar ends unfilled.
  if (s.order == Order::limit && bar >= s.order_last_bar) {
    s.order = plan.on_timeout == OnTimeout::market ? Order::at_open : Order::none;             // E7
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
