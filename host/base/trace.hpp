// Everything about one lane that `backtest` prints: an engine fills it beside the LaneResult.
#pragma once

#include <vector>

#include "kernels/market/lane_result.hpp"

namespace quern {

struct Trace {
  std::vector<Fill> fills;
  std::vector<FundingPaid> funding;
  std::vector<double> equity;        // [bar] mark at each close (E25), capital before the first decision
};

}  // namespace quern
