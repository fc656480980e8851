// Content hashes: XXH3, 128 bits, 32 hex digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern {

std::string content_hash(const void* bytes, std::size_t count);
inline std::string content_hash(std::string_view text) { return content_hash(text.data(), text.size()); }

}  // namespace quern
