// Why a lane entered or did not, close by close: what `backtest` explains few trades with.
#pragma once

#include <cstdint>
#include <vector>

namespace quern::reference {

// What stood between a close and an entry decision.
enum class CloseState : std::uint8_t {
  no_decision,   // E2, E3: warm-up, the last bar, after ruin
  in_position,   // E8
  waiting,       // E7: a limit order waited, or was cancelled at this close
  cooldown,      // E10
  breaker,       // E26
  free           // an entry could be decided
};

enum class Rejection : std::uint8_t {
  none,
  stop_undefined, stop_wrong_side, target_undefined, target_wrong_side, fraction_undefined, size_undefined,       // E4
  stop_missing, volatility_undefined, activation_undefined, offset_undefined, limit_price,                        // E4
  stop_beyond_fill,   // E12: risk size, the fill price at or beyond the stop
  zero_lots,          // E13
  min_notional,       // E13
  too_many_lots       // E1b
};

struct RejectedEntry {
  int bar = 0;             // of the decision (E4), or of the fill (E12, E13)
  Rejection why = Rejection::none;
  double quantity = 0.0;   // base units, before rounding; 0 where the decision was rejected
  double price = 0.0;      // quote units; 0 where the decision was rejected
};

struct CappedEntry {
  int bar = 0;             // of the fill
  double asked = 0.0, cut_to = 0.0;   // base units, before rounding
};

struct Journal {
  std::vector<CloseState> closes;        // [bar]
  std::vector<RejectedEntry> rejected;
  std::vector<CappedEntry> capped;       // E12: entries that the account and its leverage made smaller
  int limit_orders = 0;                  // E7: placed
};

}  // namespace quern::reference
