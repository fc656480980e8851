// Random jobs on made markets: the CPU engine takes the reference engine's trades, in every lane and both precisions.
//
// QUERN_DIFFERENTIAL sets the number of jobs (default 1000), QUERN_SEED the first seed.
#include <gtest/gtest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "datasets/dataset_file.hpp"
#include "host/base/error.hpp"
#include "host/engines/cpu_engine.hpp"
#include "host/engines/engine.hpp"
#include "host/plan/load_series.hpp"
#include "tests/agreement/random_job.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;
using agreement::Market;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A random walk in ticks with flat stretches, jumps, holes and bars without volume.
PriceRows walk(std::uint64_t seed, int bars, std::int64_t duration, double tick, int start, int step, bool holes) {
  std::mt19937_64 random(seed);
  const auto whole = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  PriceRows rows;
  std::int64_t time = 1704067200 * ns_per_second;
  int price = start, flat = 0;
  for (int bar = 0; bar < bars; ++bar, time += duration) {
    if (holes && whole(0, 400) == 0) time += duration * whole(1, 30);
    if (flat == 0 && whole(0, 300) == 0) flat = whole(2, 12);
    int open = price + (whole(0, 25) == 0 ? whole(-4 * step, 4 * step) : 0), close = open;
    int high = open, low = open;
    if (flat > 0) {
      --flat;
    } else {
      close = open + whole(-step, step);
      high = std::max(open, close) + whole(0, step);
      low = std::min(open, close) - whole(0, step);
    }
    const int lift = std::max(0, start / 4 - low);
    open += lift, high += lift, low += lift, close += lift;
    rows.time.push_back(time);
    rows.open.push_back(open * tick);
    rows.high.push_back(high * tick);
    rows.low.push_back(low * tick);
    rows.close.push_back(close * tick);
    rows.volume.push_back(flat > 0 ? 0.0 : whole(1, 100000) / 100.0);
    price = close;
  }
  return rows;
}

std::vector<Market> make_markets(const fs::path& folder) {
  std::vector<Market> markets;
  const auto add = [&](const std::string& symbol, const char* timeframe, const PriceRows& rows, double tick, const char* higher,
                       std::vector<FundingRate> funding) {
    SeriesToWrite series;
    series.instrument.symbol = symbol;
    series.instrument.tick = *tick_from(tick);
    series.timeframe = timeframe;
    series.rows = rows;
    series.funding = std::move(funding);
    series.source = "walk";
    const auto file = (folder / (symbol + ".h5")).string();
    write_dataset(file, {series});
    markets.push_back({file, symbol, timeframe, rows.time.front(), rows.time.back(), *timeframe_ns(timeframe), higher, tick,
                       rows.close.front(), !series.funding.empty(), false});
  };
  std::vector<FundingRate> funding;
  for (int i = 0; i < 400; ++i) funding.push_back({1704067200 * ns_per_second + i * 4 * ns_per_hour, (i % 7 - 3) * 0.0002});
  add("WALKA", "1h", walk(1, 1500, ns_per_hour, 0.01, 10000, 60, true), 0.01, "4h", funding);
  add("WALKB", "15m", walk(2, 1400, 15 * ns_per_minute, 0.5, 900, 6, false), 0.5, "1h", {});
  add("WALKC", "1d", walk(3, 900, ns_per_day, 0.0001, 40000, 700, false), 0.0001, "1w", {});
  const auto fine = walk(4, 6000, 5 * ns_per_minute, 0.1, 3000, 9, true);
  add("WALKD", "5m", fine, 0.1, "1h", {});
  markets.back().timeframe = "30m";   // resampled from 5m, which then resolves the inside of a bar
  markets.back().duration = 30 * ns_per_minute;
  markets.back().has_finer = true;
  return markets;
}

bool near(double a, double b, double relative, double absolute) {
  // A ratio whose divisor is nothing but rounding (equal profits of all trades) may be undefined on one side.
  if (std::fabs(a) > 1e10 || std::fabs(b) > 1e10) return true;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::fabs(a - b) <= relative * std::max(std::fabs(a), std::fabs(b)) + absolute;
}

TEST(Differential, RandomJobsTakeTheSameTradesOnReferenceAndCpu) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("quern-differential-{}", ::getpid());
  fs::create_directories(folder);
  const auto markets = make_markets(folder);
  const auto reference = make_reference_engine();
  const auto cpu = make_cpu_engine(1);
  std::vector<std::unique_ptr<Engine>> others;   // the same bits for any instruction set and number of threads
  for (const auto& set : cpu_instruction_sets()) others.push_back(make_cpu_engine(2, set));
  const std::uint64_t first_seed = setting("QUERN_SEED", 1), jobs = setting("QUERN_DIFFERENTIAL", 1000);
  std::array<std::uint64_t, exit_reason_count> reasons{};
  std::uint64_t lanes = 0, trades = 0, different = 0, ran = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + jobs && different < 5; ++seed) {
    const std::string text = agreement::RandomJob(seed, markets).toml();
    const auto path = (folder / "job.toml").string();
    std::ofstream(path) << text;
    Job job;
    LoadedSeries loaded;
    try {
      job = read_job(path);
      loaded = load_series(job);
    } catch (const Error& error) {
      if (std::string(error.what()).find("no expression of the run uses this parameter") != std::string::npos) continue;
      ADD_FAILURE() << "seed " << seed << ": " << error.what() << "\n" << text;
      if (++different >= 5) break;
      continue;
    }
    const Series& series = loaded.series.front();
    job = job_for(job, series);
    job.precision = seed % 2 == 0 ? Precision::double_ : Precision::single_;
    const auto count = job.combinations();
    std::vector<LaneResult> expected(count), found(count);
    reference->evaluate(job, series, 0, count, expected.data());
    cpu->evaluate(job, series, 0, count, found.data());
    ++ran;
    for (const auto& other : others) {
      std::vector<LaneResult> again(count);
      other->evaluate(job, series, 0, count, again.data());
      for (std::uint64_t lane = 0; lane < count; ++lane) {
        bool same = found[lane].decision_hash == again[lane].decision_hash && found[lane].faults == again[lane].faults &&
                    found[lane].first_decision_bar == again[lane].first_decision_bar;
        for (int m = 0; m < metric_count; ++m) {
          const double a = found[lane].metrics[m], b = again[lane].metrics[m];
          same = same && (std::isnan(a) ? std::isnan(b) : a == b);
        }
        if (!same) {
          ADD_FAILURE() << "seed " << seed << " lane " << lane << " has other bits with instruction set "
                        << cpu_instruction_sets()[static_cast<std::size_t>(&other - others.data())] << "\n" << text;
          ++different;
          break;
        }
      }
    }
    for (std::uint64_t lane = 0; lane < count; ++lane) {
      ++lanes;
      const LaneResult &a = expected[lane], &b = found[lane];
      std::string difference;
      if (a.decision_hash != b.decision_hash) difference = "decision hash";
      if (a.first_decision_bar != b.first_decision_bar) difference = "first decision bar";
      for (int m = 0; m < metric_count && difference.empty(); ++m) {
        const bool exact = m == static_cast<int>(Metric::n_trades) || m >= static_cast<int>(Metric::rejected);
        const double relative = exact ? 0.0 : 1e-8, absolute = exact ? 0.0 : 1e-9;
        if (!near(a.metrics[m], b.metrics[m], relative, absolute)) {
          difference = fmt::format("{}: reference {} cpu {}", metric_names[m], a.metrics[m], b.metrics[m]);
        }
      }
      if (difference.empty()) continue;
      const auto values = job.combination(lane);
      Trace left, right;
      reference->trace(job, series, values, left);
      cpu->trace(job, series, values, right);
      std::string at = "fills equal";
      for (std::size_t i = 0; i < std::max(left.fills.size(), right.fills.size()); ++i) {
        const auto show = [](const Trace& trace, std::size_t k) {
          if (k >= trace.fills.size()) return std::string("none");
          const Fill& f = trace.fills[k];
          return fmt::format("bar {} {} side {} reason {} ticks {} lots {} fee {}", f.bar, f.is_entry ? "entry" : "exit", f.side,
                             static_cast<int>(f.reason), f.price_ticks, f.lots, f.fee);
        };
        if (show(left, i) != show(right, i)) {
          at = fmt::format("fill {}: reference {} | cpu {}", i, show(left, i), show(right, i));
          break;
        }
      }
      ADD_FAILURE() << "seed " << seed << " lane " << lane << ": " << difference << "\n" << at << "\n" << text;
      ++different;
      break;
    }
    Trace trace;
    reference->trace(job, series, job.combination(seed % count), trace);
    for (const Fill& fill : trace.fills) {
      if (!fill.is_entry) ++reasons[static_cast<std::size_t>(fill.reason)];
      trades += fill.is_entry;
    }
  }
  static const char* names[] = {"stop_loss", "take_profit", "trailing_stop_loss", "breakeven_stop", "exit_signal",
                                "time_stop", "reversal", "liquidation", "end_of_data", "ruined"};
  std::string coverage = fmt::format("{} jobs, {} lanes; {} trades looked at one lane a job:", ran, lanes, trades);
  for (int i = 0; i < exit_reason_count; ++i) coverage += fmt::format(" {} {}", names[i], reasons[static_cast<std::size_t>(i)]);
  std::printf("%s\n", coverage.c_str());
  EXPECT_EQ(different, 0u);
  EXPECT_GT(trades, 0u);
  EXPECT_GT(ran * 100, jobs * 95);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace quern
