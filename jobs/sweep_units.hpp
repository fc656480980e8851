// The loop of a sweep over its work units.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/results/shards.hpp"
#include "jobs/common.hpp"

namespace quern {

// Computes and commits every unit that is not finished. Returns "" when done, "interrupted", or what should be said.
std::string sweep_units(const Job& job, const std::vector<Series>& series, Engine& engine, Shards& shards, std::uint64_t units,
                        std::uint64_t size, Progress& progress, const Interrupt& interrupt);

}  // namespace quern
