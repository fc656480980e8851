#include "host/report/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/time.hpp"
#include "host/reference/evaluator.hpp"
#include "host/reference/reference.hpp"
#include "host/report/tables.hpp"
#include "host/results/number_text.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;
using reference::CloseState;
using reference::Rejection;

// The operands of the topmost `and` or `or`, in the order in which they were written.
void operands(const Graph& graph, int node, Op joint, std::vector<int>& parts) {
  const Node& at = graph.nodes[static_cast<std::size_t>(node)];
  if (at.op != joint) {
    parts.push_back(node);
    return;
  }
  for (int input : at.inputs) operands(graph, input, joint, parts);
}

ConditionCount count_condition(const std::string& name, const Graph& graph, int node, reference::Evaluator& evaluator,
                               const std::vector<int>& closes) {
  ConditionCount count{name, "", 0, {}};
  const Op top = graph.nodes[static_cast<std::size_t>(node)].op;
  std::vector<int> parts;
  if (top == Op::logical_and || top == Op::logical_or) {
    count.joined_by = top == Op::logical_and ? "and" : "or";
    operands(graph, node, top, parts);
  } else {
    parts.push_back(node);
  }
  for (int part : parts) {
    const std::string& text = graph.nodes[static_cast<std::size_t>(part)].text;
    count.parts.push_back({text.empty() ? fmt::format("part {}", count.parts.size() + 1) : text, 0, 0});
  }
  for (int bar : closes) {
    count.held += evaluator.condition(node, bar);
    std::size_t missing = parts.size(), misses = 0;
    for (std::size_t part = 0; part < parts.size(); ++part) {
      if (evaluator.condition(parts[part], bar)) {
        ++count.parts[part].held;
      } else {
        missing = part;
        ++misses;
      }
    }
    if (top == Op::logical_and && misses == 1) ++count.parts[missing].alone_missing;
  }
  return count;
}

// A quantity in whole lots (E1b).
std::string amount_text(double quantity, double lot = 1e-8) {
  const double lots = quantity / lot * (1.0 + 1e-12);
  return lots < 0x1p53 ? quantity_text(static_cast<std::int64_t>(lots), lot) : short_text(quantity, 12);
}

// What would have made the rejected sizes large enough (E13).
std::string size_problem_of(const std::vector<reference::RejectedEntry>& rejected, std::uint64_t entries, const Series& series) {
  std::uint64_t zero = 0, small = 0;
  double least = INFINITY;
  const reference::RejectedEntry* first = nullptr;
  for (const auto& one : rejected) {
    if (one.why != Rejection::zero_lots && one.why != Rejection::min_notional) continue;
    (one.why == Rejection::zero_lots ? zero : small) += 1;
    if (first == nullptr) first = &one;
    if (one.why == Rejection::zero_lots && one.quantity > 0.0) least = std::min(least, one.quantity);
  }
  if (first == nullptr) return {};
  const std::uint64_t count = zero + small;
  const bool all = entries == 0 && count == rejected.size();
  const bool by_lot = first->why == Rejection::zero_lots;
  std::string text = fmt::format("{} (E13): the first, at {}, would have been {} with a notional of {}, below {}. Raise the size or the capital",
                                 all ? "every entry was rejected for its size" : fmt::format("{} of {} entries were rejected for their size", count, entries + rejected.size()),
                                 iso_time(series.candles.time[static_cast<std::size_t>(first->bar)]), amount_text(first->quantity),
                                 short_text(first->quantity * first->price, 6),
                                 by_lot ? fmt::format("one lot of {}", shortest_text(series.instrument.lot))
                                        : fmt::format("the minimum notional of {}", shortest_text(series.instrument.min_notional)));
  if (by_lot && small > 0) text += fmt::format("; {} more were below the minimum notional of {}", small, shortest_text(series.instrument.min_notional));
  if (!by_lot && zero > 0) text += fmt::format("; {} more were below one lot of {}", zero, shortest_text(series.instrument.lot));
  if (std::isfinite(least)) {
    text += fmt::format("; a lot of {} would do (account.lot), where the market has it", shortest_text(std::pow(10.0, std::floor(std::log10(least)))));
  }
  return text;
}

std::string advice(const Explanation& e) {
  if (e.in_position + e.waiting + e.cooldown + e.breaker + e.free == 0) {
    return "The series ends before every expression is ready: load more bars, shorten the look-backs, or set rules.warmup = \"own\".";
  }
  const std::uint64_t rejected = [&] {
    std::uint64_t all = 0;
    for (const auto& one : e.rejected) all += one.count;
    return all;
  }();
  if (rejected > e.entries && rejected >= e.filtered) return e.size_problem.empty() ? fmt::format("{} entries were rejected, first of all because {}.", e.entries == 0 ? "All" : "Most", rejection_text(e.rejected.front().why)) : "";
  if (e.filtered > e.entries + rejected) return "The filter stops most decisions: loosen it.";
  if (e.breaker > e.free) return "A breaker keeps the account from entering most of the time: see account.daily_loss_limit and max_drawdown_halt.";
  if (e.in_position > 4 * e.free) return "Positions are held most of the time, and one position a time is the rule (E8): add exits, or nearer ones.";
  std::uint64_t held = 0;
  for (const auto& condition : e.conditions) held += condition.name == "filter" ? 0 : condition.held;
  const std::string start = held == 0 ? "The entry condition was never true: " : "The entry condition was hardly ever true: ";
  for (const auto& condition : e.conditions) {
    if (condition.name == "filter" || condition.held > e.free / 100) continue;
    for (const auto& part : condition.parts) {
      if (part.held == 0 && condition.joined_by != "or") return fmt::format("{}'{}' held at no close where a {} entry was possible.", start, part.text, condition.name);
    }
    const auto most = std::max_element(condition.parts.begin(), condition.parts.end(),
                                       [](const auto& a, const auto& b) { return a.alone_missing < b.alone_missing; });
    if (most != condition.parts.end() && most->alone_missing > 0) {
      return fmt::format("{}loosening '{}' gives most, which alone was missing at {} closes of a {} entry.", start, most->text, most->alone_missing, condition.name);
    }
  }
  return start + "loosen its parts one at a time.";
}

// A long condition keeps its table narrow.
std::string shortened(const std::string& text) {
  constexpr std::size_t most = 72;
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

std::string time_at(const Series& series, int bar) { return iso_time(series.candles.time[static_cast<std::size_t>(bar)]); }

}  // namespace

const char* rejection_text(Rejection why) {
  switch (why) {
    case Rejection::none: return "none";
    case Rejection::stop_undefined: return "the stop is undefined or not positive (E4)";
    case Rejection::stop_wrong_side: return "the stop lies on the wrong side of the price (E4)";
    case Rejection::target_undefined: return "a target is undefined or not positive (E4)";
    case Rejection::target_wrong_side: return "a target lies on the wrong side of the price (E4)";
    case Rejection::fraction_undefined: return "a target's fraction is undefined or not positive (E4)";
    case Rejection::size_undefined: return "the size is undefined or not positive (E4)";
    case Rejection::stop_missing: return "risk size needs a stop on this side (E4)";
    case Rejection::volatility_undefined: return "the volatility of the size is undefined or not positive (E4)";
    case Rejection::activation_undefined: return "the trail's activation is undefined (E4)";
    case Rejection::offset_undefined: return "the limit's offset is undefined or negative (E4)";
    case Rejection::limit_price: return "the limit price is not above 0 (E4)";
    case Rejection::stop_beyond_fill: return "the fill was at or beyond the stop, so risk has no size (E12)";
    case Rejection::zero_lots: return "the size is less than one lot (E13)";
    case Rejection::min_notional: return "the notional is below the minimum (E13)";
    case Rejection::too_many_lots: return "the size is more than 2^53 lots (E1b)";
  }
  return "";
}

Explanation explain(const Job& job, const Series& series, const LaneResult& result) {
  reference::Journal journal;
  Trace trace;
  reference::run(job, series, job.values, result.first_decision_bar, &trace, &journal);
  const Strategy& strategy = job.strategy;
  reference::Evaluator evaluator(strategy, series, job.values);

  Explanation e;
  e.bars = series.candles.size();
  e.warm_up = std::min<std::uint64_t>(static_cast<std::uint64_t>(result.first_decision_bar), e.bars);
  std::vector<int> free;
  for (int bar = 0; bar < static_cast<int>(journal.closes.size()); ++bar) {
    const CloseState state = journal.closes[static_cast<std::size_t>(bar)];
    if (state == CloseState::no_decision) continue;
    const bool wants_long = evaluator.condition(strategy.entry_long, bar), wants_short = evaluator.condition(strategy.entry_short, bar);
    const bool passes = strategy.filter < 0 || evaluator.condition(strategy.filter, bar);
    const bool signal = wants_long != wants_short && passes;
    switch (state) {
      case CloseState::no_decision: break;
      case CloseState::in_position: ++e.in_position; e.signals_in_position += signal; break;
      case CloseState::waiting: ++e.waiting; e.signals_waiting += signal; break;
      case CloseState::cooldown: ++e.cooldown; e.signals_cooldown += signal; break;
      case CloseState::breaker: ++e.breaker; e.signals_breaker += signal; break;
      case CloseState::free:
        ++e.free;
        free.push_back(bar);
        e.both_sides += wants_long && wants_short;
        e.filtered += wants_long != wants_short && !passes;
        break;
    }
  }
  if (strategy.entry_long >= 0) e.conditions.push_back(count_condition("long", strategy.graph, strategy.entry_long, evaluator, free));
  if (strategy.entry_short >= 0) e.conditions.push_back(count_condition("short", strategy.graph, strategy.entry_short, evaluator, free));
  if (strategy.filter >= 0) e.conditions.push_back(count_condition("filter", strategy.graph, strategy.filter, evaluator, free));

  for (const auto& one : journal.rejected) {
    e.size_rejected += one.price > 0.0;
    const auto found = std::find_if(e.rejected.begin(), e.rejected.end(), [&](const auto& known) { return known.why == one.why; });
    if (found != e.rejected.end()) ++found->count;
    else e.rejected.push_back({one.why, 1, one.bar});
  }
  std::stable_sort(e.rejected.begin(), e.rejected.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  for (const Fill& fill : trace.fills) e.entries += fill.is_entry;
  e.limit_orders = static_cast<std::uint64_t>(journal.limit_orders);
  e.few = result.metrics[static_cast<int>(Metric::n_trades)] < 10.0 || journal.rejected.size() > e.entries;
  e.size_problem = size_problem_of(journal.rejected, e.entries, series);
  std::string cut;
  for (const auto& one : journal.capped) {
    const std::string asked = amount_text(one.asked, series.instrument.lot), got = amount_text(one.cut_to, series.instrument.lot);
    if (asked == got) continue;
    ++e.capped;
    if (cut.empty()) cut = fmt::format("{} from {} to {}", time_at(series, one.bar), asked, got);
  }
  if (e.capped > 0) {
    e.cap_note = fmt::format("the account and its leverage cut sizes (E12): {} of {}, first at {}. "
                             "Lower the size, or set account.cap = false to take it as asked", e.capped, e.entries + e.size_rejected, cut);
  }
  if (e.few) e.advice = advice(e);
  return e;
}

std::string explanation_text(const Explanation& e, const Series& series) {
  const auto share = [&](std::uint64_t count) { return e.free == 0 ? std::string("-") : fmt::format("{:.1f} %", 100.0 * static_cast<double>(count) / static_cast<double>(e.free)); };
  std::string text = fmt::format("Why so few trades: of {} bars {} are warm-up (E3); an entry could be decided at {} closes", e.bars, e.warm_up, e.free);
  std::string elsewhere;
  const auto add = [&](std::uint64_t closes, std::uint64_t signals, const char* what) {
    if (closes > 0) elsewhere += fmt::format("{}{} {} ({} entry signals ignored)", elsewhere.empty() ? "" : ", ", closes, what, signals);
  };
  add(e.in_position, e.signals_in_position, "in a position, E8");
  add(e.waiting, e.signals_waiting, "while an order waited, E7");
  add(e.cooldown, e.signals_cooldown, "in the cooldown, E10");
  add(e.breaker, e.signals_breaker, "behind a breaker, E26");
  text += elsewhere.empty() ? ".\n" : fmt::format(";\nnot at {}.\n", elsewhere);
  if (e.free > 0) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& condition : e.conditions) {
      rows.push_back({condition.name + (condition.name == "filter" ? "" : " entry"), std::to_string(condition.held), share(condition.held), ""});
      if (condition.parts.size() < 2) {
        rows.back()[0] += ": " + shortened(condition.parts.front().text);
        continue;
      }
      for (const auto& part : condition.parts) {
        rows.push_back({"  " + condition.joined_by + " " + shortened(part.text), std::to_string(part.held), share(part.held),
                        condition.joined_by == "and" ? std::to_string(part.alone_missing) : ""});
      }
    }
    text += "\n" + text_table({"where an entry could be decided", "true", "share", "alone missing"}, rows) + "\n";
  }
  if (e.both_sides > 0) text += fmt::format("long and short at once, so neither (E9): {}\n", e.both_sides);
  if (e.filtered > 0) text += fmt::format("stopped by the filter alone (E11): {}\n", e.filtered);
  for (const auto& one : e.rejected) text += fmt::format("rejected {}: {}, first at {}\n", one.count, rejection_text(one.why), time_at(series, one.first_bar));
  if (e.limit_orders > 0) text += fmt::format("limit orders placed: {}, entries: {}\n", e.limit_orders, e.entries);
  if (!e.size_problem.empty()) text += e.size_problem + ".\n";
  return text + e.advice + "\n";
}

Json explanation_json(const Explanation& e, const Series& series) {
  Json conditions = Json::object(), rejected = Json::array();
  for (const auto& condition : e.conditions) {
    Json parts = Json::array();
    for (const auto& part : condition.parts) {
      Json one = {{"text", part.text}, {"true", part.held}};
      if (condition.joined_by == "and") one["alone_missing"] = part.alone_missing;
      parts.push_back(one);
    }
    conditions[condition.name] = {{"true", condition.held}, {"joined_by", condition.joined_by.empty() ? Json(nullptr) : Json(condition.joined_by)}, {"parts", parts}};
  }
  for (const auto& one : e.rejected) rejected.push_back({{"reason", rejection_text(one.why)}, {"count", one.count}, {"first", time_at(series, one.first_bar)}});
  const auto closes = [](std::uint64_t count, std::uint64_t signals) { return Json{{"closes", count}, {"signals_lost", signals}}; };
  return {{"few_trades", e.few},
          {"bars", e.bars},
          {"warm_up_bars", e.warm_up},
          {"possible_closes", e.free},
          {"in_position", closes(e.in_position, e.signals_in_position)},
          {"order_waiting", closes(e.waiting, e.signals_waiting)},
          {"cooldown", closes(e.cooldown, e.signals_cooldown)},
          {"breaker", closes(e.breaker, e.signals_breaker)},
          {"conditions", conditions},
          {"both_sides", e.both_sides},
          {"filtered", e.filtered},
          {"rejected", rejected},
          {"limit_orders", e.limit_orders},
          {"entries", e.entries},
          {"size_capped", e.capped},
          {"advice", e.advice}};
}

}  // namespace quern
