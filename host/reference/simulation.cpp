#include "host/reference/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/base/contract.hpp"

namespace quern::reference {

Simulation::Simulation(const Job& job, const Series& series, const std::vector<double>& values, int first_decision_bar,
                       Trace* trace, Journal* journal)
    : job_(job),
      strategy_(job.strategy),
      series_(series),
      trace_(trace),
      journal_(journal),
      evaluator_(job.strategy, series, values),
      ledger_(series.instrument, job.account.capital, trace),
      last_bar_(static_cast<int>(series.candles.size()) - 1),
      last_mark_(job.account.capital),
      day_start_(job.account.capital),
      peak_(job.account.capital) {
  QUERN_EXPECT(last_bar_ >= 0);
  record_.first_bar = std::clamp(first_decision_bar, 0, last_bar_);
  record_.equity.reserve(series.candles.size());
}

void Simulation::run() {
  for (int bar = 0; bar <= last_bar_; ++bar) step(bar);
  if (trace_ != nullptr) trace_->equity = record_.equity;
}

void Simulation::step(int bar) {
  fill_at_open(bar);                                               // 1
  if (ledger_.is_open()) exit_at_gaps(bar, prices(bar));           // 2
  if (waiting_limit_ && limit_is_reached(bar)) {                   // 3
    const EntryOrder order = *waiting_limit_;
    waiting_limit_.reset();
    enter(bar, order, static_cast<std::int32_t>(order.limit_ticks), EntryAs::limit_at_price);
    // Only the stop of that position is tested in this bar.
    if (ledger_.is_open()) {
      const auto stop = nearest_stop();
      if (stop && touches(*stop, adverse(prices(bar)))) exit_at_stop(bar, *stop, static_cast<std::int32_t>(stop->ticks));
    }
  } else if (ledger_.is_open()) {
    exit_within(bar, prices(bar), false);
  }
  if (waiting_limit_ && waiting_limit_->last_bar == bar) {         // 4, E7
    if (strategy_.on_timeout == OnTimeout::market) pending_entry_ = waiting_limit_;
    waiting_limit_.reset();
  }
  close_bar(bar);                                                  // 5
}

// ---- 1 Open

void Simulation::fill_at_open(int bar) {
  if (pending_exit_) {                                             // E14
    const ExitReason reason = *pending_exit_;
    pending_exit_.reset();
    exit_all(bar, open(bar), true, reason);
  }
  if (pending_entry_) {                                            // E6, E8, fallback of E7
    const EntryOrder order = *pending_entry_;
    pending_entry_.reset();
    enter(bar, order, open(bar), EntryAs::market_at_open);
  }
  if (waiting_limit_ && limit_is_reached(bar)) {                   // E7: at the open where that is strictly beyond
    const EntryOrder order = *waiting_limit_;
    if (order.side * (open(bar) - order.limit_ticks) < 0) {
      waiting_limit_.reset();
      enter(bar, order, open(bar), EntryAs::limit_at_open);
    }
  }
}

// E7: the bar's adverse extreme trades through the limit by through_ticks (0: a touch).
bool Simulation::limit_is_reached(int bar) const {
  const auto b = static_cast<std::size_t>(bar);
  const EntryOrder& order = *waiting_limit_;
  const std::int64_t extreme = order.side > 0 ? series_.candles.low[b] : series_.candles.high[b];
  return order.side * (extreme - order.limit_ticks) <= -job_.rules.through_ticks;
}

// ---- Entry and size

void Simulation::enter(int bar, const EntryOrder& order, std::int32_t price, EntryAs as) {
  const int side = order.side;
  const bool is_limit = as == EntryAs::limit_at_open || as == EntryAs::limit_at_price;
  const double fee_bps = is_limit ? job_.costs.maker_bps : job_.costs.taker_bps;                        // E22
  const std::int32_t sized_at = is_limit ? price : slipped(price, side, job_.costs.slippage_bps);        // P of E12
  const double sized_price = ledger_.price(sized_at);

  double quantity = uncapped_quantity(order, sized_price, sized_at, fee_bps / 10000.0);
  const bool is_defined = !std::isnan(quantity);
  if (job_.account.cap) {                                                                                // E12
    const double most = last_mark_ * job_.account.leverage / (sized_price * (1.0 + fee_bps / 10000.0));
    if (most < quantity) {
      if (journal_ != nullptr) journal_->capped.push_back({bar, quantity, most});
      quantity = most;
    }
  }
  const double lots_wanted = lots_of(quantity, series_.instrument.lot);                                  // E1b, E13
  if (lots_wanted > static_cast<double>(max_lots)) {
    faults_ |= lane_fault_too_many_lots;                                                                 // E1b
    reject(bar, Rejection::too_many_lots, quantity, sized_price);
    return;
  }
  if (!(lots_wanted >= 1.0)) {                                                                           // E12, E13
    reject(bar, is_defined ? Rejection::zero_lots : Rejection::stop_beyond_fill, quantity, sized_price);
    return;
  }
  const auto lots = static_cast<std::int64_t>(lots_wanted);
  if (ledger_.quantity(lots) * sized_price < series_.instrument.min_notional) {                          // E13
    reject(bar, Rejection::min_notional, quantity, sized_price);
    return;
  }

  const std::int32_t filled_at = is_limit ? price : slipped(price, side, total_slippage_bps(bar, lots)); // E12, E21
  ledger_.enter(bar, order.decision_bar, side, lots, {price, filled_at, fee_bps});

  position_ = Position{};
  position_.entered_as = as;
  position_.activation_ticks = order.activation_ticks;
  const auto level = [&](const LevelOrder& one, int toward) {       // E12: distances count from the final fill price
    return one.is_price ? one.ticks : filled_at + toward * one.ticks;
  };
  if (order.stop) position_.stop = Stop{level(*order.stop, -side), ExitReason::stop_loss};
  for (const TargetOrder& target : order.targets) position_.targets.push_back({level(target.level, side), target.fraction});
  std::stable_sort(position_.targets.begin(), position_.targets.end(),                                   // E4
                   [&](const OpenTarget& a, const OpenTarget& b) { return side * a.ticks < side * b.ticks; });
  // E20: a bar entered at the close counts with its close; E18 to E20 start with the next one.
  if (as == EntryAs::market_at_close) position_.best = close(bar);
  if (job_.account.leverage > 1.0) {                                                                     // E24
    const double leverage = job_.account.leverage, maintenance = job_.account.maintenance;
    if (side > 0) {
      const double x = filled_at * (1.0 - 1.0 / leverage) / (1.0 - maintenance);
      position_.liquidation_ticks = static_cast<std::int64_t>(std::ceil(x * (1.0 - 1e-12)));
    } else {
      const double x = filled_at * (1.0 + 1.0 / leverage) / (1.0 + maintenance);
      position_.liquidation_ticks = static_cast<std::int64_t>(std::floor(x * (1.0 + 1e-12)));
    }
  }
}

// E12: the quantity before its cap and before rounding; NaN where it must be rejected.
double Simulation::uncapped_quantity(const EntryOrder& order, double price, std::int32_t price_ticks, double fee_rate) const {
  const double equity = last_mark_, leverage = job_.account.leverage, value = order.size_value;
  double quantity = 0.0;
  switch (strategy_.size_mode) {
    case SizeMode::fixed_quantity: quantity = value; break;
    case SizeMode::fraction: quantity = value * equity * leverage / (price * (1.0 + fee_rate)); break;
    case SizeMode::fixed_notional: quantity = value / price; break;
    case SizeMode::risk: {
      const std::int64_t distance = order.stop->is_price ? order.side * (price_ticks - order.stop->ticks) : order.stop->ticks;
      if (distance <= 0) return std::nan("");                       // the stop must not be beyond P
      quantity = value * equity / ledger_.price(static_cast<std::int32_t>(std::min<std::int64_t>(distance, max_ticks)));
      break;
    }
    case SizeMode::volatility_parity: quantity = value * equity / (order.volatility * price); break;
  }
  return quantity;
}

void Simulation::reject(int bar, Rejection why, double quantity, double price) {
  ++record_.rejected;
  if (journal_ != nullptr) journal_->rejected.push_back({bar, why, quantity, price});
}

// ---- Slippage

// E21: `direction` +1 for a purchase, -1 for a sale.
std::int32_t Simulation::slipped(std::int32_t ticks, int direction, double slippage_bps) const {
  if (!(slippage_bps > 0.0)) return ticks;
  const double worse = std::ceil(ticks * slippage_bps / 10000.0 * (1.0 - 1e-12));
  const double result = ticks + direction * worse;
  return static_cast<std::int32_t>(std::clamp(result, 1.0, static_cast<double>(max_ticks)));
}

double Simulation::total_slippage_bps(int bar, std::int64_t lots) const {
  const double volume = series_.candles.volume[static_cast<std::size_t>(bar)];
  double bps = job_.costs.slippage_bps;
  if (volume > 0.0) bps += job_.costs.impact_bps * ledger_.quantity(lots) / volume;                      // E21
  return bps;
}

// ---- Exits

std::optional<Simulation::Stop> Simulation::nearest_stop() const {
  const int side = ledger_.side();
  if (job_.account.leverage > 1.0) {
    const std::int64_t liquidation = position_.liquidation_ticks;
    if (!position_.stop || side * (liquidation - position_.stop->ticks) > 0) {                           // E24
      return Stop{liquidation, ExitReason::liquidation};
    }
  }
  return position_.stop;
}

bool Simulation::touches(const Stop& stop, std::int32_t price) const { return ledger_.side() * (price - stop.ticks) <= 0; }

bool Simulation::next_target_is_reached(const Prices& prices) const {
  if (position_.targets_filled >= position_.targets.size()) return false;
  const std::int64_t beyond = ledger_.side() * (favourable(prices) - position_.targets[position_.targets_filled].ticks);
  return beyond >= job_.rules.through_ticks;                                                             // E16
}

void Simulation::exit_all(int bar, std::int32_t price, bool slips, ExitReason reason) {
  const std::int64_t lots = ledger_.lots();
  const std::int32_t filled_at = slips ? slipped(price, -ledger_.side(), total_slippage_bps(bar, lots)) : price;
  ledger_.exit(bar, lots, {price, filled_at, job_.costs.taker_bps}, reason);                             // E22
  last_exit_bar_ = bar;                                                                                  // E10
}

void Simulation::exit_at_stop(int bar, const Stop& stop, std::int32_t market_price) {
  if (stop.reason == ExitReason::liquidation) {                     // E24: at that price even through a gap, no slippage
    exit_all(bar, static_cast<std::int32_t>(stop.ticks), false, stop.reason);
  } else {
    exit_all(bar, market_price, true, stop.reason);
  }
}

// E16: fills the nearest target that is left, at `price`.
void Simulation::fill_target(int bar, std::int32_t price) {
  const OpenTarget& target = position_.targets[position_.targets_filled];
  ++position_.targets_filled;
  std::int64_t lots = ledger_.lots();
  const bool is_last = position_.targets_filled == position_.targets.size();
  if (!is_last && target.fraction) {
    const double part = std::floor(*target.fraction * static_cast<double>(ledger_.entry_lots()) * (1.0 + 1e-12));
    if (part < static_cast<double>(lots)) lots = static_cast<std::int64_t>(part);
  }
  if (lots == 0) return;                                            // counts as filled without a trade line
  ledger_.exit(bar, lots, {price, price, job_.costs.maker_bps}, ExitReason::take_profit);                // E22
  if (!ledger_.is_open()) last_exit_bar_ = bar;                                                          // E10
}

void Simulation::fill_reached_targets(int bar, const Prices& prices) {
  while (ledger_.is_open() && next_target_is_reached(prices)) {
    fill_target(bar, static_cast<std::int32_t>(position_.targets[position_.targets_filled].ticks));
  }
}

// ---- 2 Gaps

void Simulation::exit_at_gaps(int bar, const Prices& prices) {      // E15
  const auto stop = nearest_stop();
  if (stop && touches(*stop, prices.open)) {
    exit_at_stop(bar, *stop, prices.open);
    return;
  }
  while (ledger_.is_open() && position_.targets_filled < position_.targets.size()) {
    const std::int64_t target = position_.targets[position_.targets_filled].ticks;
    if (ledger_.side() * (prices.open - target) < 0) break;
    fill_target(bar, job_.rules.target_gap == TargetGap::open ? prices.open : static_cast<std::int32_t>(target));
  }
}

// ---- 3 Within the bar

void Simulation::exit_within(int bar, const Prices& prices, bool is_detail) {
  const auto stop = nearest_stop();
  const bool stopped = stop && touches(*stop, adverse(prices));
  const bool reached = next_target_is_reached(prices);
  if (!stopped) {                                                   // E16
    fill_reached_targets(bar, prices);
    return;
  }
  const auto stop_ticks = static_cast<std::int32_t>(stop->ticks);
  if (!reached) {                                                   // E16
    exit_at_stop(bar, *stop, stop_ticks);
    return;
  }

  Intrabar policy = is_detail ? Intrabar::sl_first : job_.rules.intrabar;  // E17
  if (!is_detail) {
    ++record_.ambiguous_bars;
    ledger_.mark_ambiguous();
  }
  if (policy == Intrabar::open_proximity) {
    const std::int64_t to_target = std::llabs(position_.targets[position_.targets_filled].ticks - prices.open);
    const std::int64_t to_stop = std::llabs(stop->ticks - prices.open);
    policy = to_target < to_stop ? Intrabar::tp_first : Intrabar::sl_first;
  }
  if (policy == Intrabar::tp_first) fill_reached_targets(bar, prices);
  if (policy == Intrabar::detail) walk_detail(bar);
  // What is left, all of it with sl_first. After a walk: finer bars that never touched the stop (a hole in them) do not
  // undo that this bar did.
  if (ledger_.is_open()) exit_at_stop(bar, *stop, stop_ticks);
}

void Simulation::walk_detail(int bar) {                             // E17
  const auto b = static_cast<std::size_t>(bar);
  const Candles& fine = series_.detail;
  for (auto i = static_cast<std::size_t>(series_.detail_begin[b]); i < static_cast<std::size_t>(series_.detail_begin[b + 1]); ++i) {
    const Prices prices{fine.open[i], fine.high[i], fine.low[i]};
    if (ledger_.is_open()) exit_at_gaps(bar, prices);
    if (ledger_.is_open()) exit_within(bar, prices, true);
  }
}

// ---- 5 Close

void Simulation::close_bar(int bar) {
  const auto b = static_cast<std::size_t>(bar);
  if (ledger_.is_open() && !series_.funding_begin.empty()) {        // E23
    for (auto i = static_cast<std::size_t>(series_.funding_begin[b]); i < static_cast<std::size_t>(series_.funding_begin[b + 1]); ++i) {
      ledger_.pay_funding(bar, close(bar), series_.funding[i].rate);
    }
  }
  if (ledger_.is_open() && bar >= record_.first_bar) ++record_.bars_in_position;
  if (bar == last_bar_) {                                           // E27
    pending_entry_.reset();
    waiting_limit_.reset();
    if (ledger_.is_open() && job_.rules.end == EndPolicy::close) exit_all(bar, close(bar), false, ExitReason::end_of_data);
  }
  const bool goes_on = mark(bar);                                   // E25, E26
  if (!goes_on || bar == last_bar_ || bar < record_.first_bar) return;  // E2, E3

  const bool is_open = ledger_.is_open();
  if (is_open) {
    move_stops(bar);                                                // E20
    decide_exit(bar);                                               // E18, E19
  }
  const bool cancelled = cancel_waiting(bar);                       // E7
  note_close(bar, is_open, cancelled);
  if (!cancelled) decide_entry(bar);
}

// The equity mark, ruin and breakers. False once the lane is ruined.
bool Simulation::mark(int bar) {
  const std::int64_t day = day_of_close(series_.candles.time[static_cast<std::size_t>(bar)] + series_.candles.duration);
  if (!day_ || day != *day_) {                                      // E26: the day starts with the last mark before it
    day_ = day;
    day_start_ = last_mark_;
    halted_today_ = false;
  }
  double equity = ledger_.equity(close(bar));
  if (!ruined_ && equity <= 0.0) {                                  // E25
    ruined_ = true;
    pending_entry_.reset();
    waiting_limit_.reset();
    if (ledger_.is_open()) exit_all(bar, close(bar), false, ExitReason::ruined);
    equity = ledger_.equity(close(bar));
  }
  record_.equity.push_back(equity);
  last_mark_ = equity;
  peak_ = std::max(peak_, equity);
  if ((day_start_ - equity) / day_start_ >= job_.account.daily_loss_limit) halted_today_ = true;         // E26
  if ((peak_ - equity) / peak_ >= job_.account.max_drawdown_halt) halted_ = true;                        // E26
  return !ruined_;
}

void Simulation::move_stops(int bar) {                              // E20
  const int side = ledger_.side();
  const auto tighten = [&](std::int64_t ticks, ExitReason reason) {  // never loosened
    if (!position_.stop || side * (ticks - position_.stop->ticks) > 0) position_.stop = Stop{ticks, reason};
  };

  std::int64_t seen = strategy_.trail_basis == TrailBasis::close ? close(bar) : favourable(prices(bar));
  if (bar == ledger_.entry_bar() && position_.entered_as == EntryAs::limit_at_price) seen = close(bar);
  if (!position_.best || side * (seen - *position_.best) > 0) position_.best = seen;

  // Without an activation it is 0: the trail starts once `best` is at the entry price.
  const bool is_active = side * (*position_.best - ledger_.entry_ticks()) >= position_.activation_ticks;
  const int price = side > 0 ? strategy_.trail.long_price : strategy_.trail.short_price;
  if (is_active && strategy_.trail.distance >= 0) {
    const double distance = evaluator_.number(strategy_.trail.distance, bar);
    if (std::isfinite(distance) && distance > 0.0) {
      tighten(*position_.best - side * static_cast<std::int64_t>(distance_ticks(distance, series_.instrument.tick)),
              ExitReason::trailing_stop_loss);
    }
  } else if (is_active && price >= 0) {
    const double level = evaluator_.number(price, bar);
    if (std::isfinite(level) && level > 0.0) tighten(level_ticks(level, series_.instrument.tick), ExitReason::trailing_stop_loss);
  }
  if (strategy_.breakeven_after >= 0 &&
      static_cast<double>(position_.targets_filled) >= evaluator_.constant(strategy_.breakeven_after)) {
    tighten(ledger_.entry_ticks(), ExitReason::breakeven_stop);
  }
}

void Simulation::decide_exit(int bar) {
  if (evaluator_.condition(ledger_.side() > 0 ? strategy_.exit_long : strategy_.exit_short, bar)) {      // E18
    pending_exit_ = ExitReason::exit_signal;
  } else if (strategy_.max_bars >= 0) {                                                                  // E19
    const int lasted = bar - ledger_.entry_bar() + 1;
    if (lasted >= evaluator_.constant(strategy_.max_bars)) pending_exit_ = ExitReason::time_stop;
  }
}

// E7: an exit signal of its side cancels a waiting order, or the fallback of one whose last bar this was.
bool Simulation::cancel_waiting(int bar) {
  if (ledger_.is_open()) return false;
  std::optional<EntryOrder>& order = waiting_limit_ ? waiting_limit_ : pending_entry_;
  if (!order || bar == order->decision_bar) return false;
  if (!evaluator_.condition(order->side > 0 ? strategy_.exit_long : strategy_.exit_short, bar)) return false;
  order.reset();
  return true;
}

void Simulation::note_close(int bar, bool was_open, bool cancelled) {
  if (journal_ == nullptr) return;
  CloseState& state = journal_->closes[static_cast<std::size_t>(bar)];
  if (was_open) state = CloseState::in_position;
  else if (cancelled || waiting_limit_ || pending_entry_) state = CloseState::waiting;
  else if (last_exit_bar_ && bar < *last_exit_bar_ + job_.rules.cooldown_bars) state = CloseState::cooldown;
  else state = is_blocked() ? CloseState::breaker : CloseState::free;
}

void Simulation::decide_entry(int bar) {
  const bool wants_long = evaluator_.condition(strategy_.entry_long, bar);
  const bool wants_short = evaluator_.condition(strategy_.entry_short, bar);
  if (wants_long == wants_short) return;                            // E9, or no signal
  const int side = wants_long ? 1 : -1;
  Rejection why = Rejection::none;
  const bool passes = strategy_.filter < 0 || evaluator_.condition(strategy_.filter, bar);               // E11

  if (ledger_.is_open()) {                                          // E8
    if (side == ledger_.side() || !job_.rules.reverse || !passes || is_blocked()) return;
    auto order = make_entry_order(strategy_, series_, evaluator_, bar, side, false, &why);
    if (!order) {
      reject(bar, why);                                             // a reversal rejected by E4 does nothing but count
      return;
    }
    pending_entry_ = std::move(order);
    pending_exit_ = ExitReason::reversal;                           // E14: first of the reasons
    return;
  }

  if (waiting_limit_ || pending_entry_) return;                     // E7
  if (last_exit_bar_ && bar < *last_exit_bar_ + job_.rules.cooldown_bars) return;                        // E10
  if (is_blocked()) return;                                         // E26
  if (!passes) {
    ++record_.filtered;                                             // E11
    return;
  }
  const bool as_limit = strategy_.order == OrderType::limit;
  auto order = make_entry_order(strategy_, series_, evaluator_, bar, side, as_limit, &why);
  if (!order) {
    reject(bar, why);                                               // E4
  } else if (as_limit) {
    if (journal_ != nullptr) ++journal_->limit_orders;
    waiting_limit_ = std::move(order);                              // E7
  } else if (job_.rules.fill == FillAt::close) {
    enter(bar, *order, close(bar), EntryAs::market_at_close);       // E6
  } else {
    pending_entry_ = std::move(order);                              // E6
  }
}

}  // namespace quern::reference
