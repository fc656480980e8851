// Reading candles of other programs and exchanges (CSV, JSON, archives) into a dataset.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "host/base/candles.hpp"

namespace quern {

struct ImportOptions {
  std::vector<std::string> files;       // CSV or JSON, plain or .gz .xz .zip; overlapping ones are merged
  std::string symbol, timeframe;        // "BTCUSDT", "1h"
  std::string output;                   // dataset that the series is added to
  std::optional<double> tick;           // else from exchange_info, else found (E1)
  std::string funding;                  // file of funding rates, or empty
  std::string exchange_info;            // Binance exchange information (JSON), or empty
  std::string columns;                  // "time,open,close,high,low,volume": meaning by position
  std::string time_format;              // "%m/%d/%Y %H:%M:%S"
  std::string tz;                       // IANA name for times without zone
  bool stamp_close = false;             // the times are closing times
  bool update = false, replace = false; // what to do with a series that is there
};

struct ImportReport {
  std::vector<std::string> lines;       // what was done to the data, one sentence each
  std::size_t rows = 0;                 // bars of the series as stored
  Instrument instrument;
  std::size_t duplicates = 0;           // identical rows merged
  std::size_t replaced = 0;             // last rows of a file that a later file brought with other values
  std::size_t rounded = 0;              // prices that are no multiple of the tick
  std::size_t gaps = 0;                 // holes, and the bars that they miss
  std::size_t missing_bars = 0;
  std::size_t funding_rates = 0;        // payments stored
};

// Reads, checks and merges the files and adds the series to the output. Throws BadRequest with all problems at once (at
// most 20 rows a file are listed); nothing is written then.
ImportReport import_candles(const ImportOptions& options);

}  // namespace quern
