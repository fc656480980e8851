#include "datasets/verify.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace quern {
namespace {

constexpr std::int64_t hour = ns_per_hour;
constexpr std::int64_t start = 1704067200 * ns_per_second;  // 2024-01-01T00:00:00Z

PriceRows clean(std::size_t count) {
  PriceRows rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.time.push_back(start + static_cast<std::int64_t>(i) * hour);
    rows.open.push_back(100);
    rows.high.push_back(102);
    rows.low.push_back(98);
    rows.close.push_back(101);
    rows.volume.push_back(5);
  }
  return rows;
}

bool has(const std::vector<std::string>& lines, const std::string& part) {
  for (const auto& line : lines)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

TEST(Verify, SaysNothingOfACleanSeries) {
  const auto report = verify_rows(clean(100), hour, tick_from(1.0));
  EXPECT_TRUE(report.problems.empty());
  EXPECT_TRUE(report.notices.empty());
}

TEST(Verify, ACloseOneTickBeyondTheExtremesIsANotice) {
  auto rows = clean(12);
  rows.close[3] = 102.01;
  rows.close[5] = 97.99;
  auto report = verify_rows(rows, hour, tick_from(0.01));
  EXPECT_TRUE(report.problems.empty());
  EXPECT_TRUE(has(report.notices, "2 closes are one tick beyond the high or low of the bar, first row 4"));
  rows.close[3] = 102.02;
  report = verify_rows(rows, hour, tick_from(0.01));
  EXPECT_TRUE(has(report.problems, "row 4 (2024-01-01T03:00:00Z): high 102 is below close 102.02"));
  EXPECT_EQ(report.problems.size(), 1u);
}

TEST(Verify, NamesEveryProblemAtOnce) {
  auto rows = clean(12);
  rows.time[2] = rows.time[1];
  rows.time[4] = start + 1 * hour;
  rows.time[6] += ns_per_second;
  rows.high[7] = 99;
  rows.low[8] = 100.5;
  rows.close[9] = -1;
  rows.open[10] = std::numeric_limits<double>::quiet_NaN();
  rows.volume[11] = -3;
  const auto report = verify_rows(rows, hour);
  EXPECT_TRUE(has(report.problems, "row 3 (2024-01-01T01:00:00Z) has the time of row 2"));
  EXPECT_TRUE(has(report.problems, "row 5 (2024-01-01T01:00:00Z) is earlier than row 4"));
  EXPECT_TRUE(has(report.problems, "row 7 (2024-01-01T06:00:01Z) is off the grid of 1h"));
  EXPECT_TRUE(has(report.problems, "row 8 (2024-01-01T07:00:00Z): high 99 is below open 100"));
  EXPECT_TRUE(has(report.problems, "row 8 (2024-01-01T07:00:00Z): high 99 is below close 101"));
  EXPECT_TRUE(has(report.problems, "row 9 (2024-01-01T08:00:00Z): low 100.5 is above open 100"));
  EXPECT_TRUE(has(report.problems, "row 10 (2024-01-01T09:00:00Z): close -1 is not positive"));
  EXPECT_TRUE(has(report.problems, "row 11 (2024-01-01T10:00:00Z): open nan is no number"));
  EXPECT_TRUE(has(report.problems, "row 12 (2024-01-01T11:00:00Z): volume -3 is negative"));
  EXPECT_EQ(report.problems.size(), 9u);
}

TEST(Verify, NoticesGapsAndSilenceAndSuspiciousPrints) {
  auto rows = clean(40);
  for (std::size_t i = 10; i < rows.size(); ++i) rows.time[i] += 3 * hour;
  rows.volume[4] = 0;
  rows.volume[5] = 0;
  rows.low[20] = 1;
  for (auto* column : {&rows.open, &rows.high, &rows.low, &rows.close}) (*column)[30] += 500;
  const auto report = verify_rows(rows, hour);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_TRUE(has(report.notices, "gap after row 10 (2024-01-01T09:00:00Z): 3 bars missing until 2024-01-01T13:00:00Z"));
  EXPECT_TRUE(has(report.notices, "2 of 40 bars have no volume (first: row 5"));
  EXPECT_TRUE(has(report.notices, "row 21 (2024-01-01T23:00:00Z): range 101"));
  EXPECT_TRUE(has(report.notices, "row 31 (2024-01-02T09:00:00Z): open 600"));
  EXPECT_TRUE(has(report.notices, "row 32 (2024-01-02T10:00:00Z): open 100"));
}

TEST(Verify, CountsPricesThatTheTickRounds) {
  auto rows = clean(4);
  rows.open[1] = 100.03;
  rows.close[3] = 100.02;
  const auto report = verify_rows(rows, hour, tick_from(0.1));
  EXPECT_TRUE(report.problems.empty());
  EXPECT_TRUE(has(report.notices, "2 of 16 prices rounded"));
  EXPECT_TRUE(has(report.notices, "first: row 2 (2024-01-01T01:00:00Z), open 100.03"));
  EXPECT_TRUE(has(verify_rows(rows, hour, tick_from(500.0)).problems, "low 98 is 0 ticks of 500; give a finer tick"));
  rows.high[0] = 1e9;
  EXPECT_TRUE(has(verify_rows(rows, hour, tick_from(0.1)).problems, "high 1000000000 is more than 2147483647 ticks of 0.1; give a coarser tick"));
}

TEST(Verify, ListsTwentyOfAKindAndCountsTheRest) {
  auto rows = clean(1000);
  for (double& price : rows.low) price = -1;
  const auto report = verify_rows(rows, hour);
  EXPECT_EQ(report.problems.size(), 21u);
  EXPECT_EQ(report.problems.back().substr(0, 8), "980 more");
}

TEST(Verify, WeeksBeginOnMonday) {
  auto rows = clean(3);
  for (std::size_t i = 0; i < 3; ++i) rows.time[i] = start + static_cast<std::int64_t>(i) * 7 * ns_per_day;
  EXPECT_TRUE(verify_rows(rows, 7 * ns_per_day).problems.empty());
  for (auto& time : rows.time) time += 3 * ns_per_day;
  EXPECT_EQ(verify_rows(rows, 7 * ns_per_day).problems.size(), 3u);
}

TEST(Verify, SurvivesNothing) {
  EXPECT_EQ(verify_rows(PriceRows{}, hour).problems.size(), 1u);
  auto rows = clean(3);
  rows.low.pop_back();
  EXPECT_EQ(verify_rows(rows, hour).problems.size(), 1u);
}

}  // namespace
}  // namespace quern
