#include "host/results/trade_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/time.hpp"
#include "host/results/number_text.hpp"

namespace quern {
namespace {

// Fills that happen at the close of a bar, after its funding: entries with fill = "close", the end of the data, ruin.
bool is_after_funding(const Fill& fill) {
  if (fill.is_entry) return fill.decision_bar == fill.bar;
  return fill.reason == ExitReason::end_of_data || fill.reason == ExitReason::ruined;
}

// The position while its exits are gathered.
struct Holding {
  Fill entry{};
  std::int64_t open_lots = 0;
  double funding_per_lot = 0.0;      // paid so far by one lot that is still open
};

void add_excursions(TradeLine& line, const Candles& candles, double entry_price) {
  const auto begin = static_cast<std::size_t>(line.entry_bar), end = static_cast<std::size_t>(line.exit_bar) + 1;
  double low = candles.low_price[begin], high = candles.high_price[begin];
  for (std::size_t bar = begin; bar < end; ++bar) {
    low = std::min(low, candles.low_price[bar]);
    high = std::max(high, candles.high_price[bar]);
  }
  line.mae = line.side * ((line.side > 0 ? low : high) - entry_price) / entry_price;
  line.mfe = line.side * ((line.side > 0 ? high : low) - entry_price) / entry_price;
}

}  // namespace

const char* exit_reason_name(ExitReason reason) {
  static constexpr const char* names[exit_reason_count] = {
      "stop_loss", "take_profit", "trailing_stop_loss", "breakeven_stop", "exit_signal",
      "time_stop", "reversal", "liquidation", "end_of_data", "ruined"};
  return names[static_cast<int>(reason)];
}

Trades compose_trades(const Trace& trace, const Series& series) {
  const TickSize& tick = series.instrument.tick;
  const double lot = series.instrument.lot;
  Trades trades;
  Holding holding;
  std::size_t paid = 0;
  const auto pay = [&](const FundingPaid& payment) {
    if (holding.open_lots > 0) holding.funding_per_lot += payment.amount / static_cast<double>(holding.open_lots);
  };
  for (const Fill& fill : trace.fills) {
    for (; paid < trace.funding.size(); ++paid) {
      const FundingPaid& payment = trace.funding[paid];
      if (payment.bar > fill.bar || (payment.bar == fill.bar && !is_after_funding(fill))) break;
      pay(payment);
    }
    if (fill.is_entry) {
      holding = {fill, fill.lots, 0.0};
      continue;
    }
    if (holding.open_lots < fill.lots || fill.lots <= 0) {
      throw Failure(fmt::format("the trace of bar {} closes {} lots of {} open ones: this is a fault of the engine", fill.bar,
                                fill.lots, holding.open_lots));
    }
    const double part = static_cast<double>(fill.lots) / static_cast<double>(holding.entry.lots);
    const double quantity = static_cast<double>(fill.lots) * lot;
    const double entry_price = price_of(holding.entry.price_ticks, tick), exit_price = price_of(fill.price_ticks, tick);
    TradeLine line;
    line.side = fill.side;
    line.decision_bar = holding.entry.decision_bar;
    line.entry_bar = holding.entry.bar;
    line.exit_bar = fill.bar;
    line.entry_ticks = holding.entry.price_ticks;
    line.exit_ticks = fill.price_ticks;
    line.lots = fill.lots;
    line.reason = fill.reason;
    line.fees = holding.entry.fee * part + fill.fee;
    line.slippage = holding.entry.slippage * part + fill.slippage;
    line.funding = holding.funding_per_lot * static_cast<double>(fill.lots);
    line.profit = line.side * quantity * (exit_price - entry_price) - line.fees - line.funding;
    add_excursions(line, series.candles, entry_price);
    trades.lines.push_back(line);
    holding.open_lots -= fill.lots;
  }
  for (; paid < trace.funding.size(); ++paid) pay(trace.funding[paid]);
  if (holding.open_lots > 0) {
    const double part = static_cast<double>(holding.open_lots) / static_cast<double>(holding.entry.lots);
    trades.open = {holding.entry.side, holding.entry.bar, holding.entry.price_ticks, holding.open_lots,
                   holding.entry.fee * part, holding.funding_per_lot * static_cast<double>(holding.open_lots),
                   holding.entry.slippage * part};
  }
  return trades;
}

std::string trades_header() {
  return "symbol,timeframe,side,decision_time,entry_time,entry_bar,entry_price,quantity,exit_time,exit_bar,exit_price,"
         "exit_reason,fees,funding,slippage,profit,mae,mfe\n";
}

std::string trades_csv(const Trades& trades, const Series& series) {
  const auto time = [&](std::int32_t bar) { return iso_time(series.candles.time[static_cast<std::size_t>(bar)]); };
  const TickSize& tick = series.instrument.tick;
  std::string text;
  for (const TradeLine& line : trades.lines) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", series.instrument.symbol,
                        series.candles.timeframe, line.side > 0 ? "long" : "short", time(line.decision_bar),
                        time(line.entry_bar), line.entry_bar, price_text(line.entry_ticks, tick),
                        quantity_text(line.lots, series.instrument.lot), time(line.exit_bar), line.exit_bar,
                        price_text(line.exit_ticks, tick), exit_reason_name(line.reason), shortest_text(line.fees),
                        shortest_text(line.funding), shortest_text(line.slippage), shortest_text(line.profit),
                        shortest_text(line.mae), shortest_text(line.mfe));
  }
  return text;
}

std::string equity_csv(const Trace& trace, const Series& series, const std::string& key) {
  std::string text;
  for (std::size_t bar = 0; bar < trace.equity.size(); ++bar) {
    text += fmt::format("{}{},{}\n", key, iso_time(series.candles.time[bar]), shortest_text(trace.equity[bar]));
  }
  return text;
}

}  // namespace quern
