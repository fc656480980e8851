// The CPU engine's choice of instruction set, for tests, benchmarks and `doctor`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"

namespace quern {

// Those that this machine executes, narrowest first: "baseline", "avx2", "avx512". make_cpu_engine(threads) takes the last.
std::vector<std::string> cpu_instruction_sets();
// All give the same bits. The machine must have the one that is named.
std::unique_ptr<Engine> make_cpu_engine(int threads, const std::string& instruction_set);

}  // namespace quern
