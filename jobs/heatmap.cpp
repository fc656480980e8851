// quern heatmap: one metric over two parameters of a result.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/report/tables.hpp"
#include "host/results/metric_expression.hpp"
#include "host/results/number_text.hpp"
#include "host/results/ranking.hpp"
#include "host/results/result_file.hpp"
#include "jobs/common.hpp"

namespace quern {

int run_heatmap(const HeatmapOptions& options) {
  using Json = nlohmann::ordered_json;
  const H5File file = open_result(options.result);
  const Json settings = Json::parse(file.text_attribute("settings"), nullptr, false);
  if (settings.is_discarded() || !file.has("/runs")) {
    throw BadRequest(fmt::format("'{}' keeps no rows of all combinations (output.keep = \"top\"), so there is nothing to draw. "
                                 "Run the sweep with keep = \"all\"", options.result));
  }
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> labels;
  for (const auto& axis : settings.at("axes")) {
    names.push_back(axis.at("name"));
    labels.emplace_back();
    for (const auto& value : axis.at("values")) labels.back().push_back(value.is_string() ? value.get<std::string>() : short_text(value.get<double>()));
  }
  const auto axis_of = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::string near = nearest(name, names);
      std::string all;
      for (const auto& one : names) all += (all.empty() ? "" : ", ") + one;
      throw BadRequest(fmt::format("'{}' is no swept parameter of the result{}; it has {}", name, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near), all));
    }
    return static_cast<std::size_t>(found - names.begin());
  };
  const std::size_t x = axis_of(options.x), y = axis_of(options.y);
  if (x == y) throw BadRequest("a heatmap needs two different parameters");
  const bool minimizes = settings.at("direction") == "minimize" && options.metric.empty();
  const std::string over = options.over.empty() ? minimizes ? "min" : "max" : options.over;
  std::string metric = options.metric.empty() ? settings.at("objective").empty() ? "sharpe_ratio" : settings.at("objective").front().get<std::string>() : options.metric;
  const MetricExpression expression(metric);

  const std::size_t series_count = settings.at("data").at("series").size();
  const std::string kind = settings.at("aggregate");
  const std::uint64_t rows = file.rows("/runs/sharpe_ratio");
  std::uint64_t x_stride = 1, y_stride = 1;
  for (std::size_t axis = names.size(); axis-- > x + 1;) x_stride *= labels[axis].size();
  for (std::size_t axis = names.size(); axis-- > y + 1;) y_stride *= labels[axis].size();
  std::vector<std::vector<double>> sums(labels[y].size(), std::vector<double>(labels[x].size(), 0.0)), counts = sums;
  constexpr std::uint64_t block = 65536;
  std::vector<double> of_series;
  for (std::uint64_t first = 0; first < rows; first += block) {
    const std::uint64_t count = std::min(block, rows - first);
    std::vector<std::vector<double>> columns(metric_count);
    for (int at = 0; at < metric_count; ++at) {
      if (metric.find(metric_names[at]) != std::string::npos) columns[static_cast<std::size_t>(at)] = file.read_reals(fmt::format("/runs/{}", metric_names[at]), first, count);
    }
    double metrics[metric_count];
    for (std::uint64_t row = 0; row < count; ++row) {
      for (int at = 0; at < metric_count; ++at) metrics[at] = columns[static_cast<std::size_t>(at)].empty() ? std::numeric_limits<double>::quiet_NaN() : columns[static_cast<std::size_t>(at)][row];
      of_series.push_back(expression.evaluate(metrics));
      if (of_series.size() < series_count) continue;
      const double value = series_count == 1 ? of_series.front() : aggregate(kind, of_series);
      of_series.clear();
      if (std::isnan(value)) continue;
      const std::uint64_t combination = (first + row) / series_count;
      double& sum = sums[combination / y_stride % labels[y].size()][combination / x_stride % labels[x].size()];
      double& seen = counts[combination / y_stride % labels[y].size()][combination / x_stride % labels[x].size()];
      sum = over == "mean" ? sum + value : seen == 0.0 ? value : over == "max" ? std::max(sum, value) : std::min(sum, value);
      seen += 1.0;
    }
  }
  for (std::size_t row = 0; row < sums.size(); ++row) {
    for (std::size_t column = 0; column < sums[row].size(); ++column) {
      if (counts[row][column] == 0.0) sums[row][column] = std::numeric_limits<double>::quiet_NaN();
      else if (over == "mean") sums[row][column] /= counts[row][column];
    }
  }
  if (options.json) {
    Json grid = Json::array();
    for (const auto& line : sums) {
      Json cells = Json::array();
      for (double value : line) cells.push_back(std::isfinite(value) ? Json(value) : Json(nullptr));
      grid.push_back(cells);
    }
    print(Json{{"metric", metric}, {"over", over}, {"aggregate", series_count > 1 ? Json(kind) : Json(nullptr)}, {"x", {{"name", names[x]}, {"values", settings.at("axes")[x].at("values")}}},
               {"y", {{"name", names[y]}, {"values", settings.at("axes")[y].at("values")}}}, {"values", grid}}.dump(2) + "\n");
    return 0;
  }
  print(fmt::format("{}{}, {} over the other parameters\n{}", series_count > 1 ? kind + " over the series of " : "", metric, over,
                    heatmap_text(names[x], labels[x], names[y], labels[y], sums, is_terminal(STDOUT_FILENO))));
  return 0;
}

}  // namespace quern
