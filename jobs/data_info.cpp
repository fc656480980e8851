// quern data info, list, resample.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "datasets/dataset_file.hpp"
#include "host/base/error.hpp"
#include "host/base/time.hpp"
#include "host/report/tables.hpp"
#include "host/results/number_text.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json json_of(const SeriesInfo& info) {
  Json gaps = Json::array();
  for (const Gap& gap : info.gaps) gaps.push_back({{"after", iso_time(gap.after)}, {"before", iso_time(gap.before)}, {"missing", gap.missing}});
  return {{"symbol", info.instrument.symbol}, {"exchange", info.instrument.exchange}, {"timeframe", info.timeframe}, {"bars", info.rows},
          {"first", iso_time(info.first)}, {"last", iso_time(info.last)}, {"tick", info.instrument.tick.value},
          {"lot", info.instrument.has_lot ? Json(info.instrument.lot) : Json(nullptr)},
          {"min_notional", info.instrument.has_min_notional ? Json(info.instrument.min_notional) : Json(nullptr)},
          {"maker_bps", info.instrument.has_fees ? Json(info.instrument.maker_bps) : Json(nullptr)},
          {"taker_bps", info.instrument.has_fees ? Json(info.instrument.taker_bps) : Json(nullptr)},
          {"gaps", gaps}, {"source", info.source}, {"content_hash", info.content_hash}};
}

std::vector<std::string> row_of(const SeriesInfo& info) {
  return {info.instrument.symbol, info.timeframe, std::to_string(info.rows), iso_time(info.first), iso_time(info.last),
          shortest_text(info.instrument.tick.value), std::to_string(info.gaps.size())};
}

const std::vector<std::string> header = {"symbol", "timeframe", "bars", "first", "last", "tick", "gaps"};

}  // namespace

int run_data_info(const DataFileOptions& options) {
  const DatasetInfo info = read_dataset_info(options.file);
  if (options.json) {
    Json series = Json::array();
    for (const auto& one : info.series) series.push_back(json_of(one));
    print(Json{{"file", options.file}, {"series", series}, {"funding", info.funding_symbols}}.dump(2) + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  std::string more;
  for (const auto& one : info.series) {
    rows.push_back(row_of(one));
    more += fmt::format("\n{} {}\n  source        {}\n  content hash  {}\n", one.instrument.symbol, one.timeframe, one.source, one.content_hash);
    if (one.instrument.has_lot) more += fmt::format("  lot           {}\n", shortest_text(one.instrument.lot));
    if (one.instrument.has_min_notional) more += fmt::format("  min notional  {}\n", shortest_text(one.instrument.min_notional));
    if (one.instrument.has_fees) more += fmt::format("  fees          maker {} bps, taker {} bps\n", one.instrument.maker_bps, one.instrument.taker_bps);
    for (std::size_t at = 0; at < std::min<std::size_t>(10, one.gaps.size()); ++at) {
      more += fmt::format("  gap           after {}: {} bars missing\n", iso_time(one.gaps[at].after), one.gaps[at].missing);
    }
    if (one.gaps.size() > 10) more += fmt::format("  ... and {} more gaps (--json lists all)\n", one.gaps.size() - 10);
  }
  for (const auto& symbol : info.funding_symbols) more += fmt::format("\n{} has funding rates\n", symbol);
  print(text_table(header, rows) + more);
  return 0;
}

int run_data_list(const DataFileOptions& options) {
  std::vector<std::string> files;
  const std::string where = options.file.empty() ? "." : options.file;
  std::error_code failed;
  if (fs::is_directory(where, failed)) {
    for (const auto& entry : fs::directory_iterator(where, failed)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h5" || extension == ".hdf5") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(where);
  }
  std::vector<std::vector<std::string>> rows;
  Json list = Json::array();
  for (const auto& file : files) {
    DatasetInfo info;
    try {
      info = read_dataset_info(file);
    } catch (const BadRequest&) {
      if (files.size() == 1 && file == where) throw;
      continue;   // a folder may hold other HDF5 files
    }
    for (const auto& one : info.series) {
      auto row = row_of(one);
      row.insert(row.begin(), file);
      rows.push_back(row);
      Json json = json_of(one);
      json["file"] = file;
      list.push_back(json);
    }
  }
  auto names = header;
  names.insert(names.begin(), "file");
  if (options.json) print(list.dump(2) + "\n");
  else print(rows.empty() ? "no datasets here; make one with: quern data import\n" : text_table(names, rows));
  return 0;
}

int run_data_resample(const DataResampleOptions& options) {
  const auto to = timeframe_ns(options.to);
  if (!to) throw BadRequest(fmt::format("'{}' is no timeframe. Write 1m, 15m, 1h, 4h, 1d ...", options.to));
  const DatasetInfo info = read_dataset_info(options.file);
  const std::string output = options.output.empty() ? options.file : options.output;
  std::vector<SeriesToWrite> made;
  Json list = Json::array();
  std::string text;
  for (const auto& symbol_of : info.series) {
    const std::string& symbol = symbol_of.instrument.symbol;
    if (std::any_of(made.begin(), made.end(), [&](const auto& one) { return one.instrument.symbol == symbol; })) continue;
    const SeriesInfo* finest = nullptr;
    for (const auto& one : info.series) {
      if (one.instrument.symbol == symbol && one.duration < *to && *to % one.duration == 0 && (finest == nullptr || one.duration < finest->duration)) finest = &one;
    }
    if (finest == nullptr) continue;
    SeriesToWrite series{finest->instrument, options.to, resample(read_rows(options.file, symbol, finest->timeframe), finest->duration, *to), {}, finest->source};
    if (output != options.file && std::find(info.funding_symbols.begin(), info.funding_symbols.end(), symbol) != info.funding_symbols.end()) {
      series.funding = read_funding(options.file, symbol);
    }
    text += fmt::format("{} {}: {} bars from {} of {}\n", symbol, options.to, series.rows.size(), finest->rows, finest->timeframe);
    list.push_back({{"symbol", symbol}, {"timeframe", options.to}, {"bars", series.rows.size()}, {"from_timeframe", finest->timeframe}, {"from_bars", finest->rows}});
    made.push_back(std::move(series));
  }
  if (made.empty()) throw BadRequest(fmt::format("'{}' holds no series finer than {} that makes it up. See: quern data info {}", options.file, options.to, options.file));
  for (const auto& one : made) {
    if (one.rows.size() == 0) throw BadRequest(fmt::format("{} has not one whole {} bar. Import a longer span", one.instrument.symbol, options.to));
  }
  write_dataset(output, made);
  print(options.json ? Json{{"file", output}, {"series", list}}.dump(2) + "\n" : text);
  return 0;
}

}  // namespace quern
