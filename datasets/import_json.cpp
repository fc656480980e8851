// Candles from JSON: a list of lists (freqtrade, Binance's klines).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/import_parts.hpp"

namespace quern::importing {
namespace {

using Json = nlohmann::json;

std::string show(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

bool to_number(const Json& value, double& number) {
  if (value.is_number()) {
    number = value.get<double>();
    return std::isfinite(number);
  }
  std::string why;
  return value.is_string() && parse_number(value.get_ref<const std::string&>(), false, number, why);
}

std::optional<ParsedTime> to_time(const Json& value, const std::string& format) {
  if (value.is_number_integer()) return parse_time(std::to_string(value.get<std::int64_t>()));
  if (value.is_number_float()) return parse_time(fmt::format("{:.6f}", value.get<double>()));
  if (value.is_string()) return parse_time(value.get_ref<const std::string&>(), format);
  return std::nullopt;
}

// All but the first value 0 and the first small: rates, not prices.
bool looks_like_funding(const Json& list) {
  std::size_t rates = 0;
  for (const Json& row : list) {
    double value = 0;
    if (!row.is_array() || row.size() < 5 || !to_number(row[1], value) || std::fabs(value) > 0.1) return false;
    for (std::size_t i = 2; i < row.size(); ++i) {
      double other = 1;
      if (!row[i].is_null() && (!to_number(row[i], other) || other != 0)) return false;
    }
    ++rates;
  }
  return rates > 0;
}

}  // namespace

FileRows parse_json(const Content& content, const ImportOptions& options, Problems& problems, std::vector<std::string>&) {
  FileRows file;
  file.name = content.name;
  file.unit = "element";
  if (!options.columns.empty()) {
    problems.add(fmt::format("{}: --columns is for CSV; the lists of a JSON file are time, open, high, low, close, volume.",
                             content.name));
    return file;
  }
  std::string lower = content.name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  Json list;
  try {
    const bool mark = content.text.compare(0, 3, "\xef\xbb\xbf") == 0;
    list = Json::parse(content.text.begin() + (mark ? 3 : 0), content.text.end());
  } catch (const Json::exception& error) {
    std::string why = error.what();
    const auto colon = why.find("] ");
    problems.add(fmt::format("{}: no valid JSON ({}): it was cut off or is damaged. Download it again.", content.name,
                             colon == std::string::npos ? why : why.substr(colon + 2)));
    return file;
  }
  if (!list.is_array()) {
    problems.add(fmt::format("{}: a JSON {} ({}), not a list of candles [[time, open, high, low, close, volume], ...]. If an "
                             "exchange answered with an error, download it again.", content.name, list.type_name(), show(list)));
    return file;
  }
  if (list.empty()) {
    problems.add(fmt::format("{}: no candle rows in it (an empty list): nothing to import. Check the download.", content.name));
    return file;
  }
  const bool by_name = lower.find("funding") != std::string::npos;
  const bool by_key = list[0].is_object() && list[0].contains("fundingRate");
  if (by_name || by_key || looks_like_funding(list)) {
    problems.add(fmt::format("{}: this is a file of funding rates (by its {}), not of candles. Give it with --funding.",
                             content.name, by_name ? "name" : by_key ? "keys" : "values"));
    return file;
  }
  RowProblems bad(content.name);
  static constexpr const char* names[6] = {"time", "open", "high", "low", "close", "volume"};
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json& row = list[i];
    if (!row.is_array()) {
      bad.add(fmt::format("element {} is {}, not a list of time, open, high, low, close, volume.", i, show(row)));
      continue;
    }
    if (row.size() < 6) {
      bad.add(fmt::format("element {} has {} values instead of 6: {}.", i, row.size(), show(row)));
      continue;
    }
    const auto time = to_time(row[0], options.time_format);
    std::string faults;
    if (!time) faults = fmt::format("time {} cannot be read", show(row[0]));
    double values[5] = {};
    for (int k = 0; k < 5; ++k)
      if (!to_number(row[k + 1], values[k]))
        faults += fmt::format("{}{} is {}", faults.empty() ? "" : ", ", names[k + 1], show(row[k + 1]));
    if (!faults.empty()) {
      bad.add(fmt::format("element {}: {}.", i, faults));
      continue;
    }
    add_row(file, bad, static_cast<std::uint32_t>(i), *time, values[0], values[1], values[2], values[3], values[4]);
    if (list[0].is_array() && list[0].size() >= 12) {
      const auto end = row.size() > 6 ? to_time(row[6], {}) : std::nullopt;
      file.close_time.push_back(end && end->has_zone ? end->ns : 0);
    }
  }
  bad.move_to(problems);
  return file;
}

}  // namespace quern::importing
