#include "host/results/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>

namespace quern {

std::string content_hash(const void* bytes, std::size_t count) {
  const XXH128_hash_t hash = XXH3_128bits(bytes, count);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace quern
