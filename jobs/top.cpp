// quern top: the best combinations of a result, with the reference engine's verdict.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/report/tables.hpp"
#include "host/results/files.hpp"
#include "host/results/number_text.hpp"
#include "host/results/result_file.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  std::string name;
  bool text = false, hash = false;
  std::vector<std::string> texts;
  std::vector<double> numbers;
  std::string cell(std::size_t row) const { return text || hash ? texts[row] : shortest_text(numbers[row]); }
};

Column read_column(const H5File& file, const std::string& name, std::uint64_t rows) {
  Column column{name, file.is_text("/top/" + name), name == "decision_hash" || name == "reference_decision_hash", {}, {}};
  if (column.text) column.texts = file.read_texts("/top/" + name, 0, rows);
  else if (column.hash) for (std::uint64_t hash : file.read_unsigned("/top/" + name, 0, rows)) column.texts.push_back(fmt::format("{:016x}", hash));
  else column.numbers = file.read_reals("/top/" + name, 0, rows);
  return column;
}

std::string constraints_text(const Json& settings) {
  std::string text;
  for (const auto& one : settings.at("constraints")) text += (text.empty() ? "" : ", ") + one.get<std::string>();
  return text;
}

}  // namespace

int run_top(const TopOptions& options) {
  const H5File file = open_result(options.result);
  const std::uint64_t rows = file.rows("/top/rank");
  const Json settings = Json::parse(file.text_attribute("settings"), nullptr, false);
  if (settings.is_discarded()) throw BadRequest(fmt::format("'{}' is damaged: its settings cannot be read. Run the sweep again", options.result));

  // Order of columns: rank, where, parameters, objective, metrics, reference.
  std::vector<std::string> names = {"rank"}, axes;
  if (settings.at("data").at("series").size() > 1) names.push_back("series");
  for (const auto& axis : settings.at("axes")) axes.push_back(axis.at("name"));
  names.insert(names.end(), axes.begin(), axes.end());
  names.insert(names.end(), {"objective", "judged"});
  names.insert(names.end(), metric_names, metric_names + metric_count);
  for (const char* metric : metric_names) names.push_back(fmt::format("reference_{}", metric));
  names.insert(names.end(), {"combination", "decision_hash", "reference_decision_hash"});
  std::vector<Column> columns;
  for (const auto& name : names) columns.push_back(read_column(file, name, rows));

  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  if (options.sort.empty() && options.order == "ascending") std::reverse(order.begin(), order.end());
  if (!options.sort.empty()) {
    const auto found = std::find(names.begin(), names.end(), options.sort);
    if (found == names.end()) {
      const std::string near = nearest(options.sort, names);
      throw BadRequest(fmt::format("the result has no column '{}'{}", options.sort, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
    const Column& by = columns[static_cast<std::size_t>(found - names.begin())];
    static const std::vector<std::string> small_first = {"rank", "max_drawdown", "avg_drawdown", "ulcer_index", "volatility_ann", "max_drawdown_duration",
                                                         "fees_paid", "slippage_paid", "funding_paid", "value_at_risk", "cond_value_at_risk", "rejected",
                                                         "liquidations", "ambiguous_bars", "ambiguous_share", "max_consecutive_losses"};
    const std::string metric = options.sort.starts_with("reference_") ? options.sort.substr(10) : options.sort;
    const bool small_is_better = by.name == "objective" ? settings.at("direction") == "minimize"
                                                        : by.text || by.hash || std::find(small_first.begin(), small_first.end(), metric) != small_first.end() ||
                                                              std::find(axes.begin(), axes.end(), by.name) != axes.end() || by.name == "combination";
    const bool ascending = options.order.empty() ? small_is_better : options.order == "ascending";
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      if (by.text || by.hash) return ascending ? by.texts[a] < by.texts[b] : by.texts[b] < by.texts[a];
      const double x = by.numbers[a], y = by.numbers[b];
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);   // last, whatever the order
      return ascending ? x < y : x > y;
    });
  }
  if (!options.csv.empty()) {
    std::string text;
    for (std::size_t column = 0; column < names.size(); ++column) text += (column == 0 ? "" : ",") + names[column];
    text += "\n";
    for (std::size_t row : order) {
      for (std::size_t column = 0; column < columns.size(); ++column) text += (column == 0 ? "" : ",") + columns[column].cell(row);
      text += "\n";
    }
    write_file(options.csv, text);
  }
  const std::size_t most = std::min<std::size_t>(rows, static_cast<std::size_t>(std::max(0, options.count)));
  if (options.json) {
    Json list = Json::array();
    for (std::size_t at = 0; at < most; ++at) {
      Json one = Json::object();
      for (const Column& column : columns) {
        one[column.name] = column.text || column.hash ? Json(column.texts[order[at]])
                           : std::isfinite(column.numbers[order[at]]) ? Json(column.numbers[order[at]]) : Json(nullptr);
      }
      list.push_back(one);
    }
    print(list.dump(2) + "\n");
    return 0;
  }
  std::vector<std::string> shown = {"rank"};
  if (settings.at("data").at("series").size() > 1) shown.push_back("series");
  shown.insert(shown.end(), axes.begin(), axes.end());
  shown.push_back("objective");
  const std::string objective = settings.at("objective").empty() ? "sharpe_ratio" : settings.at("objective").front().get<std::string>();
  for (const char* metric : {"sharpe_ratio", "total_return", "max_drawdown", "n_trades", "win_rate", "profit_factor"}) {
    if (objective != metric || names[1] == "series") shown.push_back(metric);
  }
  std::vector<std::string> header;
  const bool several = settings.at("data").at("series").size() > 1;
  const std::string ranked_by = several ? settings.at("aggregate").get<std::string>() + " " + objective : objective;
  for (const auto& name : shown) header.push_back(name == "objective" ? ranked_by : name);
  header.push_back("reference");
  std::vector<std::vector<std::string>> table;
  const auto column_of = [&](const std::string& name) -> const Column& {
    return columns[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin())];
  };
  std::uint64_t equal = 0;
  for (std::size_t row = 0; row < rows; ++row) equal += column_of("judged").numbers[row] == 1.0;
  for (std::size_t at = 0; at < most; ++at) {
    std::vector<std::string> cells;
    for (const auto& name : shown) {
      const Column& column = column_of(name);
      if (name == "series") {
        const Json& one = settings.at("data").at("series").at(static_cast<std::size_t>(column.numbers[order[at]]));
        cells.push_back(one.at("symbol").get<std::string>() + " " + one.at("timeframe").get<std::string>());
      } else {
        cells.push_back(column.text ? column.texts[order[at]] : short_text(column.numbers[order[at]], 5));
      }
    }
    cells.push_back(column_of("judged").numbers[order[at]] == 1.0 ? "equal" : "DIFFERS");
    table.push_back(cells);
  }
  std::string text = fmt::format("{}, strategy {}, {} combinations, engine {}\n\n{}\n", file.text_attribute("job_name"),
                                 settings.at("strategy").at("name").get<std::string>(), file.whole_attribute("combinations"),
                                 file.text_attribute("engine"), text_table(header, table));
  const std::int64_t refused = file.whole_attribute("refused_by_constraints");
  if (refused > 0) text += fmt::format("{} combinations miss a constraint ({}) and are not ranked\n", refused, constraints_text(settings));
  if (rows == 0) {
    print(text + "no combination is ranked. Loosen the constraints, or look at the rows of /runs\n");
    return 0;
  }
  text += fmt::format("reference engine agrees on {} of {} rows", equal, rows);
  if (most < rows) text += fmt::format("; {} more rows: --count {}", rows - most, rows);
  print(text + "\n");
  return 0;
}

}  // namespace quern
