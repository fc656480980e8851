// The CPU engine against itself: every build of the packs, any number of threads and any cut of the range give the same
// bits. (The differential test holds it against the reference engine.)
#include "host/engines/cpu_engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "datasets/synth.hpp"
#include "host/base/error.hpp"
#include "host/plan/load_series.hpp"
#include "kernels/base/decision_hash.hpp"
#include "kernels/simd/pack_engine.hpp"
#include "tests/agreement/random_job.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;

class RandomJobs {
 public:
  RandomJobs() : folder_(fs::temp_directory_path() / fmt::format("quern-engines-{}", ::getpid())) {
    fs::create_directories(folder_);
    add("MADEA", "1h", "1h", 1300, "4h", false);
    add("MADEB", "15m", "15m", 1111, "1h", false);
    add("MADEC", "5m", "30m", 6000, "1h", true);
  }
  ~RandomJobs() { fs::remove_all(folder_); }

  // Calls `look` with every job of the seeds that the front end takes.
  template <class Look>
  void each(std::uint64_t seeds, Look look) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const std::string text = agreement::RandomJob(seed, markets_).toml();
      const auto path = (folder_ / "job.toml").string();
      std::ofstream(path) << text;
      try {
        const Job read = read_job(path);
        const LoadedSeries loaded = load_series(read);
        Job job = job_for(read, loaded.series.front());
        job.precision = seed % 2 == 0 ? Precision::double_ : Precision::single_;
        look(seed, job, loaded.series.front());
      } catch (const BadRequest&) {
        continue;   // a parameter that no expression uses
      }
    }
  }

 private:
  void add(const std::string& symbol, const char* stored, const char* used, int bars, const char* higher, bool finer) {
    const auto file = (folder_ / (symbol + ".h5")).string();
    SynthOptions options;
    options.seed = markets_.size() + 1;
    options.bars = static_cast<std::size_t>(bars);
    options.duration = *timeframe_ns(stored);
    options.price = 100.0;
    options.volatility = 2.0;
    SeriesToWrite series;
    series.instrument.symbol = symbol;
    series.instrument.tick = options.tick;
    series.timeframe = stored;
    series.rows = synth_candles(options);
    series.source = "made";
    for (int i = 0; i < bars / 4; ++i) series.funding.push_back({options.start + i * 4 * ns_per_hour, (i % 7 - 3) * 0.0002});
    write_dataset(file, {series});
    markets_.push_back({file, symbol, used, series.rows.time.front(), series.rows.time.back(), *timeframe_ns(used), higher, 0.01, 100.0,
                        true, finer});
  }

  fs::path folder_;
  std::vector<agreement::Market> markets_;
};

std::vector<LaneResult> all_lanes(Engine& engine, const Job& job, const Series& series) {
  std::vector<LaneResult> results(job.combinations());
  std::memset(static_cast<void*>(results.data()), 0, results.size() * sizeof(LaneResult));
  engine.evaluate(job, series, 0, results.size(), results.data());
  return results;
}

std::string first_difference(const std::vector<LaneResult>& a, const std::vector<LaneResult>& b) {
  for (std::size_t lane = 0; lane < a.size(); ++lane) {
    if (a[lane].decision_hash != b[lane].decision_hash) return fmt::format("lane {}: decision hash", lane);
    if (a[lane].faults != b[lane].faults) return fmt::format("lane {}: faults", lane);
    if (a[lane].first_decision_bar != b[lane].first_decision_bar) return fmt::format("lane {}: first decision bar", lane);
    for (int m = 0; m < metric_count; ++m) {
      if (std::memcmp(&a[lane].metrics[m], &b[lane].metrics[m], sizeof(double)) != 0) {
        return fmt::format("lane {}: {} {:.17g} and {:.17g}", lane, metric_names[m], a[lane].metrics[m], b[lane].metrics[m]);
      }
    }
  }
  return "";
}

TEST(CpuEngine, EveryInstructionSetGivesTheSameBits) {
  RandomJobs jobs;
  const auto baseline = make_cpu_engine(1, "baseline");
  std::uint64_t lanes = 0, trades = 0;
  jobs.each(400, [&](std::uint64_t seed, const Job& job, const Series& series) {
    const auto expected = all_lanes(*baseline, job, series);
    for (const std::string& set : cpu_instruction_sets()) {
      const auto found = all_lanes(*make_cpu_engine(1, set), job, series);
      EXPECT_EQ(first_difference(expected, found), "") << "seed " << seed << ", " << set;
    }
    lanes += expected.size();
    for (const LaneResult& lane : expected) trades += static_cast<std::uint64_t>(lane.metrics[static_cast<int>(Metric::n_trades)]);
  });
  EXPECT_GT(lanes, 5000u);
  EXPECT_GT(trades, 50000u);
}

TEST(CpuEngine, ThreadsAndCutsOfTheRangeChangeNoBit) {
  RandomJobs jobs;
  const auto one = make_cpu_engine(1), three = make_cpu_engine(3);
  jobs.each(60, [&](std::uint64_t seed, const Job& job, const Series& series) {
    const auto expected = all_lanes(*one, job, series);
    EXPECT_EQ(first_difference(expected, all_lanes(*three, job, series)), "") << "seed " << seed;
    std::vector<LaneResult> cut(expected.size());
    for (std::uint64_t begin = 0, size = 1; begin < cut.size(); begin += size, size = size * 2 + 1) {
      size = std::min<std::uint64_t>(size, cut.size() - begin);
      one->evaluate(job, series, begin, size, cut.data() + begin);
    }
    EXPECT_EQ(first_difference(expected, cut), "") << "seed " << seed << ", in cuts";
  });
}

TEST(CpuEngine, TheTraceIsTheLaneOfTheSweep) {
  RandomJobs jobs;
  const auto engine = make_cpu_engine(1);
  jobs.each(60, [&](std::uint64_t seed, const Job& job, const Series& series) {
    const auto all = all_lanes(*engine, job, series);
    const std::uint64_t lane = seed % all.size();
    Trace trace;
    const LaneResult traced = engine->trace(job, series, job.combination(lane), trace);
    EXPECT_EQ(first_difference({all[lane]}, {traced}), "") << "seed " << seed;
    std::uint64_t hash = decision_hash_start;
    for (const Fill& fill : trace.fills) {
      hash = decision_hash_add(hash, fill.bar, fill.is_entry ? 1 : 16 + static_cast<int>(fill.reason), fill.side, fill.price_ticks, fill.lots);
    }
    EXPECT_EQ(hash, traced.decision_hash) << "seed " << seed;
    EXPECT_EQ(trace.equity.back(), traced.metrics[static_cast<int>(Metric::equity_final)]) << "seed " << seed;
  });
}

// What runs is the build for this machine: its width comes from the registers that its file was compiled for.
TEST(CpuEngine, TheWidestInstructionSetOfTheMachineRuns) {
  std::ifstream cpu("/proc/cpuinfo");
  const std::string text((std::istreambuf_iterator<char>(cpu)), {});
  const std::string chosen = cpu_instruction_sets().back();
  if (text.find(" avx512bw") != std::string::npos && text.find(" avx512dq") != std::string::npos &&
      text.find(" avx512vl") != std::string::npos) {
    EXPECT_EQ(chosen, "avx512");
  } else if (text.find(" avx2") != std::string::npos) {
    EXPECT_EQ(chosen, "avx2");
  }
  EXPECT_STREQ(pack_baseline.name, "baseline");
  EXPECT_EQ(pack_baseline.width, 4);
#if defined(__x86_64__)
  EXPECT_STREQ(pack_avx2.name, "avx2");
  EXPECT_EQ(pack_avx2.width, 8);
  EXPECT_STREQ(pack_avx512.name, "avx512");
  EXPECT_EQ(pack_avx512.width, 16);
#endif
  EXPECT_THROW(make_cpu_engine(1, "sse9"), BadRequest);
}

}  // namespace
}  // namespace quern
