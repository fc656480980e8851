// Stops, targets and limits as decided at a close (E4).
#pragma once

#include "kernels/base/ticks.hpp"
#include "kernels/rules/plan.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// A level as decided: ticks from the fill, or absolute ticks.
struct DecidedLevel {
  std::int64_t ticks = 0;
  bool is_distance = true;
};

// An order as decided at the close of `bar`.
struct Decision {
  std::int32_t bar = 0;
  std::int8_t side = 0;
  bool has_stop = false;
  std::int8_t target_count = 0;
  DecidedLevel stop;
  DecidedLevel targets[max_targets];
  double fractions[max_targets];       // infinity: the rest
  double size_value = 0.0, volatility = 0.0;
  std::int64_t activation = 0;         // E20, ticks
  std::int64_t limit = 0;              // E7, ticks
};

QUERN_HD QUERN_INLINE double value_at(const LanePlan& plan, const LaneInput& lane, std::int32_t program, std::int32_t bar) {
  return evaluate(plan.programs[program], lane.constants, lane.columns, bar);
}

// DecidedLevel of `source` for `side`, strictly beyond `from` in direction `away` (+1: with the side) where it is a price.
// False: undefined, not positive or on the wrong side. `found` stays false where the source has nothing for this side.
QUERN_HD inline bool decide_level(const LanePlan& plan, const LaneInput& lane, const LevelSource& source, int side, int away,
                                  std::int64_t from, std::int32_t bar, DecidedLevel& level, bool& found) {
  const std::int32_t price = side > 0 ? source.long_price : source.short_price;
  if (source.distance < 0 && price < 0) return true;
  found = true;
  const double x = value_at(plan, lane, source.distance >= 0 ? source.distance : price, bar);
  if (!(x > 0.0)) return false;
  level.is_distance = source.distance >= 0;
  if (level.is_distance) {
    level.ticks = distance_ticks(x, plan.account.tick);
    return true;
  }
  level.ticks = level_ticks(x, plan.account.tick);
  return side * away * (level.ticks - from) > 0;
}

// E4 at the close of `bar`: false when nothing may be opened.
QUERN_HD inline bool decide_entry(const LanePlan& plan, const LaneInput& lane, int side, std::int32_t bar, std::int64_t close,
                                  bool as_limit, Decision& out) {
  out.bar = bar;
  out.side = static_cast<std::int8_t>(side);
  std::int64_t from = close;
  if (as_limit) {
    const double offset = value_at(plan, lane, plan.offset, bar);
    if (!(offset >= 0.0)) return false;
    out.limit = close - side * static_cast<std::int64_t>(level_ticks(offset, plan.account.tick));
    if (out.limit <= 0) return false;
    from = out.limit;
  }
  out.has_stop = false;
  if (!decide_level(plan, lane, plan.stop, side, -1, from, bar, out.stop, out.has_stop)) return false;
  if (plan.size_mode == SizeMode::risk && !out.has_stop) return false;
  out.target_count = 0;
  for (int i = 0; i < plan.target_count; ++i) {
    bool found = false;
    const int k = out.target_count;
    if (!decide_level(plan, lane, plan.targets[i].level, side, 1, from, bar, out.targets[k], found)) return false;
    if (!found) continue;
    out.fractions[k] = __builtin_inf();
    if (plan.targets[i].fraction >= 0) {
      out.fractions[k] = value_at(plan, lane, plan.targets[i].fraction, bar);
      if (!(out.fractions[k] > 0.0)) return false;
    }
    ++out.target_count;
  }
  out.size_value = value_at(plan, lane, plan.size_value, bar);
  if (!(out.size_value > 0.0)) return false;
  if (plan.size_mode == SizeMode::volatility_parity) {
    out.volatility = value_at(plan, lane, plan.volatility, bar);
    if (!(out.volatility > 0.0)) return false;
  }
  out.activation = 0;
  if (plan.activation >= 0) {
    const double activation = value_at(plan, lane, plan.activation, bar);
    if (!is_defined(activation)) return false;
    out.activation = level_ticks(activation, plan.account.tick);
  }
  return true;
}

// Absolute ticks of a level of a position filled at `fill`, `away` as in decide_level.
QUERN_HD QUERN_INLINE std::int64_t placed(const DecidedLevel& level, std::int64_t fill, int side, int away) {
  return level.is_distance ? fill + side * away * level.ticks : level.ticks;
}

}  // namespace QUERN_BACKEND
}  // namespace quern
