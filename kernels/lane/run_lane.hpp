// One lane from its first decision bar to the end of the data, bar by bar: the plain form of the lane loop. Packs visit
// fewer bars and give the same bits.
#pragma once

#include "kernels/lane/open_bar.hpp"
#include "kernels/lane/statistics.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

QUERN_HD QUERN_INLINE void start_lane(const LanePlan& plan, LaneState& s) {
  s.cash = s.equity = s.day_start = s.peak = plan.account.capital;
}

QUERN_HD QUERN_INLINE bool is_sample(const LanePlan& plan, const MarketView& market, std::int32_t bar) {
  return plan.sampling == Sampling::bar || market.day_end[bar] != 0;
}

// `samples`: room for one double a sample point (at most one a bar), and as many again in `scratch`. `equity` [bar] may be
// null: the marks of the trace. `s` is a fresh state (its sink may be set).
template <class Real>
QUERN_HD inline void run_lane(const LanePlan& plan, const MarketView& market, const LaneInput& lane, LaneState& s, double* samples,
                              double* scratch, double* equity, LaneResult& out) {
  const std::int32_t last = market.bars - 1;
  const std::int32_t first = lane.first_bar < last ? lane.first_bar : last;
  start_lane(plan, s);
  MarkStatistics<Real> marks;
  marks.start(plan.account.capital, first);
  std::int32_t sample_count = 0;
  for (std::int32_t bar = first; bar <= last; ++bar) {
    Position& p = s.position;
    if (!s.ruined) {
      open_bar(plan, market, s, bar);
      pay_funding(market, s, bar);
      if (p.side != 0) ++s.count.exposed_bars;
      if (bar == last) end_lane(plan, market, s, bar);
      s.equity = marked_equity(s, market.close_price[bar]);
      if (s.equity <= 0.0) ruin(plan, market, s, bar);
      breakers(plan, s);
      marks.mark(Mark<Real>::of(s, market.close[bar], market.close_price[bar], plan.account.tick), bar, p.side != 0,
                 market.elapsed_days);
    }
    if (bar == first || is_sample(plan, market, bar)) samples[sample_count++] = s.equity;
    if (equity != nullptr) equity[bar] = s.equity;
    if (bar == last || s.ruined) continue;
    if (p.side != 0) move_stops(plan, market, lane, s, bar);
    decide(plan, market, lane, s, bar);
    if (market.day_end[bar]) {
      s.day_start = s.equity;
      s.day_stopped = false;
    }
  }
  marks.finish(last, market.elapsed_days);
  finish_lane(plan, market, first, s, marks, sample_statistics(samples, 1, sample_count, plan.periods_per_year, scratch), out);
}

}  // namespace QUERN_BACKEND
}  // namespace quern
