// The loop of a sweep over its work units.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/results/ranking.hpp"
#include "host/results/result_file.hpp"
#include "host/results/shards.hpp"
#include "jobs/common.hpp"

namespace quern {

// Computes and commits every unit that is not finished, and offers all of them to `top`. Returns the number of rows with
// faults. `pulse` is called before every unit.
std::uint64_t sweep_units(const Job& job, const std::vector<Series>& series, Engine& engine, Shards& shards, std::uint64_t units,
                          std::uint64_t size, TopList& top, Progress& progress, const Pulse& pulse);

}  // namespace quern
