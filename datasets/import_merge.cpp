// Order of time within a file, and several files as one series.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "datasets/import_parts.hpp"
#include "host/base/time.hpp"
#include "kernels/market/instrument.hpp"

namespace quern::importing {
namespace {

// How far before a multiple of the timeframe a closing time stands: 1 s, 1 ms, 1 us or 1 ns.
constexpr std::int64_t closing_steps[] = {ns_per_second, 1'000'000, 1'000, 1};

std::int64_t remainder(std::int64_t time, std::int64_t duration) {
  const std::int64_t start = duration % (7 * ns_per_day) == 0 ? 4 * ns_per_day : 0;  // weeks begin on Monday
  const std::int64_t rest = (time - start) % duration;
  return rest < 0 ? rest + duration : rest;
}

std::int64_t closing_step(std::int64_t time, std::int64_t duration) {
  const std::int64_t rest = remainder(time, duration);
  for (std::int64_t step : closing_steps)
    if (step < duration && rest == duration - step) return step;
  return 0;
}

template <class T>
void turn(std::vector<T>& column) {
  std::reverse(column.begin(), column.end());
}

std::string values_of(const PriceRows& rows, std::size_t i) {
  return fmt::format("open {}, high {}, low {}, close {}, volume {}", rows.open[i], rows.high[i], rows.low[i], rows.close[i],
                     rows.volume[i]);
}

std::string length(std::int64_t ns) {
  if (ns % ns_per_day == 0) return fmt::format("{} d", ns / ns_per_day);
  if (ns % ns_per_hour == 0) return fmt::format("{} h", ns / ns_per_hour);
  if (ns % ns_per_minute == 0) return fmt::format("{} min", ns / ns_per_minute);
  return fmt::format("{} s", static_cast<double>(ns) / 1e9);
}

}  // namespace

void settle_times(FileRows& file, const ImportOptions& options, std::int64_t duration, Problems& problems,
                  std::vector<std::string>& lines) {
  std::vector<std::int64_t>& time = file.rows.time;
  const std::size_t count = time.size();
  if (count == 0) return;

  // Zone.
  std::unique_ptr<LocalZone> zone;
  if (!file.local.empty()) {
    if (!options.tz.empty()) {
      zone = std::make_unique<LocalZone>(options.tz);
    } else if (file.utc_by_layout) {
      zone = std::make_unique<LocalZone>("UTC");
      lines.push_back(fmt::format("{}: times without zone are UTC by this layout.", file.name));
    } else {
      const auto first = static_cast<std::size_t>(std::find(file.local.begin(), file.local.end(), 1) - file.local.begin());
      std::string shown = iso_time(time[first]);
      shown.pop_back();
      problems.add(fmt::format("{}: the times carry no zone ({}: {}): bars could be stored hours off. Name it: --tz UTC, or for "
                               "instance --tz America/New_York.", file.name, file.where(first), shown));
      return;
    }
  } else if (!options.tz.empty()) {
    lines.push_back(fmt::format("{}: --tz is not needed, the times are UTC or carry their zone.", file.name));
  }

  // Direction.
  std::size_t up = 0, down = 0;
  for (std::size_t i = 1; i < count; ++i) {
    up += time[i] > time[i - 1];
    down += time[i] < time[i - 1];
  }
  const bool newest_first = down > up;
  if (newest_first) {
    turn(time);
    turn(file.rows.open);
    turn(file.rows.high);
    turn(file.rows.low);
    turn(file.rows.close);
    turn(file.rows.volume);
    turn(file.number);
    turn(file.local);
    turn(file.close_time);
    lines.push_back(fmt::format("{}: rows are newest first; reversed.", file.name));
  }

  // Local to UTC, ascending: the second occurrence of a local time is the later one.
  RowProblems bad(file.name);
  std::vector<std::uint8_t> lost(count, 0);
  if (zone) {
    std::int64_t before = INT64_MIN;
    for (std::size_t i = 0; i < count; ++i) {
      if (file.local[i] != 0) {
        const auto answer = zone->resolve(time[i]);
        if (answer.count == 0) {
          std::string shown = iso_time(time[i]);
          shown.pop_back();
          bad.add(fmt::format("{}: {} does not exist in {} (clocks were put forward).", file.where(i), shown, zone->name()));
          lost[i] = 1;
          continue;
        }
        time[i] = answer.count == 2 && before >= answer.first ? answer.second : answer.first;
      }
      before = time[i];
    }
  }

  // Order.
  std::int64_t highest = INT64_MIN;
  for (std::size_t i = 0; i < count; ++i) {
    if (lost[i] != 0) continue;
    if (time[i] < highest) {
      bad.add(bad.full() ? std::string()
                         : newest_first
                             ? fmt::format("{}: time {} is out of order in a newest-first file.", file.where(i), iso_time(time[i]))
                             : fmt::format("{}: time goes backwards ({} after {}).", file.where(i), iso_time(time[i]),
                                           iso_time(highest)));
      lost[i] = 1;
    } else {
      highest = time[i];
    }
  }
  const bool ordered = bad.count() == 0;
  bad.move_to(problems);
  if (!ordered) return;

  // Closing times.
  std::size_t closing = 0;
  std::int64_t step = 0;
  for (std::int64_t t : time) {
    const std::int64_t found = closing_step(t, duration);
    if (found == 0) continue;
    ++closing;
    step = found;
  }
  if (options.stamp_close) {
    for (std::int64_t& t : time) t += closing_step(t, duration) - duration;
    lines.push_back(fmt::format("{}: closing times moved to the open ({} earlier).", file.name, options.timeframe));
  } else if (closing > 0 && closing * 2 >= count) {
    problems.add(fmt::format("{}: {} of {} times stand {} before a multiple of {} ({}: {}): they look like closing times, and the "
                             "bars would be one late. Use --stamp close if they are.", file.name, closing, count,
                             step == ns_per_second ? "1 s" : step == 1'000'000 ? "1 ms" : step == 1'000 ? "1 us" : "1 ns",
                             options.timeframe, file.where(0), iso_time(time[0])));
    return;
  }

  // A few rows off the grid of the others are errors; a whole file off the grid is said later.
  std::size_t off = 0;
  for (std::int64_t t : time) off += remainder(t, duration) != 0;
  if (off > 0 && off * 2 < count && !(zone && duration >= ns_per_day)) {
    RowProblems stray(file.name);
    for (std::size_t i = 0; i < count; ++i)
      if (remainder(time[i], duration) != 0)
        stray.add(stray.full() ? std::string()
                               : fmt::format("{}: {} is no multiple of {} as the other times are.", file.where(i),
                                             iso_time(time[i]), options.timeframe));
    stray.move_to(problems);
  }

  // A last candle that was still forming when the file was written.
  if (!file.close_time.empty() && file.close_time.size() == count && file.close_time.back() > time.back() &&
      file.close_time.back() + ns_per_second < time.back() + duration)
    lines.push_back(fmt::format("{}: the last candle ({}, {}) closes early, at {}: it was unfinished when the file was written. It "
                                "is kept; a later file replaces it.", file.name, file.where(count - 1), iso_time(time.back()),
                                iso_time(file.close_time.back())));
}

PriceRows merge(const std::vector<FileRows>& files, ImportReport& report, Problems& problems) {
  struct Place {
    std::uint32_t file;
    std::uint32_t row;
  };
  // Files by the time of their last row: what ends later was written later. A stored series is the earliest.
  std::vector<std::uint32_t> order;
  for (std::uint32_t f = 0; f < files.size(); ++f)
    if (files[f].rows.size() > 0) order.push_back(f);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (files[a].stored != files[b].stored) return files[a].stored;
    return files[a].rows.time.back() < files[b].rows.time.back();
  });
  std::size_t total = 0;
  for (const auto f : order) total += files[f].rows.size();
  std::vector<Place> places;
  places.reserve(total);
  for (const auto f : order)
    for (std::uint32_t r = 0; r < files[f].rows.size(); ++r) places.push_back({f, r});
  const auto time_of = [&](const Place& p) { return files[p.file].rows.time[p.row]; };
  const auto earlier = [&](const Place& a, const Place& b) { return time_of(a) < time_of(b); };
  if (!std::is_sorted(places.begin(), places.end(), earlier)) std::stable_sort(places.begin(), places.end(), earlier);

  PriceRows merged;
  merged.time.reserve(total);
  for (auto* column : {&merged.open, &merged.high, &merged.low, &merged.close, &merged.volume}) column->reserve(total);
  std::string example;
  std::size_t conflicts = 0;
  std::vector<std::size_t> replaced_in(files.size(), 0);
  for (std::size_t i = 0; i < places.size();) {
    Place kept = places[i];
    std::size_t next = i + 1;
    for (; next < places.size() && time_of(places[next]) == time_of(kept); ++next) {
      const Place other = places[next];
      const PriceRows &a = files[kept.file].rows, &b = files[other.file].rows;
      const std::pair<const char*, std::pair<double, double>> values[] = {
          {"open", {a.open[kept.row], b.open[other.row]}},
          {"high", {a.high[kept.row], b.high[other.row]}},
          {"low", {a.low[kept.row], b.low[other.row]}},
          {"close", {a.close[kept.row], b.close[other.row]}},
          {"volume", {a.volume[kept.row], b.volume[other.row]}}};
      std::vector<std::string> differences;
      for (const auto& [name, pair] : values)
        if (pair.first != pair.second) differences.push_back(fmt::format("{} {} -> {}", name, pair.first, pair.second));
      const FileRows &first = files[kept.file], &second = files[other.file];
      if (differences.empty()) {
        ++report.duplicates;
        if (example.empty())
          example = kept.file == other.file
                        ? fmt::format("{} of {}, the same as {}", second.where(other.row), second.name, first.where(kept.row))
                        : fmt::format("{} of {}, the same as {} of {}", second.where(other.row), second.name,
                                      first.where(kept.row), first.name);
      } else if (kept.file != other.file && kept.row + 1 == first.rows.size()) {
        ++report.replaced;
        report.lines.push_back(fmt::format("{} {} replaces {} {} at {}, the last candle there (unfinished): {}.", second.name,
                                           second.where(other.row), first.name, first.where(kept.row), iso_time(time_of(kept)),
                                           fmt::join(differences, ", ")));
        kept = other;
      } else if (++conflicts <= 20) {
        problems.add(fmt::format("Two different candles at {}: {} {} ({}) and {} {} ({}). Only one can be right: remove the other "
                                 "row.", iso_time(time_of(kept)), first.name, first.where(kept.row), values_of(a, kept.row),
                                 second.name, second.where(other.row), values_of(b, other.row)));
      }
    }
    const PriceRows& rows = files[kept.file].rows;
    merged.time.push_back(rows.time[kept.row]);
    merged.open.push_back(rows.open[kept.row]);
    merged.high.push_back(rows.high[kept.row]);
    merged.low.push_back(rows.low[kept.row]);
    merged.close.push_back(rows.close[kept.row]);
    merged.volume.push_back(rows.volume[kept.row]);
    i = next;
  }
  if (conflicts > 20) problems.add(fmt::format("And {} more different candles at the same time.", conflicts - 20));
  if (report.duplicates > 0)
    report.lines.push_back(fmt::format("{} identical duplicate{} merged ({}{}).", report.duplicates,
                                       report.duplicates == 1 ? "" : "s", report.duplicates == 1 ? "" : "first: ", example));
  return merged;
}

void check_grid(const PriceRows& rows, const ImportOptions& options, std::int64_t duration, ImportReport& report,
                Problems& problems) {
  const std::size_t count = rows.size();
  std::int64_t smallest = INT64_MAX, longest = 0;
  std::size_t at = 0, off = 0;
  std::string first_off;
  for (std::size_t i = 0; i < count; ++i) {
    if (remainder(rows.time[i], duration) != 0) {
      if (off++ == 0) first_off = iso_time(rows.time[i]);
    }
    if (i == 0) continue;
    const std::int64_t step = rows.time[i] - rows.time[i - 1];
    if (step < smallest) {
      smallest = step;
      at = i;
    }
    if (step >= 2 * duration) {
      ++report.gaps;
      report.missing_bars += static_cast<std::size_t>(step / duration - 1);
      longest = std::max(longest, step);
    }
  }
  // A day of 23 hours is a day where clocks are put forward.
  const std::int64_t slack = !options.tz.empty() && duration >= ns_per_day ? ns_per_hour : 0;
  if (count > 1 && smallest + slack < duration) {
    problems.add(fmt::format("The bars are not {}: the smallest step is {} ({} to {}). Name the timeframe of the file with "
                             "--timeframe.", options.timeframe, length(smallest), iso_time(rows.time[at - 1]),
                             iso_time(rows.time[at])));
  } else if (count > 2 && smallest > duration + slack) {
    problems.add(fmt::format("The bars are not {}: no two are closer than {}. Name the timeframe of the file with --timeframe.",
                             options.timeframe, length(smallest)));
  }
  if (off > 0)
    report.lines.push_back(fmt::format("{} of {} bars open off the grid of {} in UTC (first {}); they are kept as they are.", off,
                                       count, options.timeframe, first_off));
  if (report.gaps > 0)
    report.lines.push_back(fmt::format("{} gap{}, {} missing bar{} in all; the longest step is {}.", report.gaps,
                                       report.gaps == 1 ? "" : "s", report.missing_bars, report.missing_bars == 1 ? "" : "s",
                                       length(longest)));
}

}  // namespace quern::importing
