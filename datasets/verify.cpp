#include "datasets/verify.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "host/base/time.hpp"

namespace quern {
namespace {

constexpr std::size_t listed = 20;
constexpr double suspicious_times = 20.0;  // of the median range

// Messages of one kind.
class Kind {
 public:
  explicit Kind(const char* others) : others_(others) {}
  void add(std::string text) {
    if (++count_ <= listed) lines_.push_back(std::move(text));
  }
  void move_to(std::vector<std::string>& out) {
    for (auto& line : lines_) out.push_back(std::move(line));
    if (count_ > listed) out.push_back(fmt::format("{} more {}", count_ - listed, others_));
  }

 private:
  const char* others_;
  std::size_t count_ = 0;
  std::vector<std::string> lines_;
};

double median_range(const PriceRows& rows) {
  std::vector<double> ranges;
  ranges.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (std::isfinite(rows.high[i] - rows.low[i])) ranges.push_back(rows.high[i] - rows.low[i]);
  if (ranges.empty()) return 0.0;
  const auto middle = ranges.begin() + static_cast<std::ptrdiff_t>(ranges.size() / 2);
  std::nth_element(ranges.begin(), middle, ranges.end());
  return *middle;
}

}  // namespace

std::int64_t grid_floor(std::int64_t time, std::int64_t duration) {
  // The epoch was a Thursday.
  const std::int64_t origin = duration % (7 * ns_per_day) == 0 ? 4 * ns_per_day : 0;
  const std::int64_t rest = (time - origin) % duration;
  return time - (rest < 0 ? rest + duration : rest);
}

std::vector<Gap> find_gaps(const std::vector<std::int64_t>& time, std::int64_t duration) {
  std::vector<Gap> gaps;
  for (std::size_t i = 1; i < time.size(); ++i) {
    const std::int64_t missing = (time[i] - time[i - 1] + duration - 1) / duration - 1;
    if (missing > 0) gaps.push_back({time[i - 1], time[i], missing});
  }
  return gaps;
}

VerifyReport verify_rows(const PriceRows& rows, std::int64_t duration, const std::optional<TickSize>& tick) {
  VerifyReport report;
  const std::size_t count = rows.size();
  const std::array columns = {&rows.open, &rows.high, &rows.low, &rows.close};
  constexpr std::array names = {"open", "high", "low", "close"};
  if (rows.volume.size() != count || std::any_of(columns.begin(), columns.end(), [&](auto* c) { return c->size() != count; })) {
    report.problems.push_back("the columns differ in length, so no bar can be read; import the series again");
    return report;
  }
  if (count == 0) {
    report.problems.push_back("there is no bar; import candles first");
    return report;
  }
  const auto at = [&](std::size_t i) { return fmt::format("row {} ({})", i + 1, iso_time(rows.time[i])); };

  Kind order("rows are out of order"), duplicates("rows have the time of the row before"),
      off_grid("times are off the grid"), values("values are no numbers or not positive"), shape("rows break low <= open, close <= high"),
      ticks("prices cannot be held in ticks"), gaps("gaps"), prints("suspicious bars");
  const double median = median_range(rows);
  std::size_t missing = 0, holes = 0, silent = 0, first_silent = 0, rounded = 0, rounded_closes = 0, first_rounded_close = 0;
  std::string first_rounded;

  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) {
      const std::int64_t step = rows.time[i] - rows.time[i - 1];
      if (step < 0) order.add(fmt::format("{} is earlier than row {} ({})", at(i), i, iso_time(rows.time[i - 1])));
      if (step == 0) duplicates.add(fmt::format("{} has the time of row {}", at(i), i));
      if (step > duration) {
        const std::int64_t bars = (step + duration - 1) / duration - 1;
        gaps.add(fmt::format("gap after {}: {} bar{} missing until {}", at(i - 1), bars, bars == 1 ? "" : "s", iso_time(rows.time[i])));
        missing += static_cast<std::size_t>(bars);
        ++holes;
      }
    }
    if (grid_floor(rows.time[i], duration) != rows.time[i])
      off_grid.add(fmt::format("{} is off the grid of {}", at(i), timeframe_name(duration)));

    bool numbers = true;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const double price = (*columns[c])[i];
      if (!std::isfinite(price) || price <= 0.0) {
        values.add(fmt::format("{}: {} {} is {}", at(i), names[c], price, std::isfinite(price) ? "not positive" : "no number"));
        numbers = false;
      }
    }
    if (!std::isfinite(rows.volume[i]) || rows.volume[i] < 0.0)
      values.add(fmt::format("{}: volume {} is {}", at(i), rows.volume[i], std::isfinite(rows.volume[i]) ? "negative" : "no number"));
    if (rows.volume[i] == 0.0 && silent++ == 0) first_silent = i;
    if (!numbers) continue;

    const double open = rows.open[i], high = rows.high[i], low = rows.low[i], close = rows.close[i];
    if (high < low) {
      shape.add(fmt::format("{}: high {} is below low {}", at(i), high, low));
    } else {
      for (const auto& [name, price] : {std::pair{"open", open}, std::pair{"close", close}}) {
        const bool above = price > high, below = price < low;
        // As at import: a close one tick beyond is a print that the source rounded apart from the extremes.
        if ((above || below) && price != open && tick) {
          const double beyond = above ? price - high : low - price;
          if (round_half_away(beyond * tick->denominator / tick->numerator) <= 1.0) {
            if (rounded_closes++ == 0) first_rounded_close = i;
            continue;
          }
        }
        if (above) shape.add(fmt::format("{}: high {} is below {} {}", at(i), high, name, price));
        if (below) shape.add(fmt::format("{}: low {} is above {} {}", at(i), low, name, price));
      }
    }
    if (median > 0.0) {
      if (high - low > suspicious_times * median)
        prints.add(fmt::format("{}: range {:.6g} (low {}, high {}) is {:.0f} times the median range", at(i), high - low, low, high, (high - low) / median));
      const double jump = i > 0 ? std::fabs(open - rows.close[i - 1]) : 0.0;
      if (jump > suspicious_times * median)
        prints.add(fmt::format("{}: open {} is {:.0f} times the median range away from the close {} before", at(i), open, jump / median, rows.close[i - 1]));
    }
    if (tick) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const double price = (*columns[c])[i];
        const double whole = round_half_away(price * tick->denominator / tick->numerator);
        if (whole > static_cast<double>(max_ticks) || price * 2.0 < tick->value) {
          ticks.add(fmt::format("{}: {} {} is {} of {}; give a {} tick", at(i), names[c], price,
                                whole < 1.0 ? std::string("0 ticks") : fmt::format("more than {} ticks", max_ticks), tick->value,
                                whole < 1.0 ? "finer" : "coarser"));
        } else if (price_of(static_cast<std::int32_t>(whole), *tick) != price && rounded++ == 0) {
          first_rounded = fmt::format("{}, {} {}", at(i), names[c], price);
        }
      }
    }
  }

  for (Kind* kind : {&order, &duplicates, &off_grid, &values, &shape, &ticks}) kind->move_to(report.problems);
  gaps.move_to(report.notices);
  if (holes > 1) report.notices.push_back(fmt::format("{} gaps, {} bars missing in all", holes, missing));
  prints.move_to(report.notices);
  if (silent > 0) report.notices.push_back(fmt::format("{} of {} bars have no volume (first: {})", silent, count, at(first_silent)));
  if (rounded_closes > 0)
    report.notices.push_back(fmt::format("{} close{} one tick beyond the high or low of the bar, first {}", rounded_closes,
                                         rounded_closes == 1 ? " is" : "s are", at(first_rounded_close)));
  if (rounded > 0)
    report.notices.push_back(fmt::format("{} of {} prices rounded: they are no multiple of the tick {} (first: {})", rounded,
                                         4 * count, tick->value, first_rounded));
  return report;
}

}  // namespace quern
