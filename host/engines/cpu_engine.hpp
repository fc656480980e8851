// The CPU engine restricted to one build of its lane loop: for tests and comparisons.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"

namespace quern {

// `instruction_set`: one of cpu_instruction_sets(), or "scalar": one lane at a time.
std::unique_ptr<Engine> make_cpu_engine(int threads, const std::string& instruction_set);
// The builds of the lane loop that this machine executes, narrowest first. make_cpu_engine(threads) takes the last.
std::vector<std::string> cpu_instruction_sets();

}  // namespace quern
