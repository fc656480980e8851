// quern jobs: the catalogue of sweeps, and going on with one.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/report/tables.hpp"
#include "host/results/catalogue.hpp"
#include "host/results/number_text.hpp"
#include "host/results/shards.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const CatalogueEntry& entry) {
  return {{"id", entry.id}, {"name", entry.name}, {"status", entry.status}, {"combinations", entry.combinations}, {"done", entry.done},
          {"engine", entry.engine}, {"started", entry.started}, {"changed", entry.changed}, {"seconds", entry.seconds}, {"best", entry.best},
          {"job", entry.job}, {"result", entry.output}};
}

// A sweep that ended without saying so (a crash, a kill, lost power) still stands as running; its lock says that nobody runs it,
// and its parts how far it came. A complete result may have been moved since.
void bring_up_to_date(CatalogueEntry& entry) {
  std::error_code ignored;
  if (entry.status == "complete") {
    if (!std::filesystem::exists(entry.output, ignored)) entry.status = "complete, result gone";
    return;
  }
  const PartsState state = parts_state(entry.output);
  if (state.key == entry.key && state.units > 0) {
    const std::int64_t size = (entry.combinations + static_cast<std::int64_t>(state.units) - 1) / static_cast<std::int64_t>(state.units);
    entry.done = std::min(entry.combinations, static_cast<std::int64_t>(state.finished) * size);
  }
  if (entry.status == "running" && !state.is_held) entry.status = "crashed";
}

CatalogueEntry entry_of(const std::vector<CatalogueEntry>& entries, const std::string& id) {
  for (const auto& entry : entries) {
    if (std::to_string(entry.id) == id) return entry;
  }
  throw BadRequest(fmt::format("the catalogue holds no job '{}'. 'quern jobs list' shows the numbers", id));
}

}  // namespace

int run_jobs(const JobsOptions& options) {
  auto entries = Catalogue(false).list();
  for (CatalogueEntry& entry : entries) bring_up_to_date(entry);
  if (options.verb == "list") {
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const auto& entry : entries) {
      list.push_back(json_of(entry));
      rows.push_back({std::to_string(entry.id), entry.name, entry.status, fmt::format("{}/{}", entry.done, entry.combinations), entry.changed,
                      duration_text(entry.seconds), entry.output});
    }
    if (options.json) print(list.dump(2) + "\n");
    else print(rows.empty() ? "no jobs yet\n" : text_table({"id", "job", "status", "done", "changed", "time", "result"}, rows));
    return 0;
  }
  const CatalogueEntry entry = entry_of(entries, options.id);
  if (options.verb == "show") {
    if (options.json) {
      print(json_of(entry).dump(2) + "\n");
    } else {
      std::string text;
      const Json shown = json_of(entry);
      for (const auto& [name, value] : shown.items()) {
        text += fmt::format("{:<14}{}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
      }
      if (entry.status == "crashed" || entry.status == "stopped" || entry.status == "failed") text += fmt::format("\nquern jobs resume {} goes on with it\n", entry.id);
      print(text);
    }
    return 0;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(entry.job, ignored)) {
    throw BadRequest(fmt::format("the job file '{}' of job {} is gone, so it cannot go on. Put it back, or sweep anew", entry.job, entry.id));
  }
  SweepOptions sweep;
  sweep.job = entry.job;
  sweep.output = entry.output;
  sweep.device = entry.engine;
  sweep.json = options.json;
  for (std::size_t at = 0; at < entry.arguments.size();) {
    const std::size_t end = std::min(entry.arguments.find('\n', at), entry.arguments.size());
    sweep.set.push_back(entry.arguments.substr(at, end - at));
    at = end + 1;
  }
  return run_sweep(sweep);
}

}  // namespace quern
