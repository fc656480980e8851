// Trades as lines: one for each exit, composed from the fills and funding payments of a trace.
#pragma once

#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"

namespace quern {

// Money in quote currency. The entry's fee and slippage are shared by quantity over the exits; a funding payment is
// shared by quantity over what is open then. profit = side * quantity * (exit - entry) - fees - funding, of this line.
struct TradeLine {
  int side = 0;                            // +1 long, -1 short
  std::int32_t decision_bar = 0, entry_bar = 0, exit_bar = 0;
  std::int32_t entry_ticks = 0, exit_ticks = 0;
  std::int64_t lots = 0;
  ExitReason reason = ExitReason::stop_loss;
  double fees = 0.0, funding = 0.0, slippage = 0.0, profit = 0.0;
  double mae = 0.0, mfe = 0.0;             // worst and best side * (price - entry) / entry from the entry bar to the exit bar
};

// What is still open at the end of the data (rules.end = "open").
struct OpenPosition {
  int side = 0;                            // 0: flat
  std::int32_t entry_bar = 0, entry_ticks = 0;
  std::int64_t lots = 0;
  double fees = 0.0, funding = 0.0, slippage = 0.0;
};

struct Trades {
  std::vector<TradeLine> lines;            // in the order of the exits
  OpenPosition open;
};

const char* exit_reason_name(ExitReason reason);

Trades compose_trades(const Trace& trace, const Series& series);

// The CSV texts of `backtest --trades` and `--equity`. Several series may share one file.
std::string trades_header();
std::string trades_csv(const Trades& trades, const Series& series);
// `key` ("BTCUSDT,1h," or empty) starts every line; the header is the caller's.
std::string equity_csv(const Trace& trace, const Series& series, const std::string& key);

}  // namespace quern
