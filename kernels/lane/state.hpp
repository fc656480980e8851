// Everything that one lane remembers from bar to bar.
#pragma once

#include "kernels/base/decision_hash.hpp"
#include "kernels/market/lane_result.hpp"
#include "kernels/rules/levels.hpp"
#include "kernels/rules/liquidation.hpp"
#include "kernels/rules/size.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// What an order waits for.
enum class Order : std::uint8_t { none, at_open, limit };

struct Position {
  std::int8_t side = 0;                // 0: flat
  bool has_stop = false;
  bool has_liquidation = false;
  bool was_ambiguous = false;
  bool counts_with_close = false;      // E20: entered in this bar at a limit price or at the close
  std::int8_t target_count = 0, targets_filled = 0;
  ExitReason stop_reason = ExitReason::stop_loss;
  std::int32_t entry_bar = 0, entry_ticks = 0;
  std::int64_t lots = 0, entry_lots = 0;
  double quantity = 0.0;               // lots left, in base units
  double entry_price = 0.0, profit = 0.0;
  std::int64_t stop = 0, liquidation = 0;
  std::int64_t best = 0;               // E20; side * best is the least possible before the entry bar's close
  std::int64_t activation = 0;
  std::int64_t targets[max_targets];   // sorted, nearest first
  double fractions[max_targets];
};

struct Counters {
  std::int32_t trades = 0, wins = 0, losses = 0, losses_in_row = 0, most_losses_in_row = 0;
  std::int32_t longest_bars = 0, ambiguous_trades = 0;
  std::int32_t rejected = 0, filtered = 0, ambiguous_bars = 0, liquidations = 0, exposed_bars = 0;
  std::int64_t bars_held = 0;
  double won = 0.0, lost = 0.0;        // sums of profits above and below 0
  double mean_profit = 0.0, profit_spread = 0.0;   // Welford
  double best_trade = 0.0, worst_trade = 0.0;
  double notional = 0.0, fees = 0.0, funding = 0.0, slippage = 0.0;
};

// Where a traced lane writes what happens; null otherwise.
struct TraceSink {
  void (*add)(void* to, const Fill& fill) = nullptr;
  void (*pay)(void* to, const FundingPaid& paid) = nullptr;
  void* to = nullptr;
};

struct LaneState {
  double cash = 0.0;
  double equity = 0.0;                 // mark of the last close (E25)
  double day_start = 0.0, peak = 0.0;  // E26
  Position position;
  Order order = Order::none;
  bool exit_due = false;               // E14, at the next open
  ExitReason exit_reason = ExitReason::exit_signal;
  bool ruined = false, day_stopped = false, halted = false;
  std::int32_t order_last_bar = 0;     // E7
  std::int32_t next_entry_bar = 0;     // E10
  std::int32_t last_exposed_bar = -1;
  std::uint32_t faults = 0;
  Decision decision;
  std::uint64_t hash = decision_hash_start;
  Counters count;
  TraceSink sink;
};

// A stop that is in force: the strategy's or the liquidation price (E24).
struct StopInForce {
  bool exists, is_liquidation;
  std::int64_t ticks;
};

QUERN_HD QUERN_INLINE StopInForce stop_in_force(const Position& p) {
  if (p.has_liquidation && (!p.has_stop || p.side * (p.liquidation - p.stop) > 0)) return {true, true, p.liquidation};
  return {p.has_stop, false, p.stop};
}

// At or beyond the stop.
QUERN_HD QUERN_INLINE bool reaches_stop(const Position& p, const StopInForce& stop, std::int64_t price) {
  return stop.exists && p.side * (price - stop.ticks) <= 0;
}

QUERN_HD QUERN_INLINE bool reaches_target(const Position& p, int target, std::int64_t price, std::int64_t through) {
  return p.side * (price - p.targets[target]) >= through;
}

}  // namespace QUERN_BACKEND
}  // namespace quern
