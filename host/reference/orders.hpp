// What a decision leaves for later bars (E4, E6, E7, E8).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/reference/evaluator.hpp"
#include "host/reference/journal.hpp"

namespace quern::reference {

// A stop or target as decided: a distance from the fill price, or an absolute price. In ticks, wide enough for any sum.
struct LevelOrder {
  bool is_price = false;
  std::int64_t ticks = 0;
};

struct TargetOrder {
  LevelOrder level;
  std::optional<double> fraction;        // absent: the rest
};

struct EntryOrder {
  int side = 0;
  int decision_bar = 0;
  std::optional<LevelOrder> stop;
  std::vector<TargetOrder> targets;      // file order
  double size_value = 0.0;
  double volatility = 0.0;               // volatility_parity only
  std::int64_t activation_ticks = 0;      // E20; 0 where the strategy gives none
  std::int64_t limit_ticks = 0;          // limit orders only
  int last_bar = 0;                      // limit orders only: the last bar in which it may fill
};

// Builds the order that is decided at the close of `bar`; nothing where E4 rejects it, and the
// reason in `why` (may be null). `as_limit`: a limit entry.
std::optional<EntryOrder> make_entry_order(const Strategy& strategy, const Series& series, Evaluator& evaluator, int bar,
                                           int side, bool as_limit, Rejection* why);

}  // namespace quern::reference
