#include "datasets/import.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <unistd.h>

#include "datasets/dataset_file.hpp"
#include "datasets/import_parts.hpp"
#include "host/base/error.hpp"
#include "host/base/time.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;

class Import : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("quern_import_" + std::to_string(::getpid()) + "_" +
                                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  ImportOptions options(std::vector<std::string> files) {
    ImportOptions result;
    result.files = std::move(files);
    result.symbol = "TEST";
    result.timeframe = "1h";
    result.output = (folder_ / "out.h5").string();
    return result;
  }
  // Runs an import that must be refused, and returns what is said.
  std::string refusal(const ImportOptions& options) {
    const bool before = fs::exists(options.output);
    try {
      import_candles(options);
    } catch (const BadRequest& error) {
      EXPECT_EQ(fs::exists(options.output), before);
      return error.what();
    }
    ADD_FAILURE() << "was not refused";
    return {};
  }
  PriceRows stored() { return read_rows((folder_ / "out.h5").string(), "TEST", "1h"); }
  std::string stored_hash(const std::string& path) { return read_dataset_info(path).series.at(0).content_hash; }

  fs::path folder_;
};

std::string all(const ImportReport& report) {
  std::string text;
  for (const auto& line : report.lines) text += line + "\n";
  return text;
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_SILENT(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

const std::string header = "open_time,open,high,low,close,volume\n";
constexpr std::int64_t start = 1704067200'000'000'000, hour = 3600'000'000'000;

TEST_F(Import, R003_identical_duplicate) {
  const auto report = import_candles(options({file("R003.csv", header + "1704067200000,100,101,99,100,5\n"
      "1704070800000,100,102,100,101,6\n1704074400000,101,101,100,100,4\n1704078000000,100,100,99,99,3\n"
      "1704078000000,100,100,99,99,3\n")}));
  EXPECT_EQ(report.rows, 4u);
  EXPECT_EQ(report.duplicates, 1u);
  EXPECT_SAYS(all(report), "1 identical duplicate merged (row 6 of R003.csv, the same as row 5)");
}

TEST_F(Import, R004_newest_first) {
  const std::string rows[3] = {"1704067200000,100,102,99,101,5\n", "1704070800000,101,103,100,102,6\n", "1704074400000,102,104,101,103,7\n"};
  auto down = options({file("R004.csv", header + rows[2] + rows[1] + rows[0])});
  auto up = options({file("R004.sorted.csv", header + rows[0] + rows[1] + rows[2])});
  up.output = (folder_ / "sorted.h5").string();
  EXPECT_SAYS(all(import_candles(down)), "reversed");
  EXPECT_SILENT(all(import_candles(up)), "reversed");
  EXPECT_EQ(stored_hash(down.output), stored_hash(up.output));
  EXPECT_EQ(stored().time.at(0), start);
}

TEST_F(Import, R005_backwards_and_empty_time) {
  const auto text = refusal(options({file("R005.csv", header + "1704070800000,100,101,99,100,5\n1704067200000,99,100,98,100,5\n"
      "1704074400000,100,101,99,100,5\n,100,101,99,100,5\n1704081600000,100,101,99,100,5\n")}));
  EXPECT_SAYS(text, "row 3: time goes backwards");
  EXPECT_SAYS(text, "row 5: the time is empty");
}

TEST_F(Import, R007_clocks_put_back) {
  const std::string rows[5] = {"2024-11-03 00:00:00,10,11,9,10,1\n", "2024-11-03 01:00:00,10,12,10,11,2\n",
                               "2024-11-03 01:00:00,11,13,11,12,3\n", "2024-11-03 02:00:00,12,13,11,12,4\n",
                               "2024-11-03 03:00:00,12,12,11,11,5\n"};
  auto ask = options({file("R007.csv", "time,open,high,low,close,volume\n" + rows[0] + rows[1] + rows[2] + rows[3] + rows[4])});
  EXPECT_SAYS(refusal(ask), "--tz");
  ask.tz = "America/New_York";
  EXPECT_EQ(import_candles(ask).rows, 5u);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(stored().time.at(i), 1730606400'000'000'000 + i * hour);
    EXPECT_EQ(stored().volume.at(i), i + 1);
  }
  auto down = options({file("down.csv", "time,open,high,low,close,volume\n" + rows[4] + rows[3] + rows[2] + rows[1] + rows[0])});
  down.tz = ask.tz;
  down.replace = true;
  import_candles(down);
  EXPECT_EQ(stored().volume.at(1), 2);
  auto gap = options({file("spring.csv", "time,open,high,low,close,volume\n2024-03-10 01:00,1,1,1,1,1\n2024-03-10 02:00,1,1,1,1,1\n")});
  gap.tz = ask.tz;
  gap.replace = true;
  EXPECT_SAYS(refusal(gap), "row 3: 2024-03-10T02:00:00 does not exist in America/New_York");
  gap.tz = "Mars/Olympus";
  EXPECT_SAYS(refusal(gap), "Mars/Olympus");
}

TEST_F(Import, R009_cut_series_is_resampled_on_the_epoch) {
  std::string text = header;
  for (int i = 0; i < 9; ++i) text += std::to_string(1704074400000 + i * 3600000LL) + ",100,101,99,100,1\n";
  EXPECT_EQ(import_candles(options({file("R009.csv", text)})).rows, 9u);
  const PriceRows four = resample(stored(), hour, 4 * hour);
  ASSERT_GE(four.size(), 1u);
  EXPECT_EQ(four.time.at(0), start + 4 * hour);
}

TEST_F(Import, R010_unfinished_last_candle) {
  const std::string first = "1704067200000,100,101,99,100,30\n1704070800000,100,102,100,101,35\n1704074400000,101,101,101,101,1.25\n";
  const std::string next = "1704074400000,101,105,100,104,40\n1704078000000,104,106,103,105,33\n";
  auto ask = options({file("R010.csv", header + first), file("R010.next.csv", header + next)});
  const auto report = import_candles(ask);
  EXPECT_EQ(report.rows, 4u);
  EXPECT_EQ(report.replaced, 1u);
  EXPECT_SAYS(all(report), "R010.next.csv row 2 replaces R010.csv row 4");
  EXPECT_SAYS(all(report), "volume 1.25 -> 40");
  EXPECT_EQ(stored().volume.at(2), 40);
  // The order of the names does not matter; --update does the same to a stored series.
  std::swap(ask.files[0], ask.files[1]);
  EXPECT_SAYS(refusal(ask), "--update");
  ask.replace = true;
  EXPECT_EQ(import_candles(ask).replaced, 1u);
  auto old = options({file("R010.csv", header + first)});
  old.replace = true;
  import_candles(old);
  auto update = options({file("R010.next.csv", header + next)});
  update.update = true;
  EXPECT_EQ(import_candles(update).rows, 4u);
  EXPECT_EQ(stored().volume.at(2), 40);
  // Anywhere else it is an error.
  auto other = options({file("a.csv", header + first), file("b.csv", header + "1704070800000,100,102,100,101,36\n" + next)});
  other.replace = true;
  const auto text = refusal(other);
  EXPECT_SAYS(text, "a.csv row 3");
  EXPECT_SAYS(text, "b.csv row 2");
  auto same = options({file("c.csv", header + first + "1704074400000,101,101,101,101,2\n")});
  same.replace = true;
  EXPECT_SAYS(refusal(same), "row 4 (open 101, high 101, low 101, close 101, volume 1.25) and c.csv row 5");
}

TEST_F(Import, R012_more_than_eight_decimals) {
  auto ask = options({file("R012.csv", header + "1704067200000,0.000000001234,0.000000001250,0.000000001200,0.000000001240,1\n"
                                                "1704070800000,0.000000001240,0.000000001260,0.000000001230,0.000000001250,1\n")});
  EXPECT_SAYS(refusal(ask), "--tick");
  ask.tick = 1e-12;
  const auto report = import_candles(ask);
  EXPECT_EQ(report.rounded, 0u);
  EXPECT_EQ(to_candles(stored(), "1h", report.instrument.tick, nullptr).open, (std::vector<std::int32_t>{1234, 1240}));
}

TEST_F(Import, R014_thousands_separators) {
  const std::string names = "time,open,high,low,close,volume\n";
  import_candles(options({file("R014.csv", names +
      "2024-01-01T00:00:00Z,\"41,234.50\",\"41,500.00\",\"41,000.00\",\"41,300.25\",\"1,234,567\"\n"
      "2024-01-01T01:00:00Z,\"41,300.25\",\"41,400.00\",\"41,100.00\",\"41,200.00\",\"987,654\"\n")}));
  EXPECT_EQ(stored().open.at(0), 41234.5);
  EXPECT_EQ(stored().volume.at(0), 1234567);
  auto comma = options({file("comma.csv", "time;open;high;low;close;volume\n2024-01-01T00:00:00Z;41234,50;41500;41000;41300,25;12\n")});
  comma.replace = true;
  const auto text = refusal(comma);
  EXPECT_SAYS(text, "row 2: column 'open'");
  EXPECT_SAYS(text, "decimal comma");
  auto semicolon = options({file("semi.csv", "\xef\xbb\xbftime;open;high;low;close;volume\r\n2024-01-01T00:00:00Z;41234.5;41500;41000;41300;12\r\n")});
  semicolon.replace = true;
  EXPECT_EQ(import_candles(semicolon).rows, 1u);
}

TEST_F(Import, R016_no_candle_rows) {
  EXPECT_SAYS(refusal(options({file("empty.csv", "")})), "no candle rows");
  EXPECT_SAYS(refusal(options({file("R016.csv", header)})), "no candle rows");
  EXPECT_SAYS(refusal(options({(folder_ / "absent.csv").string()})), "Cannot open");
  EXPECT_SAYS(refusal(options({file("page.csv", "<!DOCTYPE html><html></html>")})), "web page");
  EXPECT_SAYS(refusal(options({file("cut.csv.gz", "\x1f\x8b\x08broken")})), "cannot be unpacked");
}

TEST_F(Import, R019_columns_by_name) {
  const auto report = import_candles(options({file("R019.csv", "timestamp,close,open,low,high,trades,vol\n"
      "1704067200000,102,100,98,103,55,7\n1704070800000,101,102,100,104,44,8\n")}));
  EXPECT_SAYS(all(report), "columns ignored: trades");
  EXPECT_EQ(stored().open.at(0), 100);
  EXPECT_EQ(stored().high.at(0), 103);
  EXPECT_EQ(stored().low.at(0), 98);
  EXPECT_EQ(stored().close.at(0), 102);
  EXPECT_EQ(stored().volume.at(0), 7);
  auto missing = options({file("R019.missing.csv", "timestamp,open,high,close,volume\n1704067200000,100,103,102,7\n")});
  missing.replace = true;
  const auto text = refusal(missing);
  EXPECT_SAYS(text, "column 'low' is missing; found timestamp, open, high, close, volume");
  EXPECT_SAYS(text, "--columns");
}

TEST_F(Import, R020_broken_bars) {
  const auto text = refusal(options({file("R020.csv", header + "1704067200000,100,102,99,101,5\n1704070800000,100,99,98,101,5\n"
      "1704074400000,100,103,101,102,5\n1704078000000,100,103,-1,102,5\n1704081600000,0,103,0,102,5\n")}));
  EXPECT_SAYS(text, "row 3: high 99 is below open 100, high 99 is below close 101");
  EXPECT_SAYS(text, "row 4: low 101 is above open 100");
  EXPECT_SAYS(text, "row 5: low -1 is not above 0");
  EXPECT_SAYS(text, "row 6: open 0 is not above 0");
}

TEST_F(Import, R021_other_order_without_header) {
  auto ask = options({file("R021.csv", "1704067200000,100,101,105,98,5\n1704070800000,101,99,103,97,5\n1704074400000,99,104,106,99,5\n")});
  const auto text = refusal(ask);
  EXPECT_SAYS(text, "3 of 3 rows");
  EXPECT_SAYS(text, "--columns time,open,close,high,low,volume");
  ask.columns = "time,open,close,high,low,volume";
  EXPECT_EQ(import_candles(ask).rows, 3u);
  EXPECT_EQ(stored().close.at(0), 101);
  EXPECT_EQ(stored().high.at(0), 105);
  EXPECT_EQ(stored().low.at(0), 98);
}

TEST_F(Import, R022_seconds_with_decimals) {
  const auto report = import_candles(options({file("R022.csv", "time,open,high,low,close,volume\n1704067200.0,100,102,99,101,5\n"
      "1704070800,101,103,100,102,6\n1704074400.000,102,104,101,103,7\n")}));
  EXPECT_EQ(stored().time, (std::vector<std::int64_t>{start, start + hour, start + 2 * hour}));
  EXPECT_SILENT(all(report), "grid");
}

TEST_F(Import, R023_closing_times) {
  for (const char* end : {"999", "000"}) {
    const std::string e = end;
    auto ask = options({file("R023.csv", "time,open,high,low,close,volume\n1704070799" + e + ",100,102,99,101,5\n1704074399" + e +
                                          ",101,103,100,102,6\n1704077999" + e + ",102,104,101,103,7\n")});
    ask.replace = true;
    const auto text = refusal(ask);
    EXPECT_SAYS(text, "closing times");
    EXPECT_SAYS(text, "--stamp close");
    ask.stamp_close = true;
    import_candles(ask);
    EXPECT_EQ(stored().time, (std::vector<std::int64_t>{start, start + hour, start + 2 * hour}));
  }
}

TEST_F(Import, R024_cells_that_are_no_numbers) {
  const auto text = refusal(options({file("R024.csv", header + "1704067200000,100,102,99,101,5\n1704070800000,101,103,,102,6\n"
      "1704074400000,102,104,101,null,7\n1704078000000,nan,104,101,103,7\n1704081600000,103,-,101,103,7\n")}));
  EXPECT_SAYS(text, "row 3: column 'low' is empty");
  EXPECT_SAYS(text, "row 4: column 'close' is 'null'");
  EXPECT_SAYS(text, "row 5: column 'open' is 'nan'");
  EXPECT_SAYS(text, "row 6: column 'high' is '-'");
}

TEST_F(Import, R024_long_lists_are_cut) {
  std::string rows = header;
  for (int i = 0; i < 50; ++i) rows += std::to_string(1704067200000 + i * 3600000LL) + ",,1,1,1,1\n";
  const auto text = refusal(options({file("many.csv", rows)}));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20);
  EXPECT_SAYS(text, "and 30 more");
}

TEST_F(Import, R025_too_many_ticks) {
  auto ask = options({file("R025.csv", header + "1704067200000,1600000000.25,1601000000.50,1599000000.75,1600500000.25,0.5\n"
                                                "1704070800000,1600500000.25,1602000000.00,1600000000.00,1601000000.00,0.4\n")});
  const auto text = refusal(ask);
  EXPECT_SAYS(text, "1600000000.25");
  EXPECT_SAYS(text, "2147483647 ticks of 0.01");
  EXPECT_SAYS(text, "--tick");
  ask.tick = 1.0;
  const auto report = import_candles(ask);
  EXPECT_EQ(report.rounded, 5u);
  EXPECT_SAYS(all(report), "5 prices are no multiple of the tick 1");
  EXPECT_EQ(to_candles(stored(), "1h", report.instrument.tick, nullptr).open, (std::vector<std::int32_t>{1600000000, 1600500000}));
}

TEST_F(Import, R026_crypto_data_download) {
  const std::string banner = "https://www.CryptoDataDownload.com\n";
  const std::string rows = "unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount\n"
      "1704074400000,2024-01-01 02:00:00,BTC/USDT,42200,42300,42100,42250,9.5,401000,310\n"
      "1704070800000,2024-01-01 01:00:00,BTC/USDT,42100,42250,42050,42200,8.25,348000,290\n"
      "1704067200000,2024-01-01 00:00:00,BTC/USDT,42000,42150,41950,42100,12.5,525000,400\n";
  for (const auto& head : {banner, std::string()}) {
    auto ask = options({file("R026.csv", head + rows)});
    ask.replace = true;
    const auto report = import_candles(ask);
    EXPECT_EQ(report.rows, 3u);
    EXPECT_SAYS(all(report), "reversed");
    EXPECT_SAYS(all(report), "Volume USDT");
    EXPECT_EQ(stored().time.at(0), start);
    EXPECT_EQ(stored().volume.at(0), 12.5);
  }
  std::string old = "Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD\n";
  for (int h = 14; h >= 0; --h) {
    const std::string clock = (h % 12 == 0 ? "12" : (h % 12 < 10 ? "0" : "") + std::to_string(h % 12)) + (h < 12 ? "-AM" : "-PM");
    const std::string o = std::to_string(7200 + h);
    old += "2020-01-01 " + clock + ",BTCUSD," + o + "," + std::to_string(7210 + h) + ",7190," + o + ",24,72000\n";
  }
  for (const auto& head : {banner, std::string()}) {
    auto ask = options({file("R026.old.csv", head + old)});
    ask.replace = true;
    const auto report = import_candles(ask);
    EXPECT_SAYS(all(report), "UTC by this layout");
    EXPECT_EQ(report.rows, 15u);
    EXPECT_EQ(report.gaps, 0u);
    EXPECT_EQ(stored().open.at(0), 7200);
    EXPECT_EQ(stored().open.at(12), 7212);
    EXPECT_EQ(stored().open.at(14), 7214);
  }
}

TEST_F(Import, R027_freqtrade_json) {
  import_candles(options({file("TEST_USDT-1h.json", "[[1704067200000, 100.0, 102.0, 99.0, 101.0, 5.5], [1704070800000, 101.0, 103.0, 100.0, 102.0, 6.5], "
      "[1704074400000, 102.0, 104.0, 101.0, 103.0, 7.5], [1704078000000, 103.0, 105.0, 102.0, 102.5, 8.5]]")}));
  EXPECT_EQ(stored().close, (std::vector<double>{101, 102, 103, 102.5}));
  const auto refused = [&](const std::string& name, const std::string& text) {
    auto ask = options({file(name, text)});
    ask.output = (folder_ / "none.h5").string();
    return refusal(ask);
  };
  EXPECT_SAYS(refused("null.json", "[[1704067200000,1,1,1,1,1],[1704070800000,1,1,1,1,1],[1704074400000,null,null,null,null,null]]"), "element 2");
  EXPECT_SAYS(refused("short.json", "[[1704067200000,1,1,1,1,1],[1704070800000,1,1]]"), "element 1 has 3 values");
  const std::string rates = "[[1704067200000, 0.0001, 0, 0, 0, 0], [1704096000000, -3.21e-05, 0, 0, 0, 0]]";
  EXPECT_SAYS(refused("TEST_USDT_USDT-8h-funding_rate.json", rates), "--funding");
  EXPECT_SAYS(refused("rates.json", rates), "--funding");
  EXPECT_SAYS(refused("none.json", "[]"), "no candle rows");
  EXPECT_SAYS(refused("cut.json", "[[1704067200000,1,1,1,1,1],[17040"), "no valid JSON");
  EXPECT_SAYS(refused("error.json", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"), "Invalid symbol");
}

TEST_F(Import, Binance_klines_in_milliseconds_and_microseconds) {
  const auto report = import_candles(options({
      file("2025-01.csv", "1735689600000000,93576.00,94509.42,93489.03,94401.14,755.99,1735693199999999,71068810.5,93525,421.08,39596777.7,0\n"),
      file("2024-12.csv", "1735682400000,93000.00,94000.00,92000.00,93500.00,10.5,1735685999999,1,2,3,4,0\n"
                          "1735686000000,93500.00,94000.00,92000.00,93576.00,11.5,1735689599999,1,2,3,4,0\n")}));
  EXPECT_EQ(report.rows, 3u);
  EXPECT_EQ(report.gaps, 0u);
  EXPECT_EQ(report.instrument.tick.value, 0.01);
}

TEST_F(Import, A_last_candle_that_closes_early_is_said) {
  const std::string rows = "1735682400000,93000,94000,92000,93500,10.5,1735685999999,1,2,3,4,0\n1735686000000,93500,94000,92000,93576,1.5,";
  auto ask = options({file("api.csv", rows + "1735687000000,1,2,3,4,0\n")});
  EXPECT_SAYS(all(import_candles(ask)), "it was unfinished");
  ask.files = {file("whole.csv", rows + "1735689599999,1,2,3,4,0\n")};
  ask.replace = true;
  EXPECT_SILENT(all(import_candles(ask)), "unfinished");
}

TEST_F(Import, Update_refuses_to_change_finished_bars) {
  import_candles(options({file("a.csv", header + "1704067200000,1,1,1,1,1\n1704070800000,1,1,1,1,1\n")}));
  auto ask = options({file("b.csv", header + "1704067200000,1,2,1,1,1\n1704070800000,1,1,1,1,1\n1704074400000,1,1,1,1,1\n")});
  ask.update = true;
  const auto text = refusal(ask);
  EXPECT_SAYS(text, "out.h5 bar 0");
  EXPECT_SAYS(text, "b.csv row 2");
  EXPECT_EQ(stored().size(), 2u);
}

TEST_F(Import, Timeframe_must_fit_the_steps) {
  const std::string rows = header + "1704067200000,1,1,1,1,1\n1704070800000,1,1,1,1,1\n1704074400000,1,1,1,1,1\n";
  auto ask = options({file("hours.csv", rows)});
  ask.timeframe = "1m";
  EXPECT_SAYS(refusal(ask), "no two are closer than 1 h");
  ask.timeframe = "4h";
  EXPECT_SAYS(refusal(ask), "smallest step is 1 h");
  EXPECT_SAYS(refusal(options({file("stray.csv", rows + "1704078000123,1,1,1,1,1\n")})), "row 5: 2024-01-01T03:00:00.123Z");
}

TEST_F(Import, Time_formats) {
  using importing::parse_time;
  const auto utc = [](const char* text, const char* format = "") {
    const auto time = parse_time(text, format);
    return time ? iso_time(time->ns) + (time->has_zone ? "" : " local") : std::string("none");
  };
  EXPECT_EQ(utc("1704067200"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(utc("1704067200.5"), "2024-01-01T00:00:00.500Z");
  EXPECT_EQ(utc("1704067200000.0"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(utc("1704067200000000"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(utc("1704067200000000000"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(utc("1.7040672e12"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(utc("2024-01-01T01:00:00+01:00"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(utc("2024-01-01 00:00:00.250000 UTC"), "2024-01-01T00:00:00.250Z");
  EXPECT_EQ(utc("2024-01-01 00:00:00-0530"), "2024-01-01T05:30:00Z");
  EXPECT_EQ(utc("20240101"), "2024-01-01T00:00:00Z local");
  EXPECT_EQ(utc("20240101 15:04"), "2024-01-01T15:04:00Z local");
  EXPECT_EQ(utc("2024-01-01 12-AM"), "2024-01-01T00:00:00Z local");
  EXPECT_EQ(utc("2024-02-30"), "none");
  EXPECT_EQ(utc("60000"), "none");
  for (const char* far : {"9999-12-31", "1066-10-14", "99999999999999", "9999999999999999999", "99999999999999999999", "1e18.5", "-5"})
    EXPECT_EQ(utc(far), "none") << far;
  EXPECT_EQ(utc("1/16/2013 12:00:00 AM"), "none");
  EXPECT_EQ(utc("1/16/2013 12:00:00 AM", "%m/%d/%Y %I:%M:%S %p"), "2013-01-16T00:00:00Z local");
  EXPECT_EQ(utc("16 Jan 2013 05:06 +0200", "%d %b %Y %H:%M %z"), "2013-01-16T03:06:00Z");
}

TEST_F(Import, Funding_and_exchange_information) {
  auto ask = options({file("a.csv", header + "1704067200000,100,101,99,100.5,5\n")});
  ask.funding = file("f.csv", "calc_time,funding_interval_hours,last_funding_rate\n1704067200003,8,0.0001\n1704096000031,8,-0.00002\n");
  ask.exchange_info = file("info.json", R"({"symbols":[{"symbol":"TEST","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.10"},
      {"filterType":"LOT_SIZE","stepSize":"0.001"},{"filterType":"MIN_NOTIONAL","notional":"5"}]}]})");
  const auto report = import_candles(ask);
  EXPECT_EQ(report.instrument.tick.value, 0.1);
  EXPECT_EQ(report.instrument.lot, 0.001);
  EXPECT_EQ(report.instrument.min_notional, 5);
  const auto rates = read_funding(ask.output, "TEST");
  ASSERT_EQ(rates.size(), 2u);
  EXPECT_EQ(rates[0].time, start);
  EXPECT_EQ(rates[1].time, start + 8 * hour);
  EXPECT_EQ(rates[1].rate, -0.00002);
  ask.replace = true;
  ask.funding = file("f.json", "[{\"symbol\":\"TEST\",\"fundingTime\":1704067200003,\"fundingRate\":\"0.0003\"}]");
  EXPECT_EQ(import_candles(ask).funding_rates, 1u);
  ask.symbol = "OTHER";
  EXPECT_SAYS(refusal(ask), "has no symbol 'OTHER'");
}

TEST_F(Import, Archives) {
  const std::string text = header + "1704067200000,100,101,99,100.5,5\n1704070800000,100,101,99,100.5,5\n";
  const auto plain = file("a.csv", text);
  for (const char* make : {"gzip -k a.csv", "xz -k a.csv", "head -n 2 a.csv | gzip > a.csv.gz; tail -n 1 a.csv | gzip >> a.csv.gz",
                           "head -c 60 a.csv > b.csv; gzip b.csv; head -c 30 b.csv.gz > a.csv.gz",
                           "xz -k a.csv; head -c 60 a.csv.xz > a.csv.gz; rm a.csv.xz"}) {
    fs::remove(folder_ / "a.csv.gz");
    fs::remove(folder_ / "a.csv.xz");
    ASSERT_EQ(std::system(("cd '" + folder_.string() + "' && " + make).c_str()), 0);
    auto ask = options({(folder_ / (fs::exists(folder_ / "a.csv.gz") ? "a.csv.gz" : "a.csv.xz")).string()});
    ask.replace = true;
    if (std::strstr(make, "head -c") != nullptr) EXPECT_SAYS(refusal(ask), "cut off") << make;
    else EXPECT_EQ(import_candles(ask).rows, 2u) << make;
  }
}

TEST_F(Import, Date_and_clock_in_two_columns) {
  auto ask = options({file("mt.csv", "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>\n2024.01.01\t00:00:00\t1\t2\t1\t2\t7\n2024.01.01\t01:00:00\t1\t2\t1\t2\t7\n")});
  ask.tz = "UTC";
  EXPECT_EQ(import_candles(ask).rows, 2u);
  EXPECT_EQ(stored().time.at(1), start + hour);
  auto named = options({file("plain.csv", "2024.01.01,00:00,1,2,1,2,7\n2024.01.01,01:00,1,2,1,2,8\n")});
  named.tz = "UTC";
  named.replace = true;
  EXPECT_SAYS(refusal(named), "no header and 7 columns");
  named.columns = "date,time,open,high,low,close,volume";
  EXPECT_EQ(import_candles(named).rows, 2u);
  EXPECT_EQ(stored().volume.at(1), 8);
}

TEST_F(Import, Rows_with_other_column_counts) {
  const auto text = refusal(options({file("cut.csv", header + "1704067200000,1,1,1,1,1\n1704070800000,1,5,1,1,1,1\n1704074400000,1,1")}));
  EXPECT_SAYS(text, "row 3 has 7 columns instead of 6 (a decimal comma?");
  EXPECT_SAYS(text, "row 4 has 3 columns instead of 6 (a row that was cut off?)");
}

TEST_F(Import, A_second_timeframe_keeps_the_instrument) {
  auto ask = options({file("a.csv", header + "1704067200000,100,101,99,100.5,5\n")});
  ask.exchange_info = file("info.json", R"({"symbols":[{"symbol":"TEST","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.10"},
      {"filterType":"LOT_SIZE","stepSize":"0.001"}]}]})");
  import_candles(ask);
  ask.exchange_info.clear();
  ask.timeframe = "4h";
  EXPECT_EQ(import_candles(ask).instrument.lot, 0.001);
  const auto info = read_dataset_info(ask.output);
  ASSERT_EQ(info.series.size(), 2u);
  EXPECT_EQ(info.series[0].instrument.lot, 0.001);
}

TEST_F(Import, A_million_rows) {
  std::string text = header;
  for (int i = 0; i < 1'000'000; ++i)
    text += std::to_string(1500000000000 / 60000 * 60000 + i * 60000LL) + ",45123.45,45200.01,45000.10,45100.99," + std::to_string(i % 977) + ".12345\n";
  auto ask = options({file("million.csv", text)});
  ask.timeframe = "1m";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(import_candles(ask).rows, 1'000'000u);
  std::cout << "A million rows in " << std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count() << " s\n";
}

// The files of the folder that QUERN_REAL_DATA names: what each must end in. Files not listed must import as they are.
struct Expected {
  const char* path;        // begins so
  const char* timeframe;   // empty: from the name
  const char* said;        // part of the refusal; empty: imports
  const char* tz = "";
  double tick = 0;
  const char* columns = "";
  std::size_t gaps = SIZE_MAX, missing = SIZE_MAX;
};

const Expected real_files[] = {
    {"crypto/binance_spot_datestring/BTCUSDT_1h", "", "carry no zone"},
    {"crypto/binance_spot_datestring/BTCUSDT_1h", "", "", "UTC", 0, "", 5, 12},
    {"crypto/binance_spot_datestring/LUNAUSDT_1h", "", "", "UTC", 0, "", 6, 449},
    {"crypto/binance_spot_datestring/", "", "", "UTC"},
    {"crypto/binance_spot_crash_2021-05/BTC", "", "", "", 0, "", 1, 284},
    {"crypto/binance_spot_2023_2024/", "", "", "", 0, "", 1, 1},
    {"crypto/binance_um_2024_1h/BTCUSDT-8h-mark", "8h", "2147483647 ticks of 1e-08"},
    {"crypto/binance_um_2024_1h/BTCUSDT-8h-mark", "8h", "", "", 0.01},
    {"crypto/binance_um_2024_1h/ETHUSDT-8h-mark", "8h", "2147483647 ticks of 1e-08"},
    {"crypto/binance_um_2025/BTCUSDT-8h-mark", "8h", "2147483647 ticks of 1e-08"},
    {"crypto/binance_um_mark/", "8h", "2147483647 ticks of 1e-08"},
    {"crypto/cryptodatadownload_1d/", "1d", "", "", 0, "", 5, 8},
    {"crypto/cryptodatadownload_dirty/", "1h", "Two different candles"},
    {"crypto/ftx_perp/", "1m", "carry no zone"},
    {"crypto/ftx_perp/", "1m", "", "UTC"},
    {"equity_fx/backtesting_py/BTCUSD.csv", "1M", "--timeframe"},
    {"equity_fx/backtesting_py/EURUSD.csv", "1h", "", "UTC", 0, "", 42, 2063},
    {"equity_fx/backtesting_py/GOOG.csv", "1d", "", "UTC", 0, "", 463, 969},
    {"equity_fx/backtesting_py/GOOG.csv", "1d", "", "America/New_York"},
    {"equity_fx/backtrader/2006-min", "5m", "", "Europe/Berlin", 0, "", 20, 6024},
    {"equity_fx/backtrader/2006-week", "1w", "smallest step is 6 d", "UTC"},
    {"equity_fx/backtrader/", "1d", "", "UTC"},
    {"equity_fx/fxcm/", "1m", "'volume' is missing"},
    {"equity_fx/fxcm/", "1m", "", "", 0, "time,open,high,low,close", 111, 11644},
    {"equity_fx/lean/cryptofuture_binance_margin", "1h", "no header and 2 columns"},
    {"equity_fx/lean/crypto_coinbase_minute", "1m", "milliseconds since midnight", "UTC"},
    {"equity_fx/lean/cryptofuture_binance_minute", "1m", "milliseconds since midnight", "UTC"},
    {"equity_fx/lean/equity_usa_minute", "1m", "milliseconds since midnight", "America/New_York"},
    {"equity_fx/lean/crypto_coinbase_daily", "1d", "", "UTC", 0, "", 8, 34},
    {"equity_fx/lean/cryptofuture_binance_hour", "1h", "", "UTC"},
    {"equity_fx/lean/equity_usa_daily", "1d", "", "America/New_York"},
    {"equity_fx/lean/equity_usa_hour", "1h", "", "America/New_York"},
    {"equity_fx/lean/forex", "1d", "no header and 11 columns", "UTC"},
    {"equity_fx/lean/forex", "1d", "", "UTC", 0, "time,open,high,low,close,-,-,-,-,-,-"},
};

std::string timeframe_of(const std::string& path) {
  for (const char* name : {"15m", "30m", "3m", "5m", "1m", "4h", "8h", "1h", "1d"}) {
    const auto at = path.rfind(name);
    if (at != std::string::npos && at > 0 && std::strchr("-_/", path[at - 1]) != nullptr) return name;
  }
  return "1d";
}

TEST_F(Import, Real_files) {
  const char* root = std::getenv("QUERN_REAL_DATA");
  if (root == nullptr) GTEST_SKIP() << "set QUERN_REAL_DATA to a folder that holds crypto/ and equity_fx/";
  std::size_t files = 0;
  for (const char* part : {"crypto", "equity_fx"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / part)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const std::string path = fs::relative(entry.path(), root).string();
      std::vector<Expected> cases;
      for (const Expected& expected : real_files)
        if (path.rfind(expected.path, 0) == 0 && (cases.empty() || std::string_view(cases.front().path) == expected.path))
          cases.push_back(expected);
      if (cases.empty()) cases.push_back({"", "", ""});
      for (const Expected& expected : cases) {
        ImportOptions ask = options({entry.path().string()});
        ask.timeframe = *expected.timeframe != '\0' ? expected.timeframe : timeframe_of(path);
        ask.tz = expected.tz;
        ask.columns = expected.columns;
        if (expected.tick > 0) ask.tick = expected.tick;
        ask.replace = true;
        fs::remove(ask.output);
        std::string said;
        ImportReport report;
        try {
          report = import_candles(ask);
        } catch (const BadRequest& error) {
          said = error.what();
        }
        if (*expected.said == '\0') EXPECT_EQ(said, "") << path;
        else EXPECT_NE(said.find(expected.said), std::string::npos) << path << ": " << said.substr(0, 500);
        if (expected.gaps != SIZE_MAX) {
          EXPECT_EQ(report.gaps, expected.gaps) << path;
          EXPECT_EQ(report.missing_bars, expected.missing) << path;
        }
      }
    }
  EXPECT_GT(files, 90u);
}

TEST_F(Import, Real_funding_and_exchange_information) {
  const char* root = std::getenv("QUERN_REAL_DATA");
  if (root == nullptr) GTEST_SKIP() << "set QUERN_REAL_DATA to a folder that holds funding/ and exchange_info/";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / "funding"))
    if (entry.is_regular_file()) files.push_back(entry.path());
  for (const char* name : {"adausdt", "btcusd"})
    files.push_back(fs::path(root) / "equity_fx/lean" / ("cryptofuture_binance_margin_interest_" + std::string(name) + ".csv"));
  for (const auto& path : files) {
    ImportOptions ask;
    ask.funding = path.string();
    Problems problems;
    std::vector<std::string> lines;
    const auto rates = importing::read_funding_file(ask, problems, lines);
    EXPECT_TRUE(problems.empty()) << path;
    EXPECT_GT(rates.size(), 0u) << path;
    for (const auto& rate : rates) ASSERT_EQ(rate.time % hour, 0) << path;
  }
  const std::string info = std::string(root) + "/exchange_info/";
  EXPECT_EQ(importing::read_exchange_info(info + "spot_2025-08-23_BTCUSDT.json", "BTC/USDT").tick, 0.01);
  EXPECT_EQ(importing::read_exchange_info(info + "spot_2018-02-10.json", "ETHBTC").tick, 0.000001);
  const auto rules = importing::read_exchange_info(info + "um_futures_2024-10-02.json.gz", "BTCUSDT");
  EXPECT_EQ(rules.tick, 0.1);
  EXPECT_EQ(rules.lot, 0.001);
  EXPECT_EQ(rules.min_notional, 100);
  EXPECT_THROW(importing::read_exchange_info(info + "um_leverage_tiers_freqtrade-2024-10.json.gz", "BTCUSDT"), BadRequest);
}

}  // namespace
}  // namespace quern
