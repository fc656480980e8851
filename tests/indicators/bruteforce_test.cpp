// The functions that TA-Lib lacks against their textbook form, each value from the whole history anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/indicators/columns.hpp"

namespace quern::test {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Value = std::function<double(int bar)>;  // NaN: undefined

const std::vector<double>& open() { return golden_candles().values[0]; }
const std::vector<double>& high() { return golden_candles().values[1]; }
const std::vector<double>& low() { return golden_candles().values[2]; }
const std::vector<double>& close() { return golden_candles().values[3]; }
const std::vector<double>& volume() { return golden_candles().values[4]; }

double at(const std::vector<double>& series, int bar) { return series[static_cast<std::size_t>(bar)]; }
double typical(int bar) { return (at(high(), bar) + at(low(), bar) + at(close(), bar)) / 3.0; }

void expect_equal(const std::string& name, const std::vector<double>& arguments, std::size_t output, const Value& value,
                  double tolerance = 1e-11) {
  for (const bool in_ticks : {true, false}) {
    Call call;
    call.arguments = arguments;
    call.in_ticks = in_ticks;
    const std::vector<double> column = columns(name, golden_candles(), call)[output];
    for (int bar = 0; bar < golden_candles().bars(); ++bar) {
      const double expected = value(bar), ours = at(column, bar);
      ASSERT_EQ(std::isnan(ours), std::isnan(expected)) << name << ' ' << output << " bar " << bar << ": " << ours;
      if (std::isnan(expected)) continue;
      ASSERT_NEAR(ours, expected, tolerance * std::max(1.0, std::fabs(expected))) << name << ' ' << output << " bar " << bar;
    }
  }
}

// `f(begin, end)` over the n bars up to and with `bar`; undefined before there are n.
Value window(int n, std::function<double(int, int)> f) {
  return [=](int bar) { return bar + 1 < n ? nan : f(bar + 1 - n, bar + 1); };
}
double largest(const std::vector<double>& x, int begin, int end) {
  return *std::max_element(x.begin() + begin, x.begin() + end);
}
double smallest(const std::vector<double>& x, int begin, int end) {
  return *std::min_element(x.begin() + begin, x.begin() + end);
}
long double total(const std::function<long double(int)>& f, int begin, int end) {
  long double sum = 0.0L;
  for (int bar = begin; bar < end; ++bar) sum += f(bar);
  return sum;
}
long double close_total(int begin, int end) {
  return total([](int bar) { return at(close(), bar); }, begin, end);
}

TEST(BruteForce, Windows) {
  for (const int n : {1, 2, 9, 33, 320, 321}) {
    const std::vector<double> arguments{static_cast<double>(n)};
    expect_equal("highest", arguments, 0, window(n, [](int a, int b) { return largest(close(), a, b); }), 0.0);
    expect_equal("lowest", arguments, 0, window(n, [](int a, int b) { return smallest(close(), a, b); }), 0.0);
    expect_equal("sum", arguments, 0, window(n, [](int a, int b) { return static_cast<double>(close_total(a, b)); }), 1e-14);
    const Value mean = window(n, [](int a, int b) { return static_cast<double>(close_total(a, b) / (b - a)); });
    expect_equal("mean", arguments, 0, mean, 1e-14);
    expect_equal("sma", arguments, 0, mean, 1e-14);
    expect_equal("donchian", arguments, 0, window(n, [](int a, int b) { return largest(high(), a, b); }), 0.0);
    expect_equal("donchian", arguments, 1, window(n, [](int a, int b) { return smallest(low(), a, b); }), 0.0);
    expect_equal("donchian", arguments, 2,
                 window(n, [](int a, int b) { return (largest(high(), a, b) + smallest(low(), a, b)) / 2.0; }));
    expect_equal("vwap", arguments, 0, window(n, [](int a, int b) {
                   const long double all = total([](int bar) { return at(volume(), bar); }, a, b);
                   const long double money =
                       total([](int bar) { return static_cast<long double>(typical(bar)) * at(volume(), bar); }, a, b);
                   return all > 0.0L ? static_cast<double>(money / all) : nan;
                 }));
  }
}

TEST(BruteForce, SpreadAndZscore) {
  for (const int n : {2, 5, 40}) {
    const auto variance = [](int a, int b) {
      const long double mean = close_total(a, b) / (b - a);
      const long double squares =
          total([&](int bar) { return (at(close(), bar) - mean) * (at(close(), bar) - mean); }, a, b);
      return largest(close(), a, b) == smallest(close(), a, b) ? 0.0L : squares / (b - a);
    };
    const double length = n;
    expect_equal("var", {length, 1.0}, 0, window(n, [&](int a, int b) { return static_cast<double>(variance(a, b)); }));
    expect_equal("stddev", {length, 1.0}, 0,
                 window(n, [&](int a, int b) { return static_cast<double>(std::sqrt(variance(a, b))); }));
    expect_equal(
        "zscore", {length}, 0, window(n, [&](int a, int b) {
          if (variance(a, b) == 0.0L) return nan;
          return static_cast<double>((at(close(), b - 1) - close_total(a, b) / (b - a)) / std::sqrt(variance(a, b)));
        }));
  }
}

TEST(BruteForce, Steps) {
  for (const int n : {1, 2, 4}) {
    const double length = n;
    expect_equal("change", {length}, 0, [&](int bar) { return bar < n ? nan : at(close(), bar) - at(close(), bar - n); });
    const auto steps = [&](int bar, int sign) {
      if (bar < n) return nan;
      for (int i = 0; i < n; ++i) {
        if (!(sign * (at(close(), bar - i) - at(close(), bar - i - 1)) > 0.0)) return 0.0;
      }
      return 1.0;
    };
    expect_equal("rising", {length}, 0, [&](int bar) { return steps(bar, 1); });
    expect_equal("falling", {length}, 0, [&](int bar) { return steps(bar, -1); });
  }
  expect_equal("bars_since", {}, 0, [](int bar) {
    for (int i = bar; i >= 0; --i) {
      if (at(close(), i) > at(open(), i)) return static_cast<double>(bar - i);
    }
    return nan;
  });
}

TEST(BruteForce, PercentileRank) {
  for (const int n : {1, 7, 50}) {
    expect_equal("percentile_rank", {static_cast<double>(n)}, 0, [&](int bar) {
      if (bar < n) return nan;
      int below = 0;
      for (int i = bar - n; i < bar; ++i) below += at(close(), i) <= at(close(), bar);
      return 100.0 * below / n;
    });
  }
}

TEST(BruteForce, RealizedVol) {
  for (const int n : {2, 30}) {
    expect_equal("realized_vol", {static_cast<double>(n)}, 0, [&](int bar) {
      if (bar < n) return nan;
      const auto change = [](int i) { return std::log(static_cast<long double>(at(close(), i)) / at(close(), i - 1)); };
      const long double mean = total(change, bar + 1 - n, bar + 1) / n;
      const long double squares =
          total([&](int i) { return (change(i) - mean) * (change(i) - mean); }, bar + 1 - n, bar + 1);
      return static_cast<double>(std::sqrt(squares / (n - 1)) * std::sqrt(365.0L * 24.0L));
    });
  }
}

double true_range(int bar) {
  const double before = at(close(), bar - 1);
  return std::max(
      {at(high(), bar) - at(low(), bar), std::fabs(at(high(), bar) - before), std::fabs(at(low(), bar) - before)});
}
double average_true_range(int n, int bar) {
  if (bar < n) return nan;
  if (bar == n) return static_cast<double>(total(true_range, 1, n + 1) / n);
  double value = average_true_range(n, n);
  for (int i = n + 1; i <= bar; ++i) value += (true_range(i) - value) / n;
  return value;
}
double exponential_average(int n, int bar) {
  if (bar < n - 1) return nan;
  double value = static_cast<double>(close_total(0, n) / n);
  for (int i = n; i <= bar; ++i) value += (at(close(), i) - value) * 2.0 / (n + 1);
  return value;
}

TEST(BruteForce, Keltner) {
  for (const int n : {1, 20}) {
    for (const double k : {2.0, 0.5}) {
      for (const int side : {1, 0, -1}) {
        expect_equal("keltner", {static_cast<double>(n), k}, static_cast<std::size_t>(1 - side), [&](int bar) {
          return bar < n ? nan : exponential_average(n, bar) + side * k * average_true_range(n, bar);
        });
      }
    }
  }
}

TEST(BruteForce, Supertrend) {
  for (const int n : {10, 4}) {
    for (const double k : {3.0, 1.25}) {
      // upper[i]: the basic band, unless the last one was lower and the close before was not above it.
      std::vector<double> upper, lower, direction, line;
      for (int bar = 0; bar < golden_candles().bars(); ++bar) {
        const double middle = (at(high(), bar) + at(low(), bar)) / 2.0, width = k * average_true_range(n, bar);
        upper.push_back(middle + width);
        lower.push_back(middle - width);
        direction.push_back(bar < n ? nan : 1.0);
        const std::size_t i = upper.size() - 1;
        if (bar > n) {
          if (close()[i - 1] <= upper[i - 1]) upper[i] = std::min(upper[i], upper[i - 1]);
          if (close()[i - 1] >= lower[i - 1]) lower[i] = std::max(lower[i], lower[i - 1]);
          direction[i] = direction[i - 1];
          if (direction[i] == 1.0 && close()[i] < lower[i])
            direction[i] = -1.0;
          else if (direction[i] == -1.0 && close()[i] > upper[i])
            direction[i] = 1.0;
        }
        line.push_back(bar < n ? nan : direction[i] == 1.0 ? lower[i] : upper[i]);
      }
      expect_equal("supertrend", {static_cast<double>(n), k}, 0, [&](int bar) { return at(line, bar); });
      expect_equal("supertrend", {static_cast<double>(n), k}, 1, [&](int bar) { return at(direction, bar); });
      EXPECT_GT(std::count(direction.begin(), direction.end(), -1.0), 10);
      EXPECT_GT(std::count(direction.begin(), direction.end(), 1.0), 10);
    }
  }
}

}  // namespace
}  // namespace quern::test
