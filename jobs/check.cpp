// quern check: what a job would do, before it does it; or whether a tuned configuration is whole.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/parallel.hpp"
#include "host/base/time.hpp"
#include "host/export/tuned_configuration.hpp"
#include "host/plan/load_series.hpp"
#include "host/plan/warmup.hpp"
#include "host/results/files.hpp"
#include "host/results/h5_chunk.hpp"
#include "host/results/number_text.hpp"
#include "host/results/result_file.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

int check_exported(const CheckOptions& options) {
  const ConfigurationReport report = check_configuration(read_file(options.job), options.job);
  const Job job = read_job_text(report.job_text, "configuration");
  if (options.json) {
    print(Json{{"configuration", options.job}, {"valid", true}, {"strategy", report.strategy}, {"symbol", report.symbol},
               {"timeframe", report.timeframe}, {"judged", report.judged}}.dump(2) + "\n");
  } else {
    print(fmt::format("{}: valid configuration of strategy {} for {} {}, {} parameters; the reference engine {}\n", options.job, report.strategy,
                      report.symbol, report.timeframe, job.strategy.params.size(), report.judged ? "agrees" : "DIFFERS"));
  }
  return 0;
}

// A job is TOML; what begins with a brace was exported.
bool is_configuration(const std::string& path) {
  if (path.ends_with(".json")) return true;
  if (path.ends_with(".toml")) return false;
  const std::string text = read_file(path);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] == '{';
}

double free_space(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  struct statvfs info {};
  return ::statvfs(folder.empty() ? "." : folder.c_str(), &info) == 0 ? static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize) : 0.0;
}

double resident_memory() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0;
}

double timed(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Some combinations run for real, spread over the grid: they tell the speed and how well rows compress.
struct Probe {
  double seconds_a_bar = 0.0;       // of the sweep, a bar of a combination
  double judge_seconds_a_bar = 0.0; // of the reference engine, on one thread
  double bytes_a_row = 0.0;         // of a row of /runs in the file
};

Probe probe(const Job& job, const Series& series, Engine& engine, std::uint64_t unit) {
  const Job own = job_for(job, series);
  const std::uint64_t combinations = job.combinations();
  const double bars = static_cast<double>(series.candles.size());
  Probe found;
  std::vector<LaneResult> results;
  for (std::uint64_t count = std::min<std::uint64_t>(combinations, 64);; count = std::min(count * 4, unit)) {
    results.resize(count);
    const std::uint64_t first = (combinations - count) / 2;
    const double seconds = timed([&] { engine.evaluate(own, series, first, count, results.data()); });
    found.seconds_a_bar = seconds / (bars * static_cast<double>(count));
    if (seconds > 0.2 || count >= unit) break;
  }
  const auto judge = make_reference_engine(1);
  LaneResult judged;
  found.judge_seconds_a_bar = timed([&] { judge->evaluate(own, series, combinations / 2, 1, &judged); }) / bars;
  const std::size_t rows = results.size();
  for (int metric = 0; metric < metric_count; ++metric) {
    std::string bytes(rows * sizeof(double), '\0');
    for (std::size_t row = 0; row < rows; ++row) std::memcpy(bytes.data() + row * sizeof(double), &results[row].metrics[metric], sizeof(double));
    found.bytes_a_row += static_cast<double>(packed_chunk(bytes, sizeof(double)).size()) / static_cast<double>(rows);
  }
  found.bytes_a_row += sizeof(std::uint64_t) + 1.0 + 0.5 * static_cast<double>(job.axes.size());   // decision hash; small whole numbers; axes
  return found;
}

std::string axis_text(const Job& job, const Axis& axis) {
  return job.strategy.params[static_cast<std::size_t>(axis.param)].name;
}

}  // namespace

int run_check(const CheckOptions& options) {
  if (is_configuration(options.job)) return check_exported(options);
  const Job job = read_job_with(options);
  (void)TopList(job, 0);
  double product = 1.0;
  for (const Axis& axis : job.axes) product *= static_cast<double>(axis.values.size());
  if (product > 1e15) {
    throw BadRequest(fmt::format("{}: the axes span {} combinations, more than any machine can run. Use fewer or coarser axes", job.path, count_text(product)));
  }
  const LoadedSeries loaded = load_series(job);
  const auto engine = make_engine(job.device, job.threads);
  const std::uint64_t combinations = job.combinations();
  const std::uint64_t unit = unit_size(job, loaded.series, engine->name());
  const double series_count = static_cast<double>(loaded.series.size()), rows = static_cast<double>(combinations) * series_count;
  double bars = 0.0;
  Json series_list = Json::array(), axes_list = Json::array();
  std::vector<std::string> notices = loaded.notices;
  std::string text;
  for (const Series& series : loaded.series) {
    const Job own = job_for(job, series);
    const int first = first_decision_bar(own, series, job.combination(0));
    bars += static_cast<double>(series.candles.size());
    series_list.push_back({{"symbol", series.instrument.symbol}, {"timeframe", series.candles.timeframe}, {"bars", series.candles.size()},
                           {"first_decision_bar", first}, {"first", iso_time(series.candles.time.front())}, {"last", iso_time(series.candles.time.back())}});
    text += fmt::format("series          {} {}: {} bars, {} to {}, decisions from bar {}\n", series.instrument.symbol, series.candles.timeframe,
                        series.candles.size(), iso_time(series.candles.time.front()), iso_time(series.candles.time.back()), first);
    if (first + 1 >= static_cast<int>(series.candles.size())) {
      notices.push_back(fmt::format("{} {}: the series ends before every expression is ready (bar {} of {}), so nothing can be decided. Load more bars "
                                    "or shorten the look-backs", series.instrument.symbol, series.candles.timeframe, first, series.candles.size()));
    }
  }
  std::string product_text;
  for (const Axis& axis : job.axes) {
    product_text += fmt::format("{}{} ({})", product_text.empty() ? "" : " x ", axis_text(job, axis), axis.values.size());
    axes_list.push_back({{"name", axis_text(job, axis)}, {"values", axis.values.size()},
                         {"unreached", axis.unreached ? Json(*axis.unreached) : Json(nullptr)}});
    if (axis.unreached) {
      notices.push_back(fmt::format("axis {}: 'to' = {} is not reached; the last value is {}", axis_text(job, axis), shortest_text(*axis.unreached),
                                    shortest_text(axis.values.back())));
    }
  }

  // What it needs. Parts and result stand side by side while the result is assembled.
  const double row = sizeof(LaneResult), ranked = std::min(static_cast<double>(std::max(0, job.top)), static_cast<double>(combinations)) * series_count;
  const double kept = job.keep_all ? 1.0 : std::min(1.0, static_cast<double>(std::max(0, job.top)) / static_cast<double>(unit));
  const double parts = rows * kept * (job.keep_all ? row : row + 8.0);
  const std::string place = job.output_file.empty() ? job.path : job.output_file;
  const double available = free_space(place);
  const double physical = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  const auto refuse_disk = [&](double disk) {
    if (available <= 0.0 || disk <= available) return;
    throw BadRequest(fmt::format("{}: parts and result need about {} while the result is assembled, and the disk has {} free. Use fewer "
                                 "combinations, output.keep = \"top\", or another disk", job.path, bytes_text(disk), bytes_text(available)));
  };
  refuse_disk(parts);
  const Probe found = probe(job, loaded.series.front(), *engine, unit);
  const double work = bars * static_cast<double>(combinations), threads = thread_count(job.threads);
  const double top_bytes = ranked * 2.0 * row + bars * 24.0;
  const double result = top_bytes + (job.keep_all ? rows * found.bytes_a_row : 0.0);
  const double disk = parts + result;
  // Reading, packing and writing the rows of the result: some 60 MB a second and thread.
  const double assembling = job.keep_all ? rows * row / (60e6 * std::min(threads, 8.0)) : 0.0;
  const double seconds = work * found.seconds_a_bar + ranked * bars / series_count * found.judge_seconds_a_bar / threads + assembling;
  // What the probe took, a unit's rows while they are computed and written, and the chunks of the result.
  const double memory = resident_memory() + static_cast<double>(unit) * series_count * row * 3.0 + 2.0 * ranked * row + 16e6;
  if (memory > physical) {
    throw BadRequest(fmt::format("{}: this needs about {} of memory and the machine has {}. Use fewer series or a shorter range", job.path, bytes_text(memory), bytes_text(physical)));
  }
  refuse_disk(disk);
  if (options.json) {
    print(Json{{"job", job.name}, {"strategy", job.strategy.name}, {"combinations", combinations}, {"axes", axes_list}, {"series", series_list},
               {"bar_evaluations", work}, {"engine", engine->name()}, {"seconds_estimate", seconds}, {"memory_estimate", memory},
               {"result_size_estimate", result}, {"parts_size_estimate", parts}, {"disk_needed_estimate", disk}, {"disk_free", available},
               {"notices", notices}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return 0;
  }
  for (const auto& notice : notices) say("note: " + notice);
  text = fmt::format("job             {}, strategy {}\n", job.name, job.strategy.name) + text;
  text += fmt::format("combinations    {}{}\n", combinations, product_text.empty() ? "" : " = " + product_text);
  text += fmt::format("bar-evaluations {}\nengine          {}\ntime            about {}\n", count_text(work), engine->name(), duration_text(seconds));
  text += fmt::format("memory          about {}\nresult          about {}\n", bytes_text(memory), bytes_text(result));
  text += fmt::format("disk            about {} while the result is assembled ({} of parts beside it), {} free\n", bytes_text(disk), bytes_text(parts),
                      bytes_text(available));
  print(text);
  return 0;
}

}  // namespace quern
