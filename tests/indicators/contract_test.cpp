// What holds for every function of the table, without its author writing a test.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/indicators/columns.hpp"

namespace quern::test {
namespace {

// Defaults, the lower ends of all ranges, and odd lengths; every average.
std::vector<std::vector<double>> argument_sets(const FunctionInfo& info) {
  std::vector<std::vector<double>> sets{default_arguments(info), default_arguments(info)};
  for (int i = 0; i < info.argument_count; ++i) {
    if (info.arguments[i].kind == ArgumentKind::whole) sets[1][static_cast<std::size_t>(i)] = info.arguments[i].minimum;
  }
  for (int choice = 0; choice < 5; ++choice) {
    std::vector<double> arguments = default_arguments(info);
    bool differs = choice == 0;
    for (int i = 0; i < info.argument_count; ++i) {
      if (info.arguments[i].kind == ArgumentKind::whole) arguments[static_cast<std::size_t>(i)] = 4.0 + i;
      if (info.arguments[i].kind != ArgumentKind::category) continue;
      arguments[static_cast<std::size_t>(i)] = choice;
      differs = true;
    }
    if (differs) sets.push_back(arguments);
  }
  return sets;
}

template <class Check>
void for_all(Check check) {
  const FunctionTable table = function_table();
  for (int i = 0; i < table.count; ++i) {
    const FunctionInfo& info = *table.functions[i];
    for (const auto& arguments : argument_sets(info)) {
      for (const bool in_ticks : {true, false}) {
        Call call;
        call.arguments = arguments;
        call.in_ticks = in_ticks;
        SCOPED_TRACE(info.name);
        check(info, call);
      }
    }
  }
}

void expect_same(const std::vector<double>& a, std::size_t a_from, const std::vector<double>& b, std::size_t b_from,
                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(same(a[a_from + i], b[b_from + i])) << "bar " << i << ": " << a[a_from + i] << " and " << b[b_from + i];
  }
}

TEST(Contract, TableIsWellFormed) {
  const FunctionTable table = function_table();
  ASSERT_GE(table.count, 42);
  std::string before;
  for (int i = 0; i < table.count; ++i) {
    const FunctionInfo& info = *table.functions[i];
    SCOPED_TRACE(info.name);
    EXPECT_LT(before, info.name);
    before = info.name;
    EXPECT_EQ(find_function(info.name), &info);
    ASSERT_TRUE(info.summary && info.source && info.lookback && info.column);
    EXPECT_EQ(std::string(info.summary).back(), '.');
    ASSERT_TRUE(info.input_count >= 1 && info.input_count <= max_function_inputs);
    ASSERT_LE(info.argument_count, max_function_arguments);
    ASSERT_TRUE(info.output_count >= 1 && info.output_count <= max_function_outputs);
    std::set<std::string> names;
    for (int o = 0; o < info.output_count; ++o) {
      EXPECT_TRUE(names.insert(info.outputs[o]).second);
      EXPECT_EQ(std::string(info.outputs[o]).empty(), info.output_count == 1);
    }
    for (int a = 0; a < info.argument_count; ++a) {
      const ArgumentInfo& argument = info.arguments[a];
      EXPECT_TRUE(names.insert(std::string("argument ") + argument.name).second);
      EXPECT_LE(argument.minimum, argument.maximum);
      EXPECT_TRUE(std::isnan(argument.default_value) ||
                  (argument.default_value >= argument.minimum && argument.default_value <= argument.maximum));
      EXPECT_EQ(argument.choices != nullptr, argument.kind == ArgumentKind::category);
      if (argument.choices) {
        int choices = 0;
        while (argument.choices[choices]) ++choices;
        EXPECT_EQ(argument.maximum, choices - 1);
      }
    }
  }
  EXPECT_EQ(find_function("no_such_function"), nullptr);
  EXPECT_EQ(find_function(""), nullptr);
}

TEST(Contract, SilentBeforeTheLookBackAndFiniteAfter) {
  static const std::set<std::string> with_gaps{"bars_since", "zscore", "vwap"};
  for_all([](const FunctionInfo& info, const Call& call) {
    const int lookback = info.lookback(call.arguments.data());
    ASSERT_GE(lookback, 0);
    for (const auto& column : columns(info.name, golden_candles(), call)) {
      for (std::size_t bar = 0; bar < column.size(); ++bar) {
        ASSERT_FALSE(std::isinf(column[bar]));
        const bool ready = bar >= static_cast<std::size_t>(lookback);
        if (!ready || with_gaps.count(info.name) == 0) {
          ASSERT_EQ(std::isnan(column[bar]), !ready) << "bar " << bar;
        }
        if (info.condition_output && ready) {
          ASSERT_TRUE(column[bar] == 0.0 || column[bar] == 1.0);
        }
      }
    }
  });
}

TEST(Contract, AColumnOfAPrefixIsThePrefixOfTheColumn) {
  for_all([](const FunctionInfo& info, const Call& call) {
    const Columns whole = columns(info.name, golden_candles(), call);
    for (const int bars : {0, 1, 2, 17, 124, 141, 200, 319}) {
      const Columns part = columns(info.name, golden_candles().part(0, bars), call);
      for (std::size_t o = 0; o < whole.size(); ++o) expect_same(whole[o], 0, part[o], 0, static_cast<std::size_t>(bars));
    }
  });
}

TEST(Contract, AFirstBarIsACut) {
  for_all([](const FunctionInfo& info, Call call) {
    for (const int first : {1, 13, 130, 319, 320, 400}) {
      call.first = first;
      const Columns late = columns(info.name, golden_candles(), call);
      call.first = 0;
      const int from = std::min(first, golden_candles().bars());
      const Columns cut = columns(info.name, golden_candles().part(from, golden_candles().bars()), call);
      for (std::size_t o = 0; o < late.size(); ++o) {
        for (int bar = 0; bar < from; ++bar) ASSERT_TRUE(std::isnan(late[o][static_cast<std::size_t>(bar)]));
        expect_same(late[o], static_cast<std::size_t>(from), cut[o], 0, cut[o].size());
      }
    }
  });
}

// Twice the prices at twice the tick: every output stays, doubles or (a variance) quadruples, to the last bit.
TEST(Contract, ScalesWithThePrices) {
  Candles doubled = golden_candles();
  for (int i = 0; i < 4; ++i) {
    for (double& value : doubled.values[i]) value *= 2.0;
  }
  for_all([&](const FunctionInfo& info, const Call& call) {
    const Columns once = columns(info.name, golden_candles(), call);
    const Columns twice = columns(info.name, doubled, call, {0.02, 2.0, 100.0});
    for (std::size_t o = 0; o < once.size(); ++o) {
      bool fits = false;
      for (const double factor : {1.0, 2.0, 4.0}) {
        bool all = true;
        for (std::size_t bar = 0; bar < once[o].size(); ++bar) all = all && same(once[o][bar] * factor, twice[o][bar]);
        fits = fits || all;
      }
      EXPECT_TRUE(fits) << "output " << o;
    }
  });
}

TEST(Contract, OutputsThatAreNotWantedMayBeMissing) {
  for_all([](const FunctionInfo& info, Call call) {
    const Columns all = columns(info.name, golden_candles(), call);
    for (std::size_t o = 0; o < all.size(); ++o) {
      call.only_output = static_cast<int>(o);
      expect_same(all[o], 0, columns(info.name, golden_candles(), call)[o], 0, all[o].size());
    }
  });
}

// Volumes in place of prices, the whole price in one tick, and the longest lengths.
TEST(Contract, FiniteOrUndefinedAtTheEnds) {
  Candles huge;
  for (int bar = 0; bar < 300; ++bar) {
    const std::int32_t price = bar % 7 == 3 ? 1 : max_ticks - bar % 5;
    huge.add(price, price, price, price, bar % 3 ? 1e15 : 0.0);
  }
  for_all([&](const FunctionInfo& info, Call call) {
    for (const auto& column : columns(info.name, huge, call)) {
      for (const double value : column) ASSERT_FALSE(std::isinf(value));
    }
    for (int a = 0; a < info.argument_count; ++a) {
      if (info.arguments[a].kind == ArgumentKind::whole)
        call.arguments[static_cast<std::size_t>(a)] = info.arguments[a].maximum;
    }
    for (const auto& column : columns(info.name, golden_candles(), call)) {
      if (info.lookback(call.arguments.data()) < golden_candles().bars()) continue;
      for (const double value : column) ASSERT_TRUE(std::isnan(value));
    }
  });
}

// An undefined value in the input: a window is undefined while it holds it and as before afterwards.
TEST(Contract, WindowsForgetAnUndefinedValue) {
  for (const char* name : {"sma", "wma", "sum", "mean", "highest", "lowest", "stddev", "var", "zscore", "linearreg", "mom",
                           "roc", "change", "percentile_rank"}) {
    SCOPED_TRACE(name);
    const FunctionInfo& info = *find_function(name);
    Call call;
    call.arguments = default_arguments(info);
    call.numbers = golden_candles().values[3];
    const std::vector<double> whole = columns(name, golden_candles(), call)[0];
    call.numbers[60] = std::numeric_limits<double>::quiet_NaN();
    const std::vector<double> holed = columns(name, golden_candles(), call)[0];
    const int lookback = info.lookback(call.arguments.data());
    EXPECT_TRUE(std::isnan(holed[60]));
    EXPECT_TRUE(std::isnan(holed[static_cast<std::size_t>(60 + lookback)]));
    expect_same(whole, 0, holed, 0, 60);
    for (std::size_t bar = static_cast<std::size_t>(61 + lookback); bar < whole.size(); ++bar) {
      ASSERT_EQ(std::isnan(whole[bar]), std::isnan(holed[bar]));
      if (std::isnan(whole[bar])) continue;
      ASSERT_NEAR(whole[bar], holed[bar], 1e-12 * std::fabs(whole[bar])) << bar;
    }
  }
}

}  // namespace
}  // namespace quern::test
