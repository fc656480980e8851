// A hand-made market for the tests of the rules on an engine: bars of one hour from 2024-01-01T00:00Z, tick 1, lot 1,
// capital 10000, ten units an entry. Signals ride on the volume column: 1 long, 2 short, 3 exit long, 4 exit short.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"
#include "tests/rules/bookkeeping.hpp"

namespace quern::rules {

inline constexpr std::int64_t market_start = 1704067200LL * ns_per_second;

// Lanes of an evaluation: one more than the widest pack holds.
inline constexpr std::uint64_t equal_lanes = 17;

struct Market {
  Engine* engine = nullptr;
  Job job;
  Series series;
  Trace trace;
  LaneResult result{};

  explicit Market(Engine& engine) : Market() { this->engine = &engine; }
  // To evaluate expressions only: nothing runs.
  Market() {
    Param lane;                            // no expression reads it: all lanes are equal
    lane.name = "lane";
    job.strategy.params = {lane};
    job.values = {0};
    Axis axis;
    axis.param = 0;
    for (std::uint64_t i = 0; i < equal_lanes; ++i) axis.values.push_back(static_cast<double>(i));
    job.axes = job.declared_axes = {axis};
    series.instrument.symbol = "TEST";
    series.instrument.tick = {1.0, 1.0, 1.0};
    series.instrument.lot = 1.0;
    series.candles.timeframe = "1h";
    series.candles.duration = ns_per_hour;
    Strategy& s = job.strategy;
    s.direction = Direction::both;
    s.entry_long = signal(1);
    s.entry_short = signal(2);
    s.exit_long = signal(3);
    s.exit_short = signal(4);
    s.size_mode = SizeMode::fixed_quantity;
    s.size_value = number(10);
  }

  // ---- Expressions
  int add(Node node) {
    for (const int input : node.inputs) node.has_series |= job.strategy.graph.nodes[static_cast<std::size_t>(input)].has_series;
    job.strategy.graph.nodes.push_back(std::move(node));
    return static_cast<int>(job.strategy.graph.nodes.size()) - 1;
  }
  int number(double value) {
    Node node;
    node.value = value;
    return add(node);
  }
  int series_of(SeriesId id) {
    Node node;
    node.op = Op::series;
    node.index = static_cast<int>(id);
    node.has_series = true;
    return add(node);
  }
  int operation(Op op, std::vector<int> inputs, Type type = Type::number) {
    Node node;
    node.op = op;
    node.type = type;
    node.inputs = std::move(inputs);
    return add(node);
  }
  int condition(Op op, std::vector<int> inputs) { return operation(op, std::move(inputs), Type::condition); }
  int signal(double code) { return condition(Op::equal, {series_of(SeriesId::volume), number(code)}); }
  int close_plus(double x) { return operation(Op::add, {series_of(SeriesId::close), number(x)}); }
  int undefined() { return operation(Op::divide, {number(1), number(0)}); }

  int shifted(int node, int bars) {
    Node shift;
    shift.op = Op::shift;
    shift.inputs = {node};
    shift.arguments = {number(bars)};
    return add(shift);
  }

  // ---- Strategy
  // Nothing is decided before bar `bars`: an exit condition that is never true looks so far back.
  Market& warm_up(int bars) {
    const int never = condition(Op::less, {shifted(series_of(SeriesId::close), bars), number(0)});
    job.strategy.exit_short = condition(Op::logical_or, {job.strategy.exit_short, never});
    return *this;
  }
  Market& stop(double distance) {
    job.strategy.stop.distance = number(distance);
    return *this;
  }
  Market& target(double distance, double fraction) {
    Target target;
    target.level.distance = number(distance);
    target.fraction = fraction > 0 ? number(fraction) : -1;
    job.strategy.targets.push_back(target);
    return *this;
  }
  Market& limit(double offset, int timeout_bars, OnTimeout on_timeout = OnTimeout::cancel) {
    job.strategy.order = OrderType::limit;
    job.strategy.limit_offset = number(offset);
    job.strategy.timeout_bars = number(timeout_bars);
    job.strategy.on_timeout = on_timeout;
    return *this;
  }

  // ---- Data
  static void append(Candles& c, std::int64_t time, int open, int high, int low, int close, double volume) {
    c.time.push_back(time);
    c.open.push_back(open), c.high.push_back(high), c.low.push_back(low), c.close.push_back(close);
    c.open_price.push_back(open), c.high_price.push_back(high), c.low_price.push_back(low), c.close_price.push_back(close);
    c.volume.push_back(volume);
  }
  Market& bar(int open, int high, int low, int close, double volume = 0) {
    Candles& c = series.candles;
    append(c, c.time.empty() ? market_start : c.time.back() + c.duration, open, high, low, close, volume);
    return *this;
  }
  // A bar without movement.
  Market& flat(int price, double volume = 0) { return bar(price, price, price, price, volume); }
  // Finer bars inside the bar that was added last.
  Market& detail(int open, int high, int low, int close) {
    Candles& fine = series.detail;
    append(fine, series.candles.time.back() + static_cast<std::int64_t>(fine.size()), open, high, low, close, 0);
    series.detail_begin.assign(series.candles.size(), 0);
    series.detail_begin.push_back(static_cast<std::int32_t>(fine.size()));
    return *this;
  }

  // ---- Outcome
  // Traces one lane, evaluates equal ones, and looks at what holds in every run.
  Market& run() {
    if (!series.detail_begin.empty()) {
      series.detail_begin.resize(series.candles.size() + 1, static_cast<std::int32_t>(series.detail.size()));
    }
    result = engine->trace(job, series, job.values, trace);
    std::vector<LaneResult> lanes(equal_lanes);
    engine->evaluate(job, series, 0, equal_lanes, lanes.data());
    for (const LaneResult& lane : lanes) EXPECT_EQ(difference_of(result, lane), "") << "between trace and evaluation";
    EXPECT_EQ(bookkeeping_error(job, series, result, trace), "");
    return *this;
  }
  double metric(Metric metric) const { return result.metrics[static_cast<int>(metric)]; }
  // "1 long 101 x10", "3 long exit_signal 103 x10": bar, side, reason of an exit, ticks, lots.
  std::vector<std::string> lines() const {
    static const char* const reasons[] = {"stop_loss", "take_profit", "trailing_stop_loss", "breakeven_stop", "exit_signal",
                                          "time_stop", "reversal", "liquidation", "end_of_data", "ruined"};
    std::vector<std::string> lines;
    for (const Fill& fill : trace.fills) {
      std::string line = std::to_string(fill.bar) + (fill.side > 0 ? " long " : " short ");
      if (!fill.is_entry) line += std::string(reasons[static_cast<int>(fill.reason)]) + " ";
      lines.push_back(line + std::to_string(fill.price_ticks) + " x" + std::to_string(fill.lots));
    }
    return lines;
  }
};

using Lines = std::vector<std::string>;

}  // namespace quern::rules
