// quern strategies: the strategy library, and a job to start from.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/report/tables.hpp"
#include "host/results/number_text.hpp"
#include "host/results/settings.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string library_folder() {
  std::vector<fs::path> places;
  if (const char* named = std::getenv("QUERN_STRATEGIES"); named != nullptr && *named != '\0') places.emplace_back(named);
  const fs::path program = fs::path(this_program()).parent_path();
  for (const char* relative : {"../share/quern/strategies", "../jobs/strategies", "../../jobs/strategies"}) places.push_back(program / relative);
  places.emplace_back("jobs/strategies");
  for (const auto& place : places) {
    std::error_code ignored;
    if (fs::is_directory(place, ignored)) return place.string();
  }
  throw BadRequest("the strategy library was not found. Set QUERN_STRATEGIES to the folder of the .toml files (jobs/strategies of the source)");
}

std::vector<std::string> library() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(library_folder())) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Strategy read_strategy(const std::string& name) {
  const std::string path = fs::absolute(fs::path(library_folder()) / (name + ".toml")).lexically_normal().string();
  return read_job_text(fmt::format("[job]\nname = \"library\"\nstrategy = {}\n[data]\nfiles = [\"none.h5\"]\n", Json(path).dump()), "strategy").strategy;
}

// An axis line that covers the domain of a parameter in few steps.
std::string axis_line(const Param& param) {
  if (param.type == Type::category) {
    Json choices = param.choices;
    return fmt::format("{} = {}", param.name, choices.dump());
  }
  if (param.whole) {
    const double step = std::max(1.0, std::floor((param.maximum - param.minimum) / 8.0));
    return fmt::format("{} = {{ from = {:.0f}, to = {:.0f}, step = {:.0f} }}", param.name, param.minimum, param.maximum, step);
  }
  const auto real = [](double value) {
    std::string text = shortest_text(value);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  };
  return fmt::format("{} = {{ from = {}, to = {}, count = 7 }}", param.name, real(param.minimum), real(param.maximum));
}

std::string job_text(const std::string& name, const Strategy& strategy) {
  std::string axes;
  std::size_t count = 0;
  for (const Param& param : strategy.params) {
    if (param.type != Type::category && !(param.maximum > param.minimum && std::isfinite(param.maximum - param.minimum))) continue;
    axes += (count < 3 ? "" : "# ") + axis_line(param) + "\n";
    ++count;
  }
  return fmt::format(
      "# {}\n"
      "[job]\nname = \"my-{}\"\nstrategy = \"{}\"\n"
      "objective = \"sharpe_ratio\"              # a metric, or arithmetic over metrics\n"
      "direction = \"maximize\"\n"
      "constraints = [\"n_trades >= 30\"]        # combinations that miss one are not ranked\n\n"
      "[data]\nfiles = [\"candles.h5\"]              # made by: quern data import FILE.csv --symbol S --timeframe 1h --output candles.h5\n"
      "# symbols = [\"BTCUSDT\"]                # default: all of the files\n"
      "# timeframes = [\"1h\"]                  # stored, or resampled from the finest stored\n"
      "# from = 2021-01-01T00:00:00Z\n# to   = 2024-01-01T00:00:00Z\n"
      "allow_gaps = false                     # true: run over holes in the data\n\n"
      "[sweep]                                # axes; their product is the grid. A commented axis keeps its default\n{}\n"
      "[account]\ncapital = 10000.0\nleverage = 1.0\n\n"
      "[costs]\nmaker_bps = 2.0\ntaker_bps = 6.0\nslippage_bps = 1.0\nfunding = \"none\"                       # none | dataset | a rate per 8 h\n\n"
      "[rules]\nfill = \"next_open\"                     # next_open | close\nintrabar = \"sl_first\"                  # sl_first | tp_first | open_proximity | detail\n\n"
      "[output]\ntop = 100                              # rows of the top list, each run again by the reference engine\n",
      strategy.description.empty() ? strategy.name : strategy.description, name, name, axes);
}

}  // namespace

int run_strategies(const NameOptions& options) {
  const auto names = library();
  if (!options.name.empty()) {
    if (std::find(names.begin(), names.end(), options.name) == names.end()) {
      const std::string near = nearest(options.name, names);
      throw BadRequest(fmt::format("there is no strategy '{}' in the library{}. 'quern strategies' lists them", options.name,
                                   near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
    const Strategy strategy = read_strategy(options.name);
    if (!options.json) {
      print(job_text(options.name, strategy));
      return 0;
    }
    Json params = Json::array();
    for (const Param& param : strategy.params) {
      Json one = {{"name", param.name}};
      if (param.type == Type::category) one.update({{"default", param_text(param, param.default_value)}, {"choices", param.choices}});
      else one.update({{"default", param.default_value}, {"min", param.minimum}, {"max", param.maximum}, {"type", param.whole ? "int" : "number"}});
      params.push_back(one);
    }
    print(Json{{"name", options.name}, {"description", strategy.description}, {"params", params}, {"job", job_text(options.name, strategy)}}.dump(2) + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  Json list = Json::array();
  for (const auto& name : names) {
    const Strategy strategy = read_strategy(name);
    std::string params;
    for (const Param& param : strategy.params) params += (params.empty() ? "" : " ") + param.name;
    rows.push_back({name, strategy.description, params});
    list.push_back({{"name", name}, {"description", strategy.description}});
  }
  if (options.json) print(list.dump(2) + "\n");
  else print(text_table({"strategy", "what it does", "parameters"}, rows) + "\nquern strategies NAME prints a job to start from\n");
  return 0;
}

}  // namespace quern
