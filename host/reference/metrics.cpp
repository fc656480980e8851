#include "host/reference/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/market/instrument.hpp"
#include "kernels/market/metrics.hpp"

namespace quern::reference {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double ratio(double a, double b) { return b == 0.0 ? undefined : a / b; }

double sum(const std::vector<double>& x) {
  double total = 0.0;
  for (const double v : x) total += v;
  return total;
}

double mean(const std::vector<double>& x) { return ratio(sum(x), static_cast<double>(x.size())); }

// Mean of (x - mean)^power with divisor size - ddof.
double central_moment(const std::vector<double>& x, int power, int ddof) {
  const double center = mean(x);
  double total = 0.0;
  for (const double v : x) {
    double product = 1.0;
    for (int i = 0; i < power; ++i) product *= v - center;
    total += product;
  }
  return static_cast<int>(x.size()) <= ddof ? undefined : total / static_cast<double>(static_cast<int>(x.size()) - ddof);
}

double deviation(const std::vector<double>& x) { return std::sqrt(central_moment(x, 2, 1)); }

double quantile(std::vector<double> x, double share) {
  if (x.empty()) return undefined;
  std::sort(x.begin(), x.end());
  const double place = share * static_cast<double>(x.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, x.size() - 1);
  return x[below] + (x[above] - x[below]) * (place - static_cast<double>(below));
}

// Equity at the sample points: the close of W, every later close that is the last of its UTC day (or every close), the
// last close.
std::vector<double> sample(const Job& job, const Candles& candles, const RunRecord& record) {
  const int last = static_cast<int>(candles.size()) - 1;
  std::vector<double> samples;
  for (int bar = record.first_bar; bar <= last; ++bar) {
    const auto b = static_cast<std::size_t>(bar);
    bool taken = bar == record.first_bar || bar == last || job.sampling == Sampling::bar;
    if (!taken) {
      taken = day_of_close(candles.time[b] + candles.duration) != day_of_close(candles.time[b + 1] + candles.duration);
    }
    if (taken) samples.push_back(record.equity[b]);
  }
  return samples;
}

}  // namespace

std::int64_t day_of_close(std::int64_t close_time) {
  const std::int64_t inside = close_time - 1;
  return inside / ns_per_day - (inside % ns_per_day < 0 ? 1 : 0);
}

void compute_metrics(const Job& job, const Candles& candles, const RunRecord& record, const Ledger& ledger,
                     double* metrics) {
  const auto set = [&](Metric metric, double value) {
    metrics[static_cast<int>(metric)] = std::isfinite(value) ? value : undefined;
  };
  const double capital = job.account.capital;
  const auto first = static_cast<std::size_t>(record.first_bar);
  const std::size_t last = candles.size() - 1;
  const double final_equity = record.equity[last];

  // Returns.
  const std::vector<double> samples = sample(job, candles, record);
  std::vector<double> r;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    r.push_back(samples[i - 1] <= 0.0 ? 0.0 : (samples[i] - samples[i - 1]) / samples[i - 1]);
  }
  double periods = 365.0;
  if (job.sampling == Sampling::bar) {
    periods = 365.0 * 86400.0 / (static_cast<double>(candles.duration) / static_cast<double>(ns_per_second));
  }
  if (job.periods_per_year) periods = *job.periods_per_year;

  double gains = 0.0, losses = 0.0;
  std::vector<double> downside;
  for (const double v : r) {
    gains += std::max(v, 0.0);
    losses += std::max(-v, 0.0);
    downside.push_back(std::min(v, 0.0) * std::min(v, 0.0));
  }
  const double std_r = deviation(r);
  set(Metric::total_return, final_equity / capital - 1.0);
  const double years = static_cast<double>(candles.time[last] - candles.time[first]) / (365.0 * static_cast<double>(ns_per_day));
  const double cagr = final_equity <= 0.0 ? -1.0
                      : years > 0.0       ? std::pow(final_equity / capital, 1.0 / years) - 1.0
                                          : undefined;
  set(Metric::cagr, cagr);
  set(Metric::volatility_ann, std_r * std::sqrt(periods));
  set(Metric::sharpe_ratio, ratio(mean(r), std_r) * std::sqrt(periods));
  set(Metric::sortino_ratio, ratio(mean(r), std::sqrt(mean(downside))) * std::sqrt(periods));
  set(Metric::omega_ratio, ratio(gains, losses));

  const double m2 = central_moment(r, 2, 0);
  set(Metric::skew, ratio(central_moment(r, 3, 0), std::pow(m2, 1.5)));
  set(Metric::kurtosis, ratio(central_moment(r, 4, 0), m2 * m2) - 3.0);
  const double tail_end = quantile(r, 0.05);
  std::vector<double> tail;
  for (const double v : r) {
    if (v <= tail_end) tail.push_back(v);
  }
  set(Metric::value_at_risk, -tail_end);
  set(Metric::cond_value_at_risk, -mean(tail));

  // Drawdowns over the marks of bars W..n; the peak starts at the capital.
  double peak = capital, deepest = 0.0, max_drawdown = 0.0, sum_of_squares = 0.0;
  std::int64_t peak_time = candles.time[first], longest = 0;
  std::vector<double> depths;
  bool below = false;
  for (std::size_t bar = first; bar <= last; ++bar) {
    const double equity = record.equity[bar];
    if (equity >= peak) {
      if (below) {
        longest = std::max(longest, candles.time[bar] - peak_time);
        depths.push_back(deepest);
      }
      below = false;
      peak = equity;
      peak_time = candles.time[bar];
      continue;
    }
    const double drawdown = (peak - equity) / peak;
    deepest = below ? std::max(deepest, drawdown) : drawdown;
    below = true;
    max_drawdown = std::max(max_drawdown, drawdown);
    sum_of_squares += drawdown * drawdown;
  }
  if (below) {
    longest = std::max(longest, candles.time[last] - peak_time);
    depths.push_back(deepest);
  }
  const double bars = static_cast<double>(last - first + 1);
  set(Metric::max_drawdown, max_drawdown);
  set(Metric::calmar_ratio, ratio(cagr, max_drawdown));
  set(Metric::max_drawdown_duration, static_cast<double>(longest) / static_cast<double>(ns_per_day));
  set(Metric::avg_drawdown, depths.empty() ? 0.0 : mean(depths));
  set(Metric::ulcer_index, std::sqrt(sum_of_squares / bars));
  set(Metric::exposure_time, static_cast<double>(record.bars_in_position) / bars);
  set(Metric::equity_final, final_equity);
  set(Metric::equity_peak, peak);

  // Trades, in the order of last exits.
  std::vector<double> profits, wins, lost, held;
  double ambiguous = 0.0;
  int row = 0, longest_row = 0;
  for (const ClosedTrade& trade : ledger.trades()) {
    profits.push_back(trade.profit);
    held.push_back(trade.exit_bar - trade.entry_bar);
    if (trade.profit > 0.0) wins.push_back(trade.profit);
    if (trade.profit < 0.0) lost.push_back(trade.profit);
    row = trade.profit < 0.0 ? row + 1 : 0;
    longest_row = std::max(longest_row, row);
    ambiguous += trade.ambiguous ? 1.0 : 0.0;
  }
  const double count = static_cast<double>(profits.size());
  const auto largest = [](const std::vector<double>& x) { return x.empty() ? undefined : *std::max_element(x.begin(), x.end()); };
  const auto smallest = [](const std::vector<double>& x) { return x.empty() ? undefined : *std::min_element(x.begin(), x.end()); };
  set(Metric::n_trades, count);
  set(Metric::win_rate, ratio(static_cast<double>(wins.size()), count));
  set(Metric::profit_factor, ratio(sum(wins), -sum(lost)));
  set(Metric::expectancy, mean(profits));
  set(Metric::sqn, ratio(std::sqrt(count) * mean(profits), deviation(profits)));
  set(Metric::avg_win, mean(wins));
  set(Metric::avg_loss, mean(lost));
  set(Metric::payoff_ratio, ratio(mean(wins), -mean(lost)));
  set(Metric::best_trade, largest(profits));
  set(Metric::worst_trade, smallest(profits));
  set(Metric::max_consecutive_losses, longest_row);
  set(Metric::avg_bars_held, mean(held));
  set(Metric::max_bars_held, largest(held));
  set(Metric::turnover, ledger.turnover_notional() / capital);
  set(Metric::fees_paid, ledger.fees());
  set(Metric::funding_paid, ledger.funding());
  set(Metric::slippage_paid, ledger.slippage());
  set(Metric::buy_and_hold_return, candles.close_price[last] / candles.close_price[first] - 1.0);
  set(Metric::rejected, static_cast<double>(record.rejected));
  set(Metric::filtered, static_cast<double>(record.filtered));
  set(Metric::ambiguous_bars, static_cast<double>(record.ambiguous_bars));
  set(Metric::ambiguous_share, ratio(ambiguous, count));
  set(Metric::liquidations, static_cast<double>(ledger.liquidations()));
}

}  // namespace quern::reference
