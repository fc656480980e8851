// quern data import.
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/import.hpp"
#include "host/base/error.hpp"
#include "host/results/number_text.hpp"
#include "jobs/common.hpp"

namespace quern {

// A positive number given as an option; nothing if the text is empty.
std::optional<double> positive_option(const std::string& name, const std::string& text) {
  if (text.empty()) return std::nullopt;
  double value = 0.0;
  const auto read = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !(value > 0.0)) {
    throw BadRequest(fmt::format("{} '{}' is no positive number. Write one like 0.01", name, text));
  }
  return value;
}

int run_data_import(const DataImportOptions& options) {
  if (options.update && options.replace) throw BadRequest("--update merges and --replace drops what is there; choose one of them");
  ImportOptions import;
  import.files = options.files;
  import.symbol = options.symbol;
  import.timeframe = options.timeframe;
  import.output = options.output;
  import.tick = positive_option("--tick", options.tick);
  import.funding = options.funding;
  import.exchange_info = options.exchange_info;
  import.columns = options.columns;
  import.time_format = options.time_format;
  import.tz = options.tz;
  import.stamp_close = options.stamp == "close";
  import.update = options.update;
  import.replace = options.replace;
  const ImportReport report = import_candles(import);
  if (options.json) {
    print(nlohmann::ordered_json{{"output", options.output}, {"symbol", options.symbol}, {"timeframe", options.timeframe}, {"bars", report.rows},
                                 {"tick", report.instrument.tick.value}, {"duplicates", report.duplicates}, {"replaced", report.replaced},
                                 {"rounded", report.rounded}, {"gaps", report.gaps}, {"missing_bars", report.missing_bars},
                                 {"funding_rates", report.funding_rates}, {"lines", report.lines}}.dump(2) + "\n");
    return 0;
  }
  std::string text;
  for (const auto& line : report.lines) text += line + "\n";
  print(text + fmt::format("{}: {} {}, {} bars, tick {}\n", options.output, options.symbol, options.timeframe, report.rows,
                           shortest_text(report.instrument.tick.value)));
  return 0;
}

}  // namespace quern
