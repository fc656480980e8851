// The decision hash of a lane: engines are compared by it first, numbers second.
#pragma once

#include <cstdint>

#include "kernels/base/backend.hpp"

namespace quern {

inline constexpr std::uint64_t decision_hash_start = 0x9E3779B97F4A7C15ull;

inline namespace QUERN_BACKEND {

QUERN_HD QUERN_INLINE std::uint64_t decision_hash_mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0xBF58476D1CE4E5B9ull;
  return hash ^ (hash >> 29);
}

// Adds one fill. `event`: 1 for an entry, 16 + ExitReason for an exit (partial or whole). Call it in the order in which
// the execution model lets the fills happen.
QUERN_HD QUERN_INLINE std::uint64_t decision_hash_add(std::uint64_t hash, std::int32_t bar, int event, int side,
                                                      std::int32_t price_ticks, std::int64_t lots) {
  const std::uint64_t what = static_cast<std::uint64_t>(event) << 8 | static_cast<std::uint64_t>(side > 0 ? 1 : 2);
  hash = decision_hash_mix(hash, static_cast<std::uint64_t>(static_cast<std::uint32_t>(bar)) << 32 | what);
  hash = decision_hash_mix(hash, static_cast<std::uint64_t>(static_cast<std::uint32_t>(price_ticks)));
  return decision_hash_mix(hash, static_cast<std::uint64_t>(lots));
}

}  // namespace QUERN_BACKEND
}  // namespace quern
