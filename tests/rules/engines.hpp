// The engines that the tests of the rules run on. Each program that they are linked into has its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"

namespace quern::rules {

std::vector<std::string> engine_names();
// Null where this machine or build lacks it; `why` says so in one sentence.
std::unique_ptr<Engine> make_engine(const std::string& name, std::string& why);

}  // namespace quern::rules
