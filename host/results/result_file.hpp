// The result of a sweep: assembled from shards, read by top, heatmap and export.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/results/h5_file.hpp"
#include "host/results/ranking.hpp"
#include "host/results/shards.hpp"
#include "host/strategy/job.hpp"

namespace quern {

// Combinations a work unit: fixed by the job and its data, never by the machine.
std::uint64_t unit_size(const Job& job, const std::vector<Series>& series);

// A row of /top: one series of a ranked combination, with the reference engine's verdict.
struct JudgedRow {
  LaneResult reference{};
  bool agrees = false;
  std::string difference;
};
struct JudgedTop {
  std::vector<Ranked> ranked;                    // best first
  std::vector<std::vector<JudgedRow>> rows;      // [rank][series]
  std::uint64_t refused = 0;                     // combinations that miss a constraint
};

// Streams the finished shards into the ranking.
TopList rank_shards(const Job& job, std::size_t series_count, const Shards& shards, std::uint64_t units);
// Runs the ranked combinations again on the reference engine, on up to `threads` threads (0: all).
JudgedTop judge(const Job& job, const std::vector<Series>& series, const TopList& top, int threads);
// Writes the result file: temporary file, sync, rename. The bytes depend on the job, its data, the engine and versions only.
void assemble_result(const std::string& path, const Job& job, const std::vector<Series>& series, const std::string& engine,
                     const std::string& key, const Shards& shards, std::uint64_t units, const JudgedTop& top);

// What stands at `path`: the key of a complete result, empty if there is no file. Throws BadRequest for other files.
std::string existing_result_key(const std::string& path);
// Opens a result; throws BadRequest if it is none.
H5File open_result(const std::string& path);

}  // namespace quern
