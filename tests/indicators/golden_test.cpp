// Every TA-Lib function against values of TA-Lib, and the cases of published bug reports.
#include <gtest/gtest.h>

#include <set>

#include "tests/indicators/columns.hpp"

namespace quern::test {
namespace {

bool is_percentage(const std::string& name) {
  static const std::set<std::string> names{"rsi",      "adx", "plus_di", "minus_di", "stoch",
                                           "stochrsi", "mfi", "willr",   "aroon"};
  return names.count(name) > 0;
}

bool close_enough(const std::string& name, double ours, double theirs, double largest_input) {
  if (std::isnan(ours) || std::isnan(theirs)) return std::isnan(ours) && std::isnan(theirs);
  const double distance = std::fabs(ours - theirs);
  return distance <= 1e-9 * std::fabs(theirs) || distance <= 1e-12 * largest_input ||
         (is_percentage(name) && distance <= 1e-7);
}

TEST(Golden, EqualsTaLib) {
  std::ifstream file(std::string(QUERN_SOURCE) + "/tests/indicators/golden/talib.csv");
  ASSERT_TRUE(file.good());
  std::string line;
  std::getline(file, line);
  const Candles& candles = golden_candles();
  int compared = 0;
  while (std::getline(file, line)) {
    std::stringstream cells(line);
    std::string name, arguments, output, values, value;
    std::getline(cells, name, ',');
    std::getline(cells, arguments, ',');
    std::getline(cells, output, ',');
    std::getline(cells, values);
    Call call;
    std::stringstream numbers(arguments);
    for (double x; numbers >> x;) call.arguments.push_back(x);
    const FunctionInfo* info = find_function(name.c_str());
    ASSERT_NE(info, nullptr) << name;
    ASSERT_EQ(static_cast<int>(call.arguments.size()), info->argument_count) << name;
    std::vector<double> theirs;
    values += ';';
    std::stringstream list(values);
    while (std::getline(list, value, ';')) theirs.push_back(value.empty() ? std::nan("") : std::stod(value));
    ASSERT_EQ(static_cast<int>(theirs.size()), candles.bars()) << name;
    for (const bool in_ticks : {true, false}) {
      call.in_ticks = in_ticks;
      const std::vector<double> ours = columns(name, candles, call)[static_cast<std::size_t>(std::stoi(output))];
      int differences = 0;
      for (std::size_t bar = 0; bar < ours.size() && differences < 3; ++bar) {
        const bool equal = close_enough(name, ours[bar], theirs[bar], 110.0);
        differences += !equal;
        EXPECT_TRUE(equal) << name << '(' << arguments << ")[" << output << "] bar " << bar << ": " << ours[bar]
                           << " is not " << theirs[bar] << (in_ticks ? " (ticks)" : "");
      }
    }
    ++compared;
  }
  EXPECT_GT(compared, 80);
}

double value_at(const std::string& name, const Candles& candles, std::vector<double> arguments, std::size_t bar,
                std::size_t output = 0) {
  Call call;
  call.arguments = std::move(arguments);
  return columns(name, candles, call)[output][bar];
}
std::size_t first_defined(const std::string& name, const Candles& candles, std::vector<double> arguments,
                          std::size_t output = 0) {
  std::size_t bar = 0;
  while (std::isnan(value_at(name, candles, arguments, bar, output))) ++bar;
  return bar;
}
const Candles& walk() {
  static const Candles candles = read_candles("walk.csv", 100.0, 1.0);
  return candles;
}

TEST(Cases, TheFirstBarHasNoTrueRange) {
  EXPECT_EQ(first_defined("atr", walk(), {14}), 14u);
  EXPECT_NEAR(value_at("atr", walk(), {14}, 14), 1.2300000000000009, 1e-12);
  EXPECT_NEAR(value_at("atr", walk(), {14}, 40), 1.146845675457787, 1e-12);
  EXPECT_NEAR(value_at("atr", walk(), {14}, 60), 1.019145643954637, 1e-12);
  EXPECT_NEAR(value_at("atr", walk(), {14}, 89), 1.0554053581828822, 1e-12);
}

TEST(Cases, RsiIsSeededWithMeans) {
  EXPECT_NEAR(value_at("rsi", walk(), {14}, 14), 48.74141876430207, 1e-9);
  EXPECT_NEAR(value_at("rsi", walk(), {14}, 40), 49.14957576355029, 1e-9);
  EXPECT_NEAR(value_at("rsi", walk(), {14}, 60), 45.34602156301727, 1e-9);
  EXPECT_NEAR(value_at("rsi", walk(), {14}, 89), 58.442712441769004, 1e-9);
}

TEST(Cases, StochasticRsiHasUnsmoothedK) {
  const double fastk[] = {0.0, 59.75295377430799, 0.0, 0.0};
  const double fastd[] = {43.71099985355959, 53.25098459143599, 22.411047302093127, 0.0};
  const std::size_t bars[] = {20, 40, 60, 89};
  EXPECT_EQ(first_defined("stochrsi", walk(), {14, 5, 3, 0}), 20u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(value_at("stochrsi", walk(), {14, 5, 3, 0}, bars[i], 0), fastk[i], 1e-7);
    EXPECT_NEAR(value_at("stochrsi", walk(), {14, 5, 3, 0}, bars[i], 1), fastd[i], 1e-7);
  }
}

TEST(Cases, MacdExchangesItsLengths) {
  const double expected[] = {-0.30160705898799733, -0.4659903132813502, 0.16438325429335288};
  for (std::size_t output = 0; output < 3; ++output) {
    const double value = value_at("macd", walk(), {12, 26, 9}, 60, output);
    EXPECT_NEAR(value, expected[output], 1e-10);
    EXPECT_EQ(value, value_at("macd", walk(), {26, 12, 9}, 60, output));
    EXPECT_EQ(first_defined("macd", walk(), {12, 26, 9}, output), 33u);
    EXPECT_EQ(first_defined("macd", walk(), {12, 26, 1}, output), 25u);
    EXPECT_EQ(first_defined("macd", walk(), {12, 12, 9}, output), 19u);
    EXPECT_EQ(value_at("macd", walk(), {12, 12, 9}, 60, output), 0.0);
  }
  EXPECT_EQ(value_at("macd", walk(), {12, 26, 1}, 60, 0), value_at("macd", walk(), {12, 26, 1}, 60, 1));
  EXPECT_EQ(value_at("macd", walk(), {12, 26, 1}, 60, 2), 0.0);
}

TEST(Cases, FlatBarsGiveZero) {
  for (const std::int32_t price : {10000, 7000011, 3}) {
    Candles flat;
    for (int bar = 0; bar < 60; ++bar) flat.add(price, price, price, price, 0.0);
    EXPECT_EQ(value_at("rsi", flat, {14}, 59), 0.0);
    EXPECT_EQ(value_at("stoch", flat, {5, 3, 0, 3, 0}, 59), 0.0);
    EXPECT_EQ(value_at("willr", flat, {14}, 59), 0.0);
    EXPECT_EQ(value_at("cci", flat, {20}, 59), 0.0);
    EXPECT_EQ(value_at("adx", flat, {14}, 59), 0.0);
    EXPECT_EQ(value_at("mfi", flat, {14}, 59), 0.0);
    EXPECT_EQ(value_at("stochrsi", flat, {14, 5, 3, 0}, 59), 0.0);
    EXPECT_EQ(value_at("roc", flat, {10}, 59), 0.0);
    EXPECT_EQ(value_at("atr", flat, {14}, 59), 0.0);
    EXPECT_EQ(value_at("stddev", flat, {5, 1}, 59), 0.0);
    EXPECT_TRUE(std::isnan(value_at("zscore", flat, {5}, 59)));
    EXPECT_TRUE(std::isnan(value_at("vwap", flat, {5}, 59)));
    EXPECT_EQ(first_defined("rsi", flat, {14}), 14u);
  }
}

TEST(Cases, VwapWithoutVolumeIsUndefined) {
  Candles candles;
  for (int bar = 0; bar < 12; ++bar)
    candles.add(10000, 10100, 9900, 10000 + 100 * (bar % 2), bar >= 2 && bar <= 6 ? 0.0 : 5.0);
  for (std::size_t bar = 0; bar < 12; ++bar) {
    EXPECT_EQ(std::isnan(value_at("vwap", candles, {3}, bar)), bar < 2 || (bar >= 4 && bar <= 6)) << bar;
  }
  EXPECT_EQ(value_at("obv", candles, {}, 6), value_at("obv", candles, {}, 2));
}

TEST(Cases, ZscoreIsExactAfterAConstantWindow) {
  Candles candles;
  for (int bar = 0; bar < 5; ++bar) candles.add(7000010, 7000010, 7000010, 7000010, 1.0);
  candles.add(7000020, 7000020, 7000020, 7000020, 1.0);
  candles.add(7000010, 7000010, 7000010, 7000010, 1.0);
  EXPECT_TRUE(std::isnan(value_at("zscore", candles, {5}, 4)));
  EXPECT_EQ(value_at("zscore", candles, {5}, 5), 2.0);
  EXPECT_EQ(value_at("zscore", candles, {5}, 6), -0.5);
}

}  // namespace
}  // namespace quern::test
