#include "datasets/synth.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "datasets/verify.hpp"
#include "host/base/error.hpp"
#include "kernels/base/random.hpp"

namespace quern {
namespace {

TEST(Philox, GivesThePublishedWords) {
  const auto zero = philox4x32({{0, 0, 0, 0}}, {{0, 0}});
  EXPECT_EQ(zero.word[0], 0x6627e8d5u);
  EXPECT_EQ(zero.word[1], 0xe169c58du);
  EXPECT_EQ(zero.word[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.word[3], 0x9b00dbd8u);
  const auto ones = philox4x32({{~0u, ~0u, ~0u, ~0u}}, {{~0u, ~0u}});
  EXPECT_EQ(ones.word[0], 0x408f276du);
  EXPECT_EQ(ones.word[1], 0x41c83b0eu);
  EXPECT_EQ(ones.word[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.word[3], 0x6d5451fdu);
}

TEST(Philox, UniformNumbersAreStrictlyInside) {
  EXPECT_EQ(uniform_open(0, 0), 0x1p-53);
  EXPECT_EQ(uniform_open(~0u, ~0u), 1.0 - 0x1p-53);
}

TEST(Synth, IsAFunctionOfItsOptions) {
  SynthOptions options;
  options.bars = 500;
  const auto a = synth_candles(options), b = synth_candles(options);
  EXPECT_EQ(a.open, b.open);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.volume, b.volume);
  options.seed = 2;
  EXPECT_NE(synth_candles(options).close, a.close);
  options.seed = 1;
  options.bars = 300;  // a shorter series is the beginning of a longer one
  const auto shorter = synth_candles(options);
  EXPECT_TRUE(std::equal(shorter.close.begin(), shorter.close.end(), a.close.begin()));
}

TEST(Synth, MakesCandlesWithoutAProblem) {
  for (const double tick : {0.01, 0.05, 1.0}) {
    for (const std::int64_t duration : {ns_per_minute, ns_per_hour, ns_per_day}) {
      SynthOptions options;
      options.bars = 5000;
      options.tick = *tick_from(tick);
      options.duration = duration;
      const auto rows = synth_candles(options);
      ASSERT_EQ(rows.size(), 5000u);
      const auto report = verify_rows(rows, duration, options.tick);
      EXPECT_TRUE(report.problems.empty()) << report.problems.front();
      for (const auto& notice : report.notices) EXPECT_EQ(notice.find("rounded"), std::string::npos) << notice;
      std::size_t rounded = 1;
      EXPECT_EQ(to_candles(rows, timeframe_name(duration), options.tick, &rounded).size(), rows.size());
      EXPECT_EQ(rounded, 0u);
    }
  }
}

TEST(Synth, HasTheVolatilityAskedForAndClustersIt) {
  SynthOptions options;
  options.bars = 200000;
  options.duration = 5 * ns_per_minute;
  const auto rows = synth_candles(options);
  std::vector<double> returns;
  for (std::size_t i = 1; i < rows.size(); ++i) returns.push_back(std::log(rows.close[i] / rows.close[i - 1]));
  double square = 0.0;
  for (const double r : returns) square += r * r;
  square /= static_cast<double>(returns.size());
  const double yearly = std::sqrt(square * 365.0 * 24.0 * 12.0);
  EXPECT_GT(yearly, 0.35);
  EXPECT_LT(yearly, 1.4);
  // Squared returns of neighbours go together, returns do not; tails are fat.
  double together = 0.0, plain = 0.0, fourth = 0.0, variance_of_squares = 0.0;
  for (std::size_t i = 0; i < returns.size(); ++i) {
    const double centred = returns[i] * returns[i] - square;
    variance_of_squares += centred * centred;
    fourth += returns[i] * returns[i] * returns[i] * returns[i];
    if (i == 0) continue;
    together += centred * (returns[i - 1] * returns[i - 1] - square);
    plain += returns[i] * returns[i - 1];
  }
  EXPECT_GT(together / variance_of_squares, 0.03);
  EXPECT_LT(std::fabs(plain / (square * static_cast<double>(returns.size()))), 0.05);
  EXPECT_GT(fourth / static_cast<double>(returns.size()) / (square * square), 4.0);
}

// With a continuous path the mean range of a driftless bar is sqrt(8/pi) = 1.6 standard deviations; without the bridge
// it would be markedly less.
TEST(Synth, RangesAreThoseOfAContinuousPath) {
  SynthOptions options;
  options.bars = 100000;
  options.duration = ns_per_minute;
  options.price = 1e6;
  options.steps = 4;
  const auto rows = synth_candles(options);
  double range = 0.0, change = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    range += std::log(rows.high[i] / rows.low[i]);
    change += std::fabs(std::log(rows.close[i] / rows.open[i]));
  }
  EXPECT_NEAR(range / change, 2.0, 0.05);  // sqrt(8/pi) / sqrt(2/pi)
}

TEST(Synth, RefusesImpossibleOptions) {
  const auto with = [](auto change) {
    SynthOptions options;
    change(options);
    return [options] { synth_candles(options); };
  };
  EXPECT_THROW(with([](auto& o) { o.bars = 0; })(), BadRequest);
  EXPECT_THROW(with([](auto& o) { o.start += 1; })(), BadRequest);
  EXPECT_THROW(with([](auto& o) { o.price = 0.001; })(), BadRequest);
  EXPECT_THROW(with([](auto& o) { o.volatility = -1; })(), BadRequest);
  EXPECT_THROW(with([](auto& o) { o.steps = 1; })(), BadRequest);
}

}  // namespace
}  // namespace quern
