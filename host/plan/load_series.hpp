// From a job's [data] table to the series that its combinations run on.
#pragma once

#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/strategy/job.hpp"

namespace quern {

struct LoadedSeries {
  std::vector<Series> series;              // by symbol, then timeframe, in the job's order
  std::vector<std::string> notices;        // what a user should know: rounded prices, funding inside data holes
};

// Reads, resamples and cuts every series of the job, with its views, funding and detail bars. Throws BadRequest naming
// what exists where a symbol, timeframe or span is not there, and for gaps unless the job allows them (E5).
LoadedSeries load_series(const Job& job);

// The job as it holds for one series: tick, lot, minimum notional and fees from the dataset where the job gives none.
Job job_for(const Job& job, const Series& series);

}  // namespace quern
