// Numbers as text: locale independent, exact.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/base/ticks.hpp"

namespace quern {

// The fewest digits that read back as the same double; empty for NaN.
std::string shortest_text(double value);
// The exact decimals of a price in ticks.
std::string price_text(std::int32_t ticks, const TickSize& tick);
// The exact decimals of a quantity in lots.
std::string quantity_text(std::int64_t lots, double lot);
// For people: about `digits` significant digits, "-" for NaN.
std::string short_text(double value, int digits = 6);
// "1.2 MB", "12.3 k" and the like.
std::string bytes_text(double bytes);
std::string count_text(double count);
// "3 min 20 s".
std::string duration_text(double seconds);

}  // namespace quern
