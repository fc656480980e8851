// Help for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern {

// The candidate that a mistyped word most likely meant (fewest edits, at most a third of its length, at least one);
// empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace quern
