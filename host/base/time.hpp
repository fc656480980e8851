// Times as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace quern {

// "2024-01-01T00:00:00Z" of ns UTC; with milliseconds or nanoseconds only where there are any.
std::string iso_time(std::int64_t ns);

}  // namespace quern
