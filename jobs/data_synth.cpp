// quern data synth: seeded random candles.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

#include "datasets/dataset_file.hpp"
#include "host/base/error.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

std::int64_t parse_time(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const int found = std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%dZ", &year, &month, &day, &hour, &minute, &second);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)), std::chrono::day(static_cast<unsigned>(day))};
  if ((found != 3 && found != 6) || !date.ok()) throw BadRequest(fmt::format("--from '{}' is no time. Write one like 2020-01-01T00:00:00Z", text));
  return std::chrono::sys_days{date}.time_since_epoch().count() * ns_per_day + (hour * 3600ll + minute * 60ll + second) * ns_per_second;
}

}  // namespace

void make_candles(const DataSynthOptions& options) {
  const auto duration = timeframe_ns(options.timeframe);
  if (!duration) throw BadRequest(fmt::format("'{}' is no timeframe. Write 1m, 15m, 1h, 4h, 1d ...", options.timeframe));
  if (options.bars < 2 || options.bars > 100'000'000) throw BadRequest("--bars must lie between 2 and 100000000");
  std::mt19937_64 source(options.seed);   // its numbers are the same everywhere; those of the standard's distributions are not
  const auto uniform = [&] { return static_cast<double>(source() >> 11) * 0x1p-53; };
  const auto bell = [&] { return uniform() + uniform() + uniform() + uniform() - 2.0; };
  SeriesToWrite series;
  series.instrument.symbol = options.symbol;
  series.instrument.tick = *tick_from(0.01);
  series.timeframe = options.timeframe;
  series.source = fmt::format("synth seed {}", options.seed);
  const auto rounded = [](double price) { return std::max(1.0, std::round(price * 100.0)) / 100.0; };
  const std::int64_t first = parse_time(options.from) / *duration * *duration;
  double price = 1000.0, calm = 0.006;
  for (std::size_t bar = 0; bar < options.bars; ++bar) {
    calm = std::clamp(calm * (1.0 + 0.1 * bell()) + 0.02 * (0.006 - calm), 0.002, 0.02);   // quiet and wild spells
    const double open = price, close = std::clamp(open * (1.0 + calm * bell()), 10.0, 1e6);
    const double high = std::max(open, close) * (1.0 + calm * 0.5 * uniform()), low = std::min(open, close) * (1.0 - calm * 0.5 * uniform());
    series.rows.time.push_back(first + static_cast<std::int64_t>(bar) * *duration);
    series.rows.open.push_back(rounded(open));
    series.rows.high.push_back(rounded(high));
    series.rows.low.push_back(rounded(low));
    series.rows.close.push_back(rounded(close));
    series.rows.volume.push_back(std::round(1000.0 * (0.2 + uniform())));
    price = close;
  }
  write_dataset(options.output, {series});
}

int run_data_synth(const DataSynthOptions& options) {
  make_candles(options);
  print(fmt::format("{}: {} {}, {} bars from seed {}\n", options.output, options.symbol, options.timeframe, options.bars, options.seed));
  return 0;
}

}  // namespace quern
