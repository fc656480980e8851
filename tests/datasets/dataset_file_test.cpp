#include "datasets/dataset_file.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include "host/base/error.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t hour = 3'600'000'000'000;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t start = 1'704'067'200'000'000'000;  // 2024-01-01T00:00:00Z, a Monday

PriceRows make_rows(std::int64_t first, std::int64_t step, int count) {
  PriceRows rows;
  for (int i = 0; i < count; ++i) {
    rows.time.push_back(first + i * step);
    rows.open.push_back(100 + i);
    rows.high.push_back(101.25 + i);
    rows.low.push_back(99.5 + i);
    rows.close.push_back(100.5 + i);
    rows.volume.push_back(i + 1);
  }
  return rows;
}

SeriesToWrite make_series(const std::string& symbol, const std::string& timeframe, int count) {
  SeriesToWrite one;
  one.instrument.symbol = symbol;
  one.timeframe = timeframe;
  one.rows = make_rows(start, *timeframe_ns(timeframe), count);
  one.source = "a.csv";
  return one;
}

void expect_equal(const PriceRows& a, const PriceRows& b) {
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.open, b.open);
  EXPECT_EQ(a.high, b.high);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.close, b.close);
  EXPECT_EQ(a.volume, b.volume);
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const BadRequest& error) {
    return error.what();
  }
  return "";
}

class DatasetFile : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             ("quern-dataset-" + std::to_string(::getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder);
    path = folder / "d.h5";
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string bytes() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& content) const { std::ofstream(path, std::ios::binary) << content; }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); }
  fs::path folder;
  std::string path;
};

TEST_F(DatasetFile, RoundTrip) {
  auto one = make_series("BTC/USDT", "1h", 70000);
  one.instrument.exchange = "binance";
  one.instrument.tick = *tick_from(0.05);
  one.instrument.lot = 0.001;
  one.instrument.has_lot = one.instrument.has_fees = true;
  one.instrument.maker_bps = 2;
  one.instrument.taker_bps = 5;
  one.funding = {{start, 0.0001}, {start + 8 * hour, -0.0002}};
  one.rows.time.back() += 2 * hour;
  write_dataset(path, {one});
  expect_equal(read_rows(path, "BTC/USDT", "1h"), one.rows);
  expect_equal(read_rows(path, "BTC/USDT", "60m"), one.rows);
  const auto info = read_dataset_info(path);
  ASSERT_EQ(info.series.size(), 1u);
  const auto& s = info.series[0];
  EXPECT_EQ(s.instrument.symbol, "BTC/USDT");
  EXPECT_EQ(s.instrument.exchange, "binance");
  EXPECT_EQ(s.instrument.tick.value, 0.05);
  EXPECT_EQ(s.instrument.tick.denominator, 20);
  EXPECT_TRUE(s.instrument.has_lot && s.instrument.has_fees && !s.instrument.has_min_notional);
  EXPECT_EQ(s.instrument.lot, 0.001);
  EXPECT_EQ(s.instrument.taker_bps, 5);
  EXPECT_EQ(s.rows, 70000u);
  EXPECT_EQ(s.source, "a.csv");
  EXPECT_GE(s.content_hash.size(), 16u);
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_EQ(s.gaps[0].missing, 2);
  EXPECT_EQ(info.funding_symbols, std::vector<std::string>{"BTC/USDT"});
  const auto funding = read_funding(path, "BTC/USDT");
  ASSERT_EQ(funding.size(), 2u);
  EXPECT_EQ(funding[1].rate, -0.0002);
  const auto first = bytes();
  fs::remove(path);
  write_dataset(path, {one});
  EXPECT_EQ(bytes(), first);
}

TEST_F(DatasetFile, ListsWithoutReadingTheColumns) {
  auto a = make_series("A", "1h", 70000), b = make_series("B", "15m", 20);
  a.funding = {{start, 0.0001}};
  write_dataset(path, {a, b});
  const auto info = read_dataset_info(path), listing = read_dataset_listing(path);
  ASSERT_EQ(listing.series.size(), 2u);
  EXPECT_EQ(listing.funding_symbols, info.funding_symbols);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(listing.series[i].instrument.symbol, info.series[i].instrument.symbol);
    EXPECT_EQ(listing.series[i].timeframe, info.series[i].timeframe);
    EXPECT_EQ(listing.series[i].rows, info.series[i].rows);
    EXPECT_EQ(listing.series[i].first, info.series[i].first);
    EXPECT_EQ(listing.series[i].last, info.series[i].last);
    EXPECT_EQ(listing.series[i].content_hash, info.series[i].content_hash);
    EXPECT_EQ(listing.series[i].source, info.series[i].source);
  }
  EXPECT_NE(refusal([&] { read_dataset_listing(folder); }).find("folder"), std::string::npos);
}

TEST_F(DatasetFile, ReplacesOneSeriesAndKeepsTheOthers) {
  auto a = make_series("A", "1h", 10), b = make_series("B", "1h", 20), day_series = make_series("A", "1d", 5);
  a.funding = {{start, 0.0001}};
  a.instrument.has_lot = true;
  a.instrument.lot = 0.5;
  write_dataset(path, {a, b, day_series});
  auto next = make_series("A", "1h", 30);
  next.instrument.tick = *tick_from(0.25);
  write_dataset(path, {next});
  EXPECT_EQ(files(), 1);
  expect_equal(read_rows(path, "A", "1h"), next.rows);
  expect_equal(read_rows(path, "A", "1d"), day_series.rows);
  expect_equal(read_rows(path, "B", "1h"), b.rows);
  EXPECT_EQ(read_funding(path, "A").size(), 1u);
  EXPECT_TRUE(read_funding(path, "B").empty());
  const auto info = read_dataset_info(path);
  ASSERT_EQ(info.series.size(), 3u);
  EXPECT_EQ(info.series[0].timeframe, "1h");
  EXPECT_EQ(info.series[1].timeframe, "1d");
  EXPECT_EQ(info.series[1].instrument.tick.value, 0.25);
  EXPECT_EQ(info.series[1].instrument.lot, 0.5);

  SeriesToWrite only_funding;
  only_funding.instrument.symbol = "A";
  only_funding.funding = {{start, 0.1}, {start + hour, 0.2}};
  write_dataset(path, {only_funding});
  EXPECT_EQ(read_funding(path, "A").size(), 2u);
  EXPECT_EQ(read_dataset_info(path).series[0].instrument.tick.value, 0.25);
  EXPECT_NE(refusal([&] { read_rows(path, "A", "4h"); }).find("A 1d"), std::string::npos);
  EXPECT_NE(refusal([&] { read_funding(path, "C"); }), "");
}

TEST_F(DatasetFile, RefusesWhatIsNoDataset) {
  EXPECT_NE(refusal([&] { read_dataset_info(path); }).find("does not exist"), std::string::npos);
  put("time,open,high,low,close,volume\n");
  EXPECT_NE(refusal([&] { read_rows(path, "A", "1h"); }).find("no HDF5 file"), std::string::npos);
  EXPECT_NE(refusal([&] { write_dataset(path, {make_series("A", "1h", 3)}); }), "");
  EXPECT_EQ(bytes(), "time,open,high,low,close,volume\n");
  EXPECT_NE(refusal([&] { read_dataset_info(folder); }).find("folder"), std::string::npos);
}

TEST_F(DatasetFile, RefusesATruncatedFile) {
  write_dataset(path, {make_series("A", "1h", 3000)});
  const auto whole = bytes();
  EXPECT_EQ(read_rows(path, "A", "1h").size(), 3000u);
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, whole.size() / 2, whole.size() - 1}) {
    put(whole.substr(0, size));
    EXPECT_NE(refusal([&] { read_rows(path, "A", "1h"); }).find(path), std::string::npos) << size;
    EXPECT_NE(refusal([&] { read_dataset_info(path); }), "") << size;
    EXPECT_NE(refusal([&] { write_dataset(path, {make_series("B", "1h", 3)}); }), "") << size;
    EXPECT_EQ(bytes().size(), size);
    EXPECT_EQ(files(), 1);
  }
}

TEST_F(DatasetFile, AFlippedByteIsRefusedOrWithoutEffect) {
  const auto one = make_series("A", "1h", 3000);
  write_dataset(path, {one});
  const auto whole = bytes();
  expect_equal(read_rows(path, "A", "1h"), one.rows);
  int refused = 0, harmless = 0;
  for (std::size_t at = 0; at < whole.size(); at += 61) {
    auto flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    put(flipped);
    try {
      expect_equal(read_rows(path, "A", "1h"), one.rows);
      ++harmless;
    } catch (const BadRequest&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, harmless);  // columns are most of the file
}

TEST_F(DatasetFile, AFailedWriteLeavesNothing) {
  EXPECT_THROW(write_dataset(folder / "none" / "d.h5", {make_series("A", "1h", 3)}), BadRequest);
  auto bad = make_series("A", "1h", 3);
  bad.rows.time[2] = bad.rows.time[1];
  EXPECT_NE(refusal([&] { write_dataset(path, {bad}); }).find("ascend"), std::string::npos);
  bad = make_series("A", "1h", 3);
  bad.rows.close.pop_back();
  EXPECT_NE(refusal([&] { write_dataset(path, {bad}); }).find("length"), std::string::npos);
  EXPECT_NE(refusal([&] { write_dataset(path, {SeriesToWrite{}}); }), "");
  EXPECT_EQ(files(), 0);
}

TEST_F(DatasetFile, ADiskThatIsFullLeavesTheEarlierFile) {
  const auto one = make_series("A", "1h", 3000);
  write_dataset(path, {one});
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{20000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_dataset(path, {make_series("B", "1h", 70000)}), Failure);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(files(), 1);
  expect_equal(read_rows(path, "A", "1h"), one.rows);
}

TEST(Timeframes, Names) {
  for (const char* name : {"1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"})
    EXPECT_EQ(timeframe_name(timeframe_ns(name).value()), name);
  EXPECT_EQ(timeframe_ns("90m"), 90 * hour / 60);
  for (const char* name : {"", "h", "0h", "-1h", "1M", "1.5h", "1 h", "999999999w"}) EXPECT_FALSE(timeframe_ns(name)) << name;
}

TEST(Resample, DropsTheCutFirstAndTheOpenLastBucket) {
  const auto out = resample(make_rows(start + 2 * hour, hour, 9), hour, 4 * hour);  // 02:00 to 10:00
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out.time[0], start + 4 * hour);
  EXPECT_EQ(out.open[0], 102);
  EXPECT_EQ(out.high[0], 106.25);
  EXPECT_EQ(out.low[0], 101.5);
  EXPECT_EQ(out.close[0], 105.5);
  EXPECT_EQ(out.volume[0], 3 + 4 + 5 + 6);
}

TEST(Resample, MakesABucketOfTheRowsItHas) {
  auto rows = make_rows(start, hour, 8);
  rows.time[2] = start + 3 * hour;  // 02:00 is missing; then 04:00 to 08:00
  for (int i = 3; i < 8; ++i) rows.time[i] = start + (i + 1) * hour;
  const auto out = resample(rows, hour, 4 * hour);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out.volume[0], 1 + 2 + 3);
  EXPECT_EQ(out.close[1], 106.5);
}

TEST(Resample, WeeksBeginOnMonday) {
  const auto out = resample(make_rows(start - 2 * day, day, 16), day, 7 * day);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out.time[0], start);
  EXPECT_EQ(out.time[1], start + 7 * day);
  EXPECT_THROW(resample(make_rows(start, 2 * hour, 3), 2 * hour, 3 * hour), BadRequest);
}

TEST(Ticks, FromADecimal) {
  EXPECT_EQ(tick_from(0.05)->numerator, 1);
  EXPECT_EQ(tick_from(0.05)->denominator, 20);
  EXPECT_EQ(tick_from(2.5)->numerator, 5);
  EXPECT_EQ(tick_from(10)->numerator, 10);
  EXPECT_EQ(tick_from(1e-12)->denominator, 1e12);
  EXPECT_EQ(tick_from(1e-12)->value, 1e-12);
  for (const double bad : {0.0, -1.0, 1e-14, std::numeric_limits<double>::infinity(), std::nan("")}) EXPECT_FALSE(tick_from(bad));
}

TEST(Ticks, Detected) {
  auto rows = make_rows(start, hour, 3);
  EXPECT_EQ(detect_tick(rows)->value, 0.01);
  rows.close[1] = 0.00001234;
  EXPECT_EQ(detect_tick(rows)->value, 1e-8);
  rows.close[1] = 0.000000001;
  EXPECT_FALSE(detect_tick(rows));
  rows.open = rows.high = rows.low = rows.close = {50, 60, 70};
  EXPECT_EQ(detect_tick(rows)->value, 1);
}

TEST(ToCandles, TicksAndErrors) {
  auto rows = make_rows(start, hour, 2);
  std::size_t rounded = 0;
  auto candles = to_candles(rows, "1h", *tick_from(0.01), &rounded);
  EXPECT_EQ(rounded, 0u);
  EXPECT_EQ(candles.high[1], 10225);
  EXPECT_EQ(candles.high_price[1], 102.25);
  EXPECT_EQ(candles.duration, hour);
  candles = to_candles(rows, "1h", *tick_from(0.5), &rounded);
  EXPECT_EQ(rounded, 2u);
  EXPECT_EQ(candles.high[0], 203);
  rows.open[1] = 1600000000.25;
  const auto large = refusal([&] { to_candles(rows, "1h", *tick_from(0.01), nullptr); });
  EXPECT_NE(large.find("Row 2"), std::string::npos);
  EXPECT_NE(large.find("1600000000.25"), std::string::npos);
  EXPECT_NE(large.find("coarser tick"), std::string::npos);
  rows.open[1] = 0.001;
  EXPECT_NE(refusal([&] { to_candles(rows, "1h", *tick_from(0.01), nullptr); }).find("finer tick"), std::string::npos);
  EXPECT_NE(refusal([&] { to_candles(rows, "1x", *tick_from(0.01), nullptr); }), "");
}

}  // namespace
}  // namespace quern
