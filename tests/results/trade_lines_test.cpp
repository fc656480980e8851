// Trade lines from fills: shares of fees, slippage and funding, by hand.
#include "host/results/trade_lines.hpp"

#include <gtest/gtest.h>

#include "host/results/number_text.hpp"

namespace quern {
namespace {

Series ten_bars() {
  Series series;
  series.instrument.symbol = "TEST";
  series.instrument.tick = {0.5, 1.0, 2.0};
  series.instrument.lot = 0.01;
  series.candles.timeframe = "1h";
  series.candles.duration = ns_per_hour;
  for (int bar = 0; bar < 10; ++bar) {
    series.candles.time.push_back(bar * ns_per_hour);
    series.candles.low_price.push_back(90.0 - bar);
    series.candles.high_price.push_back(110.0 + bar);
  }
  return series;
}

Fill entry(int bar, int decision, int side, int ticks, std::int64_t lots, double fee, double slippage) {
  return {bar, decision, static_cast<std::int8_t>(side), 1, 0, ExitReason::stop_loss, ticks, lots, fee, slippage};
}

Fill exit(int bar, int side, int ticks, std::int64_t lots, ExitReason reason, bool last, double fee, double slippage) {
  return {bar, -1, static_cast<std::int8_t>(side), 0, static_cast<std::uint8_t>(last), reason, ticks, lots, fee, slippage};
}

TEST(TradeLines, sharesCostsByQuantity) {
  Trace trace;
  // 400 lots of 0.01 = 4 units at 100; 100 lots leave in bar 3 at 110, 300 in bar 5 at 95.
  trace.fills = {entry(1, 0, 1, 200, 400, 8.0, 4.0), exit(3, 1, 220, 100, ExitReason::take_profit, false, 1.0, 0.0),
                 exit(5, 1, 190, 300, ExitReason::stop_loss, true, 3.0, 1.5)};
  trace.funding = {{2, 4.0}, {4, 3.0}};
  const Trades trades = compose_trades(trace, ten_bars());
  ASSERT_EQ(trades.lines.size(), 2u);
  EXPECT_DOUBLE_EQ(trades.lines[0].fees, 2.0 + 1.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].fees, 6.0 + 3.0);
  EXPECT_DOUBLE_EQ(trades.lines[0].slippage, 1.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].slippage, 3.0 + 1.5);
  EXPECT_DOUBLE_EQ(trades.lines[0].funding, 1.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].funding, 3.0 + 3.0);
  EXPECT_DOUBLE_EQ(trades.lines[0].profit, 1.0 * 10.0 - 3.0 - 1.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].profit, 3.0 * -5.0 - 9.0 - 6.0);
  EXPECT_DOUBLE_EQ(trades.lines[0].mae, (87.0 - 100.0) / 100.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].mfe, (115.0 - 100.0) / 100.0);
  EXPECT_EQ(trades.open.side, 0);
}

TEST(TradeLines, fundingOfTheBarBelongsToWhoIsOpenAtItsClose) {
  Trace trace;
  // The short enters at the close of bar 5, after that bar's funding, and ends with the data, after the funding of bar 9.
  trace.fills = {entry(1, 0, 1, 200, 100, 0.0, 0.0), exit(4, 1, 200, 100, ExitReason::exit_signal, true, 0.0, 0.0),
                 entry(5, 5, -1, 200, 100, 0.0, 0.0), exit(9, -1, 190, 100, ExitReason::end_of_data, true, 0.0, 0.0)};
  trace.funding = {{3, 1.0}, {9, -2.0}};
  const Trades trades = compose_trades(trace, ten_bars());
  ASSERT_EQ(trades.lines.size(), 2u);
  EXPECT_DOUBLE_EQ(trades.lines[0].funding, 1.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].funding, -2.0);
  EXPECT_DOUBLE_EQ(trades.lines[1].profit, 5.0 + 2.0);
}

TEST(TradeLines, whatStaysOpenIsToldApart) {
  Trace trace;
  trace.fills = {entry(1, 0, 1, 200, 400, 8.0, 4.0), exit(3, 1, 220, 100, ExitReason::take_profit, false, 1.0, 0.0)};
  const Trades trades = compose_trades(trace, ten_bars());
  ASSERT_EQ(trades.lines.size(), 1u);
  EXPECT_EQ(trades.open.side, 1);
  EXPECT_EQ(trades.open.lots, 300);
  EXPECT_DOUBLE_EQ(trades.open.fees, 6.0);
}

TEST(NumberText, isExact) {
  EXPECT_EQ(price_text(201, {0.5, 1.0, 2.0}), "100.5");
  EXPECT_EQ(price_text(2001, {0.05, 1.0, 20.0}), "100.05");
  EXPECT_EQ(price_text(7, {1.0, 1.0, 1.0}), "7");
  EXPECT_EQ(price_text(2147483647, {1e-8, 1.0, 1e8}), "21.47483647");
  EXPECT_EQ(quantity_text(1, 1e-8), "0.00000001");
  EXPECT_EQ(quantity_text(9007199254740992, 0.001), "9007199254740.992");
  EXPECT_EQ(quantity_text(3, 5.0), "15");
  EXPECT_EQ(shortest_text(0.1 + 0.2), "0.30000000000000004");
}

}  // namespace
}  // namespace quern
