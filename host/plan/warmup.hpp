// Rule E3: the first bar at whose close a combination may decide.
#pragma once

#include <vector>

#include "host/base/candles.hpp"
#include "host/strategy/job.hpp"

namespace quern {

// W in bars of the series. With warmup = "common" the same bar for every combination of the job, whatever `values` say;
// with "own" the bar at which this combination's expressions are ready. At least 0; at or beyond the last bar when the
// series is too short for any decision.
int first_decision_bar(const Job& job, const Series& series, const std::vector<double>& values);

}  // namespace quern
