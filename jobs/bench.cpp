// quern bench: the rate of a sweep on this machine.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/parallel.hpp"
#include "host/plan/load_series.hpp"
#include "host/results/agreement.hpp"
#include "host/results/number_text.hpp"
#include "jobs/common.hpp"

namespace quern {

std::string instruction_sets();

namespace {

// A stop, a trail and two targets: the usual load of a sweep.
constexpr const char* rich_step = R"toml([job]
name = "bench"
[data]
files = [{file}]
[sweep]
stop_atr  = {{ from = 1.0, to = 4.0, count = 16 }}
trail_atr = {{ from = 1.5, to = 6.0, count = 16 }}
target_rr = {{ from = 1.0, to = 4.0, count = 16 }}
[costs]
maker_bps = 2.0
taker_bps = 6.0
slippage_bps = 1.0
[strategy]
name      = "rich_step"
direction = "both"
[strategy.params]
stop_atr  = {{ default = 2.0, min = 1.0, max = 4.0 }}
trail_atr = {{ default = 3.0, min = 1.5, max = 6.0 }}
target_rr = {{ default = 2.0, min = 1.0, max = 5.0 }}
[strategy.let]
vol = "atr(14)"
[strategy.entry]
long  = "crosses_above(ema(close, 12), ema(close, 48))"
short = "crosses_below(ema(close, 12), ema(close, 48))"
[strategy.stop]
distance        = "stop_atr * vol"
breakeven_after = 1
[strategy.trail]
activation = "2 * vol"
distance   = "trail_atr * vol"
[[strategy.target]]
distance = "target_rr * stop_atr * vol"
fraction = 0.5
[[strategy.target]]
distance = "2 * target_rr * stop_atr * vol"
[strategy.size]
mode  = "risk"
value = 0.01
)toml";

}  // namespace

int run_bench(const BenchOptions& options) {
  const std::string data = (std::filesystem::temp_directory_path() / fmt::format("quern-bench-{}.h5", ::getpid())).string();
  struct Remove {
    std::string path;
    ~Remove() {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  } remove{data};
  make_candles({data, "BENCH", "1h", "2020-01-01T00:00:00Z", 20000, 1});
  const Job read = read_job_text(fmt::format(rich_step, fmt::arg("file", nlohmann::json(data).dump())), "bench");
  const LoadedSeries loaded = load_series(read);
  const Series& series = loaded.series.front();
  const Job job = job_for(read, series);
  const auto engine = make_engine(options.device, options.threads);
  const double bars = static_cast<double>(series.candles.size());

  // The numbers are checked before they are timed.
  const std::uint64_t total = job.combinations();
  const auto judge = make_reference_engine();
  std::vector<LaneResult> results(total);
  for (std::uint64_t lane : {std::uint64_t{0}, total / 2, total - 1}) {
    LaneResult expected, found;
    judge->evaluate(job, series, lane, 1, &expected);
    engine->evaluate(job, series, lane, 1, &found);
    if (!compare_results(expected, found, job.precision, job.account.capital).agrees()) {
      throw Failure(fmt::format("engine {} differs from the reference on combination {} of the benchmark; a rate of wrong results means nothing", engine->name(), lane));
    }
  }
  const std::uint64_t most = options.device == "reference" ? 32 : total;
  double seconds = 0.0;
  std::uint64_t lanes = 0;
  do {
    const auto begin = std::chrono::steady_clock::now();
    engine->evaluate(job, series, 0, most, results.data());
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    lanes += most;
  } while (seconds < 1.0);
  const double rate = bars * static_cast<double>(lanes) / seconds;
  const unsigned threads = thread_count(options.threads);
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    list.push_back({{"name", "rich_step"}, {"device", engine->name()}, {"instruction_set", instruction_sets()}, {"threads", threads},
                    {"bar_evaluations_per_second", rate}, {"limit", nullptr}, {"seconds", seconds}});
    print(list.dump(2) + "\n");
  } else {
    print(fmt::format("rich_step: {} bar-evaluations/s ({} combinations of {} bars, engine {}, {} threads, {:.2f} s)\n", count_text(rate), lanes,
                      series.candles.size(), engine->name(), threads, seconds));
  }
  return 0;
}

}  // namespace quern
