// The settings of the execution model, as plain data. Rule IDs refer to docs/execution-model.md.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/base/ticks.hpp"

namespace quern {

inline constexpr int execution_model_version = 1;

inline constexpr int max_targets = 8;

enum class Direction : std::uint8_t { long_only, short_only, both };
enum class FillAt : std::uint8_t { next_open, close };                               // E6
enum class Intrabar : std::uint8_t { sl_first, tp_first, open_proximity, detail };   // E17
enum class TargetGap : std::uint8_t { limit, open };                                 // E15
enum class EndPolicy : std::uint8_t { close, open };                                 // E27
enum class Warmup : std::uint8_t { common, own };                                    // E3
enum class SizeMode : std::uint8_t { fixed_quantity, fraction, fixed_notional, risk, volatility_parity };  // E12
enum class OrderType : std::uint8_t { market, limit };                               // E6, E7
enum class OnTimeout : std::uint8_t { market, cancel };                              // E7
enum class TrailBasis : std::uint8_t { extreme, close };                             // E20
enum class Sampling : std::uint8_t { day, bar };
enum class Precision : std::uint8_t { single_, double_ };

// Why a position (or a part of it) was closed. The order is part of the decision hash: append only.
enum class ExitReason : std::uint8_t {
  stop_loss, take_profit, trailing_stop_loss, breakeven_stop, exit_signal,
  time_stop, reversal, liquidation, end_of_data, ruined
};
inline constexpr int exit_reason_count = 10;

struct Rules {
  FillAt fill = FillAt::next_open;
  Intrabar intrabar = Intrabar::sl_first;
  TargetGap target_gap = TargetGap::limit;
  EndPolicy end = EndPolicy::close;
  Warmup warmup = Warmup::common;
  bool reverse = false;
  std::int32_t through_ticks = 1;
  std::int32_t cooldown_bars = 0;
};

struct Account {
  double capital = 10000.0;      // quote currency
  double leverage = 1.0;
  double maintenance = 0.005;    // E24, share of notional
  double daily_loss_limit = std::numeric_limits<double>::infinity();   // E26, share; infinity: off
  double max_drawdown_halt = std::numeric_limits<double>::infinity();  // E26, share; infinity: off
  double lot = 1e-8;             // base units
  double min_notional = 0.0;     // quote currency, E13
  bool cap = true;               // E12
  TickSize tick;
};

struct Costs {
  double maker_bps = 0.0;
  double taker_bps = 0.0;
  double slippage_bps = 0.0;     // E21
  double impact_bps = 0.0;       // E21
};

}  // namespace quern
