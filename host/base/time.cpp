#include "host/base/time.hpp"

#include <fmt/format.h>

#include <chrono>

namespace quern {

std::string iso_time(std::int64_t ns) {
  constexpr std::int64_t second = 1'000'000'000, day = 86400 * second;
  std::int64_t days = ns / day, rest = ns % day;
  if (rest < 0) {
    rest += day;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 rest / (3600 * second), rest / (60 * second) % 60, rest / second % 60);
  const std::int64_t fraction = rest % second;
  if (fraction != 0) text += fraction % 1'000'000 == 0 ? fmt::format(".{:03}", fraction / 1'000'000) : fmt::format(".{:09}", fraction);
  return text + "Z";
}

}  // namespace quern
