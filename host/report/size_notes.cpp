#include "host/report/size_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/base/time.hpp"
#include "host/results/number_text.hpp"

namespace quern {
namespace {

constexpr double smallest_lot = 1e-8;    // E1b's default

Trace traced(Engine& engine, const Job& job, const Series& series) {
  Trace trace;
  engine.trace(job, series, job.values, trace);
  return trace;
}

const Fill* first_entry(const Trace& trace) {
  const auto found = std::find_if(trace.fills.begin(), trace.fills.end(), [](const Fill& fill) { return fill.is_entry != 0; });
  return found == trace.fills.end() ? nullptr : &*found;
}

// All entries were rejected (E13): for which limit, and what would do.
std::string too_small(Engine& engine, const Job& job, const Series& series) {
  Job free = job;
  Series other = series;
  free.account.min_notional = other.instrument.min_notional = 0.0;
  const bool by_notional = first_entry(traced(engine, free, other)) != nullptr;
  free.account.lot = other.instrument.lot = std::min(series.instrument.lot, smallest_lot);
  const Trace trace = traced(engine, free, other);
  const Fill* entry = first_entry(trace);
  if (entry == nullptr) return {};
  const double quantity = static_cast<double>(entry->lots) * other.instrument.lot;
  const double notional = quantity * price_of(entry->price_ticks, series.instrument.tick);
  const std::string start = fmt::format("every entry was rejected for its size (E13): the first, at {}, would have been {} with a notional of {}, ",
                                        iso_time(series.candles.time[static_cast<std::size_t>(entry->bar)]),
                                        quantity_text(entry->lots, other.instrument.lot), short_text(notional, 6));
  if (by_notional) {
    return start + fmt::format("below the minimum notional of {}. Raise the size or the capital", shortest_text(series.instrument.min_notional));
  }
  const double lot = std::pow(10.0, std::floor(std::log10(quantity)));
  return start + fmt::format("below one lot of {}. Raise the size or the capital; a lot of {} would do (account.lot), where the market has it",
                             shortest_text(series.instrument.lot), shortest_text(lot));
}

// The first entry that E12's limit made smaller.
std::string capped(Engine& engine, const Job& job, const Series& series, const Trace& trace) {
  Job free = job;
  free.account.cap = false;
  const Trace other = traced(engine, free, series);
  for (std::size_t at = 0; at < std::min(trace.fills.size(), other.fills.size()); ++at) {
    const Fill &is = trace.fills[at], &asked = other.fills[at];
    if (is.bar != asked.bar || is.is_entry != asked.is_entry) return {};
    if (is.is_entry == 0 || is.lots >= asked.lots) continue;
    return fmt::format("the account and its leverage cut sizes (E12), first at {} from {} to {}. Lower the size, or set account.cap = false to take it as asked",
                       iso_time(series.candles.time[static_cast<std::size_t>(is.bar)]), quantity_text(asked.lots, series.instrument.lot),
                       quantity_text(is.lots, series.instrument.lot));
  }
  return {};
}

}  // namespace

std::vector<std::string> size_notes(Engine& engine, const Job& job, const Series& series, const LaneResult& result, const Trace& trace) {
  std::vector<std::string> notes;
  const bool any = first_entry(trace) != nullptr;
  if (!any && result.metrics[static_cast<int>(Metric::rejected)] > 0.0) notes.push_back(too_small(engine, job, series));
  if (any && job.account.cap) notes.push_back(capped(engine, job, series, trace));
  std::erase_if(notes, [](const std::string& note) { return note.empty(); });
  return notes;
}

}  // namespace quern
