// The metrics of one lane, from its marks and finished trades.
#pragma once

#include <vector>

#include "host/base/candles.hpp"
#include "host/reference/ledger.hpp"
#include "host/strategy/job.hpp"

namespace quern::reference {

// What a run leaves behind, besides the ledger.
struct RunRecord {
  int first_bar = 0;                 // W
  std::vector<double> equity;        // [bar] mark at each close
  std::int64_t bars_in_position = 0; // of first_bar..last, at the moment of the mark
  std::int64_t rejected = 0, filtered = 0, ambiguous_bars = 0;
};

// E26: number of the UTC day that a close at `close_time` (ns) belongs to, that of close_time - 1 ns.
std::int64_t day_of_close(std::int64_t close_time);

// Writes metrics[metric_count]; NaN where undefined.
void compute_metrics(const Job& job, const Candles& candles, const RunRecord& record, const Ledger& ledger,
                     double* metrics);

}  // namespace quern::reference
