// Why a combination traded as little as it did: what became of every close, and how often each part of its conditions held.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/reference/journal.hpp"
#include "host/strategy/job.hpp"
#include "kernels/market/lane_result.hpp"

namespace quern {

// An operand of a condition's topmost `and` or `or`.
struct ConditionPart {
  std::string text;
  std::uint64_t held = 0;
  std::uint64_t alone_missing = 0;     // closes at which every other operand of an `and` held
};

// A condition over the closes at which an entry could be decided.
struct ConditionCount {
  std::string name, joined_by;         // "long", "short", "filter"; "and", "or", or empty for one part
  std::uint64_t held = 0;
  std::vector<ConditionPart> parts;
};

struct RejectionCount {
  reference::Rejection why;
  std::uint64_t count = 0;
  int first_bar = 0;
};

struct Explanation {
  std::uint64_t bars = 0, warm_up = 0;              // E3
  std::uint64_t in_position = 0, waiting = 0, cooldown = 0, breaker = 0, free = 0;   // closes at which decisions are made
  std::uint64_t signals_in_position = 0, signals_waiting = 0, signals_cooldown = 0, signals_breaker = 0;  // entries that passed the filter
  std::uint64_t both_sides = 0;                     // E9
  std::uint64_t filtered = 0;                       // E11
  std::uint64_t limit_orders = 0;                   // E7: placed
  std::uint64_t entries = 0, size_rejected = 0;     // E12, E13: at the fill
  std::vector<ConditionCount> conditions;
  std::vector<RejectionCount> rejected;             // most frequent first
  std::uint64_t capped = 0;                         // E12
  bool few = false;                                 // fewer than 10 trades, or more rejections than trades
  std::string size_problem, cap_note;               // sentences; empty where sizes fit
  std::string advice;                               // what to try first; empty where nothing is wrong
};

// The reference engine runs the combination once more and keeps a journal; every engine takes the same decisions.
Explanation explain(const Job& job, const Series& series, const LaneResult& result);

const char* rejection_text(reference::Rejection why);
std::string explanation_text(const Explanation& explanation, const Series& series);
nlohmann::ordered_json explanation_json(const Explanation& explanation, const Series& series);

}  // namespace quern
