#include "host/export/tuned_configuration.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/results/hash.hpp"
#include "host/results/number_text.hpp"
#include "host/results/versions.hpp"
#include "kernels/market/lane_result.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema_name = "quern-tuned-configuration";

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// The hash covers the whole document but itself.
std::string hash_of(Json document) {
  document.erase("content_hash");
  return content_hash(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string tuned_configuration(const H5File& result, int rank, int series) {
  const std::string settings_text = result.text_attribute("settings");
  const Json settings = Json::parse(settings_text, nullptr, false);
  if (settings.is_discarded()) throw BadRequest("the result's settings cannot be read: it is damaged. Run the sweep again");
  const std::uint64_t rows = result.rows("/top/rank");
  const auto ranks = result.read_reals("/top/rank", 0, rows), numbers = result.read_reals("/top/series", 0, rows);
  std::uint64_t row = rows;
  for (std::uint64_t at = 0; at < rows && row == rows; ++at) {
    if (ranks[at] == rank && numbers[at] == series) row = at;
  }
  if (row == rows) {
    throw BadRequest(fmt::format("the result has no rank {} of series {}: its top list holds {} rows. Choose a --rank of 'quern top'",
                                 rank, series, rows));
  }
  Json params = settings.at("parameters");
  for (const auto& axis : settings.at("axes")) {
    const std::string name = axis.at("name"), path = "/top/" + name;
    params[name] = result.is_text(path) ? Json(result.read_texts(path, row, 1).front()) : number(result.read_reals(path, row, 1).front());
  }
  Json metrics = Json::object(), reference = Json::object();
  for (const char* name : metric_names) {
    metrics[name] = number(result.read_reals(fmt::format("/top/{}", name), row, 1).front());
    reference[name] = number(result.read_reals(fmt::format("/top/reference_{}", name), row, 1).front());
  }
  const Json& one = settings.at("data").at("series").at(static_cast<std::size_t>(series));
  Json costs = settings.at("costs");
  costs["maker_bps"] = one.at("maker_bps");
  costs["taker_bps"] = one.at("taker_bps");
  Json document = {
      {"schema", schema_name},
      {"schema_version", configuration_schema_version},
      {"name", settings.at("name")},
      {"strategy", settings.at("strategy")},
      {"parameters", params},
      {"instrument", {{"symbol", one.at("symbol")}, {"exchange", one.at("exchange")}, {"timeframe", one.at("timeframe")},
                      {"tick", one.at("tick")}, {"lot", one.at("lot")}, {"min_notional", one.at("min_notional")}}},
      {"account", settings.at("account")},
      {"costs", costs},
      {"rules", settings.at("rules")},
      {"objective", {{"of", settings.at("objective")}, {"direction", settings.at("direction")}, {"aggregate", settings.at("aggregate")},
                     {"constraints", settings.at("constraints")}, {"value", number(result.read_reals("/top/objective", row, 1).front())}}},
      {"metrics", metrics},
      {"reference_metrics", reference},
      {"judged", result.read_reals("/top/judged", row, 1).front() == 1.0},
      {"provenance", {{"program", result.text_attribute("program")},
                      {"program_version", result.text_attribute("program_version")},
                      {"execution_model_version", result.whole_attribute("execution_model_version")},
                      {"engine", result.text_attribute("engine")},
                      {"precision", result.text_attribute("precision")},
                      {"job_hash", result.text_attribute("job_hash")},
                      {"job_key", result.text_attribute("job_key")},
                      {"strategy_hash", content_hash(settings.at("strategy").at("text").get<std::string>())},
                      {"dataset_hash", one.at("dataset_hash")},
                      {"data_first", one.at("first")},
                      {"data_last", one.at("last")},
                      {"rank", rank},
                      {"combination", result.read_unsigned("/top/combination", row, 1).front()},
                      {"combinations", result.whole_attribute("combinations")},
                      {"decision_hash", fmt::format("{:016x}", result.read_unsigned("/top/decision_hash", row, 1).front())}}}};
  document["content_hash"] = hash_of(document);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ConfigurationReport check_configuration(const std::string& text, const std::string& path) {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object()) {
    throw BadRequest(fmt::format("'{}' is no JSON object, so it is no tuned configuration. Export it again", path));
  }
  if (document.value("schema", Json()) != schema_name) {
    throw BadRequest(fmt::format("'{}' is no tuned configuration: its \"schema\" is not \"{}\"", path, schema_name));
  }
  Problems problems;
  static constexpr struct { const char* at; Json::value_t type; } required[] = {
      {"/schema_version", Json::value_t::number_unsigned}, {"/name", Json::value_t::string}, {"/strategy/text", Json::value_t::string},
      {"/strategy/name", Json::value_t::string}, {"/parameters", Json::value_t::object}, {"/instrument/symbol", Json::value_t::string},
      {"/instrument/timeframe", Json::value_t::string}, {"/instrument/tick", Json::value_t::number_float},
      {"/instrument/lot", Json::value_t::number_float}, {"/account", Json::value_t::object}, {"/costs", Json::value_t::object},
      {"/rules", Json::value_t::object}, {"/objective", Json::value_t::object}, {"/metrics", Json::value_t::object},
      {"/reference_metrics", Json::value_t::object}, {"/judged", Json::value_t::boolean}, {"/provenance", Json::value_t::object},
      {"/provenance/execution_model_version", Json::value_t::number_unsigned}, {"/provenance/strategy_hash", Json::value_t::string},
      {"/content_hash", Json::value_t::string}};
  for (const auto& want : required) {
    const Json::json_pointer at(want.at);
    if (!document.contains(at)) {
      problems.add(fmt::format("{}: '{}' is missing", path, want.at + 1));
      continue;
    }
    const Json& value = document.at(at);
    const bool number = want.type == Json::value_t::number_float || want.type == Json::value_t::number_unsigned;
    if (number ? !value.is_number() : value.type() != want.type) problems.add(fmt::format("{}: '{}' has the wrong type", path, want.at + 1));
  }
  problems.throw_if_any();
  if (document.at("schema_version") != configuration_schema_version) {
    problems.add(fmt::format("{}: schema version {} is not {}, which this program reads", path, document.at("schema_version").dump(), configuration_schema_version));
  }
  if (document.at("content_hash") != hash_of(document)) {
    problems.add(fmt::format("{}: the content hash does not fit: the file was changed after its export. Export it again", path));
  }
  const Json& provenance = document.at("provenance");
  if (provenance.at("execution_model_version") != execution_model_version) {
    problems.add(fmt::format("{}: it was tuned under execution model {}, this program has {}. Run the search again", path,
                             provenance.at("execution_model_version").dump(), execution_model_version));
  }
  if (provenance.at("strategy_hash") != content_hash(document.at("strategy").at("text").get<std::string>())) {
    problems.add(fmt::format("{}: the strategy text is not the one that was tuned", path));
  }
  problems.throw_if_any();
  ConfigurationReport report;
  report.strategy = document.at("strategy").at("name");
  report.symbol = document.at("instrument").at("symbol");
  report.timeframe = document.at("instrument").at("timeframe");
  report.judged = document.at("judged");
  // JSON strings and numbers are valid TOML values (escapes included).
  report.job_text = "[job]\nname = \"configuration\"\n[data]\nfiles = [\"none.h5\"]\n[params]\n";
  for (const auto& [name, value] : document.at("parameters").items()) {
    const std::string written = value.is_number() ? shortest_text(value.get<double>()) : value.dump();
    report.job_text += fmt::format("{} = {}\n", Json(name).dump(), written);
  }
  report.job_text += document.at("strategy").at("text").get<std::string>();
  return report;
}

}  // namespace quern
