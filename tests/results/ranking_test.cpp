// Objective, constraints and order of combinations.
#include "host/results/ranking.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/base/error.hpp"

namespace quern {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

LaneResult with(double sharpe, double trades, double drawdown) {
  LaneResult result{};
  result.metrics[static_cast<int>(Metric::sharpe_ratio)] = sharpe;
  result.metrics[static_cast<int>(Metric::n_trades)] = trades;
  result.metrics[static_cast<int>(Metric::max_drawdown)] = drawdown;
  return result;
}

TEST(MetricExpression, evaluatesArithmeticAndComparisons) {
  const LaneResult result = with(2.0, 40.0, 0.5);
  EXPECT_DOUBLE_EQ(MetricExpression("sharpe_ratio - 0.5 * max_drawdown").evaluate(result.metrics), 1.75);
  EXPECT_DOUBLE_EQ(MetricExpression("-(sharpe_ratio + 1) / 2").evaluate(result.metrics), -1.5);
  EXPECT_TRUE(MetricExpression("n_trades >= 40").is_condition());
  EXPECT_EQ(MetricExpression("n_trades >= 40").evaluate(result.metrics), 1.0);
  EXPECT_EQ(MetricExpression("n_trades < 40").evaluate(result.metrics), 0.0);
  EXPECT_TRUE(std::isnan(MetricExpression("sharpe_ratio / (n_trades - 40)").evaluate(result.metrics)));
}

TEST(MetricExpression, namesTheNearestMetric) {
  try {
    MetricExpression("sharp_ratio");
    FAIL();
  } catch (const BadRequest& error) {
    EXPECT_NE(std::string(error.what()).find("sharpe_ratio"), std::string::npos);
  }
  EXPECT_THROW(MetricExpression("n_trades >="), BadRequest);
  EXPECT_THROW(MetricExpression("(n_trades"), BadRequest);
  EXPECT_THROW(MetricExpression("n_trades 5"), BadRequest);
}

TEST(TopList, ordersBestFirstNanLastTiesByCombination) {
  Job job;
  job.objectives = {"sharpe_ratio"};
  TopList top(job, 4);
  const double values[] = {1.0, nan, 3.0, 1.0, 3.0, nan};
  for (std::uint64_t at = 0; at < 6; ++at) {
    const LaneResult result = with(values[at], 1.0, 0.0);
    top.offer(at, &result, 1);
  }
  std::vector<std::uint64_t> order;
  for (const Ranked& ranked : top.sorted()) order.push_back(ranked.combination);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 4, 0, 3}));
}

TEST(TopList, ofUnitsIsTheTopListOfAll) {
  Job job;
  job.objectives = {"sharpe_ratio"};
  job.constraints = {"n_trades >= 30"};
  TopList whole(job, 5), of_parts(job, 5);
  std::vector<UnitPart> parts;
  for (std::uint64_t first = 0; first < 100; first += 10) {
    UnitPart unit;
    for (std::uint64_t at = first; at < first + 10; ++at) {
      unit.results.push_back(with(static_cast<double>(at * 37 % 11), at % 3 == 0 ? 29.0 : 30.0, 0.0));
      whole.offer(at, &unit.results.back(), 1);
    }
    TopList best(job, 5);
    best.offer(unit, first, 1);
    parts.push_back(best.part());
  }
  for (std::size_t at = parts.size(); at-- > 0;) of_parts.offer(parts[at], 1000, 1);
  ASSERT_EQ(of_parts.sorted().size(), 5u);
  for (std::size_t rank = 0; rank < 5; ++rank) EXPECT_EQ(of_parts.sorted()[rank].combination, whole.sorted()[rank].combination);
  EXPECT_EQ(of_parts.refused(), whole.refused());
  EXPECT_EQ(whole.refused(), 34u);
}

TEST(TopList, keepsOnlyWhatMeetsTheConstraintsOnEverySeries) {
  Job job;
  job.objectives = {"max_drawdown"};
  job.maximize = false;
  job.constraints = {"n_trades >= 30"};
  job.aggregate = "mean";
  TopList top(job, 10);
  const LaneResult first[] = {with(1.0, 30.0, 0.4), with(1.0, 29.0, 0.1)}, second[] = {with(1.0, 30.0, 0.4), with(1.0, 31.0, 0.2)};
  top.offer(0, first, 2);
  top.offer(1, second, 2);
  ASSERT_EQ(top.sorted().size(), 1u);
  EXPECT_EQ(top.sorted().front().combination, 1u);
  EXPECT_DOUBLE_EQ(top.sorted().front().objective, (0.4 + 0.2) / 2.0);
  EXPECT_EQ(top.refused(), 1u);
}

TEST(Aggregate, kinds) {
  EXPECT_DOUBLE_EQ(aggregate("median", {3.0, 1.0, 2.0}), 2.0);
  EXPECT_DOUBLE_EQ(aggregate("median", {4.0, 1.0}), 2.5);
  EXPECT_DOUBLE_EQ(aggregate("min", {4.0, 1.0}), 1.0);
  EXPECT_DOUBLE_EQ(aggregate("sum", {4.0, 1.0}), 5.0);
  EXPECT_TRUE(std::isnan(aggregate("mean", {4.0, nan})));
}

}  // namespace
}  // namespace quern
