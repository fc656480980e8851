// Times as files write them, and local times.
#include <date/tz.h>
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>

#include "datasets/import_parts.hpp"
#include "kernels/market/instrument.hpp"

namespace quern::importing {
namespace {

constexpr std::int64_t earliest = 315532800 * ns_per_second;    // 1980
constexpr std::int64_t latest = 4102444800 * ns_per_second;     // 2100

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> days_of(int year, int month, int day) {
  if (year < 1900 || year > 2200) return std::nullopt;  // ns fit
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

// Reads text from the left.
struct Cursor {
  std::string_view rest;
  bool empty() const { return rest.empty(); }
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {  // ASCII, any case
    if (rest.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
      if ((rest[i] | 0x20) != (word[i] | 0x20)) return false;
    rest.remove_prefix(word.size());
    return true;
  }
  std::optional<int> number(int at_least, int at_most) {
    int value = 0, digits = 0;
    while (digits < at_most && !rest.empty() && is_digit(rest.front())) {
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
      ++digits;
    }
    if (digits < at_least) return std::nullopt;
    return value;
  }
  // Digits after a decimal point as ns.
  std::int64_t fraction() {
    std::int64_t ns = 0, unit = ns_per_second / 10;
    while (!rest.empty() && is_digit(rest.front())) {
      ns += (rest.front() - '0') * unit;
      unit /= 10;
      rest.remove_prefix(1);
    }
    return ns;
  }
  void spaces() {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
  }
};

// +01:00, +0100, +01, Z, UTC, GMT; ns to take off.
std::optional<std::int64_t> take_offset(Cursor& cursor) {
  if (cursor.take('Z') || cursor.take('z')) return 0;
  if (cursor.take_word("UTC") || cursor.take_word("GMT")) {
    if (cursor.empty()) return 0;
  }
  const bool minus = !cursor.rest.empty() && cursor.rest.front() == '-';
  if (!minus && (cursor.rest.empty() || cursor.rest.front() != '+')) return std::nullopt;
  cursor.rest.remove_prefix(1);
  const auto hours = cursor.number(2, 2);
  if (!hours || *hours > 15) return std::nullopt;
  const bool colon = cursor.take(':');
  const auto minutes = cursor.number(colon ? 2 : 0, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::int64_t offset = *hours * ns_per_hour + *minutes * ns_per_minute;
  return minus ? -offset : offset;
}

std::optional<ParsedTime> from_number(std::string_view text) {
  std::int64_t whole = 0, fraction = 0, fraction_unit = 1;
  std::size_t i = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) {
    if (i >= 18 && whole > 900'000'000'000'000'000) return std::nullopt;
    whole = whole * 10 + (text[i] - '0');
  }
  if (i == 0 || i > 19) return std::nullopt;
  if (i == 8 && text.size() == 8) {  // 20240131
    const auto days = days_of(static_cast<int>(whole / 10000), static_cast<int>(whole / 100 % 100), static_cast<int>(whole % 100));
    if (!days) return std::nullopt;
    return ParsedTime{*days * ns_per_day, false};
  }
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && is_digit(text[i]); ++i)
      if (fraction_unit < ns_per_second) {
        fraction = fraction * 10 + (text[i] - '0');
        fraction_unit *= 10;
      }
  }
  if (i < text.size()) {  // 1.7040672e12
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    double value = 0;
    const auto end = text.data() + text.size();
    const auto got = fast_float::from_chars(text.data(), end, value);
    if (got.ec != std::errc() || got.ptr != end || !(value >= 1e8 && value < 9e18)) return std::nullopt;
    whole = std::llround(value);
    fraction = 0;
    fraction_unit = 1;
  }
  std::int64_t unit = 1;  // ns
  if (whole < 100'000'000'000) unit = ns_per_second;
  else if (whole < 100'000'000'000'000) unit = 1'000'000;
  else if (whole < 100'000'000'000'000'000) unit = 1'000;
  if (whole > latest / unit) return std::nullopt;
  const std::int64_t part = unit == 1 ? 0 : fraction * (unit >= fraction_unit ? unit / fraction_unit : 1) /
                                                (unit >= fraction_unit ? 1 : fraction_unit / unit);
  return ParsedTime{whole * unit + part, true};
}

std::optional<ParsedTime> from_date(std::string_view text) {
  Cursor cursor{text};
  const auto year = cursor.number(4, 4);
  if (!year || cursor.empty()) return std::nullopt;
  const char separator = cursor.rest.front();
  const bool packed = is_digit(separator);
  if (!packed) {
    if (separator != '-' && separator != '/' && separator != '.') return std::nullopt;
    cursor.take(separator);
  }
  const auto month = cursor.number(packed ? 2 : 1, 2);
  if (!month || (!packed && !cursor.take(separator))) return std::nullopt;
  const auto day = cursor.number(packed ? 2 : 1, 2);
  if (!day) return std::nullopt;
  const auto days = days_of(*year, *month, *day);
  if (!days) return std::nullopt;
  ParsedTime time{*days * ns_per_day, false};
  if (cursor.empty()) return time;
  if (!cursor.take('T') && !cursor.take(' ')) return std::nullopt;
  cursor.spaces();
  auto hour = cursor.number(1, 2);
  if (!hour) return std::nullopt;
  int minute = 0, second = 0;
  std::int64_t fraction = 0;
  if (cursor.take(':')) {
    const auto minutes = cursor.number(2, 2);
    if (!minutes) return std::nullopt;
    minute = *minutes;
    if (cursor.take(':')) {
      const auto seconds = cursor.number(2, 2);
      if (!seconds) return std::nullopt;
      second = *seconds;
      if (cursor.take('.')) fraction = cursor.fraction();
    }
  } else if (cursor.rest != "-AM" && cursor.rest != "-PM" && cursor.rest != " AM" && cursor.rest != " PM") {
    return std::nullopt;  // an hour alone needs its half of the day
  } else {
    cursor.rest.remove_prefix(1);
  }
  cursor.spaces();
  if (cursor.rest == "AM" || cursor.rest == "PM" || cursor.rest == "am" || cursor.rest == "pm") {
    if (*hour < 1 || *hour > 12) return std::nullopt;
    hour = *hour % 12 + ((cursor.rest.front() | 0x20) == 'p' ? 12 : 0);
    cursor.rest = {};
  }
  if (*hour > 24 || minute > 59 || second > 59 || (*hour == 24 && (minute != 0 || second != 0))) return std::nullopt;
  time.ns += *hour * ns_per_hour + minute * ns_per_minute + second * ns_per_second + fraction;
  if (cursor.empty()) return time;
  const auto offset = take_offset(cursor);
  if (!offset || !cursor.empty()) return std::nullopt;
  return ParsedTime{time.ns - *offset, true};
}

std::optional<ParsedTime> in_range(std::optional<ParsedTime> time) {
  if (time && (time->ns < earliest || time->ns >= latest)) return std::nullopt;
  return time;
}

constexpr std::string_view month_names[] = {"january", "february", "march",     "april",   "may",      "june",
                                            "july",    "august",   "september", "october", "november", "december"};

struct Fields {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, day_of_year = 0;
  int half = -1;  // 0 AM, 1 PM
  std::int64_t fraction = 0;
  std::optional<std::int64_t> offset, stamp;
};

bool take_fields(Cursor& cursor, std::string_view format, Fields& fields) {
  const auto read = [&](int& into, int least, int most, int low, int high) {
    const auto value = cursor.number(least, most);
    if (!value || *value < low || *value > high) return false;
    into = *value;
    return true;
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == ' ') {
      cursor.spaces();
      continue;
    }
    if (format[i] != '%' || i + 1 == format.size()) {
      if (!cursor.take(format[i])) return false;
      continue;
    }
    bool good = true;
    switch (format[++i]) {
      case 'Y': good = read(fields.year, 4, 4, 1, 9999); break;
      case 'y': good = read(fields.year, 2, 2, 0, 99); fields.year += fields.year < 69 ? 2000 : 1900; break;
      case 'm': good = read(fields.month, 1, 2, 1, 12); break;
      case 'd':
      case 'e': cursor.spaces(); good = read(fields.day, 1, 2, 1, 31); break;
      case 'j': good = read(fields.day_of_year, 1, 3, 1, 366); break;
      case 'H': good = read(fields.hour, 1, 2, 0, 24); break;
      case 'I': good = read(fields.hour, 1, 2, 1, 12); break;
      case 'M': good = read(fields.minute, 1, 2, 0, 59); break;
      case 'S':
        good = read(fields.second, 1, 2, 0, 59);
        if (good && cursor.rest.size() > 1 && cursor.rest[0] == '.' && is_digit(cursor.rest[1]) &&
            format.substr(i + 1, 1) != ".") {
          cursor.take('.');
          fields.fraction = cursor.fraction();
        }
        break;
      case 'f': fields.fraction = cursor.fraction(); break;
      case 'p':
        if (cursor.take_word("am") || cursor.take_word("a.m.")) fields.half = 0;
        else if (cursor.take_word("pm") || cursor.take_word("p.m.")) fields.half = 1;
        else good = false;
        break;
      case 'b':
      case 'h':
      case 'B': {
        good = false;
        for (int m = 0; m < 12 && !good; ++m)
          if (cursor.take_word(month_names[m]) || cursor.take_word(month_names[m].substr(0, 3))) {
            fields.month = m + 1;
            good = true;
          }
        break;
      }
      case 's': {
        const auto stamp = from_number(cursor.rest);
        good = stamp.has_value();
        if (good) fields.stamp = stamp->ns;
        cursor.rest = {};
        break;
      }
      case 'z':
      case 'Z': {
        cursor.spaces();
        const auto offset = take_offset(cursor);
        good = offset.has_value();
        fields.offset = offset;
        break;
      }
      case 'T': good = take_fields(cursor, "%H:%M:%S", fields); break;
      case 'R': good = take_fields(cursor, "%H:%M", fields); break;
      case 'D': good = take_fields(cursor, "%m/%d/%y", fields); break;
      case 'F': good = take_fields(cursor, "%Y-%m-%d", fields); break;
      case '%': good = cursor.take('%'); break;
      default: throw BadRequest(fmt::format("--time-format: '%{}' is not known. Known are %Y %y %m %d %e %j %H %I %M %S %f %p "
                                            "%b %B %s %T %R %D %F %z %Z.", format[i]));
    }
    if (!good) return false;
  }
  return true;
}

}  // namespace

std::optional<ParsedTime> parse_time(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  if (auto number = from_number(text)) return in_range(number);
  return in_range(from_date(text));
}

std::optional<ParsedTime> parse_time(std::string_view text, std::string_view format) {
  if (format.empty()) return parse_time(text);
  Cursor cursor{trim(text)};
  Fields fields;
  if (!take_fields(cursor, format, fields) || !cursor.empty()) return std::nullopt;
  if (fields.stamp) return in_range(ParsedTime{*fields.stamp, true});
  auto days = days_of(fields.year, fields.month, fields.day);
  if (fields.day_of_year > 0) {
    days = days_of(fields.year, 1, 1);
    if (days) *days += fields.day_of_year - 1;
  }
  if (!days) return std::nullopt;
  int hour = fields.hour;
  if (fields.half >= 0) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + 12 * fields.half;
  }
  const std::int64_t ns = *days * ns_per_day + hour * ns_per_hour + fields.minute * ns_per_minute +
                          fields.second * ns_per_second + fields.fraction;
  return in_range(ParsedTime{ns - fields.offset.value_or(0), fields.offset.has_value()});
}

struct LocalZone::Cache {
  const date::time_zone* zone = nullptr;
  std::int64_t from = 1, to = 0;   // local ns in which the offset is certain
  std::int64_t offset = 0;
};

LocalZone::LocalZone(const std::string& name) : name_(name) {
  if (name == "UTC" || name == "Etc/UTC" || name == "GMT" || name == "Z") return;
  cache_ = std::make_unique<Cache>();
  try {
    cache_->zone = date::locate_zone(name);
  } catch (const std::exception&) {
    throw BadRequest(fmt::format("--tz '{}' is no zone of the time-zone database: the times cannot be brought to UTC. Use a "
                                 "name like UTC, Europe/Berlin or America/New_York.", name));
  }
}

LocalZone::~LocalZone() = default;

LocalZone::Answer LocalZone::resolve(std::int64_t local_ns) {
  if (!cache_) return {1, local_ns, local_ns};
  Cache& cache = *cache_;
  if (local_ns >= cache.from && local_ns < cache.to) return {1, local_ns - cache.offset, local_ns - cache.offset};
  std::int64_t second = local_ns / ns_per_second;
  if (second * ns_per_second > local_ns) --second;
  const date::local_info info = cache.zone->get_info(date::local_seconds{std::chrono::seconds{second}});
  const std::int64_t first = info.first.offset.count() * ns_per_second;
  if (info.result == date::local_info::nonexistent) return {0, 0, 0};
  if (info.result == date::local_info::ambiguous)
    return {2, local_ns - first, local_ns - info.second.offset.count() * ns_per_second};
  // A day off both ends of the range is beyond any overlap.
  const std::int64_t bound = latest / ns_per_second;
  const auto clamp = [&](std::int64_t s) { return std::min(std::max(s, -bound), bound); };
  cache.from = (clamp(info.first.begin.time_since_epoch().count()) + 2 * 86400) * ns_per_second;
  cache.to = (clamp(info.first.end.time_since_epoch().count()) - 2 * 86400) * ns_per_second;
  cache.offset = first;
  return {1, local_ns - first, local_ns - first};
}

}  // namespace quern::importing
