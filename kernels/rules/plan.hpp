// What the lane loop reads: the market, the settings that all lanes of a job share, and what differs from lane to lane.
// Plain data, so that it can be laid out for any processor.
#pragma once

#include <cstdint>

#include "kernels/expression/program.hpp"
#include "kernels/market/rules.hpp"

namespace quern {

struct MarketView {
  std::int32_t bars = 0;
  const std::int32_t *open = nullptr, *high = nullptr, *low = nullptr, *close = nullptr;   // ticks
  const double* close_price = nullptr;
  const double* volume = nullptr;                  // base units
  const double* funding_rate = nullptr;            // all payments in time order; null: none
  const std::int32_t* funding_begin = nullptr;     // [bar + 1]
  const std::int32_t *detail_open = nullptr, *detail_high = nullptr, *detail_low = nullptr;  // E17 "detail"; null: none
  const std::int32_t* detail_begin = nullptr;      // [bar + 1]
  const std::uint8_t* day_end = nullptr;           // 1: the last close of its UTC day (E26), or of the data
  const double* elapsed_days = nullptr;            // [bar] days from the first bar's open to this one's
  double bar_days = 0.0;                           // length of a bar in days
};

// Programs of a level (E4); -1: absent.
struct LevelSource {
  std::int32_t distance = -1, long_price = -1, short_price = -1;
  QUERN_HD bool present() const { return distance >= 0 || long_price >= 0 || short_price >= 0; }
};

struct TargetSource {
  LevelSource level;
  std::int32_t fraction = -1;                      // -1: the rest
};

struct LanePlan {
  Account account;                                 // tick, lot and minimum notional of the instrument
  Rules rules;
  Costs costs;
  OrderType order = OrderType::market;
  OnTimeout on_timeout = OnTimeout::cancel;
  SizeMode size_mode = SizeMode::fraction;
  TrailBasis trail_basis = TrailBasis::extreme;
  LevelSource stop, trail;
  std::int32_t activation = -1, size_value = -1, volatility = -1, offset = -1;
  std::int32_t target_count = 0;
  TargetSource targets[max_targets];
  const Program* programs = nullptr;
  Sampling sampling = Sampling::day;
  double periods_per_year = 365.0;
};

// One lane. Bitmaps hold one bit a bar (bit `bar % 64` of word `bar / 64`); null: absent.
struct LaneInput {
  const double* constants = nullptr;               // [slot]
  const double* const* columns = nullptr;          // [slot][bar]
  const std::uint64_t *entry_long = nullptr, *entry_short = nullptr, *filter = nullptr;
  const std::uint64_t *exit_long = nullptr, *exit_short = nullptr;
  std::int32_t first_bar = 0;                      // W
  std::int32_t max_bars = 0;                       // E19; 0: none
  std::int32_t timeout_bars = 1;                   // E7
  std::int32_t breakeven_after = 0;                // E20: target number; 0: none
};

inline namespace QUERN_BACKEND {

QUERN_HD QUERN_INLINE bool bit_at(const std::uint64_t* bits, std::int32_t bar) { return bits != nullptr && (bits[bar >> 6] >> (bar & 63) & 1); }

}  // namespace QUERN_BACKEND
}  // namespace quern
