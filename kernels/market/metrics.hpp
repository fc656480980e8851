// The names of the metrics, in the order of result columns. Definitions: docs/execution-model.md, "Metrics".
#pragma once

#include <cstdint>

namespace quern {

enum class Metric : std::uint8_t {
  total_return, cagr, volatility_ann, sharpe_ratio, sortino_ratio, omega_ratio, max_drawdown, calmar_ratio,
  max_drawdown_duration, avg_drawdown, ulcer_index, exposure_time, n_trades, win_rate, profit_factor, expectancy, sqn,
  avg_win, avg_loss, payoff_ratio, best_trade, worst_trade, max_consecutive_losses, avg_bars_held, max_bars_held,
  turnover, fees_paid, funding_paid, slippage_paid, buy_and_hold_return, skew, kurtosis, value_at_risk,
  cond_value_at_risk, equity_final, equity_peak, rejected, filtered, ambiguous_bars, ambiguous_share, liquidations
};

inline constexpr const char* metric_names[] = {
    "total_return", "cagr", "volatility_ann", "sharpe_ratio", "sortino_ratio", "omega_ratio", "max_drawdown",
    "calmar_ratio", "max_drawdown_duration", "avg_drawdown", "ulcer_index", "exposure_time", "n_trades", "win_rate",
    "profit_factor", "expectancy", "sqn", "avg_win", "avg_loss", "payoff_ratio", "best_trade", "worst_trade",
    "max_consecutive_losses", "avg_bars_held", "max_bars_held", "turnover", "fees_paid", "funding_paid",
    "slippage_paid", "buy_and_hold_return", "skew", "kurtosis", "value_at_risk", "cond_value_at_risk", "equity_final",
    "equity_peak", "rejected", "filtered", "ambiguous_bars", "ambiguous_share", "liquidations"};

inline constexpr int metric_count = static_cast<int>(sizeof(metric_names) / sizeof(metric_names[0]));
static_assert(metric_count == static_cast<int>(Metric::liquidations) + 1);

}  // namespace quern
