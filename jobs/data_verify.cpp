// quern data verify: whether every stored series can be traded on.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/dataset_file.hpp"
#include "host/base/error.hpp"
#include "host/base/time.hpp"
#include "jobs/common.hpp"

namespace quern {

std::optional<double> positive_option(const std::string& name, const std::string& text);

int run_data_verify(const DataFileOptions& options) {
  const DatasetInfo info = read_dataset_info(options.file);
  const auto given = positive_option("--tick", options.tick);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text;
  std::size_t bad = 0;
  for (const SeriesInfo& series : info.series) {
    const PriceRows rows = read_rows(options.file, series.instrument.symbol, series.timeframe);
    std::size_t disordered = 0, impossible = 0, rounded = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      disordered += row > 0 && rows.time[row] <= rows.time[row - 1];
      const double top = std::max(rows.open[row], rows.close[row]), bottom = std::min(rows.open[row], rows.close[row]);
      impossible += !(rows.high[row] >= top && rows.low[row] <= bottom && rows.low[row] > 0.0 && rows.volume[row] >= 0.0);
    }
    const TickSize tick = given ? tick_from(*given).value_or(series.instrument.tick) : series.instrument.tick;
    to_candles(rows, series.timeframe, tick, &rounded);
    bad += disordered + impossible;
    list.push_back({{"symbol", series.instrument.symbol}, {"timeframe", series.timeframe}, {"bars", rows.size()}, {"out_of_order", disordered},
                    {"impossible", impossible}, {"off_tick_prices", rounded}, {"gaps", series.gaps.size()}});
    text += fmt::format("{} {}: {} bars, {} out of order, {} impossible, {} prices off the tick {}, {} gaps{}\n", series.instrument.symbol,
                        series.timeframe, rows.size(), disordered, impossible, rounded, tick.value, series.gaps.size(),
                        series.gaps.empty() ? "" : fmt::format(" (first after {})", iso_time(series.gaps.front().after)));
  }
  if (bad > 0) {
    throw Failure(fmt::format("'{}' has {} rows that no market can have made; results on them mean nothing. Import it again\n{}", options.file, bad, text));
  }
  print(options.json ? list.dump(2) + "\n" : text);
  return 0;
}

}  // namespace quern
