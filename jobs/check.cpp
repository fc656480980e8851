// quern check: what a job would do, before it does it; or whether a tuned configuration is whole.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/time.hpp"
#include "host/export/tuned_configuration.hpp"
#include "host/plan/load_series.hpp"
#include "host/plan/warmup.hpp"
#include "host/results/files.hpp"
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

double free_space(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  struct statvfs info {};
  return ::statvfs(folder.empty() ? "." : folder.c_str(), &info) == 0 ? static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize) : 0.0;
}

}  // namespace

int run_check(const CheckOptions& options) {
  if (options.job.ends_with(".json")) return check_exported(options);
  const Job job = read_job_with(options);
  (void)TopList(job, 0);
  const LoadedSeries loaded = load_series(job);
  const auto engine = make_engine(job.device, job.threads);
  const std::uint64_t combinations = job.combinations();
  double bars = 0.0, candles = 0.0;
  Json series_list = Json::array();
  std::string text;
  for (const Series& series : loaded.series) {
    const Job own = job_for(job, series);
    const int first = first_decision_bar(own, series, job.combination(0));
    bars += static_cast<double>(series.candles.size());
    candles += static_cast<double>(series.candles.size()) * 96.0 + static_cast<double>(series.detail.size()) * 64.0;
    series_list.push_back({{"symbol", series.instrument.symbol}, {"timeframe", series.candles.timeframe}, {"bars", series.candles.size()},
                           {"first_decision_bar", first}, {"first", iso_time(series.candles.time.front())}, {"last", iso_time(series.candles.time.back())}});
    text += fmt::format("series          {} {}: {} bars, {} to {}, decisions from bar {}\n", series.instrument.symbol, series.candles.timeframe,
                        series.candles.size(), iso_time(series.candles.time.front()), iso_time(series.candles.time.back()), first);
  }
  // A few combinations tell the speed.
  const std::uint64_t probe = std::min<std::uint64_t>(combinations, 256);
  std::vector<LaneResult> results(probe);
  const auto begin = std::chrono::steady_clock::now();
  engine->evaluate(job_for(job, loaded.series.front()), loaded.series.front(), 0, probe, results.data());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double work = bars * static_cast<double>(combinations);
  const double rate = static_cast<double>(loaded.series.front().candles.size()) * static_cast<double>(probe) / std::max(1e-9, seconds);
  const double rows = static_cast<double>(combinations) * static_cast<double>(loaded.series.size());
  const std::uint64_t unit = unit_size(job, loaded.series, engine->name());
  const double kept = job.keep_all ? 1.0 : std::min(1.0, static_cast<double>(job.top) / static_cast<double>(unit));
  const double parts = rows * kept * sizeof(LaneResult), result = job.keep_all ? rows * (sizeof(LaneResult) + 8.0 * static_cast<double>(job.axes.size())) * 0.7 : 1e6;
  const double memory = candles + 4.0 * static_cast<double>(unit) * static_cast<double>(loaded.series.size()) * sizeof(LaneResult) + 64e6;
  const double available = free_space(job.output_file.empty() ? job.path : job.output_file);
  const double physical = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (memory > physical) {
    throw BadRequest(fmt::format("{}: this needs about {} of memory and the machine has {}. Use fewer series or a shorter range", job.path, bytes_text(memory), bytes_text(physical)));
  }
  if (available > 0.0 && parts + result > available) {
    throw BadRequest(fmt::format("{}: parts and result need about {} and the disk has {} free. Use fewer combinations, output.keep = \"top\", or another disk",
                                 job.path, bytes_text(parts + result), bytes_text(available)));
  }
  if (options.json) {
    print(Json{{"job", job.name}, {"strategy", job.strategy.name}, {"combinations", combinations}, {"series", series_list}, {"bar_evaluations", work},
               {"engine", engine->name()}, {"seconds_estimate", work / rate}, {"memory_estimate", memory}, {"result_size_estimate", result},
               {"parts_size_estimate", parts}, {"notices", loaded.notices}}.dump(2) + "\n");
    return 0;
  }
  for (const auto& notice : loaded.notices) say("note: " + notice);
  std::string axes;
  for (const Axis& axis : job.axes) {
    axes += fmt::format("{}{} ({})", axes.empty() ? "" : " x ", job.strategy.params[static_cast<std::size_t>(axis.param)].name, axis.values.size());
  }
  text = fmt::format("job             {}, strategy {}\n", job.name, job.strategy.name) + text;
  text += fmt::format("combinations    {}{}\n", combinations, axes.empty() ? "" : " = " + axes);
  text += fmt::format("bar-evaluations {}\nengine          {}\ntime            about {}\n", count_text(work), engine->name(), duration_text(work / rate));
  text += fmt::format("memory          about {}\nresult          about {}, and {} of parts while it runs\n", bytes_text(memory), bytes_text(result), bytes_text(parts));
  print(text);
  return 0;
}

}  // namespace quern
