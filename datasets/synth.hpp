// Candles made up: for tests, benchmarks and first steps without a download.
#pragma once

#include <cstddef>
#include <cstdint>

#include "datasets/dataset_file.hpp"

namespace quern {

struct SynthOptions {
  std::uint64_t seed = 1;
  std::size_t bars = 10000;
  std::int64_t start = 1704067200000000000;  // ns UTC of the first open, 2024-01-01; a multiple of the duration
  std::int64_t duration = ns_per_hour;       // ns of one bar
  double price = 30000.0;                    // first open, quote units
  TickSize tick = {};                        // prices are multiples of it
  double volatility = 0.7;                   // of the log price, a year of 365 days
  double bars_per_regime = 250.0;            // mean length of a quiet, rising, falling or turbulent stretch
  double volume = 100.0;                     // typical volume of a bar, base units
  int steps = 8;                             // of the path within a bar, at least 4
};

// The same rows for the same options on every machine. Regimes switch, volatility clusters, jumps and gaps between close
// and next open occur; high and low are those of a continuous path (Brownian bridge between the steps).
// Throws BadRequest for options that allow no candles.
PriceRows synth_candles(const SynthOptions& options);

}  // namespace quern
