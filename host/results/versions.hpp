// The program's version, as it stands in results and exports.
#pragma once

namespace quern {

inline constexpr const char* program_version = "0.1.0";
inline constexpr int result_format_version = 1;
inline constexpr int configuration_schema_version = 1;

}  // namespace quern
