// The reference engine behind the abstract one: the number of threads changes nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "host/engines/engine.hpp"
#include "host/strategy/job.hpp"

namespace quern {
namespace {

// Buys at every close above the open, stops `stop` ticks below.
Job small_job() {
  Job job;
  Strategy& strategy = job.strategy;
  Param stop;
  stop.name = "stop";
  strategy.params = {stop};
  const auto add = [&](Op op, int index, std::vector<int> inputs, Type type) {
    Node node;
    node.op = op;
    node.index = index;
    node.type = type;
    node.has_series = op == Op::series || op == Op::greater;
    node.inputs = std::move(inputs);
    if (op == Op::number) node.value = 10.0;
    strategy.graph.nodes.push_back(node);
    return static_cast<int>(strategy.graph.nodes.size()) - 1;
  };
  const int close = add(Op::series, static_cast<int>(SeriesId::close), {}, Type::number);
  const int open = add(Op::series, static_cast<int>(SeriesId::open), {}, Type::number);
  strategy.entry_long = add(Op::greater, 0, {close, open}, Type::condition);
  strategy.stop.distance = add(Op::param, 0, {}, Type::number);
  strategy.size_mode = SizeMode::fixed_quantity;
  strategy.size_value = add(Op::number, 0, {}, Type::number);
  job.values = {5.0};
  Axis axis{0, {}, {}};
  for (int value = 1; value <= 33; ++value) axis.values.push_back(value);
  job.axes = {axis};
  return job;
}

Series small_series() {
  Series series;
  series.instrument.tick = {1.0, 1.0, 1.0};
  series.instrument.lot = 1.0;
  Candles& candles = series.candles;
  candles.timeframe = "1h";
  candles.duration = 3'600'000'000'000;
  for (int bar = 0; bar < 200; ++bar) {
    const int open = 1000 + static_cast<int>(40.0 * std::sin(bar * 0.3)), close = 1000 + static_cast<int>(40.0 * std::sin(bar * 0.3 + 0.4));
    candles.time.push_back(bar * candles.duration);
    candles.open.push_back(open);
    candles.high.push_back(std::max(open, close) + 7);
    candles.low.push_back(std::min(open, close) - 7);
    candles.close.push_back(close);
  }
  for (const auto& [ticks, prices] : {std::pair{&candles.open, &candles.open_price}, std::pair{&candles.high, &candles.high_price},
                                      std::pair{&candles.low, &candles.low_price}, std::pair{&candles.close, &candles.close_price}}) {
    prices->assign(ticks->begin(), ticks->end());
  }
  candles.volume.assign(candles.size(), 1.0);
  series.funding_begin.assign(candles.size() + 1, 0);
  return series;
}

TEST(ReferenceEngine, DoesNotDependOnThreadsOrRanges) {
  const Job job = small_job();
  const Series series = small_series();
  const std::uint64_t count = job.combinations();
  std::vector<LaneResult> one(count), many(count), parts(count);
  make_reference_engine(1)->evaluate(job, series, 0, count, one.data());
  make_reference_engine(7)->evaluate(job, series, 0, count, many.data());
  const auto all = make_reference_engine(0);
  for (std::uint64_t first = 0; first < count; first += 5) all->evaluate(job, series, first, std::min<std::uint64_t>(5, count - first), parts.data() + first);
  EXPECT_EQ(std::memcmp(one.data(), many.data(), count * sizeof(LaneResult)), 0);
  EXPECT_EQ(std::memcmp(one.data(), parts.data(), count * sizeof(LaneResult)), 0);
  EXPECT_GT(one.front().metrics[static_cast<int>(Metric::n_trades)], 3.0);
  EXPECT_NE(one.front().decision_hash, one.back().decision_hash);
}

}  // namespace
}  // namespace quern
