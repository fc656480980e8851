// Candles in memory: one instrument, one timeframe, ascending in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/market/instrument.hpp"

namespace quern {

struct Instrument {
  std::string symbol;
  std::string exchange;         // may be empty
  TickSize tick;
  double lot = 1e-8;            // base units
  double min_notional = 0.0;    // quote currency
  double maker_bps = 0.0;
  double taker_bps = 0.0;
  bool has_lot = false;         // whether the dataset states it (else the defaults above)
  bool has_min_notional = false;
  bool has_fees = false;
};

// Columns of equal length. Prices in whole ticks and, beside them, as the doubles nearest to the decimals (E1).
struct Candles {
  std::string timeframe;        // "1h"
  std::int64_t duration = 0;    // ns of one bar
  std::vector<std::int64_t> time;               // ns UTC of the bar's open
  std::vector<std::int32_t> open, high, low, close;                          // ticks
  std::vector<double> open_price, high_price, low_price, close_price;        // quote units
  std::vector<double> volume;                                                // base units

  std::size_t size() const noexcept { return time.size(); }
};

struct FundingRate {
  std::int64_t time;            // ns UTC, floored to the minute
  double rate;                  // positive: longs pay
};

// A candle series on another timeframe (or symbol), and which of its bars is the last completed one at each bar close.
struct View {
  Candles candles;
  std::vector<std::int32_t> last_completed;     // [bar] index into candles, -1 before the first
};

// Everything that a run on one instrument and timeframe reads. Cut to the job's range already: nothing outside exists.
struct Series {
  Instrument instrument;        // tick, lot, min_notional after the job's overrides
  Candles candles;
  std::vector<View> views;      // [view] as numbered by Strategy::views
  std::vector<FundingRate> funding;             // all payments, ascending in time
  std::vector<std::int32_t> funding_begin;      // [bar + 1] payments of bar t: funding[begin[t], begin[t+1]) (E23)
  Candles detail;               // E17 "detail": bars of the finer timeframe, else empty
  std::vector<std::int32_t> detail_begin;       // [bar + 1] detail bars inside bar t
  std::string dataset_hash;     // content hash of the stored series
};

}  // namespace quern
