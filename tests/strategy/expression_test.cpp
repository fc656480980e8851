// Expressions: what is understood, and what is said about what is not.
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "tests/strategy/support.hpp"

namespace quern {
namespace {

using test::job_of;
using test::problems_of;
using test::read_text_job;

const Node& node(const Strategy& strategy, int index) { return strategy.graph.nodes.at(static_cast<std::size_t>(index)); }

// The value of an expression of numbers and parameters, read as max_bars of a strategy.
double constant(const std::string& text) {
  Job job = read_text_job(job_of("close > x + 0 * n and mode == 'rr'", "[strategy.size]\nvalue = \"" + text + "\"\n"));
  return evaluate_constant(job.strategy, job.strategy.size_value, job.values.data());
}

TEST(Expression, Precedence) {
  EXPECT_EQ(constant("1 + 2 * 3"), 7.0);
  EXPECT_EQ(constant("(1 + 2) * 3"), 9.0);
  EXPECT_EQ(constant("10 - 4 - 3"), 3.0);
  EXPECT_EQ(constant("-2 ^ 2"), -4.0);
  EXPECT_EQ(constant("2 ^ 3 ^ 2"), 512.0);
  EXPECT_EQ(constant("2 ^ -1"), 0.5);
  EXPECT_EQ(constant("-7 % 4"), -3.0);
  EXPECT_EQ(constant("if(not 1 < 2, 5, 6)"), 6.0);
  EXPECT_EQ(constant("if(false and true or true, 5, 6)"), 5.0);
  EXPECT_EQ(constant("if(not false or true, 5, 6)"), 5.0);
  EXPECT_EQ(constant("min(3, max(1, 2)) + abs(-1) + floor(1.5) + ceil(1.5) + sqrt(9)"), 9.0);
  EXPECT_EQ(constant("x / n"), 30.0 / 14.0);
  EXPECT_EQ(constant("if(mode == 'swing', 1, 2)"), 2.0);
  EXPECT_EQ(constant("1e3 + .5"), 1000.5);
}

TEST(Expression, UndefinedNumbersCompareFalse) {
  EXPECT_TRUE(std::isnan(constant("1 / 0")));
  EXPECT_TRUE(std::isnan(constant("log(-1)")));
  EXPECT_TRUE(std::isnan(constant("max(1, 0 / 0)")));
  EXPECT_EQ(constant("if(1 / 0 != 2, 1, 2)"), 2.0);
  EXPECT_EQ(constant("if(1 / 0 == 1 / 0, 1, 2)"), 2.0);
  EXPECT_EQ(constant("if(crosses_above(2, 1), 1, 2)"), 2.0);
}

TEST(Expression, EqualPartsAreOneNode) {
  const Job job = read_text_job(job_of("rsi(close, n) < 30 and rsi(close, n) > 20 and r < 30"));
  int calls = 0, comparisons = 0;
  for (const Node& one : job.strategy.graph.nodes) {
    calls += one.op == Op::call;
    comparisons += one.op == Op::less;
  }
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(comparisons, 1);
  for (std::size_t i = 0; i < job.strategy.graph.nodes.size(); ++i) {
    for (int input : job.strategy.graph.nodes[i].inputs) EXPECT_LT(input, static_cast<int>(i));
  }
}

TEST(Expression, KnowsItsParametersAndSeries) {
  const Job job = read_text_job(job_of("r < x and adx(14) < 25"));
  const Node& root = node(job.strategy, job.strategy.entry_long);
  EXPECT_EQ(root.params, (std::vector<int>{0, 1}));
  EXPECT_TRUE(root.has_series);
  EXPECT_EQ(root.type, Type::condition);
  EXPECT_TRUE(job.strategy.params[0].used);
  EXPECT_FALSE(job.strategy.params[2].used);
}

TEST(Expression, OutputsAndArguments) {
  const Job job = read_text_job(job_of("macd(close, 12, 26, 9).signal > 0 and stoch(14, 3, 3).slowk > 20 and sma(close, n * 2 + 1) < close"));
  bool seen = false;
  for (const Node& one : job.strategy.graph.nodes) {
    if (one.op != Op::call || std::string(one.function->name) != "macd") continue;
    EXPECT_STREQ(one.function->outputs[one.output], "signal");
    seen = true;
  }
  EXPECT_TRUE(seen);
}

TEST(Expression, HigherTimeframes) {
  const Job job = read_text_job(job_of("close > sma(@4h.close, 5) and @4h.atr(14)[1] < 3 and crosses_above(@4h.close, @4h.open)"));
  ASSERT_EQ(job.strategy.views.size(), 1u);
  EXPECT_EQ(job.strategy.views[0].timeframe, "4h");
  int views = 0;
  for (const Node& one : job.strategy.graph.nodes) {
    views += one.op == Op::view;
    if (one.op == Op::view) { EXPECT_EQ(node(job.strategy, one.inputs[0]).view, 0); }
    if (one.op == Op::call && one.text != "rsi(close, n)") { EXPECT_EQ(one.view, 0); }    // in the bars of the view
    if (one.op == Op::shift) { EXPECT_EQ(one.view, 0); }
    if (one.op == Op::crosses_above) { EXPECT_EQ(one.view, -1); }
  }
  EXPECT_EQ(views, 4);   // sma, the comparison with atr, close, open
  EXPECT_EQ(node(job.strategy, job.strategy.entry_long).view, -1);
}

class NoViews : public ReadyBars {
 public:
  int first_bar_of_view(int, int view_bar) const override { return 4 * (view_bar + 1) - 1; }
};

int ready(const std::string& condition) {
  const Job job = read_text_job(job_of(condition));
  return ready_bar(job.strategy, job.strategy.entry_long, job.values.data(), NoViews());
}

TEST(ReadyBar, AddsAlongNesting) {
  EXPECT_EQ(ready("close > 1"), 0);
  EXPECT_EQ(ready("close[3] > 1"), 3);
  EXPECT_EQ(ready("sma(close, 5) > 1"), 4);
  EXPECT_EQ(ready("sma(close, 5)[2] > open[1]"), 6);
  EXPECT_EQ(ready("sma(sma(close, 5), 3) > 1"), 6);
  EXPECT_EQ(ready("rsi(close, n) > 1"), 14);
  EXPECT_EQ(ready("crosses_above(sma(close, 5), 1)"), 5);
  EXPECT_EQ(ready("if(close > 1, sma(close, 5), open) > 1"), 4);
  EXPECT_EQ(ready("bars_since(close[2] > 1) > 1"), 2);
  EXPECT_EQ(ready("sma(close, 5) > 1 and close[9] > 1"), 9);
  EXPECT_EQ(ready("x > 20"), 0);
  EXPECT_EQ(ready("@4h.close > 1"), 3);
  EXPECT_EQ(ready("sma(@4h.close, 3) > close"), 11);
  EXPECT_EQ(ready("crosses_above(@4h.close, close)"), 4);
  EXPECT_EQ(ready("@4h.close[2] > close"), 11);
}

struct Bad {
  const char* text;
  const char* said;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.text; }

class BadExpression : public testing::TestWithParam<Bad> {};

TEST_P(BadExpression, IsNamed) {
  const std::string said = problems_of(job_of(GetParam().text));
  EXPECT_NE(said.find(GetParam().said), std::string::npos) << said;
  EXPECT_NE(said.find("job.toml:"), std::string::npos) << said;
  EXPECT_NE(said.find("strategy.entry.long"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(Table, BadExpression, testing::Values(
    Bad{"", "expected an expression"},
    Bad{"close > sma(close 20)", "column 19: expected ',' or ')', found '20'"},
    Bad{"rsii(close, 14) < 30", "did you mean 'rsi'?"},
    Bad{"close and 3", "column 1: number where a condition is needed"},
    Bad{"100 < close < 200", "cannot be chained"},
    Bad{"close == open == true", "cannot be chained"},
    Bad{"closee > 3", "did you mean 'close'?"},
    Bad{"close > ", "found the end"},
    Bad{"close > (open", "expected ')'"},
    Bad{"close > open)", "expected an operator or the end, found ')'"},
    Bad{"close > open open", "found 'open'"},
    Bad{"close", "number where a condition is needed"},
    Bad{"mode", "a category cannot stand alone"},
    Bad{"mode == 'rrr'", "did you mean 'rr'?"},
    Bad{"mode < 'rr'", "== and != only"},
    Bad{"mode == 3", "number where a category is needed"},
    Bad{"close == 'rr'", "a category is needed"},
    Bad{"'rr' == 'rr'", "a text is compared with a category only"},
    Bad{"mode[1] == 'rr'", "a category has no bar before"},
    Bad{"close[-1] > 3", "whole bars back, from 0; -1"},
    Bad{"close[1.5] > 3", "1.5 is none"},
    Bad{"close[open] > 3", "never a series"},
    Bad{"x[1] > 3", "follows a series"},
    Bad{"close[1 > 3", "expected ']'"},
    Bad{"sma(close, 0) > 3", "is outside"},
    Bad{"sma(close, 2.5) > 3", "must be whole"},
    Bad{"sma(close, 1 / 0) > 3", "is undefined"},
    Bad{"sma(close, x / 4) > 3", "= 7.5 must be whole, with x = 30"},
    Bad{"sma(close, n - 14) > 3", "= 0 is outside"},
    Bad{"close[n - 20] > 3", "= -6 is outside"},
    Bad{"sma(close, open) > 3", "never a series"},
    Bad{"atr(n = 5, n = 6) > 3", "n is given twice"},
    Bad{"sma(close, 3, 4) > 3", "too many arguments"},
    Bad{"sma() > 3", "too few arguments"},
    Bad{"sma(close, period = 3) > 3", "has no argument 'period'"},
    Bad{"sma > 3", "needs its arguments in brackets"},
    Bad{"macd(close, 12, 26, 9) > 0", ".signal"},
    Bad{"macd(close, 12, 26, 9).signl > 0", "has no output 'signl'; it has"},
    Bad{"rsi(close, 14).value > 0", "single output"},
    Bad{"stoch(14, 3, 3, slowk_ma = 'smaa').slowk > 0", "is one of"},
    Bad{"abs(close, 3) > 0", "takes 1 argument"},
    Bad{"min(close) > 0", "takes 2 arguments"},
    Bad{"if(close, 1, 2) > 0", "condition is needed"},
    Bad{"if(close > 1, 1, true)", "must be numbers, or both conditions"},
    Bad{"if(close > 1, 1) > 0", "three parts"},
    Bad{"not close", "condition is needed"},
    Bad{"-(close > 1) > 0", "number is needed"},
    Bad{"close = 3", "write '=='"},
    Bad{"close > 1 && open > 1", "write 'and'"},
    Bad{"close > 1 || open > 1", "write 'or'"},
    Bad{"!(close > 1)", "write 'not'"},
    Bad{"close > 1; open > 1", "not part of the language"},
    Bad{"mode == 'rr", "no closing quote"},
    Bad{"close > 3x", "may not start with a digit"},
    Bad{"close > 1e999", "beyond what a double holds"},
    Bad{"@BTCUSDT.close > 3", "another symbol are not there yet"},
    Bad{"@4h.rsi(14) > 3", "write rsi(@4h.close"},
    Bad{"@4h > 3", "expected '.'"},
    Bad{"@0h.close > 3", "is no timeframe"},
    Bad{"@4h.x > 3", "is no series of candles"},
    Bad{"close > and", "found 'and'"},
    Bad{"bars_since(close) > 3", "condition is needed"}));

TEST(BadExpressions, AllAtOnceWithCarets) {
  const std::string said = problems_of(test::job_with("", "[strategy.entry]\nlong = \"close > sma(close 20)\"\nshort = \"rsii(close, 14) < 30\"\n"
                                                          "filter = \"close and 3\"\n[strategy.exit]\nlong = \"100 < close < 200\"\n"));
  std::size_t carets = 0;
  for (std::size_t at = said.find("^"); at != std::string::npos; at = said.find("^", at + 1)) ++carets;
  EXPECT_EQ(carets, 4u) << said;
  EXPECT_NE(said.find("    close > sma(close 20)\n    " + std::string(18, ' ') + "^"), std::string::npos) << said;
}

TEST(BadExpressions, DeepNestingIsRefused) {
  EXPECT_NE(problems_of(job_of(std::string(100000, '(') + "close")).find("nested more than"), std::string::npos);
  EXPECT_NE(problems_of(job_of("close > " + std::string(100000, '-') + "1")).find("nested more than"), std::string::npos);
}

TEST(BadExpressions, ABrokenLetIsSaidOnce) {
  const std::string said = problems_of(test::job_with("", "[strategy.let]\na = \"closee\"\n[strategy.entry]\nlong = \"a > 3\"\n"));
  EXPECT_EQ(said.find("^"), said.rfind("^")) << said;
}

TEST(BadExpressions, TheCaretCountsSignsNotBytes) {
  const std::string said = problems_of(job_of("mode == 'Größe'"));
  EXPECT_NE(said.find("column 9"), std::string::npos) << said;
  const std::string behind = problems_of(job_of("mode == 'rr' and mode != 'ä' and closee > 1"));
  EXPECT_NE(behind.find("column 26"), std::string::npos) << behind;
}

}  // namespace
}  // namespace quern
