// From a job on a series to what the lane loop reads.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "host/base/candles.hpp"
#include "host/plan/cpu_columns.hpp"
#include "host/strategy/job.hpp"
#include "kernels/rules/plan.hpp"

namespace quern {

// Lanes whose columns and bitmaps are ready. lanes[i] is the combination numbers[i].
struct LaneBatch {
  std::vector<std::uint64_t> numbers;
  std::vector<LaneInput> lanes;
  std::vector<double> constants;               // [lane][slot]
  std::vector<const double*> columns;          // [lane][slot]
};

class CpuPlan {
 public:
  // Both outlive the plan.
  CpuPlan(const Job& job, const Series& series, int threads);

  const LanePlan& plan() const noexcept { return plan_; }
  const MarketView& market() const noexcept { return market_; }
  // Most slots that a lane has, of constants or of columns.
  int slots() const noexcept { return static_cast<int>(std::max(levels_.constants.size(), levels_.columns.size())); }

  // Combinations [first, first + count) so that neighbours share the conditions of entry and exit as far as they can.
  std::vector<std::uint64_t> order(std::uint64_t first, std::uint64_t count) const;
  // Takes combinations from numbers[at...] on, as many as the memory for columns allows, and moves `at`. The batch before
  // becomes invalid.
  void next_batch(const std::vector<std::uint64_t>& numbers, std::size_t& at, LaneBatch& batch);
  // One lane of given parameter values.
  void single(const std::vector<double>& values, LaneBatch& batch);

 private:
  struct Wanted {
    std::vector<int> columns;                  // [slot] instance
    int entry_long, entry_short, filter, exit_long, exit_short;
  };

  int program_of(int node);
  LevelSource source_of(const Level& level);
  Wanted require(const std::vector<double>& values);
  void add_lane(const std::vector<double>& values, const Wanted& wanted, LaneBatch& batch);
  void finish(const std::vector<std::vector<double>>& values, const std::vector<Wanted>& wanted, LaneBatch& batch);

  const Job& job_;
  const Series& series_;
  int threads_;
  LanePlan plan_;
  MarketView market_;
  std::vector<std::uint8_t> day_end_;
  std::vector<double> elapsed_days_, funding_rates_;
  ColumnStore store_;
  CompiledNode levels_;                        // slots of all programs
  std::vector<std::vector<Instruction>> codes_;
  std::vector<Program> programs_;
  std::vector<int> axis_order_;                // axes, slowest first
  int common_first_bar_ = -1;
};

}  // namespace quern
