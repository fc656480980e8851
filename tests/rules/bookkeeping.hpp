// What holds in every run, whatever the strategy: the books of a trace, recomputed from its fills and payments.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"
#include "host/strategy/job.hpp"
#include "kernels/base/decision_hash.hpp"

namespace quern::rules {

// Of two results that should have the same bits; empty: they have.
inline std::string difference_of(const LaneResult& a, const LaneResult& b) {
  if (a.decision_hash != b.decision_hash) return "decision hash";
  if (a.faults != b.faults) return fmt::format("faults {} and {}", a.faults, b.faults);
  if (a.first_decision_bar != b.first_decision_bar) return fmt::format("W {} and {}", a.first_decision_bar, b.first_decision_bar);
  for (int m = 0; m < metric_count; ++m) {
    if (std::memcmp(&a.metrics[m], &b.metrics[m], sizeof(double)) != 0 && !(std::isnan(a.metrics[m]) && std::isnan(b.metrics[m]))) {
      return fmt::format("{} {:.17g} and {:.17g}", metric_names[m], a.metrics[m], b.metrics[m]);
    }
  }
  return "";
}

// Empty, or the first thing that is wrong: at every close, capital less what was bought plus what was sold, plus the position
// at the close, less fees and funding, is the equity; sums and hash of the result are those of the trace.
inline std::string bookkeeping_error(const Job& job, const Series& series, const LaneResult& result, const Trace& trace) {
  const Candles& candles = series.candles;
  const TickSize& tick = series.instrument.tick;
  const auto near = [&](long double a, long double b) {
    return std::fabs(a - b) <= 1e-11L * (std::fabs(a) + std::fabs(b) + job.account.capital);
  };
  if (trace.equity.size() != candles.size()) return fmt::format("{} marks of {} bars", trace.equity.size(), candles.size());
  long double cash = job.account.capital, fees = 0, funding = 0, slippage = 0, lots = 0, volume = 0;
  std::uint64_t hash = decision_hash_start;
  std::size_t fill = 0, paid = 0;
  const auto book = [&](const Fill& f) {
    const long double quantity = static_cast<long double>(f.lots) * series.instrument.lot;
    const long double notional = quantity * f.price_ticks * static_cast<long double>(tick.numerator) / tick.denominator;
    const int bought = f.is_entry ? f.side : -f.side;
    cash -= bought * notional;
    lots += bought * static_cast<long double>(f.lots);
    fees += f.fee, slippage += f.slippage, volume += notional;
    hash = decision_hash_add(hash, f.bar, f.is_entry ? 1 : 16 + static_cast<int>(f.reason), f.side, f.price_ticks, f.lots);
  };
  for (std::size_t bar = 0; bar < candles.size(); ++bar) {
    const auto is_here = [&](std::size_t i) { return i < trace.fills.size() && trace.fills[i].bar == static_cast<std::int32_t>(bar); };
    // A fill at the close of its decision comes after the mark (E6).
    while (is_here(fill) && !(trace.fills[fill].is_entry && trace.fills[fill].decision_bar == trace.fills[fill].bar)) book(trace.fills[fill++]);
    for (; paid < trace.funding.size() && trace.funding[paid].bar == static_cast<std::int32_t>(bar); ++paid) funding += trace.funding[paid].amount;
    const long double position = lots * series.instrument.lot * candles.close_price[bar];
    const long double expected = cash + position - fees - funding;
    if (!near(expected, trace.equity[bar])) {
      return fmt::format("bar {}: cash {} + position {} - fees {} - funding {} is not the equity {}", bar, static_cast<double>(cash),
                         static_cast<double>(position), static_cast<double>(fees), static_cast<double>(funding), trace.equity[bar]);
    }
    while (is_here(fill)) book(trace.fills[fill++]);
  }
  if (fill != trace.fills.size()) return fmt::format("fill {} is out of order", fill);
  if (paid != trace.funding.size()) return fmt::format("payment {} is out of order", paid);
  if (hash != result.decision_hash) return "the fills of the trace have another decision hash";
  const auto metric = [&](Metric m) { return result.metrics[static_cast<int>(m)]; };
  if (!near(fees, metric(Metric::fees_paid))) return fmt::format("fees {} of the trace, {} of the result", static_cast<double>(fees), metric(Metric::fees_paid));
  if (!near(funding, metric(Metric::funding_paid))) return fmt::format("funding {} of the trace, {} of the result", static_cast<double>(funding), metric(Metric::funding_paid));
  if (!near(slippage, metric(Metric::slippage_paid))) return fmt::format("slippage {} of the trace, {} of the result", static_cast<double>(slippage), metric(Metric::slippage_paid));
  if (!near(volume, metric(Metric::turnover) * job.account.capital)) return "the turnover is not that of the fills";
  if (!near(trace.equity.back(), metric(Metric::equity_final))) return "the last mark is not the result's";
  return "";
}

}  // namespace quern::rules
