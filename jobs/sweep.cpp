// quern sweep: every combination of a job, in resumable units.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

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

// The result must not replace what it is made from.
void refuse_inputs(const std::string& output, const Job& job) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::exists(output, ignored)) return;
  if (!fs::is_regular_file(output, ignored)) {
    throw BadRequest(fmt::format("'{}' is no file, so it cannot hold a result. Give --output a name ending in .h5", output));
  }
  std::vector<std::string> inputs = job.files;
  inputs.push_back(job.path);
  for (const std::string& input : inputs) {
    if (fs::equivalent(output, input, ignored)) {
      throw BadRequest(fmt::format("'{}' is read by this job and would be lost. Choose another --output", output));
    }
  }
}

// Whether the result of this very sweep stands already; refuses what --force would have to replace.
bool is_complete(const std::string& output, const std::string& key) {
  const std::string existing = existing_result_key(output);
  if (existing == key) return true;
  if (existing.empty()) return false;
  throw BadRequest(fmt::format("'{}' holds the result of another job (or of other data, engine or program), which would be lost. "
                               "Choose another --output, or --force to replace it", output));
}

int say_complete(const SweepOptions& options, const std::string& output, const std::string& key, std::uint64_t combinations) {
  Shards::remove_left_over(output, key);
  Catalogue(false).put_complete(key, std::filesystem::absolute(output).lexically_normal().string());
  if (options.json) print(Json{{"result", output}, {"status", "already complete"}, {"combinations", combinations}}.dump() + "\n");
  else print(fmt::format("{}: already complete\n", output));
  return 0;
}

}  // namespace

std::uint64_t sweep_units(const Job& job, const std::vector<Series>& series, Engine& engine, Shards& shards, std::uint64_t units,
                          std::uint64_t size, TopList& top, Progress& progress, const Pulse& pulse) {
  std::vector<Job> jobs;
  for (const Series& one : series) jobs.push_back(job_for(job, one));
  const std::uint64_t combinations = job.combinations();
  std::uint64_t faulty = 0;
  std::vector<LaneResult> one_series;
  UnitPart part;
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    const std::uint64_t first = unit * size, count = std::min(size, combinations - first);
    pulse();
    if (shards.is_finished(unit)) {
      part = shards.read(unit);
    } else {
      part.refused = part.faulty = 0;
      part.combinations.clear();
      part.results.resize(count * series.size());
      for (std::size_t number = 0; number < series.size(); ++number) {
        if (series.size() == 1) {
          engine.evaluate(jobs[0], series[0], first, count, part.results.data());
          break;
        }
        one_series.resize(count);
        engine.evaluate(jobs[number], series[number], first, count, one_series.data());
        for (std::uint64_t row = 0; row < count; ++row) part.results[row * series.size() + number] = one_series[row];
      }
      std::uint64_t faults = 0;
      for (const LaneResult& result : part.results) faults += result.faults != 0;
      if (!job.keep_all) {               // no other row of this unit can reach the top list
        TopList best(job, static_cast<std::size_t>(std::max(0, job.top)));
        best.offer(part, first, series.size());
        part = best.part();
      }
      part.faulty = faults;
      shards.commit(unit, part);
    }
    faulty += part.faulty;
    top.offer(part, first, series.size());
    progress.update(first + count);
  }
  return faulty;
}

int run_sweep(const SweepOptions& options) {
  const Job job = read_job_with(options);
  const std::string output = output_of(options, job);
  if (job.search_method != "grid") {
    throw BadRequest(fmt::format("{}: sweep runs grids, and this job asks for search.method = \"{}\". Set it to \"grid\"", job.path, job.search_method));
  }
  TopList best(job, static_cast<std::size_t>(std::max(0, job.top)));   // a wrong objective or constraint is refused before any work
  for (const Axis& axis : job.axes) {
    const std::string& name = job.strategy.params[static_cast<std::size_t>(axis.param)].name;
    for (const char* taken : {"decision_hash", "first_decision_bar", "faults", "series", "rank", "combination", "objective", "judged", "trades", "equity"}) {
      if (name != taken && find_metric(name) < 0) continue;
      throw BadRequest(fmt::format("{}: the swept parameter '{}' has the name of a result column, so the result could not hold both. Rename it", job.path, name));
    }
  }
  refuse_inputs(output, job);
  const LoadedSeries loaded = load_series(job);
  const auto& series = loaded.series;
  for (const auto& notice : loaded.notices) say("note: " + notice);
  const auto engine = make_engine(job.device, job.threads);
  const std::string key = job_key(job, series, engine->name());
  const std::uint64_t combinations = job.combinations(), size = unit_size(job, series, engine->name()), units = (combinations + size - 1) / size;
  if (!options.force && is_complete(output, key)) return say_complete(options, output, key, combinations);
  Interrupt interrupt;                 // from the first part on an end that is asked for leaves them in order
  std::optional<OutputLock> lock(output);
  if (!options.force && is_complete(output, key)) {   // another process has just finished it
    lock.reset();
    return say_complete(options, output, key, combinations);
  }
  Shards shards(output, key, units, options.force);
  const std::uint64_t before = shards.finished();
  if (before > 0) say(fmt::format("resuming: {} of {} parts stand already", before, units));
  if (shards.damaged() > 0) say(fmt::format("note: {} parts are missing or damaged and are computed again", shards.damaged()));
  Catalogue catalogue(true);
  if (!catalogue.is_open()) say("note: the catalogue cannot be written, so 'quern jobs' will not know this sweep. Set QUERN_HOME to a folder that may be written");
  std::string arguments;
  for (const auto& text : options.set) arguments += (arguments.empty() ? "" : "\n") + text;
  const auto done = [&] { return static_cast<std::int64_t>(std::min(shards.finished() * size, combinations)); };
  CatalogueEntry entry;
  entry.name = job.name;
  entry.job = std::filesystem::absolute(options.job).lexically_normal().string();
  entry.output = std::filesystem::absolute(output).lexically_normal().string();
  entry.engine = engine->name();
  entry.combinations = static_cast<std::int64_t>(combinations);
  entry.done = done();
  entry.arguments = arguments;
  const std::int64_t id = catalogue.begin(key, entry);
  Progress progress("sweep", combinations, static_cast<std::uint64_t>(entry.done));
  struct Stopped {};
  const Pulse pulse = [&] {
    if (interrupt.asked()) throw Stopped();
  };
  const auto kept = [&] { return fmt::format("{} of {} parts are finished and kept in '{}'", shards.finished(), units, shards.folder()); };
  double seconds = 0.0;
  JudgedTop top;
  try {
    const std::uint64_t faulty = sweep_units(job, series, *engine, shards, units, size, best, progress, pulse);
    progress.finish();
    if (faulty > 0) {
      say(fmt::format("note: {} rows had a fill of more than 2^53 lots (E1b){}. Set a larger account.lot", faulty,
                      job.keep_all ? ": /runs/faults marks them" : ""));
    }
    seconds = progress.seconds();
    top = judge(job, series, best, job.threads, pulse);
    assemble_result(output, {job, series, engine->name(), key, shards, units, top, job.threads}, pulse);
  } catch (const Stopped&) {
    progress.finish();
    catalogue.update(id, "stopped", done(), progress.seconds(), "");
    throw Failure(fmt::format("stopped: {}. Run the same command again to go on", kept()));
  } catch (const Failure& failure) {
    progress.finish();
    catalogue.update(id, "failed", done(), progress.seconds(), "");
    throw Failure(fmt::format("{} ({})", failure.what(), kept()));
  }
  catalogue.update(id, "complete", static_cast<std::int64_t>(combinations), seconds, best_text(job, top));
  shards.remove();
  lock.reset();

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
