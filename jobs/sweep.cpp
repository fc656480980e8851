// quern sweep: every combination of a job, in resumable units.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/plan/load_series.hpp"
#include "host/results/catalogue.hpp"
#include "host/results/number_text.hpp"
#include "host/results/result_file.hpp"
#include "host/results/settings.hpp"
#include "jobs/common.hpp"
#include "jobs/sweep_units.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

std::string output_of(const SweepOptions& options, const Job& job) {
  if (!options.output.empty()) return options.output;
  if (!job.output_file.empty()) return job.output_file;
  throw BadRequest("a sweep needs a place for its result. Give --output RESULT.h5 or set output.file in the job");
}

std::string best_text(const Job& job, const JudgedTop& top) {
  if (top.ranked.empty()) return {};
  const auto values = job.combination(top.ranked.front().combination);
  std::string text;
  for (const Axis& axis : job.axes) {
    const auto param = static_cast<std::size_t>(axis.param);
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", job.strategy.params[param].name, param_text(job.strategy.params[param], values[param]));
  }
  return text;
}

}  // namespace

std::string sweep_units(const Job& job, const std::vector<Series>& series, Engine& engine, Shards& shards, std::uint64_t units,
                        std::uint64_t size, Progress& progress, const Interrupt& interrupt) {
  std::vector<Job> jobs;
  for (const Series& one : series) jobs.push_back(job_for(job, one));
  const std::uint64_t combinations = job.combinations();
  std::uint64_t faulty = 0;
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    const std::uint64_t first = unit * size, count = std::min(size, combinations - first);
    if (!shards.is_finished(unit)) {
      if (interrupt.asked()) return "interrupted";
      std::vector<LaneResult> results(count * series.size()), part(count);
      for (std::size_t number = 0; number < series.size(); ++number) {
        engine.evaluate(jobs[number], series[number], first, count, part.data());
        for (std::uint64_t row = 0; row < count; ++row) results[row * series.size() + number] = part[row];
      }
      for (const LaneResult& result : results) faulty += result.faults != 0;
      shards.commit(unit, results);
    }
    progress.update(first + count);
  }
  if (faulty > 0) {
    return fmt::format("{} rows had a fill of more than 2^53 lots (E1b): /runs/faults marks them. Set a larger account.lot", faulty);
  }
  return {};
}

int run_sweep(const SweepOptions& options) {
  const Job job = read_job_with(options);
  const std::string output = output_of(options, job);
  if (job.search_method != "grid") {
    throw BadRequest(fmt::format("{}: sweep runs grids, and this job asks for search.method = \"{}\". Set it to \"grid\"", job.path, job.search_method));
  }
  (void)TopList(job, 0);   // a wrong objective or constraint is refused before any work
  for (const Axis& axis : job.axes) {
    const std::string& name = job.strategy.params[static_cast<std::size_t>(axis.param)].name;
    for (const char* taken : {"decision_hash", "first_decision_bar", "faults", "series", "rank", "combination", "objective", "judged", "trades", "equity"}) {
      if (name != taken && find_metric(name) < 0) continue;
      throw BadRequest(fmt::format("{}: the swept parameter '{}' has the name of a result column, so the result could not hold both. Rename it", job.path, name));
    }
  }
  const LoadedSeries loaded = load_series(job);
  const auto& series = loaded.series;
  for (const auto& notice : loaded.notices) say("note: " + notice);
  const auto engine = make_engine(job.device, job.threads);
  const std::string key = job_key(job, series, engine->name());
  const std::uint64_t combinations = job.combinations(), size = unit_size(job, series), units = (combinations + size - 1) / size;
  if (!options.force) {
    const std::string existing = existing_result_key(output);
    if (existing == key) {
      if (options.json) print(Json{{"result", output}, {"status", "already complete"}, {"combinations", combinations}}.dump() + "\n");
      else print(fmt::format("{}: already complete\n", output));
      return 0;
    }
    if (!existing.empty()) {
      throw BadRequest(fmt::format("'{}' holds the result of another job (or of other data, engine or program), which would be lost. "
                                   "Choose another --output, or --force to replace it", output));
    }
  }
  Shards shards(output, key, units, options.force);
  const std::uint64_t before = shards.finished();
  if (before > 0) say(fmt::format("resuming: {} of {} parts stand already", before, units));
  Catalogue catalogue(true);
  std::string arguments;
  for (const auto& text : options.set) arguments += (arguments.empty() ? "" : "\n") + text;
  CatalogueEntry entry;
  entry.name = job.name;
  entry.job = std::filesystem::absolute(options.job).lexically_normal().string();
  entry.output = std::filesystem::absolute(output).lexically_normal().string();
  entry.engine = engine->name();
  entry.combinations = static_cast<std::int64_t>(combinations);
  entry.done = static_cast<std::int64_t>(std::min(before * size, combinations));
  entry.arguments = arguments;
  const std::int64_t id = catalogue.begin(key, entry);
  Interrupt interrupt;
  Progress progress("sweep", combinations, std::min(before * size, combinations));
  const std::string problem = sweep_units(job, series, *engine, shards, units, size, progress, interrupt);
  progress.finish();
  if (problem == "interrupted") {
    catalogue.update(id, "stopped", static_cast<std::int64_t>(std::min(shards.finished() * size, combinations)), progress.seconds(), "");
    throw Failure(fmt::format("stopped after {} of {} parts, which are kept in '{}'. Run the same command again to go on", shards.finished(), units, shards.folder()));
  }
  if (!problem.empty()) say("note: " + problem);
  const double seconds = progress.seconds();
  const JudgedTop top = judge(job, series, rank_shards(job, series.size(), shards, units), job.threads);
  assemble_result(output, job, series, engine->name(), key, shards, units, top);
  shards.remove();
  catalogue.update(id, "complete", static_cast<std::int64_t>(combinations), seconds, best_text(job, top));

  std::uint64_t agreeing = 0, rows = 0;
  std::string difference;
  for (const auto& rank : top.rows) {
    for (const JudgedRow& row : rank) {
      ++rows;
      agreeing += row.agrees;
      if (!row.agrees && difference.empty()) difference = row.difference;
    }
  }
  double bars = 0.0;
  for (const Series& one : series) bars += static_cast<double>(one.candles.size());
  if (options.json) {
    print(Json{{"result", output}, {"status", "complete"}, {"combinations", combinations}, {"series", series.size()},
               {"engine", engine->name()}, {"seconds", seconds}, {"refused_by_constraints", top.refused}, {"top", rows},
               {"judged_equal", agreeing}}.dump(2) + "\n");
  } else {
    print(fmt::format("{}: {} combinations on {} series by engine {} in {} ({} bar-evaluations/s)\n", output, combinations, series.size(),
                      engine->name(), duration_text(seconds), count_text(bars * static_cast<double>(combinations) / std::max(1e-9, seconds))));
    if (top.refused > 0) print(fmt::format("{} combinations miss a constraint and are not ranked\n", top.refused));
    print(fmt::format("reference engine agrees on {} of {} rows of the top list\nSee: quern top {}\n", agreeing, rows, output));
  }
  if (agreeing != rows) {
    say(fmt::format("quern: the reference engine differs on {} rows of the top list (first in: {}); do not trade on them. See 'judged' in /top",
                    rows - agreeing, difference));
    return 1;
  }
  return 0;
}

}  // namespace quern
