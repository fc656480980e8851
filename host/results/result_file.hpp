// The result of a sweep: assembled from shards, read by top, heatmap and export.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"
#include "host/results/h5_file.hpp"
#include "host/results/ranking.hpp"
#include "host/results/shards.hpp"
#include "host/strategy/job.hpp"

namespace quern {

// Combinations a work unit: fixed by the job, its data and the engine, never by the machine.
std::uint64_t unit_size(const Job& job, const std::vector<Series>& series, const std::string& engine);

// A row of /top: one series of a ranked combination, with the reference engine's verdict.
struct JudgedRow {
  LaneResult reference{};
  bool agrees = false;
  std::string difference;
};
struct JudgedTop {
  std::vector<Ranked> ranked;                    // best first
  std::vector<std::vector<JudgedRow>> rows;      // [rank][series]
  std::vector<Trace> best;                       // [series] of the first
  std::uint64_t refused = 0;                     // combinations that miss a constraint
};

// Called now and then during long work; ends it by throwing.
using Pulse = std::function<void()>;

// Runs the ranked combinations again on the reference engine, on up to `threads` threads (0: all).
JudgedTop judge(const Job& job, const std::vector<Series>& series, const TopList& top, int threads, const Pulse& pulse);

struct Assembly {
  const Job& job;
  const std::vector<Series>& series;
  std::string engine, key;
  const Shards& shards;
  std::uint64_t units;
  const JudgedTop& top;
  int threads = 0;                               // 0: all
};
// Writes the result file, a chunk of rows at a time: temporary file among the parts, sync, rename. The bytes depend on the job,
// its data, the engine and versions only.
void assemble_result(const std::string& path, const Assembly& assembly, const Pulse& pulse);

// What stands at `path`: the key of a complete result, empty if there is no file. Throws BadRequest for other files.
std::string existing_result_key(const std::string& path);
// Opens a result; throws BadRequest if it is none.
H5File open_result(const std::string& path);

}  // namespace quern
