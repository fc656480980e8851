// What is traded: vocabulary shared by every engine.
#pragma once

#include <cstdint>

#include "kernels/base/ticks.hpp"

namespace quern {

inline constexpr std::int64_t ns_per_second = 1'000'000'000;
inline constexpr std::int64_t ns_per_minute = 60 * ns_per_second;
inline constexpr std::int64_t ns_per_hour = 60 * ns_per_minute;
inline constexpr std::int64_t ns_per_day = 24 * ns_per_hour;

enum class Side : std::int8_t { none = 0, long_side = 1, short_side = -1 };

}  // namespace quern
