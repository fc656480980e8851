// The metrics on every engine, from marks and trades that can be worked out on paper.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/rules/fixture.hpp"

namespace quern::rules {
namespace {

class Metrics : public OnEveryEngine {};
INSTANTIATE_TEST_SUITE_P(, Metrics, testing::ValuesIn(engine_names()), engine_label);

// Daily bars, 100 units an entry.
Market daily(Engine& engine) {
  Market m(engine);
  m.series.candles.duration = ns_per_day;
  m.job.strategy.size_value = m.number(100);
  return m;
}

TEST_P(Metrics, sharpe_and_sortino_of_daily_marks) {  // R077
  Market m = daily(engine());
  m.flat(100, 1).bar(100, 102, 100, 102).bar(102, 102, 101, 101).bar(101, 104, 101, 104).bar(104, 104, 103, 103)
      .bar(103, 107, 103, 107).run();
  EXPECT_NEAR(m.metric(Metric::sharpe_ratio), 11.742164356176316, 1e-9);
  EXPECT_NEAR(m.metric(Metric::sortino_ratio), 43.004834639494064, 1e-9);
  EXPECT_NEAR(m.metric(Metric::volatility_ann), 0.4297043358882116, 1e-12);
  m.job.periods_per_year = 252;
  m.run();
  EXPECT_NEAR(m.metric(Metric::sharpe_ratio), 9.75667846992395, 1e-9);
}

TEST_P(Metrics, a_lane_without_trades) {  // R081
  Market m(engine());
  for (int bar = 0; bar < 80; ++bar) m.flat(100 + bar % 3);
  m.run();
  for (const Metric metric : {Metric::sharpe_ratio, Metric::sortino_ratio, Metric::omega_ratio, Metric::profit_factor,
                              Metric::win_rate, Metric::sqn, Metric::expectancy, Metric::skew, Metric::kurtosis,
                              Metric::calmar_ratio, Metric::avg_bars_held, Metric::ambiguous_share}) {
    EXPECT_TRUE(std::isnan(m.metric(metric))) << metric_names[static_cast<int>(metric)];
  }
  for (const Metric metric : {Metric::total_return, Metric::max_drawdown, Metric::avg_drawdown, Metric::n_trades,
                              Metric::volatility_ann, Metric::max_consecutive_losses, Metric::exposure_time}) {
    EXPECT_EQ(m.metric(metric), 0) << metric_names[static_cast<int>(metric)];
  }
}

TEST_P(Metrics, equity_through_zero) {  // R082
  Market m = daily(engine());
  m.flat(100, 2).flat(100).bar(100, 212, 100, 210).flat(210).flat(50).run();
  EXPECT_EQ(m.trace.equity, (std::vector<double>{10000, 10000, -1000, -1000, -1000}));
  EXPECT_EQ(m.metric(Metric::cagr), -1);
  EXPECT_DOUBLE_EQ(m.metric(Metric::max_drawdown), 1.1);
  EXPECT_NEAR(m.metric(Metric::sharpe_ratio), -9.5524865872714, 1e-9);
}

TEST_P(Metrics, the_peak_starts_at_the_capital) {  // R083
  Market m = daily(engine());
  m.flat(100, 1).bar(100, 100, 50, 50).bar(50, 150, 50, 150).bar(150, 190, 150, 190).bar(190, 190, 150, 152).flat(160).run();
  EXPECT_DOUBLE_EQ(m.metric(Metric::max_drawdown), 0.5);
  EXPECT_DOUBLE_EQ(m.metric(Metric::avg_drawdown), 0.35);
  EXPECT_EQ(m.metric(Metric::equity_peak), 19000);
  EXPECT_NEAR(m.metric(Metric::ulcer_index), 0.229103596626227, 1e-12);
}

TEST_P(Metrics, a_drawdown_lasts_to_the_end) {  // R084
  Market m = daily(engine());
  m.flat(100, 1).flat(100).bar(100, 110, 100, 110).bar(110, 110, 105, 105).bar(105, 105, 102, 102).bar(102, 102, 101, 101)
      .bar(101, 109, 101, 109).run();
  EXPECT_EQ(m.metric(Metric::max_drawdown_duration), 4);
  EXPECT_NEAR(m.metric(Metric::max_drawdown), 0.08181818181818182, 1e-15);
}

TEST_P(Metrics, profits_sum_to_the_equity) {  // R085
  Market m(engine());
  m.flat(100, 1).bar(100, 100, 95, 95, 3).flat(95, 1).flat(95).bar(95, 110, 95, 110).run();
  EXPECT_EQ(m.metric(Metric::worst_trade), -50);
  EXPECT_EQ(m.metric(Metric::best_trade), 150);
  EXPECT_EQ(m.metric(Metric::equity_final), 10100);
  EXPECT_EQ(m.metric(Metric::win_rate), 0.5);
  EXPECT_EQ(m.metric(Metric::profit_factor), 3);
  EXPECT_EQ(m.metric(Metric::payoff_ratio), 3);
  EXPECT_EQ(m.metric(Metric::expectancy), 50);
  EXPECT_EQ(m.metric(Metric::max_consecutive_losses), 1);
}

TEST_P(Metrics, one_trade) {  // R087
  Market m(engine());
  m.flat(100, 1).flat(100).flat(105, 3).flat(105).flat(105).run();
  EXPECT_EQ(m.metric(Metric::n_trades), 1);
  EXPECT_TRUE(std::isnan(m.metric(Metric::sqn)));
  EXPECT_EQ(m.metric(Metric::expectancy), 50);
  EXPECT_EQ(m.metric(Metric::best_trade), 50);
  EXPECT_EQ(m.metric(Metric::worst_trade), 50);
  EXPECT_EQ(m.metric(Metric::max_consecutive_losses), 0);
  EXPECT_EQ(m.metric(Metric::avg_bars_held), 2);
  EXPECT_DOUBLE_EQ(m.metric(Metric::turnover), 0.205);
  EXPECT_NEAR(m.metric(Metric::buy_and_hold_return), 0.05, 1e-15);
  EXPECT_EQ(m.metric(Metric::exposure_time), 0.4);
}

TEST_P(Metrics, tails_of_bar_returns) {
  Market m(engine());
  m.job.sampling = Sampling::bar;
  m.job.strategy.size_value = m.number(100);
  m.flat(100, 1).flat(100).flat(110).flat(99).flat(99).run();  // r = 0, 0.1, -0.1, 0
  // Sorted -0.1 0 0 0.1; the quantile lies at 0.15 of the first step: -0.085.
  EXPECT_NEAR(m.metric(Metric::value_at_risk), 0.085, 1e-15);
  EXPECT_NEAR(m.metric(Metric::cond_value_at_risk), 0.1, 1e-15);
  EXPECT_NEAR(m.metric(Metric::skew), 0, 1e-12);
  EXPECT_NEAR(m.metric(Metric::kurtosis), -1, 1e-12);  // m2 = 0.005, m4 = 0.00005
  EXPECT_NEAR(m.metric(Metric::omega_ratio), 1, 1e-12);
  EXPECT_NEAR(m.metric(Metric::volatility_ann), std::sqrt(0.02 / 3 * 8760), 1e-9);
}

TEST_P(Metrics, a_close_at_midnight_belongs_to_the_day_before) {
  // Marks of the first day: 10000 at W, 10100 at midnight; then 10100 at the last close: r = 0.01, 0.
  Market m(engine());
  m.flat(100, 1);
  for (int bar = 1; bar < 23; ++bar) m.flat(100);
  m.flat(110, 3).flat(110).flat(110).run();
  EXPECT_NEAR(m.metric(Metric::volatility_ann), std::sqrt(0.00005 * 365), 1e-12);
}

TEST_P(Metrics, a_trade_of_exactly_nothing_ends_a_row_of_losses) {
  Market m(engine());
  m.job.strategy.max_bars = m.number(1);
  m.flat(100, 1).flat(100).flat(99, 1).flat(99).flat(99, 1).flat(99).flat(98).flat(98).run();
  EXPECT_EQ(m.metric(Metric::n_trades), 3);  // -10, 0, -10
  EXPECT_EQ(m.metric(Metric::max_consecutive_losses), 1);
  EXPECT_EQ(m.metric(Metric::win_rate), 0);
  EXPECT_TRUE(std::isnan(m.metric(Metric::avg_win)));
  EXPECT_EQ(m.metric(Metric::avg_loss), -10);
}

}  // namespace
}  // namespace quern::rules
