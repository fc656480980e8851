// The values of expressions: operators, warm-up of calls, higher timeframes.
#include <gtest/gtest.h>

#include <cmath>

#include "host/reference/evaluator.hpp"
#include "tests/rules/market.hpp"

namespace quern::reference {
namespace {

using rules::Market;
using rules::market_start;

// A sum over `arguments[0]` bars that shows where its fold starts: NaN before first + look-back.
int window_lookback(const double* arguments) { return static_cast<int>(arguments[0]) - 1; }
void window_column(const ColumnRequest& request) {
  const int length = static_cast<int>(request.arguments[0]);
  for (int bar = 0; bar < request.bars; ++bar) {
    double total = std::nan("");
    if (bar >= request.first + length - 1) {
      total = 0.0;
      for (int back = 0; back < length; ++back) total += request.inputs[0].values[bar - back];
    }
    request.outputs[0][bar] = total;
  }
}

FunctionInfo window_sum(InputKind input) {
  FunctionInfo info{};
  info.name = "window_sum";
  info.input_count = 1;
  info.inputs[0] = input;
  info.argument_count = 1;
  info.output_count = 1;
  info.outputs[0] = "";
  info.lookback = window_lookback;
  info.column = window_column;
  return info;
}

int call(Market& m, const FunctionInfo& info, std::vector<int> inputs, int length) {
  Node node;
  node.op = Op::call;
  node.function = &info;
  node.inputs = std::move(inputs);
  node.arguments = {m.number(length)};
  node.has_series = true;
  return m.add(node);
}

int shifted(Market& m, int inner, int bars, Type type = Type::number) {
  Node node;
  node.op = Op::shift;
  node.type = type;
  node.inputs = {inner};
  node.arguments = {m.number(bars)};
  return m.add(node);
}

std::vector<double> column(Market& m, int node) {
  Evaluator evaluator(m.job.strategy, m.series, m.job.values);
  std::vector<double> values;
  for (int bar = 0; bar < static_cast<int>(m.series.candles.size()); ++bar) values.push_back(evaluator.number(node, bar));
  return values;
}

void expect_column(Market& m, int node, const std::vector<double>& expected) {
  const auto values = column(m, node);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t bar = 0; bar < values.size(); ++bar) {
    if (std::isnan(expected[bar])) {
      EXPECT_TRUE(std::isnan(values[bar])) << "bar " << bar;
    } else {
      EXPECT_EQ(values[bar], expected[bar]) << "bar " << bar;
    }
  }
}

const double nan = std::nan("");

TEST(ReferenceEvaluator, mean_prices_and_time) {
  Market m;
  m.bar(10, 14, 7, 11).bar(10, 14, 7, 11);
  expect_column(m, m.series_of(SeriesId::hl2), {10.5, 10.5});
  expect_column(m, m.series_of(SeriesId::hlc3), {32.0 / 3, 32.0 / 3});
  expect_column(m, m.series_of(SeriesId::ohlc4), {10.5, 10.5});
  expect_column(m, m.series_of(SeriesId::hour), {0, 1});
  expect_column(m, m.series_of(SeriesId::weekday), {0, 0});  // 2024-01-01 was a Monday
}

TEST(ReferenceEvaluator, what_is_not_finite_is_undefined) {
  Market m;
  m.flat(1).flat(1);
  const int zero = m.operation(Op::subtract, {m.series_of(SeriesId::close), m.number(1)});
  const int minus = m.operation(Op::negate, {m.series_of(SeriesId::close)});
  expect_column(m, m.operation(Op::divide, {minus, zero}), {nan, nan});
  expect_column(m, m.operation(Op::log, {zero}), {nan, nan});
  expect_column(m, m.operation(Op::sqrt, {minus}), {nan, nan});
  expect_column(m, m.operation(Op::max, {m.operation(Op::log, {zero}), m.number(5)}), {nan, nan});
  const int yes = m.condition(Op::equal, {zero, m.number(0)});
  expect_column(m, m.operation(Op::if_else, {yes, m.number(5), m.operation(Op::log, {zero})}), {5, 5});
  expect_column(m, m.operation(Op::modulo, {m.number(-7), m.number(3)}), {-1, -1});
}

TEST(ReferenceEvaluator, shift_and_crosses) {
  Market m;
  m.flat(5).flat(7).flat(6).flat(8);
  const int close = m.series_of(SeriesId::close);
  expect_column(m, shifted(m, close, 1), {nan, 5, 7, 6});
  expect_column(m, shifted(m, m.condition(Op::greater, {close, m.number(5)}), 1, Type::condition), {0, 0, 1, 1});
  expect_column(m, m.condition(Op::crosses_above, {close, m.number(6)}), {0, 1, 0, 1});  // 6 at bar 2 is not above
  expect_column(m, m.condition(Op::crosses_below, {close, m.number(7)}), {0, 0, 1, 0});
}

TEST(ReferenceEvaluator, a_call_starts_where_its_inputs_are_ready) {
  static const FunctionInfo sum = window_sum(InputKind::number);
  Market m;
  m.flat(1).flat(2).flat(3).flat(4).flat(5);
  const int two = call(m, sum, {m.series_of(SeriesId::close)}, 2);
  expect_column(m, two, {nan, 3, 5, 7, 9});
  expect_column(m, call(m, sum, {two}, 2), {nan, nan, 8, 12, 16});
  expect_column(m, call(m, sum, {shifted(m, two, 1)}, 2), {nan, nan, nan, 8, 12});
  expect_column(m, call(m, sum, {two}, 9), {nan, nan, nan, nan, nan});
}

TEST(ReferenceEvaluator, a_view_shows_its_last_completed_bar) {
  static const FunctionInfo sum = window_sum(InputKind::close);
  Market m;
  for (int bar = 0; bar < 6; ++bar) m.flat(100 + bar);
  View view;
  view.candles.duration = 2 * ns_per_hour;
  for (int bar = 0; bar < 3; ++bar) Market::append(view.candles, market_start, 10 * bar, 10 * bar, 10 * bar, 10 * bar, 1);
  view.last_completed = {-1, 0, 0, 1, 1, 2};
  m.series.views.push_back(view);
  const auto in_view = [&](int inner) {
    Node node;
    node.op = Op::view;
    node.index = 0;
    node.inputs = {inner};
    return m.add(node);
  };
  expect_column(m, in_view(m.series_of(SeriesId::close)), {nan, 0, 0, 10, 10, 20});
  expect_column(m, in_view(call(m, sum, {}, 2)), {nan, nan, nan, 10, 10, 30});
  expect_column(m, in_view(shifted(m, m.series_of(SeriesId::close), 1)), {nan, nan, nan, 0, 0, 10});
  // A call of the job's bars over a view waits for the view.
  static const FunctionInfo outer = window_sum(InputKind::number);
  expect_column(m, call(m, outer, {in_view(call(m, sum, {}, 2))}, 2), {nan, nan, nan, nan, 20, 40});
}

TEST(ReferenceEvaluator, parameters) {
  Market m;
  m.job.values = {3, 1};
  Node length;
  length.op = Op::param;
  length.index = 0;
  const int param = m.add(length);
  m.flat(10).flat(20);
  expect_column(m, m.operation(Op::multiply, {m.series_of(SeriesId::close), param}), {30, 60});
  Node category;
  category.op = Op::category;
  category.value = 1;
  Node choice;
  choice.op = Op::param;
  choice.index = 1;
  const int a = m.add(choice), b = m.add(category);
  expect_column(m, m.condition(Op::equal, {a, b}), {1, 1});
}

}  // namespace
}  // namespace quern::reference
