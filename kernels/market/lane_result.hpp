// What an engine hands back for one lane (one combination on one series), and the trace of a single lane.
#pragma once

#include <cstdint>

#include "kernels/market/metrics.hpp"
#include "kernels/market/rules.hpp"

namespace quern {

// Faults of a lane. The run goes on; the host reports them.
enum LaneFault : std::uint32_t {
  lane_fault_none = 0,
  lane_fault_too_many_lots = 1,  // E1b: a fill of more than 2^53 lots; ask for a larger lot
};

struct LaneResult {
  double metrics[metric_count];          // NaN where undefined; index with Metric
  std::uint64_t decision_hash;
  std::uint32_t faults;                  // LaneFault bits
  std::int32_t first_decision_bar;       // W
};

// One fill, in the order in which it happened.
struct Fill {
  std::int32_t bar;
  std::int32_t decision_bar;   // entries: the bar at whose close it was decided
  std::int8_t side;            // of the position: +1 long, -1 short
  std::uint8_t is_entry;       // 1 entry, 0 exit
  std::uint8_t is_last;        // exits: 1 when it closes the position
  ExitReason reason;           // exits only
  std::int32_t price_ticks;    // slippage and impact included
  std::int64_t lots;
  double fee;                  // quote currency, positive: paid
  double slippage;             // quote currency, |fill - price before slippage| * quantity
};

// A funding payment of the open position at the close of `bar` (E23). Positive: paid.
struct FundingPaid {
  std::int32_t bar;
  double amount;               // quote currency
};

}  // namespace quern
