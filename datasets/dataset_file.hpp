// The HDF5 dataset format: /{symbol}/{timeframe}/{time open high low close volume}, /{symbol}/funding/{time rate}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/candles.hpp"

namespace quern {

// Rows of one series as stored: prices as float64 in quote units, exactly as given.
struct PriceRows {
  std::vector<std::int64_t> time;               // ns UTC of the bar's open
  std::vector<double> open, high, low, close;   // quote units
  std::vector<double> volume;                   // base units
  std::size_t size() const noexcept { return time.size(); }
};

struct Gap {
  std::int64_t after, before;                   // opens of the bars around the hole, ns UTC
  std::int64_t missing;                         // bars
};

struct SeriesInfo {
  Instrument instrument;
  std::string timeframe;
  std::int64_t duration = 0;                    // ns
  std::size_t rows = 0;
  std::int64_t first = 0, last = 0;             // opens, ns UTC
  std::vector<Gap> gaps;
  std::string content_hash;                     // of the rows and the instrument's tick, 16+ hex digits
  std::string source;                           // base names of the imported files
};

struct DatasetInfo {
  std::string path;
  std::vector<SeriesInfo> series;               // by symbol, then duration
  std::vector<std::string> funding_symbols;     // symbols with funding
};

// "1m" "5m" "15m" "1h" "4h" "1d" "1w" ... as ns; nullopt if it is none.
std::optional<std::int64_t> timeframe_ns(const std::string& timeframe);
std::string timeframe_name(std::int64_t ns);

// The tick a/b nearest to a decimal number (at most 12 decimals); nullopt if it is not positive and finite.
std::optional<TickSize> tick_from(double value);
// Rule E1: the largest power of ten from 1 to 1e-8 of which every price is a multiple; nullopt if there is none.
std::optional<TickSize> detect_tick(const PriceRows& rows);
// Prices in ticks and as the doubles nearest to the decimals; counts prices that are no multiple in `rounded`.
// Throws BadRequest for prices of 0 ticks or above 2^31-1 ticks (names row and price; asks for a tick).
Candles to_candles(const PriceRows& rows, const std::string& timeframe, const TickSize& tick, std::size_t* rounded);
// Bars of `duration` aligned to the UTC epoch (weeks to Monday): first bucket dropped when cut by the start, a last one
// that is not completed by a row closing at its end dropped; made of the rows it has.
PriceRows resample(const PriceRows& rows, std::int64_t from_ns, std::int64_t to_ns);

// All throw BadRequest with one sentence for a file that is missing, no HDF5, truncated, damaged or of another layout.
DatasetInfo read_dataset_info(const std::string& path);
// The same without reading the columns, so nothing is verified and `gaps` stay empty; read_rows verifies what it reads.
DatasetInfo read_dataset_listing(const std::string& path);
PriceRows read_rows(const std::string& path, const std::string& symbol, const std::string& timeframe);
std::vector<FundingRate> read_funding(const std::string& path, const std::string& symbol);

struct SeriesToWrite {
  Instrument instrument;
  std::string timeframe;
  PriceRows rows;
  std::vector<FundingRate> funding;             // empty: leave what is there
  std::string source;
};
// Adds or replaces series in a file, keeping all others. Writes a temporary file beside it, syncs, renames: after a
// failure the earlier file is untouched.
void write_dataset(const std::string& path, const std::vector<SeriesToWrite>& series);

}  // namespace quern
