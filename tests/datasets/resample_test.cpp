#include <gtest/gtest.h>

#include "datasets/dataset_file.hpp"
#include "host/base/error.hpp"

namespace quern {
namespace {

constexpr std::int64_t hour = ns_per_hour;
constexpr std::int64_t start = 1704067200 * ns_per_second;  // Monday 2024-01-01T00:00:00Z

PriceRows rows_at(const std::vector<std::int64_t>& times) {
  PriceRows rows;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto n = static_cast<double>(i);
    rows.time.push_back(times[i]);
    rows.open.push_back(100 + n);
    rows.high.push_back(102 + n);
    rows.low.push_back(98 + n);
    rows.close.push_back(100.5 + n);
    rows.volume.push_back(1 + n);
  }
  return rows;
}

PriceRows hours(std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < count; ++i) times.push_back(first + static_cast<std::int64_t>(i) * hour);
  return rows_at(times);
}

// Nine hours from 02:00: the bucket of 00:00 is cut by the start, that of 08:00 is not complete.
TEST(Resample, AlignsToTheEpochAndDropsCutBuckets) {
  auto rows = hours(start + 2 * hour, 9);
  rows.high[3] = 109;
  rows.low[4] = 90;
  const auto result = resample(rows, hour, 4 * hour);
  ASSERT_EQ(result.size(), 1u);
  EXPECT_EQ(result.time[0], start + 4 * hour);
  EXPECT_EQ(result.open[0], 102);
  EXPECT_EQ(result.high[0], 109);
  EXPECT_EQ(result.low[0], 90);
  EXPECT_EQ(result.close[0], 105.5);
  EXPECT_EQ(result.volume[0], 3 + 4 + 5 + 6);
}

TEST(Resample, KeepsCompleteBucketsAtBothEnds) {
  EXPECT_EQ(resample(hours(start, 8), hour, 4 * hour).size(), 2u);
  EXPECT_EQ(resample(hours(start, 7), hour, 4 * hour).size(), 1u);
  EXPECT_EQ(resample(hours(start + hour, 7), hour, 4 * hour).size(), 1u);
  EXPECT_EQ(resample(hours(start + hour, 3), hour, 4 * hour).size(), 0u);
  EXPECT_EQ(resample(PriceRows{}, hour, 4 * hour).size(), 0u);
  EXPECT_EQ(resample(hours(start, 5), hour, hour).open, hours(start, 5).open);
}

TEST(Resample, MakesBarsOfTheRowsThatAreThere) {
  // 0, 1, [2 3 missing], [4..7 missing], 9, 11: the last bucket is closed by the row at 11.
  const auto result = resample(rows_at({start, start + hour, start + 9 * hour, start + 11 * hour}), hour, 4 * hour);
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(result.time[0], start);
  EXPECT_EQ(result.close[0], 101.5);
  EXPECT_EQ(result.time[1], start + 8 * hour);
  EXPECT_EQ(result.open[1], 102);
}

TEST(Resample, WeeksBeginOnMonday) {
  std::vector<std::int64_t> days;
  for (int i = -3; i < 15; ++i) days.push_back(start + i * ns_per_day);
  const auto result = resample(rows_at(days), ns_per_day, 7 * ns_per_day);
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(result.time[0], start);
  EXPECT_EQ(result.time[1], start + 7 * ns_per_day);
  EXPECT_EQ(result.open[0], 103);
}

TEST(Resample, RefusesWhatIsNoMultiple) {
  EXPECT_THROW(resample(hours(start, 5), 2 * hour, hour), BadRequest);
  EXPECT_THROW(resample(hours(start, 5), 2 * hour, 3 * hour), BadRequest);
  EXPECT_THROW(resample(hours(start, 5), 3 * ns_per_day, 7 * ns_per_day), BadRequest);
}

}  // namespace
}  // namespace quern
