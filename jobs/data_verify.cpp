// quern data verify: whether every stored series can be traded on.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/dataset_file.hpp"
#include "datasets/verify.hpp"
#include "host/base/error.hpp"
#include "host/results/number_text.hpp"
#include "jobs/common.hpp"

namespace quern {

std::optional<double> positive_option(const std::string& name, const std::string& text);

int run_data_verify(const DataFileOptions& options) {
  const DatasetInfo info = read_dataset_info(options.file);
  const auto given = positive_option("--tick", options.tick);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text;
  std::vector<std::string> problems;
  for (const SeriesInfo& series : info.series) {
    const PriceRows rows = read_rows(options.file, series.instrument.symbol, series.timeframe);
    const TickSize tick = given ? tick_from(*given).value_or(series.instrument.tick) : series.instrument.tick;
    const VerifyReport report = verify_rows(rows, series.duration, tick);
    const std::string name = fmt::format("{} {}", series.instrument.symbol, series.timeframe);
    for (const auto& problem : report.problems) problems.push_back(name + ": " + problem);
    std::size_t rounded = 0;
    if (report.problems.empty()) to_candles(rows, series.timeframe, tick, &rounded);
    list.push_back({{"symbol", series.instrument.symbol}, {"timeframe", series.timeframe}, {"bars", rows.size()}, {"tick", tick.value},
                    {"rounded_prices", rounded}, {"gaps", series.gaps.size()}, {"notices", report.notices}});
    text += fmt::format("{}: {} bars, no problem, {} gaps, {} of {} prices rounded to the tick {}\n", name, rows.size(), series.gaps.size(), rounded,
                        4 * rows.size(), shortest_text(tick.value));
    for (const auto& notice : report.notices) text += "  " + notice + "\n";
  }
  if (!problems.empty()) {
    std::string all;
    for (const auto& problem : problems) all += "\n" + problem;
    throw Failure(fmt::format("'{}' holds rows that no market can have made; results on them mean nothing. Import the series again with --replace{}",
                              options.file, all));
  }
  print(options.json ? list.dump(2) + "\n" : text);
  return 0;
}

}  // namespace quern
