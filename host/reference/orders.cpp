#include "host/reference/orders.hpp"

#include <cmath>

namespace quern::reference {
namespace {

bool positive(double x) { return std::isfinite(x) && x > 0.0; }

int price_node(const Level& level, int side) { return side > 0 ? level.long_price : level.short_price; }

bool exists(const Level& level, int side) { return level.distance >= 0 || price_node(level, side) >= 0; }

// `toward`: +1 where the level must lie above the reference price, -1 where below.
std::optional<LevelOrder> make_level(const Level& level, Evaluator& evaluator, const TickSize& tick, int bar, int side,
                                     int toward, std::int64_t reference, bool& wrong_side) {
  wrong_side = false;
  if (level.distance >= 0) {
    const double distance = evaluator.number(level.distance, bar);
    if (!positive(distance)) return std::nullopt;                                  // E4
    return LevelOrder{false, distance_ticks(distance, tick)};                      // E1
  }
  const double price = evaluator.number(price_node(level, side), bar);
  if (!positive(price)) return std::nullopt;                                       // E4
  const std::int64_t ticks = level_ticks(price, tick);                             // E1
  wrong_side = toward * (ticks - reference) <= 0;                                  // E4: strictly on its right side
  if (wrong_side) return std::nullopt;
  return LevelOrder{true, ticks};
}

}  // namespace

std::optional<EntryOrder> make_entry_order(const Strategy& strategy, const Series& series, Evaluator& evaluator, int bar,
                                           int side, bool as_limit, Rejection* why) {
  const auto rejected = [&](Rejection reason) -> std::optional<EntryOrder> {
    if (why != nullptr) *why = reason;
    return std::nullopt;
  };
  bool wrong_side = false;
  const TickSize& tick = series.instrument.tick;
  EntryOrder order;
  order.side = side;
  order.decision_bar = bar;

  std::int64_t reference = series.candles.close[static_cast<std::size_t>(bar)];
  if (as_limit) {
    const double offset = evaluator.number(strategy.limit_offset, bar);
    if (!std::isfinite(offset) || offset < 0.0) return rejected(Rejection::offset_undefined);  // E4
    order.limit_ticks = reference - side * static_cast<std::int64_t>(level_ticks(offset, tick));  // E7
    if (order.limit_ticks <= 0) return rejected(Rejection::limit_price);  // E4
    order.last_bar = bar + static_cast<int>(evaluator.constant(strategy.timeout_bars));           // E7
    reference = order.limit_ticks;
  }

  if (exists(strategy.stop, side)) {
    order.stop = make_level(strategy.stop, evaluator, tick, bar, side, -side, reference, wrong_side);
    if (!order.stop) return rejected(wrong_side ? Rejection::stop_wrong_side : Rejection::stop_undefined);
  }
  for (const Target& target : strategy.targets) {
    if (!exists(target.level, side)) continue;
    const auto level = make_level(target.level, evaluator, tick, bar, side, side, reference, wrong_side);
    if (!level) return rejected(wrong_side ? Rejection::target_wrong_side : Rejection::target_undefined);
    TargetOrder one{*level, std::nullopt};
    if (target.fraction >= 0) {
      one.fraction = evaluator.number(target.fraction, bar);
      if (!positive(*one.fraction)) return rejected(Rejection::fraction_undefined);  // E4
    }
    order.targets.push_back(one);
  }

  order.size_value = evaluator.number(strategy.size_value, bar);
  if (!positive(order.size_value)) return rejected(Rejection::size_undefined);  // E4
  if (strategy.size_mode == SizeMode::risk && !order.stop) return rejected(Rejection::stop_missing);  // E4
  if (strategy.size_mode == SizeMode::volatility_parity) {
    // A size value of E4 too: without a volatility there is no size.
    order.volatility = evaluator.number(strategy.size_volatility, bar);
    if (!positive(order.volatility)) return rejected(Rejection::volatility_undefined);
  }
  if (strategy.trail_activation >= 0) {
    const double activation = evaluator.number(strategy.trail_activation, bar);
    if (!std::isfinite(activation)) return rejected(Rejection::activation_undefined);  // E4
    order.activation_ticks = level_ticks(activation, tick);
  }
  return order;
}

}  // namespace quern::reference
