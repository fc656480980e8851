// quern backtest: one combination, with trades and every metric.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/plan/load_series.hpp"
#include "host/report/explanation.hpp"
#include "host/report/tables.hpp"
#include "host/results/files.hpp"
#include "host/results/number_text.hpp"
#include "host/results/settings.hpp"
#include "host/results/trade_lines.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Job& job, const Series& series, const LaneResult& result, const Trades& trades, const std::string& engine,
             const std::vector<std::string>& notices) {
  Json metrics = Json::object(), params = Json::object();
  for (int metric = 0; metric < metric_count; ++metric) {
    const double value = result.metrics[metric];
    metrics[metric_names[metric]] = std::isfinite(value) ? Json(value) : Json(nullptr);
  }
  for (std::size_t param = 0; param < job.strategy.params.size(); ++param) {
    const Param& declared = job.strategy.params[param];
    params[declared.name] = declared.type == Type::category ? Json(param_text(declared, job.values[param])) : Json(job.values[param]);
  }
  Json json = {{"metrics", metrics},
               {"trades", static_cast<std::int64_t>(result.metrics[static_cast<int>(Metric::n_trades)])},
               {"trade_lines", trades.lines.size()},
               {"symbol", series.instrument.symbol},
               {"timeframe", series.candles.timeframe},
               {"bars", series.candles.size()},
               {"first_decision_bar", result.first_decision_bar},
               {"decision_hash", fmt::format("{:016x}", result.decision_hash)},
               {"engine", engine},
               {"parameters", params},
               {"notices", notices}};
  if (trades.open.side != 0) {
    json["open_position"] = {{"side", trades.open.side > 0 ? "long" : "short"}, {"entry_bar", trades.open.entry_bar},
                             {"quantity", static_cast<double>(trades.open.lots) * series.instrument.lot}};
  }
  return json;
}

void refuse_faults(const LaneResult& result, const Series& series) {
  if (result.faults & lane_fault_too_many_lots) {
    throw Failure(fmt::format("{} {}: a fill of more than 2^53 lots cannot be counted exactly (E1b). Set a larger account.lot",
                              series.instrument.symbol, series.candles.timeframe));
  }
}

}  // namespace

int run_backtest(const BacktestOptions& options) {
  Job job = read_job_with(options);
  job.precision = Precision::double_;    // "single" saves time in sweeps; one lane has none to save
  for (const auto& file : {options.trades, options.equity}) {
    if (!file.empty()) refuse_unwritable(file);
  }
  const LoadedSeries loaded = load_series(job);
  for (const auto& notice : loaded.notices) say("note: " + notice);
  if (!job.axes.empty()) {
    std::string taken;
    for (const Axis& axis : job.axes) {
      const auto param = static_cast<std::size_t>(axis.param);
      taken += fmt::format("{}{} = {}", taken.empty() ? "" : ", ", job.strategy.params[param].name,
                           param_text(job.strategy.params[param], job.values[param]));
    }
    say(fmt::format("note: backtest runs one combination, so swept parameters take their fixed values: {}. Choose others with --set", taken));
    job.axes.clear();
  }
  const auto engine = make_engine(job.device, job.threads);
  const bool several = loaded.series.size() > 1;
  std::string trades_text = trades_header(), equity_text = several ? "symbol,timeframe,time,equity\n" : "time,equity\n", table;
  Json list = Json::array();
  for (const Series& series : loaded.series) {
    const Job own = job_for(job, series);
    Trace trace;
    const LaneResult result = engine->trace(own, series, own.values, trace);
    refuse_faults(result, series);
    const Trades trades = compose_trades(trace, series);
    if (!options.trades.empty()) trades_text += trades_csv(trades, series);
    if (!options.equity.empty()) {
      equity_text += equity_csv(trace, series, several ? series.instrument.symbol + "," + series.candles.timeframe + "," : "");
    }
    const Explanation explanation = explain(own, series, result);
    std::vector<std::string> notices;
    if (!explanation.size_problem.empty()) notices.push_back(explanation.size_problem);
    if (!explanation.cap_note.empty()) notices.push_back(explanation.cap_note);
    if (options.json) {
      if (trades.lines.empty() && !explanation.advice.empty()) notices.push_back(explanation.advice);
      if (trades.lines.empty()) for (const auto& notice : notices) say(fmt::format("note: {} {}: {}", series.instrument.symbol, series.candles.timeframe, notice));
      list.push_back(json_of(job, series, result, trades, engine->name(), notices));
      list.back()["explanation"] = explanation_json(explanation, series);
      continue;
    }
    table += fmt::format("{} {}, {} bars, decisions from bar {}, strategy {}, engine {}\n\n{}\n{}", series.instrument.symbol,
                         series.candles.timeframe, series.candles.size(), result.first_decision_bar, job.strategy.name,
                         engine->name(), metrics_table(result.metrics), trades_table(trades, series, 5));
    if (trades.open.side != 0) table += "a position is still open at the end of the data (rules.end = \"open\")\n";
    if (explanation.few) table += "\n" + explanation_text(explanation, series);
    else if (!explanation.size_problem.empty()) table += "\n" + explanation.size_problem + "\n";
    if (!explanation.cap_note.empty()) table += "\n" + explanation.cap_note + "\n";
    if (several) table += "\n";
  }
  if (!options.trades.empty()) write_file(options.trades, trades_text);
  if (!options.equity.empty()) write_file(options.equity, equity_text);
  if (options.json) table = (several ? Json{{"series", list}} : list.front()).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  print(table);
  return 0;
}

}  // namespace quern
