// Two results of the same lane side by side: decision hash first, numbers second.
#pragma once

#include <string>
#include <vector>

#include "kernels/market/lane_result.hpp"

namespace quern {

struct Agreement {
  bool same_decisions = false;
  std::vector<int> differing;        // metrics beyond the tolerance
  bool agrees() const noexcept { return same_decisions && differing.empty(); }
  std::string text() const;          // "" or what differs
};

// Tolerance: 1e-9 relative; where `precision` is single 1e-4 relative, as single precision rounds statistics. `capital`
// scales the absolute tolerance of money.
Agreement compare_results(const LaneResult& a, const LaneResult& b, Precision precision, double capital);

}  // namespace quern
