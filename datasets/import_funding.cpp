// Funding rates and exchange information.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/import_parts.hpp"
#include "host/base/time.hpp"
#include "kernels/market/instrument.hpp"

namespace quern::importing {
namespace {

using Json = nlohmann::json;

struct Rates {
  std::vector<FundingRate> list;
  std::vector<std::size_t> number;
  bool assumed_utc = false;
};

bool is_time_name(const std::string& name) {
  for (const char* known : {"calctime", "fundingtime", "timestamp", "time", "date", "datetime", "opentime", "unix", "ts"})
    if (name == known) return true;
  return false;
}
bool is_rate_name(const std::string& name) {
  for (const char* known : {"fundingrate", "lastfundingrate", "rate", "realizedrate"})
    if (name == known) return true;
  return false;
}

void add_rate(Rates& rates, RowProblems& bad, const char* unit, std::size_t number, std::optional<ParsedTime> time,
              std::string_view time_text, double rate, LocalZone& zone) {
  if (!time) {
    bad.add(fmt::format("{} {}: the time '{}' cannot be read.", unit, number, time_text));
    return;
  }
  if (!(std::fabs(rate) < 1)) {
    bad.add(fmt::format("{} {}: a rate of {} is no funding rate (a fraction like 0.0001).", unit, number, rate));
    return;
  }
  if (!time->has_zone) {
    rates.assumed_utc = true;
    const auto answer = zone.resolve(time->ns);
    if (answer.count == 0) {
      bad.add(fmt::format("{} {}: '{}' does not exist in {}.", unit, number, time_text, zone.name()));
      return;
    }
    time->ns = answer.first;
  }
  rates.list.push_back({time->ns - time->ns % ns_per_minute, rate});
  rates.number.push_back(number);
}

void from_json(const Content& content, Rates& rates, RowProblems& bad, LocalZone& zone) {
  Json list;
  try {
    list = Json::parse(content.text);
  } catch (const Json::exception&) {
    throw BadRequest(fmt::format("{}: no valid JSON: it was cut off or is damaged. Download it again.", content.name));
  }
  if (!list.is_array()) throw BadRequest(fmt::format("{}: not a list of funding rates.", content.name));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json *time = nullptr, *rate = nullptr;
    if (list[i].is_array() && list[i].size() >= 2) {
      time = &list[i][0];
      rate = &list[i][1];
    } else if (list[i].is_object()) {
      for (const auto& [key, value] : list[i].items()) {
        if (is_time_name(plain_name(key))) time = &value;
        if (is_rate_name(plain_name(key))) rate = &value;
      }
    }
    const auto text = [](const Json* value) {
      return value == nullptr ? std::string() : value->is_string() ? value->get<std::string>() : value->dump();
    };
    double number = 0;
    std::string why;
    if (!parse_number(text(rate), false, number, why)) {
      bad.add(fmt::format("element {}: the rate {}.", i, why));
      continue;
    }
    const std::string stamp = text(time);
    add_rate(rates, bad, "element", i, parse_time(stamp), stamp, number, zone);
  }
}

void from_csv(const Content& content, const ImportOptions& options, Rates& rates, RowProblems& bad, LocalZone& zone) {
  std::string_view text = content.text;
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  std::vector<Cell> cells;
  std::size_t number = 0;
  int time_column = 0, rate_column = 1;
  char separator = ',';
  bool first = true;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (first) separator = find_separator(line);
    if (!split_line(line, separator, cells)) {
      bad.add(fmt::format("row {}: a quote does not end.", number));
      continue;
    }
    if (first) {
      first = false;
      if (!parse_time(cells[0].text)) {
        time_column = rate_column = -1;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < cells.size(); ++i) {
          names.emplace_back(cells[i].text);
          const std::string name = plain_name(cells[i].text);
          if (is_time_name(name) && time_column < 0) time_column = static_cast<int>(i);
          if (is_rate_name(name) && rate_column < 0) rate_column = static_cast<int>(i);
        }
        if (time_column < 0 || rate_column < 0)
          throw BadRequest(fmt::format("{}: no column of {} among {}. A funding file has a time (fundingTime, calc_time, time) and "
                                       "a rate (fundingRate, last_funding_rate, rate).", content.name,
                                       time_column < 0 ? "times" : "rates", fmt::join(names, ", ")));
        continue;
      }
    }
    if (static_cast<int>(cells.size()) <= std::max(time_column, rate_column)) {
      bad.add(fmt::format("row {} has {} columns.", number, cells.size()));
      continue;
    }
    double rate = 0;
    std::string why;
    if (!parse_number(cells[rate_column].text, cells[rate_column].quoted, rate, why)) {
      bad.add(fmt::format("row {}: the rate {}.", number, why));
      continue;
    }
    const auto stamp = cells[time_column].text;
    add_rate(rates, bad, "row", number, parse_time(stamp, options.time_format.empty() || parse_time(stamp) ? "" : options.time_format),
             stamp, rate, zone);
  }
}

}  // namespace

std::vector<FundingRate> read_funding_file(const ImportOptions& options, Problems& problems, std::vector<std::string>& lines) {
  std::vector<FundingRate> all;
  LocalZone zone(options.tz.empty() ? "UTC" : options.tz);
  for (const Content& content : read_contents(options.funding)) {
    if (const auto what = not_a_table(content.text); !what.empty())
      throw BadRequest(fmt::format("'{}' is {}.", content.name, what));
    Rates rates;
    RowProblems bad(content.name);
    const auto start = content.text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (start != std::string::npos && (content.text[start] == '[' || content.text[start] == '{'))
      from_json(content, rates, bad, zone);
    else
      from_csv(content, options, rates, bad, zone);
    bad.move_to(problems);
    if (rates.list.empty() && bad.count() == 0) problems.add(fmt::format("{}: no funding rates in it.", content.name));
    if (rates.assumed_utc)
      lines.push_back(fmt::format("{}: times without zone are taken as {}.", content.name, zone.name()));
    all.insert(all.end(), rates.list.begin(), rates.list.end());
  }
  std::stable_sort(all.begin(), all.end(), [](const FundingRate& a, const FundingRate& b) { return a.time < b.time; });
  std::vector<FundingRate> merged;
  std::size_t conflicts = 0;
  for (const FundingRate& rate : all) {
    if (!merged.empty() && merged.back().time == rate.time) {
      if (merged.back().rate != rate.rate && ++conflicts <= 20)
        problems.add(fmt::format("{}: two different funding rates at {}: {} and {}.", base_name(options.funding),
                                 iso_time(rate.time), merged.back().rate, rate.rate));
      continue;
    }
    merged.push_back(rate);
  }
  return merged;
}

ExchangeRules read_exchange_info(const std::string& path, const std::string& symbol) {
  const auto contents = read_contents(path);
  Json info;
  try {
    info = Json::parse(contents.front().text);
  } catch (const Json::exception&) {
    throw BadRequest(fmt::format("'{}' is no valid JSON: give the answer of the exchange's exchangeInfo.", path));
  }
  if (!info.is_object() || !info.contains("symbols") || !info["symbols"].is_array())
    throw BadRequest(fmt::format("'{}' has no list 'symbols': give the answer of the exchange's exchangeInfo.", path));
  const std::string wanted = plain_name(symbol.substr(0, symbol.find(':')));
  const auto number = [](const Json& filter, const char* key) -> std::optional<double> {
    if (!filter.contains(key)) return std::nullopt;
    double value = 0;
    std::string why;
    const Json& field = filter[key];
    if (field.is_number()) value = field.get<double>();
    else if (!field.is_string() || !parse_number(field.get_ref<const std::string&>(), false, value, why)) return std::nullopt;
    return value > 0 ? std::optional<double>(value) : std::nullopt;
  };
  for (const Json& entry : info["symbols"]) {
    if (!entry.is_object() || !entry.contains("symbol") || !entry["symbol"].is_string()) continue;
    if (plain_name(entry["symbol"].get<std::string>()) != wanted) continue;
    ExchangeRules rules;
    if (!entry.contains("filters") || !entry["filters"].is_array()) return rules;
    for (const Json& filter : entry["filters"]) {
      if (!filter.is_object() || !filter.contains("filterType") || !filter["filterType"].is_string()) continue;
      const std::string type = filter["filterType"].get<std::string>();
      if (type == "PRICE_FILTER") rules.tick = number(filter, "tickSize");
      if (type == "LOT_SIZE") rules.lot = number(filter, "stepSize");
      if (type == "MIN_NOTIONAL" || type == "NOTIONAL") {
        rules.min_notional = number(filter, "minNotional");
        if (!rules.min_notional) rules.min_notional = number(filter, "notional");
      }
    }
    return rules;
  }
  throw BadRequest(fmt::format("'{}' has no symbol '{}': tick and lot cannot be read from it. Check --symbol, or give --tick.", path,
                               symbol));
}

}  // namespace quern::importing
