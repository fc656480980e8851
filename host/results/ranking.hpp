// The order of combinations: objective over the job's series, constraints, NaN last, ties by combination.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/results/metric_expression.hpp"
#include "host/results/shards.hpp"
#include "host/strategy/job.hpp"
#include "kernels/market/lane_result.hpp"

namespace quern {

struct Ranked {
  std::uint64_t combination = 0;
  double objective = 0.0;             // aggregated over the series; NaN where one of them is undefined
  std::vector<LaneResult> results;    // [series]
};

// mean, median, min or sum of values; NaN if one is NaN.
double aggregate(const std::string& kind, std::vector<double> values);

// Keeps the best `size` combinations of those offered, in any order of offering.
class TopList {
 public:
  TopList(const Job& job, std::size_t size);
  // results[series]. A combination is ranked only where every series meets every constraint.
  void offer(std::uint64_t combination, const LaneResult* results, std::size_t series_count);
  // A finished unit whose first combination is `first`.
  void offer(const UnitPart& part, std::uint64_t first, std::size_t series_count);
  // Best first.
  std::vector<Ranked> sorted() const;
  // What is kept here, as the part of a unit.
  UnitPart part() const;
  std::uint64_t refused() const noexcept { return refused_; }   // combinations that miss a constraint

 private:
  bool is_better(const Ranked& a, const Ranked& b) const;
  MetricExpression objective_;
  std::vector<MetricExpression> constraints_;
  std::string aggregate_;
  bool maximize_;
  std::size_t size_;
  std::uint64_t refused_ = 0;
  std::vector<Ranked> heap_;          // worst on top
};

}  // namespace quern
