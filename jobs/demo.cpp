// quern demo: the whole main job on a made dataset.
#include <fmt/format.h>

#include <filesystem>

#include "host/base/error.hpp"
#include "host/results/files.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

// The size of the demo: 10 x 10 x 10 x 10 x 10 combinations on a year of hours.
constexpr std::size_t demo_bars = 8760;

constexpr const char* demo_job = R"toml([job]
name = "demo"
objective = "sharpe_ratio"
constraints = ["n_trades >= 20"]

[data]
files = ["demo-candles.h5"]

[sweep]
fast      = { from = 6, to = 24, step = 2 }
slow      = { from = 36, to = 144, step = 12 }
stop_atr  = { from = 1.0, to = 3.25, count = 10 }
trail_atr = { from = 1.5, to = 6.0, count = 10 }
target_rr = { from = 1.0, to = 4.6, count = 10 }

[account]
capital = 10000.0

[costs]
maker_bps = 2.0
taker_bps = 6.0
slippage_bps = 1.0

[output]
top = 20

[strategy]
name      = "demo_cross"
direction = "both"

[strategy.params]
fast      = { default = 12,  min = 5,   max = 30,  type = "int" }
slow      = { default = 48,  min = 35,  max = 150, type = "int" }
stop_atr  = { default = 2.0, min = 1.0, max = 4.0 }
trail_atr = { default = 3.0, min = 1.5, max = 6.0 }
target_rr = { default = 2.0, min = 1.0, max = 5.0 }

[strategy.let]
quick = "ema(close, fast)"
calm  = "ema(close, slow)"
vol   = "atr(14)"

[strategy.entry]
long  = "crosses_above(quick, calm)"
short = "crosses_below(quick, calm)"

[strategy.exit]
long  = "crosses_below(quick, calm)"
short = "crosses_above(quick, calm)"

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

int run_demo(const DemoOptions& options) {
  const std::string folder = options.folder.empty() ? "quern-demo" : options.folder;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw Failure(fmt::format("cannot create '{}': {}. Choose another --folder", folder, failed.message()));
  const std::string candles = folder + "/demo-candles.h5", job = folder + "/demo.toml", result = folder + "/demo-result.h5",
                    best = folder + "/demo-best.json";
  print(fmt::format("1. A year of made hourly candles, and a job with a stop, a trail and two targets\n"));
  std::filesystem::remove(candles, failed);
  DataSynthOptions synth;
  synth.output = candles;
  synth.symbol = "DEMO";
  synth.bars = demo_bars;
  synth.seed = 7;
  int status = run_data_synth(synth);
  if (status != 0) return status;
  write_file(job, demo_job);

  print(fmt::format("\n2. quern sweep {} --output {}\n", job, result));
  SweepOptions sweep;
  sweep.job = job;
  sweep.output = result;
  sweep.threads = options.threads;
  sweep.force = true;
  status = run_sweep(sweep);
  if (status != 0) return status;

  print(fmt::format("\n3. quern top {} --count 10\n", result));
  TopOptions top;
  top.result = result;
  top.count = 10;
  run_top(top);

  print(fmt::format("\n4. quern heatmap {} fast slow\n", result));
  HeatmapOptions heatmap;
  heatmap.result = result;
  heatmap.x = "fast";
  heatmap.y = "slow";
  run_heatmap(heatmap);

  print(fmt::format("\n5. quern export {} --rank 1 --output {}, then quern check {}\n", result, best, best));
  ExportOptions exporting;
  exporting.result = result;
  exporting.output = best;
  status = run_export(exporting);
  if (status != 0) return status;
  CheckOptions check;
  check.job = best;
  status = run_check(check);
  print(fmt::format("\nEverything is in {}. These candles are random: nothing found on them can be traded.\n", folder));
  return status;
}

}  // namespace quern
