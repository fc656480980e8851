// What the marks and samples of a lane add up to (Metrics).
#pragma once

#include "kernels/lane/close_bar.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// Sums over bar marks, in the statistics' precision. Marks of a stretch without a position are equal, so they are added
// at its end at once: no engine needs to visit them one by one.
template <class Real>
struct MarkStatistics {
  Real peak, inverse_peak, weight;     // weight = inverse_peak^2
  Real deepest = 0;                    // of the current drawdown, quote currency
  Real block = 0;                      // sum of squared drawdown since the last flush
  Real flat_equity = 0, flat_depth = 0;   // in a stretch without a position; depth below the peak
  Real max_drawdown = 0;
  bool in_drawdown = false;
  std::int32_t peak_bar = 0;           // last close at the peak before the current drawdown
  std::int32_t flat_from = 0;          // first mark of the current stretch without a position; -1: in a position
  std::int32_t drawdowns = 0;
  double squares = 0.0, depths = 0.0, longest_days = 0.0;

  QUERN_HD void start(double capital, std::int32_t bar) {
    raise_peak(static_cast<Real>(capital));
    flat_equity = peak;
    flat_from = bar;
  }
  QUERN_HD void raise_peak(Real equity) {
    peak = equity;
    inverse_peak = Real(1) / equity;
    weight = inverse_peak * inverse_peak;
  }
  QUERN_HD void flush() {
    squares += static_cast<double>(block);
    block = 0;
  }
  QUERN_HD void end_flat(std::int32_t bar) {
    squares += static_cast<double>(bar - flat_from) * static_cast<double>((flat_depth * flat_depth) * weight);
    flat_from = -1;
  }
  QUERN_HD void end_drawdown(std::int32_t bar, const double* elapsed_days) {
    const Real depth = deepest * inverse_peak;
    depths += static_cast<double>(depth);
    ++drawdowns;
    if (depth > max_drawdown) max_drawdown = depth;
    const double days = elapsed_days[bar] - elapsed_days[peak_bar];
    if (days > longest_days) longest_days = days;
    in_drawdown = false;
    deepest = 0;
  }
  // The drawdown's own changes at a mark: peaks, starts and ends.
  QUERN_HD void follow(Real equity, std::int32_t bar, const double* elapsed_days) {
    if (in_drawdown && equity >= peak) end_drawdown(bar, elapsed_days);
    if (equity > peak) raise_peak(equity);
    if (!in_drawdown && equity < peak) {
      in_drawdown = true;
      peak_bar = bar - 1;
    }
    const Real depth = peak - equity;
    if (depth > deepest) deepest = depth;
  }
  QUERN_HD void mark(Real equity, std::int32_t bar, bool in_position, const double* elapsed_days) {
    if (in_position) {
      if (flat_from >= 0) end_flat(bar);
      follow(equity, bar, elapsed_days);
      const Real depth = peak - equity;
      block = block + (depth * depth) * weight;
      if ((bar & 255) == 255) flush();
    } else if (flat_from < 0 || equity != flat_equity) {
      if (flat_from < 0) {
        flush();
      } else {
        end_flat(bar);
      }
      follow(equity, bar, elapsed_days);
      flat_from = bar;
      flat_equity = equity;
      flat_depth = peak - equity;
    }
  }
  // After the mark of the last bar.
  QUERN_HD void finish(std::int32_t last_bar, const double* elapsed_days) {
    flush();
    if (flat_from >= 0) end_flat(last_bar + 1);
    if (in_drawdown) end_drawdown(last_bar, elapsed_days);
  }
};

// The mark of a position in the statistics' precision. Single: from the whole-tick move since the entry.
template <class Real>
struct Mark;

template <>
struct Mark<double> {
  QUERN_HD static double of(const LaneState& s, std::int32_t, double close, const TickSize&) { return marked_equity(s, close); }
};

template <>
struct Mark<float> {
  QUERN_HD static float of(const LaneState& s, std::int32_t close_ticks, double, const TickSize& tick) {
    const Position& p = s.position;
    if (p.side == 0) return static_cast<float>(s.cash);
    const float a_tick = static_cast<float>(p.side * p.quantity * tick.value);
    return static_cast<float>(s.cash) + a_tick * static_cast<float>(close_ticks - p.entry_ticks);
  }
};

// Moves the `rank`-th smallest (from 0) of values[0, count) to its place, smaller ones before it.
QUERN_HD inline void select_rank(double* values, std::int32_t count, std::int32_t rank) {
  std::int32_t first = 0, last = count - 1;
  while (first < last) {
    const double a = values[first], b = values[first + (last - first) / 2], c = values[last];
    const double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
    std::int32_t i = first, j = last;
    while (i <= j) {
      while (values[i] < pivot) ++i;
      while (pivot < values[j]) --j;
      if (i > j) break;
      const double swap = values[i];
      values[i++] = values[j];
      values[j--] = swap;
    }
    if (rank <= j) {
      last = j;
    } else if (rank >= i) {
      first = i;
    } else {
      return;
    }
  }
}

struct SampleStatistics {
  double volatility, sharpe, sortino, omega, skew, kurtosis, value_at_risk, cond_value_at_risk;
};

// `equity` [sample] with `stride` doubles between samples; scratch holds as many returns.
QUERN_HD inline SampleStatistics sample_statistics(const double* equity, std::int32_t stride, std::int32_t samples, double periods,
                                                   double* scratch) {
  const double nan = undefined_value();
  SampleStatistics out{nan, nan, nan, nan, nan, nan, nan, nan};
  const std::int32_t n = samples - 1;
  if (n < 1) return out;
  double sum = 0.0, up = 0.0, down = 0.0, down_squares = 0.0;
  double before = equity[0];
  for (std::int32_t i = 0; i < n; ++i) {
    const double now = equity[static_cast<std::int64_t>(i + 1) * stride];
    const double r = before > 0.0 ? (now - before) / before : 0.0;
    before = now;
    scratch[i] = r;
    sum += r;
    up += r > 0.0 ? r : 0.0;
    down += r < 0.0 ? -r : 0.0;
    down_squares += r < 0.0 ? r * r : 0.0;
  }
  const double mean = sum / n;
  double m2 = 0.0, m3 = 0.0, m4 = 0.0;
  for (std::int32_t i = 0; i < n; ++i) {
    const double x = scratch[i] - mean, xx = x * x;
    m2 += xx;
    m3 += xx * x;
    m4 += xx * xx;
  }
  if (n > 1) {
    const double deviation = __builtin_sqrt(m2 / (n - 1));
    out.volatility = deviation * __builtin_sqrt(periods);
    if (deviation > 0.0) out.sharpe = mean / deviation * __builtin_sqrt(periods);
  }
  const double downside = __builtin_sqrt(down_squares / n);
  if (downside > 0.0) out.sortino = mean / downside * __builtin_sqrt(periods);
  if (down > 0.0) out.omega = up / down;
  m2 /= n, m3 /= n, m4 /= n;
  if (m2 > 0.0) {
    out.skew = m3 / (m2 * __builtin_sqrt(m2));
    out.kurtosis = m4 / (m2 * m2) - 3.0;
  }
  const double place = 0.05 * (n - 1);
  const std::int32_t rank = static_cast<std::int32_t>(place);
  select_rank(scratch, n, rank);
  double quantile = scratch[rank];
  if (rank + 1 < n) {
    double next = scratch[rank + 1];
    for (std::int32_t i = rank + 2; i < n; ++i) next = scratch[i] < next ? scratch[i] : next;
    quantile += (next - quantile) * (place - rank);
  }
  double tail = 0.0;
  std::int32_t in_tail = 0;
  for (std::int32_t i = 0; i < n; ++i) {
    if (scratch[i] <= quantile) tail += scratch[i], ++in_tail;
  }
  out.value_at_risk = -quantile;
  if (in_tail > 0) out.cond_value_at_risk = -(tail / in_tail);
  return out;
}

// Fills `out` from what a lane left behind. `first`: W, inside the data.
template <class Real>
QUERN_HD inline void finish_lane(const LanePlan& plan, const MarketView& market, std::int32_t first, const LaneState& s,
                                 const MarkStatistics<Real>& marks, const SampleStatistics& samples, LaneResult& out) {
  const std::int32_t last = market.bars - 1;
  const double nan = undefined_value(), capital = plan.account.capital;
  const Counters& c = s.count;
  const auto put = [&](Metric metric, double value) { out.metrics[static_cast<int>(metric)] = is_defined(value) ? value : nan; };
  const auto ratio = [&](double a, double b) { return b != 0.0 ? a / b : nan; };
  const double bars = static_cast<double>(last - first + 1), trades = c.trades;
  const double years = (market.elapsed_days[last] - market.elapsed_days[first]) / 365.0;
  double cagr = nan;
  if (s.equity <= 0.0) {
    cagr = -1.0;
  } else if (years > 0.0) {
    cagr = __builtin_pow(s.equity / capital, 1.0 / years) - 1.0;
  }
  const double max_drawdown = static_cast<double>(marks.max_drawdown);
  put(Metric::total_return, s.equity / capital - 1.0);
  put(Metric::cagr, cagr);
  put(Metric::volatility_ann, samples.volatility);
  put(Metric::sharpe_ratio, samples.sharpe);
  put(Metric::sortino_ratio, samples.sortino);
  put(Metric::omega_ratio, samples.omega);
  put(Metric::max_drawdown, max_drawdown);
  put(Metric::calmar_ratio, ratio(cagr, max_drawdown));
  put(Metric::max_drawdown_duration, marks.longest_days);
  put(Metric::avg_drawdown, marks.drawdowns > 0 ? marks.depths / marks.drawdowns : 0.0);
  put(Metric::ulcer_index, __builtin_sqrt(marks.squares / bars));
  put(Metric::exposure_time, c.exposed_bars / bars);
  put(Metric::n_trades, trades);
  put(Metric::win_rate, ratio(c.wins, trades));
  put(Metric::profit_factor, ratio(c.won, -c.lost));
  put(Metric::expectancy, c.trades > 0 ? c.mean_profit : nan);
  put(Metric::sqn, c.trades > 1 ? ratio(__builtin_sqrt(trades) * c.mean_profit, __builtin_sqrt(c.profit_spread / (trades - 1.0))) : nan);
  const double avg_win = ratio(c.won, c.wins), avg_loss = ratio(c.lost, c.losses);
  put(Metric::avg_win, avg_win);
  put(Metric::avg_loss, avg_loss);
  put(Metric::payoff_ratio, avg_win / -avg_loss);
  put(Metric::best_trade, c.trades > 0 ? c.best_trade : nan);
  put(Metric::worst_trade, c.trades > 0 ? c.worst_trade : nan);
  put(Metric::max_consecutive_losses, c.most_losses_in_row);
  put(Metric::avg_bars_held, ratio(static_cast<double>(c.bars_held), trades));
  put(Metric::max_bars_held, c.trades > 0 ? c.longest_bars : nan);
  put(Metric::turnover, c.notional / capital);
  put(Metric::fees_paid, c.fees);
  put(Metric::funding_paid, c.funding);
  put(Metric::slippage_paid, c.slippage);
  put(Metric::buy_and_hold_return, market.close_price[last] / market.close_price[first] - 1.0);
  put(Metric::skew, samples.skew);
  put(Metric::kurtosis, samples.kurtosis);
  put(Metric::value_at_risk, samples.value_at_risk);
  put(Metric::cond_value_at_risk, samples.cond_value_at_risk);
  put(Metric::equity_final, s.equity);
  put(Metric::equity_peak, static_cast<double>(marks.peak));
  put(Metric::rejected, c.rejected);
  put(Metric::filtered, c.filtered);
  put(Metric::ambiguous_bars, c.ambiguous_bars);
  put(Metric::ambiguous_share, ratio(c.ambiguous_trades, trades));
  put(Metric::liquidations, c.liquidations);
  out.decision_hash = s.hash;
  out.faults = s.faults;
  out.first_decision_bar = first;
}

}  // namespace QUERN_BACKEND
}  // namespace quern
