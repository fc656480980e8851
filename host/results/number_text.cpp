#include "host/results/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quern {
namespace {

// `units` of 10^-decimals as a decimal text without a trailing fraction of zeros beyond `decimals`.
std::string decimal_text(bool negative, unsigned __int128 units, int decimals) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(units % 10));
    units /= 10;
  } while (units != 0);
  while (static_cast<int>(digits.size()) <= decimals) digits += '0';
  std::reverse(digits.begin(), digits.end());
  std::string text = (negative ? "-" : "") + digits.substr(0, digits.size() - static_cast<std::size_t>(decimals));
  if (decimals > 0) text += "." + digits.substr(digits.size() - static_cast<std::size_t>(decimals));
  return text;
}

}  // namespace

std::string shortest_text(double value) { return std::isnan(value) ? std::string() : fmt::format("{}", value + 0.0); }   // -0 is 0

std::string price_text(std::int32_t ticks, const TickSize& tick) {
  double power = 1.0;
  for (int decimals = 0; decimals <= 12; ++decimals, power *= 10.0) {
    if (std::fmod(power, tick.denominator) != 0.0) continue;
    const auto scale = static_cast<unsigned __int128>(power / tick.denominator * tick.numerator);
    return decimal_text(ticks < 0, scale * static_cast<unsigned>(std::abs(static_cast<std::int64_t>(ticks))), decimals);
  }
  return shortest_text(price_of(ticks, tick));
}

std::string quantity_text(std::int64_t lots, double lot) {
  double power = 1.0;
  for (int decimals = 0; decimals <= 12; ++decimals, power *= 10.0) {
    const double scale = std::round(lot * power);
    if (scale < 1.0 || scale > 1e15 || std::abs(scale / power - lot) > lot * 4e-16) continue;
    return decimal_text(lots < 0, static_cast<unsigned __int128>(scale) * static_cast<std::uint64_t>(lots < 0 ? -lots : lots),
                        decimals);
  }
  return shortest_text(static_cast<double>(lots) * lot);
}

std::string short_text(double value, int digits) {
  if (std::isnan(value)) return "-";
  if (value == std::round(value) && std::abs(value) < 1e9) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}g}", value, digits);
}

std::string bytes_text(double bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  int unit = 0;
  while (bytes >= 1000.0 && unit < 4) {
    bytes /= 1000.0;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

std::string count_text(double count) {
  if (count < 10000.0) return fmt::format("{:.0f}", count);
  const char* units[] = {"", " k", " M", " G", " T", " P"};
  int unit = 0;
  while (count >= 1000.0 && unit < 5) {
    count /= 1000.0;
    ++unit;
  }
  return fmt::format("{:.3g}{}", count, units[unit]);
}

std::string duration_text(double seconds) {
  if (seconds < 60.0) return fmt::format("{:.0f} s", seconds);
  if (seconds < 3600.0) return fmt::format("{:.0f} min {:.0f} s", std::floor(seconds / 60.0), std::fmod(seconds, 60.0));
  return fmt::format("{:.0f} h {:.0f} min", std::floor(seconds / 3600.0), std::floor(std::fmod(seconds, 3600.0) / 60.0));
}

}  // namespace quern
