// What the account did to the sizes of a run that was asked for: entries too small for one lot, and entries that the limit cut.
#pragma once

#include <string>
#include <vector>

#include "host/engines/engine.hpp"

namespace quern {

// One sentence each, or none. The engine runs the combination again with the limit in question lifted. `job` is job_for's.
std::vector<std::string> size_notes(Engine& engine, const Job& job, const Series& series, const LaneResult& result, const Trace& trace);

}  // namespace quern
