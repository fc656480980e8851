// The rules of the execution model on every engine, each by a few bars whose arithmetic can be checked by eye.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "kernels/base/decision_hash.hpp"
#include "tests/rules/fixture.hpp"

namespace quern::rules {
namespace {

class Rules : public OnEveryEngine {};
INSTANTIATE_TEST_SUITE_P(, Rules, testing::ValuesIn(engine_names()), engine_label);

// ---- Quantities

TEST_P(Rules, E1_distances_round_half_away_to_whole_ticks) {
  Market m(engine());
  m.stop(2.5).flat(100, 1).bar(100, 101, 98, 100).bar(100, 100, 97, 98).flat(98).run();  // 2.5 is 3 ticks: 97
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long stop_loss 97 x10"}));
}

TEST_P(Rules, E1_distances_are_at_least_one_tick) {
  Market m(engine());
  m.stop(0.1).flat(100, 1).bar(100, 101, 100, 100).bar(100, 100, 97, 98).flat(98).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long stop_loss 99 x10"}));
}

TEST_P(Rules, E1b_quantities_are_whole_lots) {
  Market m(engine());
  m.series.instrument.lot = 0.1;
  m.job.strategy.size_value = m.number(0.3);  // 0.3 / 0.1 is below 3 in double; still 3 lots
  m.flat(100, 1).flat(100).flat(100).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x3", "2 long end_of_data 100 x3"}));
}

TEST_P(Rules, E1b_too_many_lots_is_a_fault_and_opens_nothing) {
  Market m(engine());
  m.series.instrument.lot = 1e-8;
  m.job.account.cap = false;
  m.job.strategy.size_value = m.number(1e9);
  m.flat(100, 1).flat(100).flat(100).run();
  EXPECT_TRUE(m.lines().empty());
  EXPECT_EQ(m.result.faults, lane_fault_too_many_lots);
  EXPECT_EQ(m.metric(Metric::rejected), 1);
}

TEST_P(Rules, E1c_money_in_the_order_of_events) {
  Market m(engine());
  m.job.costs.taker_bps = 10;
  m.flat(100, 1).flat(100).flat(104, 3).flat(105).flat(105).run();
  // Entry fee 1000 * 10 / 10000 = 1, exit fee 1.05, gross 50.
  EXPECT_EQ(m.trace.equity, (std::vector<double>{10000, 9999, 10039, 9999 + 50 - 1.05, 9999 + 50 - 1.05}));
  EXPECT_EQ(m.metric(Metric::fees_paid), 1 + 1.05);
  EXPECT_EQ(m.metric(Metric::best_trade), -1.0 + 50 - 1.05);
}

// ---- Decision

TEST_P(Rules, E2_orders_are_active_from_the_next_bar) {
  Market m(engine());
  m.flat(100, 1).flat(103).flat(103).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 103 x10", "2 long end_of_data 103 x10"}));
  EXPECT_EQ(m.trace.fills[0].decision_bar, 0);
}

TEST_P(Rules, E2_nothing_is_decided_or_counted_on_the_last_bar) {
  Market m(engine());
  m.job.strategy.filter = m.signal(99);
  m.flat(100).flat(100).flat(100, 1).run();
  EXPECT_EQ(m.metric(Metric::filtered), 0);
  Market rejecting(engine());
  rejecting.stop(-1).flat(100).flat(100).flat(100, 1).run();
  EXPECT_EQ(rejecting.metric(Metric::rejected), 0);
}

TEST_P(Rules, E3_nothing_is_decided_before_the_first_decision_bar) {
  Market m(engine());
  m.warm_up(2).flat(100).flat(100, 1).flat(101, 1).flat(102).flat(103).run();
  EXPECT_EQ(m.lines(), (Lines{"3 long 102 x10", "4 long end_of_data 103 x10"}));
  EXPECT_EQ(m.result.first_decision_bar, 2);
}

TEST_P(Rules, E3_a_comparison_with_an_undefined_value_is_false) {
  for (const Op op : {Op::less, Op::less_equal, Op::greater, Op::greater_equal, Op::equal, Op::not_equal}) {
    Market m(engine());
    m.job.strategy.entry_long = m.condition(op, {m.series_of(SeriesId::close), m.undefined()});
    m.flat(100).flat(100).flat(100).run();
    EXPECT_TRUE(m.lines().empty());
  }
}

TEST_P(Rules, E3_a_window_too_short_for_a_decision) {
  Market m(engine());
  m.warm_up(7).flat(100, 1).flat(100, 1).run();
  EXPECT_TRUE(m.lines().empty());
  EXPECT_EQ(m.metric(Metric::equity_final), 10000);
}

TEST_P(Rules, E4_what_opens_nothing_and_counts) {
  const std::vector<std::function<void(Market&)>> cases = {
      [](Market& m) { m.job.strategy.stop.distance = m.undefined(); },
      [](Market& m) { m.stop(0); },
      [](Market& m) { m.stop(-1); },
      [](Market& m) { m.target(-2, 1); },
      [](Market& m) { m.target(5, 1).job.strategy.targets[0].fraction = m.number(0); },
      [](Market& m) { m.target(5, 1).job.strategy.targets[0].fraction = m.undefined(); },
      [](Market& m) { m.job.strategy.size_value = m.number(0); },
      [](Market& m) { m.job.strategy.size_value = m.undefined(); },
      [](Market& m) { m.job.strategy.size_mode = SizeMode::risk; },
      [](Market& m) { m.job.strategy.trail_activation = m.undefined(); },
      [](Market& m) { m.job.strategy.stop.long_price = m.number(-3); },
      [](Market& m) { m.job.strategy.stop.long_price = m.close_plus(0); },
      [](Market& m) { m.job.strategy.stop.long_price = m.close_plus(0.4); },
      [](Market& m) { m.job.strategy.targets.push_back({{-1, m.close_plus(0.4), -1}, -1}); },
      [](Market& m) { m.limit(-1, 1); },
      [](Market& m) { m.limit(1, 1).job.strategy.limit_offset = m.undefined(); },
      [](Market& m) { m.limit(100, 1); },
      [](Market& m) { m.limit(5, 1).job.strategy.stop.long_price = m.close_plus(-5); },  // the limit price itself
      [](Market& m) {
        m.job.strategy.size_mode = SizeMode::volatility_parity;
        m.job.strategy.size_volatility = m.number(0);
      }};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Market m(engine());
    cases[i](m);
    m.flat(100, 1).bar(100, 100, 90, 100).flat(100).run();
    EXPECT_TRUE(m.lines().empty()) << "case " << i;
    EXPECT_EQ(m.metric(Metric::rejected), 1) << "case " << i;
  }
}

TEST_P(Rules, E4_targets_are_sorted_at_the_fill_with_ties_in_file_order) {
  Market m(engine());
  m.target(8, 0.3).target(5, 0.2).target(5, 0.1).target(20, 0.4);
  m.flat(100, 1).bar(100, 101, 100, 101).bar(101, 109, 101, 108).flat(108).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long take_profit 105 x2", "2 long take_profit 105 x1",
                              "2 long take_profit 108 x3", "3 long end_of_data 108 x4"}));
}

TEST_P(Rules, E4_a_price_level_is_absolute) {
  Market m(engine());
  m.job.strategy.stop.long_price = m.close_plus(-5);
  m.flat(100, 1).flat(103).bar(103, 103, 95, 96).flat(96).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 103 x10", "2 long stop_loss 95 x10"}));
}

TEST_P(Rules, E5_bars_are_consecutive_rows) {
  Market m(engine());
  m.job.strategy.max_bars = m.number(2);
  m.flat(100, 1).flat(100).flat(100).flat(101).flat(102);
  for (std::size_t i = 2; i < 5; ++i) m.series.candles.time[i] += 9 * ns_per_hour;  // a hole after bar 1
  m.run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "3 long time_stop 101 x10"}));
}

// ---- Entry

TEST_P(Rules, E6_market_entry_at_the_next_open) {
  Market m(engine());
  m.flat(100, 2).bar(98, 99, 97, 98).flat(96).run();
  EXPECT_EQ(m.lines(), (Lines{"1 short 98 x10", "2 short end_of_data 96 x10"}));
}

TEST_P(Rules, E6_fill_at_the_close_of_the_decision_bar) {
  Market m(engine());
  m.job.rules.fill = FillAt::close;
  m.job.strategy.max_bars = m.number(2);
  // The stop at 95 is not looked at in bar 0. Bar 0 is the first of max_bars, bar 1 the second.
  m.stop(5).bar(100, 110, 90, 100, 1).bar(100, 101, 99, 100).flat(102).flat(102).run();
  EXPECT_EQ(m.lines(), (Lines{"0 long 100 x10", "2 long time_stop 102 x10"}));
  EXPECT_EQ(m.metric(Metric::exposure_time), 0.25);  // only bar 1: the fill comes after the mark of bar 0
}

TEST_P(Rules, E7_fills_where_the_bar_trades_through_the_limit) {
  Market m(engine());
  m.limit(2, 3).flat(100, 1).bar(100, 100, 98, 99).bar(99, 99, 97, 98).flat(98).run();
  EXPECT_EQ(m.lines(), (Lines{"2 long 98 x10", "3 long end_of_data 98 x10"}));
  EXPECT_EQ(m.trace.fills[0].decision_bar, 0);
}

TEST_P(Rules, E7_a_touch_is_enough_with_through_ticks_0) {
  Market m(engine());
  m.job.rules.through_ticks = 0;
  m.limit(2, 3).flat(100, 2).bar(100, 102, 100, 99).flat(99).run();
  EXPECT_EQ(m.lines(), (Lines{"1 short 102 x10", "2 short end_of_data 99 x10"}));
}

TEST_P(Rules, E7_at_the_open_where_that_is_strictly_beyond) {
  Market m(engine());
  m.job.costs.slippage_bps = 500;
  m.job.costs.maker_bps = 10;
  m.job.rules.end = EndPolicy::open;
  m.limit(2, 3).flat(100, 1).bar(96, 99, 96, 99).flat(99).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 96 x10"}));            // no slippage
  EXPECT_DOUBLE_EQ(m.metric(Metric::fees_paid), 0.96);       // maker
}

TEST_P(Rules, E7_an_open_beyond_still_needs_through_ticks) {
  Market m(engine());
  m.job.rules.through_ticks = 3;
  m.limit(2, 1).flat(100, 1).bar(97, 99, 96, 99).flat(99).run();
  EXPECT_TRUE(m.lines().empty());
}

TEST_P(Rules, E7_only_the_stop_is_tested_in_the_bar_of_a_fill_at_the_limit) {
  Market m(engine());
  m.limit(2, 1).stop(3).target(4, -1);
  m.flat(100, 1).bar(100, 110, 97, 100).bar(100, 103, 100, 103).flat(103).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 98 x10", "2 long take_profit 102 x10"}));
  Market stopped(engine());
  stopped.limit(2, 1).stop(3).target(4, -1);
  stopped.flat(100, 1).bar(100, 110, 95, 100).flat(100).run();
  EXPECT_EQ(stopped.lines(), (Lines{"1 long 98 x10", "1 long stop_loss 95 x10"}));
  EXPECT_EQ(stopped.metric(Metric::ambiguous_bars), 0);
}

TEST_P(Rules, E7_cancel_after_the_last_bar) {
  Market m(engine());
  // The second signal comes at the close of the last bar of the first order: the lane is flat by then.
  m.limit(2, 2).flat(100, 1).flat(100, 1).flat(100, 1).bar(100, 100, 97, 98).flat(98).run();
  EXPECT_EQ(m.lines(), (Lines{"3 long 98 x10", "4 long end_of_data 98 x10"}));
  EXPECT_EQ(m.trace.fills[0].decision_bar, 2);
}

TEST_P(Rules, E7_fallback_at_the_open_after_the_last_bar) {
  Market m(engine());
  m.limit(2, 2, OnTimeout::market);
  m.job.strategy.stop.long_price = m.close_plus(-5);  // 95, from the original decision
  m.flat(100, 1).flat(100).flat(101, 2).flat(103).bar(103, 103, 95, 95).flat(95).run();
  EXPECT_EQ(m.lines(), (Lines{"3 long 103 x10", "4 long stop_loss 95 x10"}));
  EXPECT_EQ(m.trace.fills[0].decision_bar, 0);
}

TEST_P(Rules, E7_an_exit_signal_cancels_the_order_and_the_fallback) {
  Market m(engine());
  m.job.strategy.exit_long = m.signal(1);  // true with every entry signal
  m.limit(2, 3).flat(100, 1).flat(100, 1).bar(100, 100, 90, 95).flat(95).run();
  EXPECT_TRUE(m.lines().empty());          // cancelled at bar 1, whose entry signal is ignored
  Market fallback(engine());
  fallback.limit(2, 2, OnTimeout::market).flat(100, 1).flat(100).flat(100, 3).flat(100).flat(100).run();
  EXPECT_TRUE(fallback.lines().empty());
  Market other_side(engine());
  other_side.limit(2, 2, OnTimeout::market).flat(100, 1).flat(100).flat(100, 4).flat(100).flat(100).run();
  EXPECT_EQ(other_side.lines().size(), 2u);
}

TEST_P(Rules, E8_one_position_a_lane) {
  Market m(engine());
  m.flat(100, 1).flat(101, 1).flat(102, 2).flat(103).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 101 x10", "3 long end_of_data 103 x10"}));
}

TEST_P(Rules, E8_reversal_at_one_open) {
  Market m(engine());
  m.job.rules.reverse = true;
  m.job.rules.cooldown_bars = 5;
  m.flat(100, 1).flat(101).flat(102, 2).flat(103).flat(104).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 101 x10", "3 long reversal 103 x10", "3 short 103 x10", "4 short end_of_data 104 x10"}));
}

TEST_P(Rules, E8_a_rejected_reversal) {
  Market at_decision(engine());
  at_decision.job.rules.reverse = true;
  at_decision.job.strategy.stop.long_price = at_decision.close_plus(-50);
  at_decision.job.strategy.stop.short_price = at_decision.close_plus(-1);  // never on its right side
  at_decision.flat(100, 1).flat(100).flat(100, 2).flat(100).flat(100).run();
  EXPECT_EQ(at_decision.lines(), (Lines{"1 long 100 x10", "4 long end_of_data 100 x10"}));
  EXPECT_EQ(at_decision.metric(Metric::rejected), 1);

  Market at_fill(engine());
  at_fill.job.rules.reverse = true;
  at_fill.series.instrument.min_notional = 1000;
  at_fill.flat(100, 1).flat(100).flat(100, 2).flat(99).flat(99).run();
  EXPECT_EQ(at_fill.lines(), (Lines{"1 long 100 x10", "3 long reversal 99 x10"}));
  EXPECT_EQ(at_fill.metric(Metric::rejected), 1);
}

TEST_P(Rules, E9_both_at_once_is_neither) {
  Market m(engine());
  m.job.rules.reverse = true;
  m.job.strategy.entry_short = m.condition(Op::greater_equal, {m.series_of(SeriesId::volume), m.number(1)});
  m.flat(100, 1).flat(101, 2).flat(102, 1).flat(103).run();
  EXPECT_EQ(m.lines(), (Lines{"2 short 102 x10", "3 short end_of_data 103 x10"}));
}

TEST_P(Rules, E10_cooldown_counts_from_the_exit_bar) {
  for (const int cooldown : {0, 1, 2}) {
    Market m(engine());
    m.job.rules.cooldown_bars = cooldown;
    // The stop at 95 is hit in bar 1; every close from there has a signal.
    m.stop(5).flat(100, 1).bar(100, 100, 95, 100, 1).flat(100, 1).flat(100, 1).flat(100, 1).flat(100).run();
    ASSERT_GE(m.trace.fills.size(), 3u);
    EXPECT_EQ(m.trace.fills[1].bar, 1);
    EXPECT_EQ(m.trace.fills[2].decision_bar, 1 + cooldown);
  }
}

TEST_P(Rules, E11_counts_what_the_filter_alone_stops) {
  Market m(engine());
  m.job.strategy.filter = m.condition(Op::greater, {m.series_of(SeriesId::close), m.number(104)});
  m.flat(100, 1).flat(100).flat(105, 1).flat(100, 2).flat(100, 3).flat(100, 2).flat(100).run();
  // Counted: bar 0. Not counted: bar 3 (in a position). Bar 5: flat after the exit at its open.
  EXPECT_EQ(m.lines(), (Lines{"3 long 100 x10", "5 long exit_signal 100 x10"}));
  EXPECT_EQ(m.metric(Metric::filtered), 2);
}

// ---- Size

std::int64_t lots_of_first_fill(Market& m) {
  m.flat(100, 1).flat(100).flat(100).run();
  return m.trace.fills.empty() ? 0 : m.trace.fills[0].lots;
}

TEST_P(Rules, E12_fraction) {
  Market m(engine());
  m.job.strategy.size_mode = SizeMode::fraction;
  m.job.strategy.size_value = m.number(0.5);
  m.job.account.leverage = 3;
  m.job.costs.taker_bps = 10;
  EXPECT_EQ(lots_of_first_fill(m), 149);  // 0.5 * 10000 * 3 / (100 * 1.001) = 149.85
}

TEST_P(Rules, E12_fixed_notional) {
  Market m(engine());
  m.job.strategy.size_mode = SizeMode::fixed_notional;
  m.job.strategy.size_value = m.number(1234);
  EXPECT_EQ(lots_of_first_fill(m), 12);
}

TEST_P(Rules, E12_risk) {
  Market m(engine());
  m.job.strategy.size_mode = SizeMode::risk;
  m.job.strategy.size_value = m.number(0.01);
  m.stop(4);
  EXPECT_EQ(lots_of_first_fill(m), 25);  // 100 / 4
}

TEST_P(Rules, E12_risk_with_the_stop_beyond_the_fill_is_rejected) {
  Market m(engine());
  m.job.strategy.size_mode = SizeMode::risk;
  m.job.strategy.size_value = m.number(0.01);
  m.job.strategy.stop.long_price = m.close_plus(-4);
  m.flat(100, 1).flat(96).flat(96).run();
  EXPECT_TRUE(m.lines().empty());
  EXPECT_EQ(m.metric(Metric::rejected), 1);
}

TEST_P(Rules, E12_volatility_parity) {
  Market m(engine());
  m.job.strategy.size_mode = SizeMode::volatility_parity;
  m.job.strategy.size_value = m.number(0.2);
  m.job.strategy.size_volatility = m.number(0.8);
  EXPECT_EQ(lots_of_first_fill(m), 25);  // 0.2 * 10000 / (0.8 * 100)
}

TEST_P(Rules, E12_every_mode_is_capped) {
  Market m(engine());
  m.job.strategy.size_value = m.number(500);
  EXPECT_EQ(lots_of_first_fill(m), 100);
  Market free(engine());
  free.job.account.cap = false;
  free.job.strategy.size_value = free.number(500);
  EXPECT_EQ(lots_of_first_fill(free), 500);
}

TEST_P(Rules, E12_distances_count_from_the_price_with_impact) {
  Market m(engine());
  m.job.costs.impact_bps = 1000;
  m.job.rules.end = EndPolicy::open;
  // 10 of a volume of 50: 1000 * 10 / 50 = 200 bps, 2 ticks. The stop is at 97, not at 95.
  m.stop(5).flat(100, 1).bar(100, 102, 98, 100, 50).bar(100, 100, 97, 97).flat(97).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 102 x10", "2 long stop_loss 97 x10"}));
}

TEST_P(Rules, E12_equity_is_that_of_the_last_close) {
  Market m(engine());
  m.job.strategy.size_mode = SizeMode::fraction;
  m.job.strategy.size_value = m.number(1);
  m.job.rules.reverse = true;
  // 100 lots; marked at 150 the equity is 15000; the reversal fills at 120: 15000 / 120 = 125, capped by the same.
  m.flat(100, 1).flat(100).flat(150, 2).flat(120).flat(120).run();
  EXPECT_EQ(m.lines()[2], "3 short 120 x125");
}

TEST_P(Rules, E13_below_the_minimum_notional) {
  Market m(engine());
  m.series.instrument.min_notional = 1000.5;
  EXPECT_EQ(lots_of_first_fill(m), 0);
  EXPECT_EQ(m.metric(Metric::rejected), 1);
  Market equal(engine());
  equal.series.instrument.min_notional = 1000;
  EXPECT_EQ(lots_of_first_fill(equal), 10);
}

TEST_P(Rules, E13_the_minimum_counts_at_the_price_without_impact) {
  Market m(engine());
  m.job.costs.impact_bps = 1000;
  m.series.instrument.min_notional = 1001;
  m.flat(100, 1).flat(100, 50).flat(100).run();  // 1000 at P, 1020 after impact
  EXPECT_TRUE(m.lines().empty());
  EXPECT_EQ(m.metric(Metric::rejected), 1);
}

TEST_P(Rules, E13_less_than_a_lot) {
  Market m(engine());
  m.job.strategy.size_value = m.number(0.9);
  EXPECT_EQ(lots_of_first_fill(m), 0);
  EXPECT_EQ(m.metric(Metric::rejected), 1);
}

// ---- Exit

TEST_P(Rules, E14_due_exits_come_before_the_stop_and_the_first_reason_counts) {
  Market m(engine());
  m.job.strategy.max_bars = m.number(1);
  m.stop(5).flat(100, 1).flat(100, 3).bar(90, 90, 90, 90).flat(90).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long exit_signal 90 x10"}));
  Market all(engine());
  all.job.rules.reverse = true;
  all.job.strategy.max_bars = all.number(1);
  all.job.strategy.exit_long = all.signal(2);
  all.flat(100, 1).flat(100, 2).flat(100).flat(100).run();
  EXPECT_EQ(all.lines()[1], "2 long reversal 100 x10");
}

TEST_P(Rules, E15_stop_at_the_open_of_a_gap) {
  Market m(engine());
  m.stop(5).target(3, -1).flat(100, 1).flat(100).bar(93, 104, 93, 104).flat(104).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long stop_loss 93 x10"}));
  EXPECT_EQ(m.metric(Metric::ambiguous_bars), 0);
}

TEST_P(Rules, E15_targets_in_a_gap) {
  for (const TargetGap gap : {TargetGap::limit, TargetGap::open}) {
    Market m(engine());
    m.job.rules.target_gap = gap;
    m.target(5, 0.5).target(8, 0.3).target(12, 0.2);
    // The open is at the second target; the third is reached later in the bar.
    m.flat(100, 1).flat(100).bar(108, 113, 108, 110).flat(110).run();
    const bool at_open = gap == TargetGap::open;
    EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", at_open ? "2 long take_profit 108 x5" : "2 long take_profit 105 x5",
                                "2 long take_profit 108 x3", "2 long take_profit 112 x2"}));
  }
}

TEST_P(Rules, E15_holds_for_a_position_opened_at_this_open) {
  Market m(engine());
  m.job.strategy.stop.long_price = m.close_plus(-5);
  m.flat(100, 1).bar(94, 99, 94, 99).flat(99).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 94 x10", "1 long stop_loss 94 x10"}));
}

TEST_P(Rules, E16_stop_of_a_short) {
  Market m(engine());
  m.stop(5).flat(100, 2).bar(100, 104, 99, 100).bar(100, 105, 99, 100).flat(100).run();
  EXPECT_EQ(m.lines(), (Lines{"1 short 100 x10", "2 short stop_loss 105 x10"}));
}

TEST_P(Rules, E16_a_target_needs_to_be_traded_through) {
  Market m(engine());
  m.target(5, -1).flat(100, 1).bar(100, 105, 100, 104).bar(104, 106, 104, 104).flat(104).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long take_profit 105 x10"}));
}

TEST_P(Rules, E16_lots_of_targets) {
  Market m(engine());
  m.job.strategy.size_value = m.number(7);
  m.target(5, 0.5).target(8, 0.3).target(12, 0.2);
  m.flat(100, 1).flat(100).bar(100, 113, 100, 110).flat(110).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x7", "2 long take_profit 105 x3", "2 long take_profit 108 x2",
                              "2 long take_profit 112 x2"}));
}

TEST_P(Rules, E16_a_target_of_no_lots_counts_as_filled) {
  Market m(engine());
  m.job.strategy.size_value = m.number(1);
  m.job.strategy.breakeven_after = m.number(1);
  m.target(5, 0.5).target(12, 0.5);
  m.flat(100, 1).flat(100).bar(100, 106, 100, 105).bar(105, 105, 100, 101).flat(101).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x1", "3 long breakeven_stop 100 x1"}));
}

Market both_in_one_bar(Engine& engine, Intrabar intrabar, int open) {
  Market m(engine);
  m.job.rules.intrabar = intrabar;
  m.stop(5).target(5, 0.5).target(20, 0.5);
  m.flat(100, 1).flat(100).bar(open, 106, 95, 100);
  return m;
}

TEST_P(Rules, E17_sl_first) {
  Market m = both_in_one_bar(engine(), Intrabar::sl_first, 100);
  m.flat(100).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long stop_loss 95 x10"}));
  EXPECT_EQ(m.metric(Metric::ambiguous_bars), 1);
  EXPECT_EQ(m.metric(Metric::ambiguous_share), 1);
}

TEST_P(Rules, E17_tp_first) {
  Market m = both_in_one_bar(engine(), Intrabar::tp_first, 100);
  m.flat(100).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long take_profit 105 x5", "2 long stop_loss 95 x5"}));
  EXPECT_EQ(m.metric(Metric::ambiguous_bars), 1);
}

TEST_P(Rules, E17_open_proximity) {
  Market near_target = both_in_one_bar(engine(), Intrabar::open_proximity, 101);
  near_target.flat(100).run();
  EXPECT_EQ(near_target.lines()[1], "2 long take_profit 105 x5");
  Market even = both_in_one_bar(engine(), Intrabar::open_proximity, 100);
  even.flat(100).run();
  EXPECT_EQ(even.lines()[1], "2 long stop_loss 95 x10");
}

TEST_P(Rules, E17_detail) {
  Market m = both_in_one_bar(engine(), Intrabar::detail, 100);
  m.detail(100, 106, 100, 103).detail(94, 94, 94, 94).flat(100).run();
  // The second finer bar opens beyond the stop.
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long take_profit 105 x5", "2 long stop_loss 94 x5"}));
  EXPECT_EQ(m.metric(Metric::ambiguous_bars), 1);
  Market unclear = both_in_one_bar(engine(), Intrabar::detail, 100);
  unclear.detail(100, 106, 95, 100).flat(100).run();
  EXPECT_EQ(unclear.lines()[1], "2 long stop_loss 95 x10");
  Market hole = both_in_one_bar(engine(), Intrabar::detail, 100);
  hole.detail(100, 106, 100, 103).flat(100).run();
  EXPECT_EQ(hole.lines()[2], "2 long stop_loss 95 x5");
}

TEST_P(Rules, E18_exit_signal_from_the_entry_bar_on) {
  Market m(engine());
  m.flat(100, 1).flat(101, 3).flat(102).flat(103).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 101 x10", "2 long exit_signal 102 x10"}));
}

TEST_P(Rules, E19_time_exit) {
  Market m(engine());
  m.job.strategy.max_bars = m.number(3);
  m.flat(100, 1).flat(101).flat(102).flat(103).flat(104).flat(105).run();  // lasts bars 1, 2, 3
  EXPECT_EQ(m.lines(), (Lines{"1 long 101 x10", "4 long time_stop 104 x10"}));
}

TEST_P(Rules, E20_trailing_stop) {
  Market m(engine());
  m.job.strategy.trail.distance = m.number(3);
  // After bar 1 (high 102) the stop is 99, after bar 2 (high 108) 105; bar 3 makes no new high.
  m.flat(100, 1).bar(100, 102, 95, 101).bar(101, 108, 101, 107).bar(107, 107, 106, 106).bar(106, 106, 105, 105).flat(105).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "4 long trailing_stop_loss 105 x10"}));
}

TEST_P(Rules, E20_basis_close) {
  Market m(engine());
  m.job.strategy.trail.distance = m.number(3);
  m.job.strategy.trail_basis = TrailBasis::close;
  m.flat(100, 1).bar(100, 110, 100, 104).bar(104, 104, 101, 102).flat(102).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long trailing_stop_loss 101 x10"}));
}

TEST_P(Rules, E20_activation) {
  Market m(engine());
  m.job.strategy.trail.distance = m.number(3);
  m.job.strategy.trail_activation = m.number(10);
  m.stop(5).flat(100, 1).bar(100, 109, 100, 108).bar(108, 110, 103, 109).bar(109, 109, 107, 107).flat(107).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "3 long trailing_stop_loss 107 x10"}));
  Market inactive(engine());
  inactive.job.strategy.trail.distance = inactive.number(3);
  inactive.job.strategy.trail_activation = inactive.number(10);
  inactive.stop(5).flat(100, 1).bar(100, 109, 100, 108).bar(108, 109, 95, 95).flat(95).run();
  EXPECT_EQ(inactive.lines()[1], "2 long stop_loss 95 x10");
}

TEST_P(Rules, E20_without_activation_the_trail_starts_at_the_entry_price) {
  Market m(engine());
  m.job.strategy.trail.distance = m.number(3);
  m.job.strategy.trail_basis = TrailBasis::close;
  // Closes below the entry set no stop: the best is 98. Bar 3 closes at 100: the stop is 97.
  m.flat(100, 1).bar(100, 101, 98, 98).bar(98, 98, 94, 96).bar(96, 100, 96, 100).bar(100, 100, 97, 97).flat(97).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "4 long trailing_stop_loss 97 x10"}));
}

TEST_P(Rules, E20_trail_by_price_never_loosens) {
  Market m(engine());
  m.job.strategy.trail.short_price = m.close_plus(4);
  // Stops for a short: 104 after bar 1, 100 after bar 2; bar 3 offers 103 and is ignored.
  m.flat(100, 2).flat(100).flat(96).flat(99).bar(99, 100, 98, 99).flat(99).run();
  EXPECT_EQ(m.lines(), (Lines{"1 short 100 x10", "4 short trailing_stop_loss 100 x10"}));
}

TEST_P(Rules, E20_an_undefined_trail_leaves_the_stop) {
  Market m(engine());
  m.job.strategy.trail.distance = m.undefined();
  m.stop(5).flat(100, 1).bar(100, 120, 100, 120).bar(120, 120, 95, 95).flat(95).run();
  EXPECT_EQ(m.lines()[1], "2 long stop_loss 95 x10");
}

TEST_P(Rules, E20_a_bar_entered_at_a_limit_price_counts_with_its_close) {
  Market m(engine());
  m.job.strategy.trail.distance = m.number(3);
  // Filled at 98 in bar 1, whose high of 110 came before: the stop is 99 - 3.
  m.limit(2, 1).flat(100, 1).bar(100, 110, 97, 99).bar(99, 99, 96, 96).flat(96).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 98 x10", "2 long trailing_stop_loss 96 x10"}));
}

TEST_P(Rules, E20_breakeven) {
  Market m(engine());
  m.job.strategy.breakeven_after = m.number(1);
  m.stop(5).target(5, 0.5).target(20, 0.5);
  m.flat(100, 1).flat(100).bar(100, 106, 97, 105).bar(105, 105, 100, 101).flat(101).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long take_profit 105 x5", "3 long breakeven_stop 100 x5"}));
}

TEST_P(Rules, E20_a_stop_beyond_the_market_exits_at_the_next_open) {
  Market m(engine());
  m.job.strategy.trail.distance = m.number(3);
  m.flat(100, 1).bar(100, 120, 100, 105).bar(105, 106, 105, 105).flat(105).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long trailing_stop_loss 105 x10"}));
}

// ---- Costs and account

TEST_P(Rules, E21_slippage_rounds_up_to_a_tick_against_the_trader) {
  Market m(engine());
  m.job.costs.slippage_bps = 100;
  m.flat(100, 1).flat(100).flat(100, 3).flat(150).flat(150).run();  // 1 tick; 1.5 ticks
  EXPECT_EQ(m.lines(), (Lines{"1 long 101 x10", "3 long exit_signal 148 x10"}));
  EXPECT_EQ(m.metric(Metric::slippage_paid), 10 + 20);
}

TEST_P(Rules, E21_leaves_a_price_of_one_tick) {
  Market m(engine());
  m.job.costs.slippage_bps = 10000;
  m.flat(3, 2).flat(3).flat(3).run();
  EXPECT_EQ(m.lines()[0], "1 short 1 x10");
}

TEST_P(Rules, E21_impact_only_where_there_is_volume) {
  Market m(engine());
  m.job.costs.impact_bps = 1000;
  m.flat(100, 1).flat(100, 0).flat(100, 3).flat(100, 40).flat(100).run();  // 1000 * 10 / 40 = 250 bps: 3 ticks
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "3 long exit_signal 97 x10"}));
}

TEST_P(Rules, E22_maker_for_targets_taker_for_market) {
  Market m(engine());
  m.job.costs.maker_bps = 2;
  m.job.costs.taker_bps = 10;
  m.target(5, -1).flat(100, 1).flat(100).bar(100, 106, 100, 105).flat(105).run();
  EXPECT_DOUBLE_EQ(m.trace.fills[0].fee, 1.0);
  EXPECT_DOUBLE_EQ(m.trace.fills[1].fee, 0.21);
  EXPECT_EQ(m.trace.fills[1].slippage, 0);
}

TEST_P(Rules, E23_funding_of_a_position_open_at_the_close) {
  Market m(engine());
  m.flat(100, 1).flat(100).flat(120).flat(120).run();
  m.series.funding = {{0, 0.001}, {0, 0.001}, {0, -0.002}, {0, 0.5}};
  m.series.funding_begin = {0, 1, 1, 3, 4};  // bar 0 one (flat), bar 2 two, bar 3 one (before the end of data)
  m.run();
  ASSERT_EQ(m.trace.funding.size(), 3u);
  EXPECT_DOUBLE_EQ(m.trace.funding[0].amount, 1.2);
  EXPECT_DOUBLE_EQ(m.trace.funding[1].amount, -2.4);
  EXPECT_DOUBLE_EQ(m.metric(Metric::funding_paid), 1.2 - 2.4 + 600);
  EXPECT_DOUBLE_EQ(m.metric(Metric::best_trade), 200 - 1.2 + 2.4 - 600);
}

TEST_P(Rules, E24_liquidation_of_a_long) {
  Market m(engine());
  m.job.account.leverage = 2;
  m.job.account.maintenance = 0.1;
  m.job.costs.slippage_bps = 100;
  // Entry 91 + 1 = 92; 92 * 0.5 / 0.9 = 51.1: 52. Even through a gap, without slippage.
  m.flat(91, 1).flat(91).bar(40, 60, 40, 60).flat(60).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 92 x10", "2 long liquidation 52 x10"}));
  EXPECT_EQ(m.metric(Metric::liquidations), 1);
}

TEST_P(Rules, E24_liquidation_of_a_short) {
  Market m(engine());
  m.job.account.leverage = 4;
  m.job.account.maintenance = 0.01;
  m.flat(100, 2).flat(100).bar(100, 123, 100, 120).flat(120).run();  // 125 / 1.01 = 123.76: 123
  EXPECT_EQ(m.lines(), (Lines{"1 short 100 x10", "2 short liquidation 123 x10"}));
}

TEST_P(Rules, E24_a_nearer_stop_stays_a_stop) {
  Market m(engine());
  m.job.account.leverage = 2;
  m.job.account.maintenance = 0.0;
  m.stop(50).flat(100, 1).flat(100).bar(100, 100, 45, 45).flat(45).run();  // both at 50: not strictly nearer
  EXPECT_EQ(m.lines()[1], "2 long stop_loss 50 x10");
}

TEST_P(Rules, E25_ruin_closes_at_that_close) {
  Market m(engine());
  m.job.strategy.size_value = m.number(100);
  m.job.costs.taker_bps = 100;
  m.job.account.cap = false;
  m.flat(100, 2).flat(100).bar(100, 212, 100, 210, 1).flat(50, 1).flat(50).run();
  EXPECT_EQ(m.lines(), (Lines{"1 short 100 x100", "2 short ruined 210 x100"}));
  // 10000 - 100 - 11000 - 210
  EXPECT_EQ(m.trace.equity, (std::vector<double>{10000, 9900, -1310, -1310, -1310}));
}

TEST_P(Rules, E26_daily_loss_limit) {
  Market m(engine());
  m.job.account.daily_loss_limit = 0.05;
  m.job.strategy.size_value = m.number(100);
  // Bars close on the hour: that of 24:00 (bar 23) still belongs to the first day.
  m.flat(100, 1).flat(100).flat(95, 3).flat(95, 1);
  for (int bar = 4; bar < 23; ++bar) m.flat(95);
  m.flat(95, 1).flat(95, 1).flat(95).flat(95).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x100", "3 long exit_signal 95 x100", "25 long 95 x100", "26 long end_of_data 95 x100"}));
}

TEST_P(Rules, E26_max_drawdown_halt) {
  Market m(engine());
  m.job.account.max_drawdown_halt = 0.05;
  m.job.strategy.size_value = m.number(100);
  m.flat(100, 1).flat(100).flat(95, 3).flat(95, 1);
  for (int bar = 4; bar < 30; ++bar) m.flat(95, 1);
  m.run();
  EXPECT_EQ(m.lines().size(), 2u);
}

TEST_P(Rules, E26_a_breaker_leaves_a_waiting_order) {
  Market m(engine());
  m.job.account.max_drawdown_halt = 0.05;
  m.job.rules.fill = FillAt::close;
  m.limit(1, 3);
  m.job.strategy.size_value = m.number(100);
  m.flat(100, 1).bar(100, 100, 98, 99).bar(99, 99, 94, 94, 3).bar(94, 94, 94, 94, 1).bar(94, 94, 90, 90).flat(90).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 99 x100", "3 long exit_signal 94 x100"}));
}

TEST_P(Rules, E27_end_of_data) {
  Market m(engine());
  m.job.costs.slippage_bps = 500;
  m.job.costs.taker_bps = 10;
  m.job.strategy.max_bars = m.number(50);
  m.flat(100, 1).flat(100).flat(110).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 105 x10", "2 long end_of_data 110 x10"}));  // no slippage
  EXPECT_DOUBLE_EQ(m.trace.equity.back(), 10000 - 1.05 + 50 - 1.1);
}

TEST_P(Rules, E27_end_open) {
  Market m(engine());
  m.job.rules.end = EndPolicy::open;
  m.target(5, 0.5).target(50, 0.5);
  m.flat(100, 1).flat(100).bar(100, 106, 100, 106).flat(110).run();
  EXPECT_EQ(m.lines(), (Lines{"1 long 100 x10", "2 long take_profit 105 x5"}));
  EXPECT_EQ(m.metric(Metric::n_trades), 0);
  EXPECT_EQ(m.metric(Metric::equity_final), 10000 + 25 + 50);
}

TEST_P(Rules, decision_hash_covers_every_fill_in_order) {
  Market m(engine());
  m.flat(100, 1).flat(101, 3).flat(102).flat(103).run();
  std::uint64_t hash = decision_hash_add(decision_hash_start, 1, 1, 1, 101, 10);
  hash = decision_hash_add(hash, 2, 16 + static_cast<int>(ExitReason::exit_signal), 1, 102, 10);
  EXPECT_EQ(m.result.decision_hash, hash);
}

}  // namespace
}  // namespace quern::rules
