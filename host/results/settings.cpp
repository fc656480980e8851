#include "host/results/settings.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/time.hpp"
#include "host/plan/load_series.hpp"
#include "host/results/hash.hpp"
#include "host/results/number_text.hpp"
#include "host/results/versions.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json param_value(const Param& param, double value) {
  if (param.type == Type::category) return param_text(param, value);
  return number(value);
}

template <typename Enum>
const char* name_of(Enum value, std::initializer_list<const char*> names) { return names.begin()[static_cast<int>(value)]; }

Json rules_of(const Rules& rules) {
  return {{"fill", name_of(rules.fill, {"next_open", "close"})},
          {"intrabar", name_of(rules.intrabar, {"sl_first", "tp_first", "open_proximity", "detail"})},
          {"through_ticks", rules.through_ticks},
          {"target_gap", name_of(rules.target_gap, {"limit", "open"})},
          {"reverse", rules.reverse},
          {"cooldown_bars", rules.cooldown_bars},
          {"warmup", name_of(rules.warmup, {"common", "own"})},
          {"end", name_of(rules.end, {"close", "open"})}};
}

Json series_of(const Job& job, const Series& series) {
  const Job own = job_for(job, series);
  const Candles& candles = series.candles;
  const Instrument& instrument = series.instrument;
  return {{"symbol", instrument.symbol}, {"exchange", instrument.exchange}, {"timeframe", candles.timeframe},
          {"tick", instrument.tick.value}, {"lot", instrument.lot}, {"min_notional", instrument.min_notional},
          {"maker_bps", own.costs.maker_bps}, {"taker_bps", own.costs.taker_bps}, {"bars", candles.size()},
          {"first", candles.size() == 0 ? "" : iso_time(candles.time.front())},
          {"last", candles.size() == 0 ? "" : iso_time(candles.time.back())}, {"dataset_hash", series.dataset_hash}};
}

}  // namespace

std::string param_text(const Param& param, double value) {
  const auto choice = static_cast<std::size_t>(value);
  if (param.type == Type::category && value >= 0.0 && choice < param.choices.size()) return param.choices[choice];
  return shortest_text(value);
}

const char* precision_name(Precision precision) { return precision == Precision::single_ ? "single" : "double"; }

std::string settings_json(const Job& job, const std::vector<Series>& series) {
  Json params = Json::object(), axes = Json::array(), data_series = Json::array(), files = Json::array();
  for (std::size_t param = 0; param < job.strategy.params.size(); ++param) {
    params[job.strategy.params[param].name] = param_value(job.strategy.params[param], job.values[param]);
  }
  for (const Axis& axis : job.axes) {
    const Param& param = job.strategy.params[static_cast<std::size_t>(axis.param)];
    Json values = Json::array();
    for (double value : axis.values) values.push_back(param_value(param, value));
    axes.push_back({{"name", param.name}, {"values", values}});
  }
  for (const Series& one : series) data_series.push_back(series_of(job, one));
  for (const std::string& file : job.files) files.push_back(std::filesystem::path(file).filename().string());
  const Json settings = {
      {"name", job.name},
      {"strategy", {{"name", job.strategy.name},
                    {"description", job.strategy.description},
                    {"direction", name_of(job.strategy.direction, {"long", "short", "both"})},
                    {"text", job.strategy.text}}},
      {"parameters", params},
      {"axes", axes},
      {"objective", job.objectives},
      {"direction", job.maximize ? "maximize" : "minimize"},
      {"aggregate", job.aggregate},
      {"constraints", job.constraints},
      {"data", {{"files", files},
                {"from", job.from ? Json(iso_time(*job.from)) : Json(nullptr)},
                {"to", job.to ? Json(iso_time(*job.to)) : Json(nullptr)},
                {"allow_gaps", job.allow_gaps},
                {"series", data_series}}},
      {"search", {{"method", job.search_method}, {"trials", job.trials}, {"seed", job.seed}}},
      {"account", {{"capital", number(job.account.capital)},
                   {"leverage", number(job.account.leverage)},
                   {"maintenance", number(job.account.maintenance)},
                   {"cap", job.account.cap},
                   {"daily_loss_limit", number(job.account.daily_loss_limit)},
                   {"max_drawdown_halt", number(job.account.max_drawdown_halt)}}},
      {"costs", {{"slippage_bps", number(job.costs.slippage_bps)},
                 {"impact_bps", number(job.costs.impact_bps)},
                 {"funding", job.funding == FundingSource::none      ? Json("none")
                             : job.funding == FundingSource::dataset ? Json("dataset")
                                                                     : number(job.funding_rate)}}},
      {"rules", rules_of(job.rules)},
      {"metrics", {{"sampling", name_of(job.sampling, {"day", "bar"})},
                   {"periods_per_year", job.periods_per_year ? number(*job.periods_per_year) : Json(nullptr)}}},
      {"precision", precision_name(job.precision)},
      {"output", {{"keep", job.keep_all ? "all" : "top"}, {"top", job.top}}}};
  return settings.dump(1, ' ', false, Json::error_handler_t::replace);
}

std::string job_key(const Job& job, const std::vector<Series>& series, const std::string& engine) {
  return content_hash(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", engine, program_version, execution_model_version,
                                  result_format_version, settings_json(job, series), job.text));
}

}  // namespace quern
