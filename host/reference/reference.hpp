// The reference engine: one combination on one series, from the text of the execution model. It is the judge of the other
// engines, so it is plain: one thread, double, one bar after the other.
#pragma once

#include <vector>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"
#include "host/reference/journal.hpp"
#include "host/strategy/job.hpp"
#include "kernels/market/lane_result.hpp"

namespace quern::reference {

// Runs the combination with parameter values `values` [param]. `first_decision_bar` is W (E3) in bars of the series, as
// decided by the caller; at or beyond the last bar nothing is decided. `trace` and `journal` may be null; else
// they are filled anew.
// Tick, lot and minimum notional are those of `series.instrument`; account and costs are the job's.
LaneResult run(const Job& job, const Series& series, const std::vector<double>& values, int first_decision_bar,
               Trace* trace, Journal* journal = nullptr);

}  // namespace quern::reference
