// A pack of lanes through the bars. Include one pack_*.hpp first.
//
// Prices are mirrored: a short's are negated, so one comparison serves both sides. The quiet loop tests conservatively for
// anything that could happen in a bar; only then the bar is worked through by the rules, for the lanes concerned. Drawdown
// is followed in whole ticks of the position between fills: the mark of a lane is a rising function of the close, so
// "at or above the peak" is one comparison of integers.
#pragma once

#include "kernels/lane/statistics.hpp"
#include "kernels/simd/pack_engine.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr std::int32_t never_low = INT32_MIN, never_high = INT32_MAX;

QUERN_INLINE D where_defined(D x) { return select(abs_of(x) <= all_d(1.7976931348623157e308), x, all_d(__builtin_nan(""))); }

QUERN_INLINE D rounded_half_away(D x) {
  const D whole = trunc_of(x), rest = x - whole;
  return select(rest >= all_d(0.5), whole + all_d(1.0), select(rest <= all_d(-0.5), whole - all_d(1.0), whole));
}

// Division by a number of the job (a tick, 10000), as fast as a multiplication.
struct Divisor {
  double by, inverse;
  explicit Divisor(double x) : by(x), inverse(1.0 / x) {}
};
QUERN_INLINE D operator/(D x, const Divisor& divisor) { return divided(x, divisor.by, divisor.inverse); }

// E1, with levels beyond the limit of packs cut to it: no price reaches them.
QUERN_INLINE I pack_level(D x, const Divisor& tick) {
  const double limit = static_cast<double>(pack_price_limit);
  const D size = abs_of(x);
  D ticks = x / tick;
  // Outside common sizes the division itself; beyond them nothing but the limits or 0 can come out.
  const M odd = (size > all_d(1e100)) | ((size < all_d(1e-100)) & (size > all_d(0.0)));
  if (any(odd)) ticks = select(odd, x / all_d(tick.by), ticks);
  ticks = rounded_half_away(ticks);
  const D high = select(ticks >= all_d(limit), all_d(limit), ticks);
  return to_i(select(high > all_d(-limit), high, all_d(-limit)));   // NaN becomes the lower limit: callers test x
}

QUERN_INLINE D pack_price(I ticks, double numerator, const Divisor& denominator) { return (to_d(ticks) * all_d(numerator)) / denominator; }

// E21.
QUERN_INLINE I pack_slipped(I ticks, D bps, D direction) {
  if (!any(bps > all_d(0.0))) return ticks;
  const D from = to_d(ticks);
  const D move = ceil_of(from * bps / Divisor(10000.0) * all_d(1.0 - 1e-12));
  const D moved = from + direction * move;
  const D kept = select(moved < all_d(1.0), all_d(1.0), moved);
  const I out = to_i(select(kept >= all_d(2147483647.0), all_d(2147483647.0), kept));
  return select(bps > all_d(0.0), out, ticks);
}

class PackRun {
 public:
  PackRun(const LanePlan& plan, const MarketView& market, const PackInput& input) : plan_(plan), market_(market), in_(input) {}

  void run() {
    start();
    std::int32_t bar = first_;
    slow_bar(bar++);   // the first mark
    while (bar <= last_) {
      if (!any(h_.pos | exit_due_ | entry_due_)) {
        const std::int32_t to = next_entry(bar);
        skip_samples(bar, to);
        bar = to;
        if (bar > last_) break;
      }
      if (!any(exit_due_ | entry_due_)) bar = quiet(bar);
      if (bar > last_) break;
      slow_bar(bar++);
    }
    finish();
  }

 private:
  // What the quiet loop reads and writes.
  struct Hot {
    M pos, is_short, in_drawdown, raised;
    I entry, stop, liquidation, stop_in_force, target, best, activation, reason;
    I peak_move, ruin_move, under, peak_seconds;
    D fraction, squares;

    Hot() = default;
    // Member by member: as a block the compiler would copy it with one slow instruction.
    QUERN_INLINE Hot(const Hot& o) { *this = o; }
    QUERN_INLINE Hot& operator=(const Hot& o) {
      pos = o.pos, is_short = o.is_short, in_drawdown = o.in_drawdown, raised = o.raised;
      entry = o.entry, stop = o.stop, liquidation = o.liquidation, stop_in_force = o.stop_in_force, target = o.target, best = o.best;
      activation = o.activation, reason = o.reason, peak_move = o.peak_move, ruin_move = o.ruin_move, under = o.under;
      peak_seconds = o.peak_seconds, fraction = o.fraction, squares = o.squares;
      return *this;
    }
  };

  I mirrored(std::int32_t ticks) const { return select(h_.is_short, all_i(-ticks), all_i(ticks)); }
  I unmirrored(I ticks) const { return select(h_.is_short, all_i(0) - ticks, ticks); }
  D direction() const { return select(h_.is_short, all_d(-1.0), all_d(1.0)); }
  static bool shared(const std::uint64_t* const* maps, int count) {
    for (int i = 1; i < count; ++i) if (maps[i] != maps[0]) return false;
    return true;
  }

  void start() {
    last_ = market_.bars - 1;
    first_ = in_.lanes[0].first_bar < last_ ? in_.lanes[0].first_bar : last_;
    stride_ = market_.bars + 64;
    used_ = mask_of(in_.count >= 32 ? 0xFFFFFFFFu : (1u << in_.count) - 1);
    const double capital = plan_.account.capital;
    const M none = mask_of(0);
    h_.pos = h_.is_short = h_.in_drawdown = h_.raised = none;
    h_.entry = h_.reason = h_.peak_move = h_.under = all_i(0);
    h_.stop = h_.liquidation = h_.stop_in_force = h_.best = h_.ruin_move = all_i(never_low);
    h_.target = h_.activation = all_i(never_high);
    h_.fraction = h_.squares = all_d(0.0);
    exit_due_ = entry_due_ = ambiguous_ = breakeven_due_ = settled_ = none;
    ruined_ = ~used_;
    cash_ = peak_ = mark_ = all_d(capital);
    quantity_ = entry_price_ = profit_ = unit_ = deepest_ = lots_ = entry_lots_ = all_d(0.0);
    for (int i = 0; i < max_targets; ++i) targets_[i] = all_i(never_high), fractions_[i] = all_d(0.0);
    targets_left_ = targets_filled_ = entry_bar_ = exit_reason_ = all_i(0);
    time_bar_ = all_i(never_high);
    next_time_ = never_high;
    next_entry_bar_ = all_i(never_low);
    flat_from_ = all_i(first_);
    flat_depth_ = all_d(0.0);
    h_.peak_seconds = all_i(in_.elapsed_seconds[first_]);
    squares_ = depths_ = worst_ = all_d(0.0);
    drawdowns_ = longest_seconds_ = all_i(0);
    trades_ = wins_ = losses_ = row_ = longest_row_ = longest_held_ = ambiguous_trades_ = rejected_ = filtered_ = ambiguous_bars_ =
        liquidations_ = exposed_ = all_i(0);
    held_ = won_ = lost_ = mean_ = spread_ = best_trade_ = worst_trade_ = notional_ = fees_ = funding_ = slippage_ = all_d(0.0);
    d_side_short_ = d_has_stop_ = none;
    d_stop_ = d_activation_ = d_targets_left_ = all_i(0);
    d_size_ = d_volatility_ = d_equity_ = all_d(0.0);
    hashes_.start();
    for (int lane = 0; lane < width; ++lane) faults_[lane] = 0;
    std::int32_t max_bars[width], breakeven[width];
    for (int lane = 0; lane < width; ++lane) {
      const LaneInput& one = in_.lanes[lane < in_.count ? lane : 0];
      max_bars[lane] = one.max_bars > 0 ? one.max_bars : never_high;
      breakeven[lane] = one.breakeven_after > 0 ? one.breakeven_after : never_high;
    }
    max_bars_ = load_i(max_bars);
    breakeven_after_ = load_i(breakeven);
    build_slots();
    build_masks();
    sample_count_ = 0;
  }

  void build_slots() {
    std::int32_t constants = 0, columns = 0;
    const auto look = [&](std::int32_t program) {
      if (program < 0) return;
      const Program& p = plan_.programs[program];
      for (std::int32_t i = 0; i < p.length; ++i) {
        if (p.code[i].op == Operator::constant && p.code[i].slot >= constants) constants = p.code[i].slot + 1;
        if (p.code[i].op == Operator::column && p.code[i].slot >= columns) columns = p.code[i].slot + 1;
      }
    };
    const auto look_level = [&](const LevelSource& level) { look(level.distance), look(level.long_price), look(level.short_price); };
    look_level(plan_.stop);
    for (std::int32_t i = 0; i < plan_.target_count; ++i) look_level(plan_.targets[i].level), look(plan_.targets[i].fraction);
    look(plan_.activation), look(plan_.size_value), look(plan_.volatility);
    for (std::int32_t slot = 0; slot < constants; ++slot) {
      double value[width];
      for (int lane = 0; lane < width; ++lane) value[lane] = in_.lanes[lane < in_.count ? lane : 0].constants[slot];
      constants_[slot] = load_d(value);
    }
    for (std::int32_t slot = 0; slot < columns; ++slot) {
      columns_shared_[slot] = true;
      for (int lane = 0; lane < width; ++lane) {
        columns_[slot][lane] = in_.lanes[lane < in_.count ? lane : 0].columns[slot];
        if (columns_[slot][lane] != columns_[slot][0]) columns_shared_[slot] = false;
      }
    }
  }

  // Signals: entry long, entry short, filter, exit long, exit short. Where all lanes share a bitmap it is read as it is; else
  // one word a bar is made, with a bit for each lane.
  void build_masks() {
    const std::int32_t words = (market_.bars + 63) / 64;
    for (std::int32_t w = 0; w < words; ++w) in_.any_entry[w] = 0;
    for (int kind = 0; kind < 5; ++kind) {
      const std::uint64_t* maps[width];
      for (int lane = 0; lane < in_.count; ++lane) {
        const LaneInput& one = in_.lanes[lane];
        maps[lane] = kind == 0 ? one.entry_long : kind == 1 ? one.entry_short : kind == 2 ? one.filter : kind == 3 ? one.exit_long : one.exit_short;
      }
      mask_[kind] = nullptr;
      shared_[kind] = nullptr;
      present_[kind] = false;
      for (int lane = 0; lane < in_.count; ++lane) present_[kind] = present_[kind] || maps[lane] != nullptr;
      if (!present_[kind]) continue;
      if (shared(maps, in_.count)) {
        shared_[kind] = maps[0];
        for (std::int32_t w = 0; kind < 2 && w < words; ++w) in_.any_entry[w] |= maps[0][w];
        continue;
      }
      std::uint16_t* out = in_.masks + static_cast<std::int64_t>(kind) * stride_;
      mask_[kind] = out;
      for (std::int32_t w = 0; w < words; ++w) {
        std::uint16_t* at = out + w * 64;
        for (int i = 0; i < 64; ++i) at[i] = 0;
        for (int lane = 0; lane < in_.count; ++lane) {
          std::uint64_t word = maps[lane] == nullptr ? 0 : maps[lane][w];
          if (kind < 2) in_.any_entry[w] |= word;
          const std::uint16_t bit = static_cast<std::uint16_t>(1u << lane);
          if (__builtin_popcountll(word) > 20) {
            for (int i = 0; i < 64; ++i) at[i] = static_cast<std::uint16_t>(at[i] | (static_cast<std::uint16_t>(word >> i & 1) << lane));
          } else {
            for (; word != 0; word &= word - 1) at[__builtin_ctzll(word)] = static_cast<std::uint16_t>(at[__builtin_ctzll(word)] | bit);
          }
        }
      }
    }
  }
  std::uint32_t mask_at(int kind, std::int32_t bar) const {
    if (shared_[kind] != nullptr) return (shared_[kind][bar >> 6] >> (bar & 63) & 1) != 0 ? bits(used_) : 0u;
    return mask_[kind] == nullptr ? 0u : mask_[kind][bar];
  }
  // Bars of the 64 around `bar` with a shared signal that concerns the pack.
  std::uint64_t shared_signals(std::int32_t bar, bool entries, bool longs, bool shorts) const {
    const std::int32_t w = bar >> 6;
    std::uint64_t word = 0;
    if (entries && shared_[0] != nullptr) word |= shared_[0][w];
    if (entries && shared_[1] != nullptr) word |= shared_[1][w];
    if (longs && shared_[3] != nullptr) word |= shared_[3][w];
    if (shorts && shared_[4] != nullptr) word |= shared_[4][w];
    return word;
  }

  std::int32_t next_entry(std::int32_t bar) const {
    std::int32_t w = bar >> 6;
    const std::int32_t words = (market_.bars + 63) / 64;
    std::uint64_t word = in_.any_entry[w] >> (bar & 63) << (bar & 63);
    while (word == 0) {
      if (++w >= words) return last_;
      word = in_.any_entry[w];
    }
    const std::int32_t found = w * 64 + __builtin_ctzll(word);
    return found < last_ ? found : last_;   // the last bar is always worked through
  }

  D price_of_ticks(I ticks) const { return pack_price(ticks, plan_.account.tick.numerator, denominator_); }

  bool is_sample(std::int32_t bar) const { return plan_.sampling == Sampling::bar || market_.day_end[bar] != 0; }
  void add_sample(D equity) {
    store(in_.samples + static_cast<std::int64_t>(sample_count_) * width, equity);
    ++sample_count_;
  }
  // Bars [from, to) without a position: their marks are the cash.
  void skip_samples(std::int32_t from, std::int32_t to) {
    for (std::int32_t bar = from; bar < to; ++bar) {
      if (is_sample(bar)) add_sample(cash_);
    }
  }

  // The exact mark (E25) of lanes with a position that has moved by `move` mirrored ticks.
  D equity_at(I move) const {
    return cash_ + direction() * (quantity_ * (price_of_ticks(unmirrored(h_.entry + move)) - entry_price_));
  }
  D equity_now(std::int32_t bar) const {
    const D in_position = cash_ + direction() * (quantity_ * (all_d(market_.close_price[bar]) - entry_price_));
    return select(h_.pos, in_position, cash_);
  }

  // Runs bars in which nothing can happen; returns the first bar in which something may, or last_ for the last one.
  std::int32_t quiet(std::int32_t bar) {
    Hot h = h_;
    const M pos = h.pos, is_short = h.is_short;
    const std::uint32_t pos_bits = bits(pos), long_bits = bits(without(pos, is_short)), short_bits = bits(pos & is_short);
    const std::uint32_t entry_lanes = plan_.rules.reverse ? bits(used_) : bits(used_) & ~pos_bits;
    const bool one_sided = short_bits == 0 || long_bits == 0;
    const bool by_close = plan_.trail_basis == TrailBasis::close;
    const std::int32_t* trail = in_.trail;
    const bool bar_samples = plan_.sampling == Sampling::bar;
    const bool own_masks = mask_[0] != nullptr || mask_[1] != nullptr || mask_[3] != nullptr || mask_[4] != nullptr;
    const bool funding = market_.funding_begin != nullptr;
    const std::int32_t next_time = next_time_;
    std::uint64_t word = shared_signals(bar, entry_lanes != 0, long_bits != 0, short_bits != 0);
    for (; bar < last_; ++bar) {
      const std::int32_t low = market_.low[bar], high = market_.high[bar], close = market_.close[bar];
      I adverse, favourable, at_close;
      if (one_sided) {
        const bool all_short = long_bits == 0;
        adverse = all_i(all_short ? -high : low);
        favourable = all_i(all_short ? -low : high);
        at_close = all_i(all_short ? -close : close);
      } else {
        adverse = select(is_short, all_i(-high), all_i(low));
        favourable = select(is_short, all_i(-low), all_i(high));
        at_close = select(is_short, all_i(-close), all_i(close));
      }
      const I move = at_close - h.entry;
      const M happens = ((adverse <= h.stop_in_force) | (favourable >= h.target) | (move <= h.ruin_move)) & pos;
      std::uint32_t signals = 0;
      if (own_masks) {
        if (mask_[3] != nullptr) signals |= mask_[3][bar] & long_bits;
        if (mask_[4] != nullptr) signals |= mask_[4][bar] & short_bits;
        if (mask_[0] != nullptr) signals |= mask_[0][bar] & entry_lanes;
        if (mask_[1] != nullptr) signals |= mask_[1][bar] & entry_lanes;
      }
      if ((bar & 63) == 0) word = shared_signals(bar, entry_lanes != 0, long_bits != 0, short_bits != 0);
      const bool paid = funding && market_.funding_begin[bar] != market_.funding_begin[bar + 1];
      if (any(happens) || signals != 0 || (word >> (bar & 63) & 1) != 0 || bar >= next_time || paid) break;
      follow(h, move, bar);
      if (trail != nullptr) {
        h.best = max_of(h.best, by_close ? at_close : favourable);
        const I level = h.best - load_i(trail + static_cast<std::int64_t>(bar) * width);
        const M tighter = (level > h.stop) & (h.best >= h.activation) & pos;
        h.stop = select(tighter, level, h.stop);
        h.stop_in_force = max_of(h.stop, h.liquidation);
        h.reason = select(tighter, all_i(static_cast<int>(ExitReason::trailing_stop_loss)), h.reason);
      }
      if (bar_samples || market_.day_end[bar] != 0) add_sample(equity_now(bar));
    }
    h_ = h;
    return bar;
  }

  // Drawdown at a mark of lanes in a position (see the head of this file).
  QUERN_INLINE void follow(Hot& h, I move, std::int32_t bar) {
    const I under = h.peak_move - move;
    const M at_peak = (under <= all_i(0)) & h.pos;
    const M below = without(h.pos, at_peak);
    if (any(at_peak)) {
      const M ended = at_peak & h.in_drawdown;
      if (any(ended)) end_drawdowns(h, ended, bar);
      const M above = at_peak;
      h.peak_move = select(above, move, h.peak_move);
      h.fraction = select(above, all_d(0.0), h.fraction);
      h.raised = h.raised | above;
      h.peak_seconds = select(at_peak, all_i(in_.elapsed_seconds[bar]), h.peak_seconds);
    }
    h.in_drawdown = without(h.in_drawdown, at_peak) | below;
    h.under = select(below, max_of(h.under, under), h.under);
    const D depth = select(below, to_d(under) - h.fraction, all_d(0.0));
    h.squares = h.squares + depth * depth;
  }

  // Drawdowns that end while the position is open. Money by the tick: what it rounds is statistics.
  QUERN_INLINE void end_drawdowns(Hot& h, M ended, std::int32_t bar) {
    const D peak = select(h.raised, cash_ + unit_ * to_d(h.peak_move), peak_);
    const D depth = max_of(deepest_, unit_ * (to_d(h.under) - h.fraction));
    const D share = depth / peak, weight = unit_ / peak;
    squares_ = select(ended, squares_ + h.squares * (weight * weight), squares_);
    depths_ = select(ended, depths_ + share, depths_);
    worst_ = select(ended, max_of(worst_, share), worst_);
    drawdowns_ = select(ended, drawdowns_ + all_i(1), drawdowns_);
    longest_seconds_ = select(ended, max_of(longest_seconds_, all_i(in_.elapsed_seconds[bar]) - h.peak_seconds), longest_seconds_);
    deepest_ = select(ended, all_d(0.0), deepest_);
    h.under = select(ended, all_i(0), h.under);
    h.squares = select(ended, all_d(0.0), h.squares);
  }

  // Before cash or quantity of `lanes` with a position change: what the stretch since the last fill adds up to.
  void close_stretch(M lanes) {
    const M raised = h_.raised & lanes;
    if (any(raised)) peak_ = select(raised, equity_at(h_.peak_move), peak_);
    const M deep = lanes & (h_.under > all_i(0));
    if (any(deep)) {
      deepest_ = select(deep, max_of(deepest_, peak_ - equity_at(h_.peak_move - h_.under)), deepest_);
      const D weight = unit_ / peak_;
      squares_ = select(deep, squares_ + h_.squares * (weight * weight), squares_);
    }
    h_.raised = without(h_.raised, lanes);
    h_.under = select(lanes, all_i(0), h_.under);
    h_.squares = select(lanes, all_d(0.0), h_.squares);
  }

  // After cash and quantity of `lanes` with a position are new: where the peak and the ruin lie, in ticks of this position.
  void open_stretch(M lanes) {
    unit_ = select(lanes, quantity_ * all_d(plan_.account.tick.value), unit_);
    const double limit = static_cast<double>(pack_price_limit);
    const auto clamp = [&](D x) { return to_i(select(x > all_d(limit), all_d(limit), select(x > all_d(-limit), x, all_d(-limit)))); };
    const D a_tick = all_d(1.0) / unit_;
    const D to_peak = (peak_ - cash_) * a_tick;
    I move = clamp(ceil_of(to_peak));
    // The smallest move whose exact mark is at or above the peak.
    move = select(equity_at(move - all_i(1)) >= peak_, move - all_i(1), select(equity_at(move) >= peak_, move, move + all_i(1)));
    h_.peak_move = select(lanes, move, h_.peak_move);
    h_.fraction = select(lanes, to_d(move) - to_peak, h_.fraction);   // negative where `move` was cut: the depth stays right
    if (!may_ruin_) return;
    const I ruin = clamp(ceil_of((all_d(0.0) - cash_) * a_tick)) + all_i(1);   // not below the exact one, which slow_bar tests
    h_.ruin_move = select(lanes, ruin, h_.ruin_move);
  }

  // The mark of lanes that are flat at this close and were not at the last one, or whose cash changed.
  void mark_flat(M lanes, std::int32_t bar) {
    const M ended = lanes & h_.in_drawdown & (cash_ >= peak_);
    if (any(ended)) {
      const D share = deepest_ / peak_;
      depths_ = select(ended, depths_ + share, depths_);
      worst_ = select(ended, max_of(worst_, share), worst_);
      drawdowns_ = select(ended, drawdowns_ + all_i(1), drawdowns_);
      longest_seconds_ = select(ended, max_of(longest_seconds_, all_i(in_.elapsed_seconds[bar]) - h_.peak_seconds), longest_seconds_);
      deepest_ = select(ended, all_d(0.0), deepest_);
      h_.in_drawdown = without(h_.in_drawdown, ended);
    }
    const M at_peak = lanes & (cash_ >= peak_);
    peak_ = select(at_peak, cash_, peak_);
    h_.peak_seconds = select(at_peak, all_i(in_.elapsed_seconds[bar]), h_.peak_seconds);
    const M below = without(lanes, at_peak);
    h_.in_drawdown = h_.in_drawdown | below;
    flat_depth_ = select(lanes, peak_ - cash_, flat_depth_);
    deepest_ = select(below, max_of(deepest_, flat_depth_), deepest_);
    flat_from_ = select(lanes, all_i(bar), flat_from_);
  }

  // The flat stretch of `lanes` ends: `bar` is the first one with another mark.
  void end_flat(M lanes, std::int32_t bar) {
    lanes = lanes & (flat_from_ >= all_i(0));
    if (!any(lanes)) return;
    const D part = flat_depth_ / peak_;
    squares_ = select(lanes, squares_ + to_d(all_i(bar) - flat_from_) * (part * part), squares_);
    const M at_peak = without(lanes, h_.in_drawdown);
    if (bar > first_) h_.peak_seconds = select(at_peak, all_i(in_.elapsed_seconds[bar - 1]), h_.peak_seconds);
    flat_from_ = select(lanes, all_i(-1), flat_from_);
  }

  D volume_bps(std::int32_t bar) const {
    const double volume = market_.volume[bar];
    if (!(volume > 0.0) || plan_.costs.impact_bps == 0.0) return all_d(plan_.costs.slippage_bps);
    return all_d(plan_.costs.slippage_bps) + all_d(plan_.costs.impact_bps) * quantity_ / all_d(volume);
  }

  // Takes `lots` of the positions of `lanes` off at `ticks`; `base` is the price before slippage.
  void exit_at(M lanes, std::int32_t bar, D lots, I ticks, I base, double bps, I reason) {
    close_stretch(lanes);
    const D quantity = lots * all_d(plan_.account.lot);
    const D price = price_of_ticks(ticks);
    const D notional = quantity * price;
    const D fee = notional * all_d(bps) / Divisor(10000.0);
    const D gross = direction() * (quantity * (price - entry_price_));
    const D slip = slips_ ? price_of_ticks(max_of(ticks - base, base - ticks)) * quantity : all_d(0.0);
    cash_ = select(lanes, (cash_ + gross) - fee, cash_);
    profit_ = select(lanes, (profit_ + gross) - fee, profit_);
    notional_ = select(lanes, notional_ + notional, notional_);
    fees_ = select(lanes, fees_ + fee, fees_);
    slippage_ = select(lanes, slippage_ + slip, slippage_);
    liquidations_ = select(lanes & (reason == all_i(static_cast<int>(ExitReason::liquidation))), liquidations_ + all_i(1), liquidations_);
    hashes_.add(lanes, bar, reason + all_i(16), h_.is_short, ticks, lots);
    lots_ = select(lanes, lots_ - lots, lots_);
    quantity_ = select(lanes, lots_ * all_d(plan_.account.lot), quantity_);
    const M closed = lanes & (lots_ == all_d(0.0));
    if (any(closed)) close_trades(closed, bar);
    const M open = without(lanes, closed);
    if (any(open)) open_stretch(open);
  }

  void close_trades(M closed, std::int32_t bar) {
    const D zero = all_d(0.0);
    const I one = all_i(1);
    trades_ = select(closed, trades_ + one, trades_);
    const M won = closed & (profit_ > zero), lost = closed & (profit_ < zero);
    wins_ = select(won, wins_ + one, wins_);
    won_ = select(won, won_ + profit_, won_);
    losses_ = select(lost, losses_ + one, losses_);
    lost_ = select(lost, lost_ + profit_, lost_);
    row_ = select(lost, row_ + one, select(closed, all_i(0), row_));
    longest_row_ = max_of(longest_row_, row_);
    const D from_mean = profit_ - mean_;
    const D mean = mean_ + from_mean / to_d(trades_);
    spread_ = select(closed, spread_ + from_mean * (profit_ - mean), spread_);
    mean_ = select(closed, mean, mean_);
    const M is_first = closed & (trades_ == one);
    best_trade_ = select(is_first | (closed & (profit_ > best_trade_)), profit_, best_trade_);
    worst_trade_ = select(is_first | (closed & (profit_ < worst_trade_)), profit_, worst_trade_);
    const I held = all_i(bar) - entry_bar_;
    held_ = select(closed, held_ + to_d(held), held_);
    longest_held_ = select(closed, max_of(longest_held_, held), longest_held_);
    exposed_ = select(closed, exposed_ + held, exposed_);
    ambiguous_trades_ = select(closed & ambiguous_, ambiguous_trades_ + one, ambiguous_trades_);
    h_.pos = without(h_.pos, closed);
    h_.stop = select(closed, all_i(never_low), h_.stop);
    h_.liquidation = select(closed, all_i(never_low), h_.liquidation);
    h_.stop_in_force = select(closed, all_i(never_low), h_.stop_in_force);
    h_.target = select(closed, all_i(never_high), h_.target);
    time_bar_ = select(closed, all_i(never_high), time_bar_);
    exit_due_ = without(exit_due_, closed);
    breakeven_due_ = without(breakeven_due_, closed);
    next_entry_bar_ = select(closed, all_i(bar + plan_.rules.cooldown_bars), next_entry_bar_);
    settled_ = settled_ | closed;
  }

  // The rest of the positions of `lanes` as taker with slippage (E21).
  void exit_market(M lanes, std::int32_t bar, I base, I reason) {
    const D bps = volume_bps(bar);
    exit_at(lanes, bar, lots_, pack_slipped(base, bps, negated(direction())), base, plan_.costs.taker_bps, reason);
  }

  // At the stop in force (E24 without slippage), or at the price `beyond` where the market opens past it.
  void exit_stops(M lanes, std::int32_t bar, const std::int32_t* beyond) {
    const M liquidated = lanes & (h_.liquidation > h_.stop);
    if (any(liquidated)) {
      const I at = unmirrored(h_.liquidation);
      exit_at(liquidated, bar, lots_, at, at, plan_.costs.taker_bps, all_i(static_cast<int>(ExitReason::liquidation)));
      lanes = without(lanes, liquidated);
    }
    if (any(lanes)) exit_market(lanes, bar, beyond != nullptr ? all_i(*beyond) : unmirrored(h_.stop), h_.reason);
  }

  // Fills the nearest target of `lanes`, at its price or at `price` (E15, E16).
  void exit_targets(M lanes, std::int32_t bar, const std::int32_t* price) {
    const I ticks = price != nullptr ? all_i(*price) : unmirrored(h_.target);
    targets_left_ = select(lanes, targets_left_ - all_i(1), targets_left_);
    targets_filled_ = select(lanes, targets_filled_ + all_i(1), targets_filled_);
    const D part = floor_of(fractions_[0] * entry_lots_ * all_d(1.0 + 1e-12));
    const M some = (targets_left_ > all_i(0)) & (part < lots_);
    const D lots = select(some, part, lots_);
    for (int i = 0; i + 1 < max_targets && i + 1 < plan_.target_count; ++i) {
      targets_[i] = select(lanes, targets_[i + 1], targets_[i]);
      fractions_[i] = select(lanes, fractions_[i + 1], fractions_[i]);
    }
    h_.target = select(lanes, select(targets_left_ > all_i(0), targets_[0], all_i(never_high)), h_.target);
    breakeven_due_ = breakeven_due_ | (lanes & (targets_filled_ == breakeven_after_));
    const M fill = lanes & (lots > all_d(0.0));
    if (any(fill)) exit_at(fill, bar, lots, ticks, ticks, plan_.costs.maker_bps, all_i(static_cast<int>(ExitReason::take_profit)));
  }

  // E6, E12, E13 at the open of `bar`.
  void enter(M lanes, std::int32_t bar) {
    const Account& account = plan_.account;
    const TickSize& tick = account.tick;
    const std::int32_t open = market_.open[bar];
    const D toward = select(d_side_short_, all_d(-1.0), all_d(1.0));
    const I slipped = pack_slipped(all_i(open), all_d(plan_.costs.slippage_bps), toward);
    const D price = price_of_ticks(slipped);
    const D cost = price * all_d(1.0 + plan_.costs.taker_bps / 10000.0);
    const D most = d_equity_ * all_d(account.leverage) / cost;
    M good = lanes;
    D quantity;
    switch (plan_.size_mode) {
      case SizeMode::fixed_quantity: quantity = d_size_; break;
      case SizeMode::fraction: quantity = d_size_ * d_equity_ * all_d(account.leverage) / cost; break;
      case SizeMode::fixed_notional: quantity = d_size_ / price; break;
      case SizeMode::risk: {
        const I fill = select(d_side_short_, all_i(0) - slipped, slipped);
        const I gap = stop_is_distance_ ? d_stop_ : fill - d_stop_;
        good = good & (gap > all_i(0));
        quantity = d_size_ * d_equity_ / (to_d(gap) * all_d(tick.numerator) / all_d(tick.denominator));
        break;
      }
      default: quantity = d_size_ * d_equity_ / (d_volatility_ * price); break;
    }
    if (account.cap) quantity = select(quantity <= most, quantity, most);
    const D lots = floor_of(quantity / lot_ * all_d(1.0 + 1e-12));
    good = good & (lots >= all_d(1.0)) & (lots * all_d(account.lot) * price >= all_d(account.min_notional));
    const M huge = good & (lots > all_d(9007199254740992.0));
    if (any(huge)) {
      for (std::uint32_t left = bits(huge); left != 0; left &= left - 1) faults_[__builtin_ctz(left)] |= lane_fault_too_many_lots;
      good = without(good, huge);   // E1b
    }
    rejected_ = select(without(lanes, good), rejected_ + all_i(1), rejected_);
    if (!any(good)) return;
    end_flat(good, bar);
    lots_ = select(good, lots, lots_);
    entry_lots_ = select(good, lots, entry_lots_);
    quantity_ = select(good, lots * all_d(account.lot), quantity_);
    const I ticks = plan_.costs.impact_bps == 0.0 ? slipped : pack_slipped(all_i(open), volume_bps(bar), toward);
    h_.pos = h_.pos | good;
    h_.is_short = without(h_.is_short, good) | (good & d_side_short_);
    const I entry = unmirrored(ticks);   // of a short: negated
    h_.entry = select(good, entry, h_.entry);
    entry_price_ = select(good, price_of_ticks(ticks), entry_price_);
    entry_bar_ = select(good, all_i(bar), entry_bar_);
    ambiguous_ = without(ambiguous_, good);
    h_.reason = select(good, all_i(static_cast<int>(ExitReason::stop_loss)), h_.reason);
    h_.stop = select(good, select(d_has_stop_, stop_is_distance_ ? entry - d_stop_ : d_stop_, all_i(never_low)), h_.stop);
    if (account.leverage > 1.0) {
      const D x = to_d(ticks);
      const D below = ceil_of(x * all_d(1.0 - 1.0 / account.leverage) / all_d(1.0 - account.maintenance) * all_d(1.0 - 1e-12));
      const D above = floor_of(x * all_d(1.0 + 1.0 / account.leverage) / all_d(1.0 + account.maintenance) * all_d(1.0 + 1e-12));
      const D limit = all_d(2147483647.0);
      const I price_below = to_i(select(below >= limit, limit, below)), price_above = to_i(select(above >= limit, limit, above));
      h_.liquidation = select(good, select(h_.is_short, all_i(0) - price_above, price_below), h_.liquidation);
    }
    h_.stop_in_force = max_of(h_.stop, h_.liquidation);
    h_.best = select(good, all_i(never_low), h_.best);
    h_.activation = select(good, entry + d_activation_, h_.activation);
    place_targets(good, entry);
    const I last_bar = all_i(bar - 1) + max_bars_;
    time_bar_ = select(good, select(max_bars_ == all_i(never_high), all_i(never_high), last_bar), time_bar_);
    const D notional = quantity_ * entry_price_;
    const D fee = notional * all_d(plan_.costs.taker_bps) / Divisor(10000.0);
    const D slip = slips_ ? price_of_ticks(max_of(ticks - all_i(open), all_i(open) - ticks)) * quantity_ : all_d(0.0);
    cash_ = select(good, cash_ - fee, cash_);
    profit_ = select(good, all_d(0.0) - fee, profit_);
    notional_ = select(good, notional_ + notional, notional_);
    fees_ = select(good, fees_ + fee, fees_);
    slippage_ = select(good, slippage_ + slip, slippage_);
    hashes_.add(good, bar, all_i(1), h_.is_short, ticks, lots_);
    settled_ = without(settled_, good);
    open_stretch(good);
  }

  // Sorts the decided targets by level, ties in file order.
  void place_targets(M lanes, I entry) {
    I level[max_targets];
    D fraction[max_targets];
    const int count = plan_.target_count;
    for (int i = 0; i < count; ++i) {
      const bool distance = plan_.targets[i].level.distance >= 0;
      const M there = d_targets_left_ > all_i(i);
      level[i] = select(there, distance ? entry + d_targets_[i] : d_targets_[i], all_i(never_high));
      fraction[i] = d_fractions_[i];
      for (int at = i; at > 0; --at) {
        const M swap = level[at - 1] > level[at];
        if (!any(swap)) break;
        const I higher = select(swap, level[at - 1], level[at]);
        level[at - 1] = select(swap, level[at], level[at - 1]);
        level[at] = higher;
        const D moved = select(swap, fraction[at - 1], fraction[at]);
        fraction[at - 1] = select(swap, fraction[at], fraction[at - 1]);
        fraction[at] = moved;
      }
    }
    for (int i = 0; i < count; ++i) {
      targets_[i] = select(lanes, level[i], targets_[i]);
      fractions_[i] = select(lanes, fraction[i], fractions_[i]);
    }
    targets_left_ = select(lanes, d_targets_left_, targets_left_);
    targets_filled_ = select(lanes, all_i(0), targets_filled_);
    h_.target = select(lanes, count > 0 ? select(d_targets_left_ > all_i(0), targets_[0], all_i(never_high)) : all_i(never_high), h_.target);
  }

  // Steps 1 to 3 of a bar.
  void inside_bar(std::int32_t bar) {
    const std::int32_t open = market_.open[bar];
    if (any(exit_due_)) {                                                                        // E14
      const M lanes = exit_due_;
      exit_due_ = mask_of(0);
      exit_market(lanes, bar, all_i(open), exit_reason_);
    }
    if (any(entry_due_)) {                                                                       // E6, E8
      const M lanes = entry_due_;
      entry_due_ = mask_of(0);
      enter(lanes, bar);
    }
    const I at_open = mirrored(open);
    const M gap = h_.pos & (at_open <= h_.stop_in_force);                                        // E15
    if (any(gap)) exit_stops(gap, bar, &open);
    for (M reached = h_.pos & (at_open >= h_.target); any(reached); reached = h_.pos & (at_open >= h_.target)) {
      exit_targets(reached, bar, plan_.rules.target_gap == TargetGap::open ? &open : nullptr);
    }
    const I adverse = select(h_.is_short, all_i(-market_.high[bar]), all_i(market_.low[bar]));
    const I favourable = select(h_.is_short, all_i(-market_.low[bar]), all_i(market_.high[bar])) - all_i(plan_.rules.through_ticks);
    const M stopped = h_.pos & (adverse <= h_.stop_in_force), reaches = h_.pos & (favourable >= h_.target);
    M target_first = mask_of(0);
    if (any(stopped)) {
      const M both = stopped & reaches;
      if (any(both)) {                                                                           // E17
        ambiguous_bars_ = select(both, ambiguous_bars_ + all_i(1), ambiguous_bars_);
        ambiguous_ = ambiguous_ | both;
        if (plan_.rules.intrabar == Intrabar::tp_first) target_first = both;
        if (plan_.rules.intrabar == Intrabar::open_proximity) target_first = both & (h_.target - at_open < at_open - h_.stop_in_force);
      }
      const M now = without(stopped, target_first);
      if (any(now)) exit_stops(now, bar, nullptr);                                               // E16
    }
    const M fills = without(reaches, stopped) | target_first;
    for (M reached = fills & h_.pos & (favourable >= h_.target); any(reached); reached = fills & h_.pos & (favourable >= h_.target)) {
      exit_targets(reached, bar, nullptr);
    }
    if (any(target_first & h_.pos)) exit_stops(target_first & h_.pos, bar, nullptr);
  }

  void pay_funding(std::int32_t bar) {                                                           // E23
    if (market_.funding_begin == nullptr || market_.funding_begin[bar] == market_.funding_begin[bar + 1] || !any(h_.pos)) return;
    const M lanes = h_.pos;
    close_stretch(lanes);
    for (std::int32_t i = market_.funding_begin[bar]; i < market_.funding_begin[bar + 1]; ++i) {
      const D pay = ((direction() * quantity_) * all_d(market_.close_price[bar])) * all_d(market_.funding_rate[i]);
      cash_ = select(lanes, cash_ - pay, cash_);
      profit_ = select(lanes, profit_ - pay, profit_);
      funding_ = select(lanes, funding_ + pay, funding_);
    }
    open_stretch(lanes);
  }

  void exit_at_close(M lanes, std::int32_t bar, ExitReason reason) {
    const I at = all_i(market_.close[bar]);
    exit_at(lanes, bar, lots_, at, at, plan_.costs.taker_bps, all_i(static_cast<int>(reason)));
  }

  // A bar in which something may happen, by the rules.
  void slow_bar(std::int32_t bar) {
    settled_ = mask_of(0);
    if (any(h_.pos | exit_due_ | entry_due_)) {
      inside_bar(bar);
      pay_funding(bar);
    }
    if (bar == last_) {                                                                          // E27
      entry_due_ = exit_due_ = mask_of(0);
      exposed_ = select(h_.pos, exposed_ + (all_i(bar + 1) - entry_bar_), exposed_);
      if (plan_.rules.end == EndPolicy::close && any(h_.pos)) {
        const M lanes = h_.pos;
        exit_at_close(lanes, bar, ExitReason::end_of_data);
        exposed_ = select(lanes, exposed_ - (all_i(bar) - entry_bar_), exposed_);               // counted above
      }
    }
    M ruined = may_ruin_ ? h_.pos & (equity_now(bar) <= all_d(0.0)) : mask_of(0);                // E25
    if (any(ruined)) {
      // The bar counts; on the last one all bars were counted above.
      exposed_ = select(ruined, bar != last_ ? exposed_ + all_i(1) : exposed_ - (all_i(bar) - entry_bar_), exposed_);
      exit_at_close(ruined, bar, ExitReason::ruined);
    }
    ruined = ruined | (without(settled_, h_.pos) & (cash_ <= all_d(0.0)));
    if (any(ruined)) {
      ruined_ = ruined_ | ruined;
      entry_due_ = without(entry_due_, ruined);
    }
    const I at_close = mirrored(market_.close[bar]);
    if (any(h_.pos)) follow(h_, at_close - h_.entry, bar);
    const M flat = without(settled_, h_.pos);
    if (any(flat)) mark_flat(flat, bar);
    mark_ = equity_now(bar);
    if (bar == first_ || is_sample(bar)) add_sample(mark_);
    if (bar == last_) return;
    if (any(h_.pos)) move_stops(bar, at_close);
    decide(bar);
    alignas(64) std::int32_t times[width];
    store(times, select(without(h_.pos, exit_due_), time_bar_, all_i(never_high)));
    next_time_ = never_high;
    for (int lane = 0; lane < width; ++lane) next_time_ = times[lane] < next_time_ ? times[lane] : next_time_;
  }

  void move_stops(std::int32_t bar, I at_close) {                                                // E20
    if (in_.trail != nullptr) {
      const I favourable = select(h_.is_short, all_i(-market_.low[bar]), all_i(market_.high[bar]));
      h_.best = select(h_.pos, max_of(h_.best, plan_.trail_basis == TrailBasis::close ? at_close : favourable), h_.best);
      const I level = h_.best - load_i(in_.trail + static_cast<std::int64_t>(bar) * width);
      const M tighter = (level > h_.stop) & (h_.best >= h_.activation) & h_.pos;
      h_.stop = select(tighter, level, h_.stop);
      h_.reason = select(tighter, all_i(static_cast<int>(ExitReason::trailing_stop_loss)), h_.reason);
    }
    if (any(breakeven_due_)) {
      const M tighter = breakeven_due_ & h_.pos & (h_.entry > h_.stop);
      h_.stop = select(tighter, h_.entry, h_.stop);
      h_.reason = select(tighter, all_i(static_cast<int>(ExitReason::breakeven_stop)), h_.reason);
      breakeven_due_ = mask_of(0);
    }
    h_.stop_in_force = max_of(h_.stop, h_.liquidation);
  }

  void decide(std::int32_t bar) {                                                                // E7 to E11, E18, E19
    const M longs = without(h_.pos, h_.is_short), shorts = h_.pos & h_.is_short;
    const M signal = (mask_of(mask_at(3, bar)) & longs) | (mask_of(mask_at(4, bar)) & shorts);
    const M time = without(h_.pos & (time_bar_ <= all_i(bar)), signal);
    exit_due_ = exit_due_ | signal | time;
    exit_reason_ = select(signal, all_i(static_cast<int>(ExitReason::exit_signal)),
                          select(time, all_i(static_cast<int>(ExitReason::time_stop)), exit_reason_));
    const M wants_long = mask_of(mask_at(0, bar)), wants_short = mask_of(mask_at(1, bar));
    M lanes = (without(wants_long, wants_short) | without(wants_short, wants_long)) & used_;     // E9
    lanes = without(lanes, ruined_);
    const M flat = without(lanes, h_.pos) & (next_entry_bar_ <= all_i(bar));                     // E10
    M turned = mask_of(0);
    if (plan_.rules.reverse) turned = lanes & ((longs & wants_short) | (shorts & wants_long));   // E8
    if (present_[2]) {                                                                           // E11
      const M allowed = mask_of(mask_at(2, bar));
      filtered_ = select(without(flat, allowed), filtered_ + all_i(1), filtered_);
      lanes = (flat | turned) & allowed;
    } else {
      lanes = flat | turned;
    }
    if (!any(lanes)) return;
    const M good = decide_levels(lanes, lanes & wants_short, bar);                               // E4
    rejected_ = select(without(lanes, good), rejected_ + all_i(1), rejected_);
    entry_due_ = entry_due_ | good;
    turned = turned & good;
    exit_due_ = exit_due_ | turned;
    exit_reason_ = select(turned, all_i(static_cast<int>(ExitReason::reversal)), exit_reason_);
    d_equity_ = select(good, mark_, d_equity_);
  }

  // Value of a program at the close of `bar` for every lane.
  D value_of(std::int32_t program, std::int32_t bar) {
    const Program& p = plan_.programs[program];
    D stack[max_program_depth];
    int top = 0;
    for (std::int32_t i = 0; i < p.length; ++i) {
      const Instruction at = p.code[i];
      switch (at.op) {
        case Operator::constant: stack[top++] = constants_[at.slot]; break;
        case Operator::column: stack[top++] = column_at(at, bar); break;
        case Operator::negate: stack[top - 1] = negated(stack[top - 1]); break;
        case Operator::abs: stack[top - 1] = abs_of(stack[top - 1]); break;
        case Operator::add: --top, stack[top - 1] = where_defined(stack[top - 1] + stack[top]); break;
        case Operator::subtract: --top, stack[top - 1] = where_defined(stack[top - 1] - stack[top]); break;
        case Operator::multiply: --top, stack[top - 1] = where_defined(stack[top - 1] * stack[top]); break;
        case Operator::divide: --top, stack[top - 1] = where_defined(stack[top - 1] / stack[top]); break;
        default: one_by_one(at.op, stack, top); break;
      }
    }
    return stack[0];
  }
  D column_at(const Instruction& at, std::int32_t bar) const {
    if (bar < at.lag) return all_d(__builtin_nan(""));
    if (columns_shared_[at.slot]) return all_d(columns_[at.slot][0][bar - at.lag]);
    double value[width];
    for (int lane = 0; lane < width; ++lane) value[lane] = columns_[at.slot][lane][bar - at.lag];
    return load_d(value);
  }
  static void one_by_one(Operator op, D* stack, int& top) {
    double a[width], b[width], c[width];
    const int operands = operand_count(op);
    top -= operands - 1;
    store(a, stack[top - 1]);
    if (operands > 1) store(b, stack[top]);
    if (operands > 2) store(c, stack[top + 1]);
    for (int lane = 0; lane < width; ++lane) {
      a[lane] = operands == 1 ? apply(op, a[lane]) : operands == 2 ? apply(op, a[lane], b[lane]) : a[lane] != 0.0 ? b[lane] : c[lane];
    }
    stack[top - 1] = load_d(a);
  }

  // A level for `lanes`, of which `shorts` go short: distance in ticks, or mirrored absolute ticks. Returns the good lanes.
  M decide_level(M lanes, M shorts, const LevelSource& source, bool is_stop, std::int32_t bar, I& level) {
    if (source.distance >= 0) {
      const D x = value_of(source.distance, bar);
      level = max_of(pack_level(x, tick_), all_i(1));
      return lanes & (x > all_d(0.0));
    }
    const M longs = without(lanes, shorts);
    D x = all_d(__builtin_nan(""));
    if (any(longs) && source.long_price >= 0) x = value_of(source.long_price, bar);
    if (any(shorts) && source.short_price >= 0) x = select(shorts, value_of(source.short_price, bar), x);
    const I ticks = pack_level(x, tick_);
    level = select(shorts, all_i(0) - ticks, ticks);
    const std::int32_t close = market_.close[bar];
    const I from = select(shorts, all_i(-close), all_i(close));
    return lanes & (x > all_d(0.0)) & (is_stop ? level < from : level > from);
  }

  M decide_levels(M lanes, M shorts, std::int32_t bar) {
    M good = lanes;
    d_side_short_ = without(d_side_short_, lanes) | shorts;
    if (plan_.stop.present()) {
      I level;
      good = good & decide_level(lanes, shorts, plan_.stop, true, bar, level);
      d_stop_ = select(lanes, level, d_stop_);
      d_has_stop_ = d_has_stop_ | lanes;
    }
    d_targets_left_ = select(lanes, all_i(plan_.target_count), d_targets_left_);
    for (std::int32_t i = 0; i < plan_.target_count; ++i) {
      I level;
      good = good & decide_level(lanes, shorts, plan_.targets[i].level, false, bar, level);
      d_targets_[i] = select(lanes, level, d_targets_[i]);
      D fraction = all_d(__builtin_inf());
      if (plan_.targets[i].fraction >= 0) {
        fraction = value_of(plan_.targets[i].fraction, bar);
        good = good & (fraction > all_d(0.0));
      }
      d_fractions_[i] = select(lanes, fraction, d_fractions_[i]);
    }
    const D size = value_of(plan_.size_value, bar);
    good = good & (size > all_d(0.0));
    d_size_ = select(lanes, size, d_size_);
    if (plan_.size_mode == SizeMode::volatility_parity) {
      const D volatility = value_of(plan_.volatility, bar);
      good = good & (volatility > all_d(0.0));
      d_volatility_ = select(lanes, volatility, d_volatility_);
    }
    d_activation_ = select(lanes, all_i(0), d_activation_);
    if (plan_.activation >= 0) {
      const D activation = value_of(plan_.activation, bar);
      good = good & (activation == activation);
      d_activation_ = select(lanes, pack_level(activation, tick_), d_activation_);
    }
    return good;
  }

  // Ratios and tail of the returns between samples, as sample_statistics for one lane.
  void summarize_samples(SampleStatistics* out) {
    const double nan = __builtin_nan("");
    for (int lane = 0; lane < width; ++lane) out[lane] = {nan, nan, nan, nan, nan, nan, nan, nan};
    const std::int32_t n = sample_count_ - 1;
    if (n < 1) return;
    const D zero = all_d(0.0);
    const auto at = [&](std::int32_t i) { return in_.samples + static_cast<std::int64_t>(i) * width; };
    D sum = zero, up = zero, down = zero, down_squares = zero, before = load_d(at(0));
    for (std::int32_t i = 0; i < n; ++i) {
      const D now = load_d(at(i + 1));
      const D r = select(before > zero, (now - before) / before, zero);
      before = now;
      store(at(i), r);
      sum = sum + r;
      up = up + select(r > zero, r, zero);
      const D loss = select(r < zero, r, zero);
      down = down - loss;
      down_squares = down_squares + loss * loss;
    }
    const D mean = sum / all_d(n);
    D m2 = zero, m3 = zero, m4 = zero;
    for (std::int32_t i = 0; i < n; ++i) {
      const D x = load_d(at(i)) - mean, xx = x * x;
      m2 = m2 + xx;
      m3 = m3 + xx * x;
      m4 = m4 + xx * xx;
    }
    alignas(64) double means[width], second[width], third[width], fourth[width], ups[width], downs[width], squares[width], cuts[width];
    store(means, mean), store(second, m2), store(third, m3), store(fourth, m4), store(ups, up), store(downs, down), store(squares, down_squares);
    // The tail lies below a cut of one deviation; a lane with too few returns there takes them all.
    for (int lane = 0; lane < width; ++lane) cuts[lane] = means[lane] - __builtin_sqrt(second[lane] / n);
    const D cut = load_d(cuts);
    std::int32_t counts[width] = {};
    const std::int64_t room = market_.bars + 1;
    for (std::int32_t i = 0; i < n; ++i) {
      const double* row = at(i);
      for (std::uint32_t left = bits((load_d(row) < cut) & used_); left != 0; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        in_.scratch[lane * room + counts[lane]++] = row[lane];
      }
    }
    const double place = 0.05 * (n - 1);
    const std::int32_t rank = static_cast<std::int32_t>(place);
    for (int lane = 0; lane < in_.count; ++lane) {
      SampleStatistics& s = out[lane];
      const double root = __builtin_sqrt(plan_.periods_per_year);
      if (n > 1) {
        const double deviation = __builtin_sqrt(second[lane] / (n - 1));
        s.volatility = deviation * root;
        if (deviation > 0.0) s.sharpe = means[lane] / deviation * root;
      }
      const double downside = __builtin_sqrt(squares[lane] / n);
      if (downside > 0.0) s.sortino = means[lane] / downside * root;
      if (downs[lane] > 0.0) s.omega = ups[lane] / downs[lane];
      const double v2 = second[lane] / n, v3 = third[lane] / n, v4 = fourth[lane] / n;
      if (v2 > 0.0) {
        s.skew = v3 / (v2 * __builtin_sqrt(v2));
        s.kurtosis = v4 / (v2 * v2) - 3.0;
      }
      double* list = in_.scratch + lane * room;
      std::int32_t count = counts[lane];
      if (count < rank + 2) {
        for (count = 0; count < n; ++count) list[count] = at(count)[lane];
      }
      select_rank(list, count, rank);
      double quantile = list[rank];
      if (rank + 1 < count) {
        double next = list[rank + 1];
        for (std::int32_t i = rank + 2; i < count; ++i) next = list[i] < next ? list[i] : next;
        quantile += (next - quantile) * (place - rank);
      }
      double tail = 0.0;
      std::int32_t in_tail = 0;
      for (std::int32_t i = 0; i < count; ++i) {
        if (list[i] <= quantile) tail += list[i], ++in_tail;
      }
      s.value_at_risk = -quantile;
      if (in_tail > 0) s.cond_value_at_risk = -(tail / in_tail);
    }
  }

  void finish() {
    if (any(h_.pos)) close_stretch(h_.pos);
    end_flat(used_, last_ + 1);
    const M open = h_.in_drawdown;
    if (any(open)) {
      const D share = deepest_ / peak_;
      depths_ = select(open, depths_ + share, depths_);
      worst_ = select(open, max_of(worst_, share), worst_);
      drawdowns_ = select(open, drawdowns_ + all_i(1), drawdowns_);
      longest_seconds_ = select(open, max_of(longest_seconds_, all_i(in_.elapsed_seconds[last_]) - h_.peak_seconds), longest_seconds_);
    }
    const auto at = [](auto pack, int lane) {
      if constexpr (sizeof(pack) == width * sizeof(double)) {
        double values[width];
        store(values, pack);
        return values[lane];
      } else {
        std::int32_t values[width];
        store(values, pack);
        return values[lane];
      }
    };
    SampleStatistics samples[width];
    summarize_samples(samples);
    for (int lane = 0; lane < in_.count; ++lane) {
      LaneState s;
      s.equity = at(mark_, lane);
      s.hash = hashes_.at(lane);
      s.faults = faults_[lane];
      Counters& c = s.count;
      c.trades = at(trades_, lane), c.wins = at(wins_, lane), c.losses = at(losses_, lane), c.most_losses_in_row = at(longest_row_, lane);
      c.longest_bars = at(longest_held_, lane), c.ambiguous_trades = at(ambiguous_trades_, lane), c.rejected = at(rejected_, lane);
      c.filtered = at(filtered_, lane), c.ambiguous_bars = at(ambiguous_bars_, lane), c.liquidations = at(liquidations_, lane);
      c.exposed_bars = at(exposed_, lane), c.bars_held = static_cast<std::int64_t>(at(held_, lane));
      c.won = at(won_, lane), c.lost = at(lost_, lane), c.mean_profit = at(mean_, lane), c.profit_spread = at(spread_, lane);
      c.best_trade = at(best_trade_, lane), c.worst_trade = at(worst_trade_, lane), c.notional = at(notional_, lane), c.fees = at(fees_, lane);
      c.funding = at(funding_, lane), c.slippage = at(slippage_, lane);
      MarkStatistics<double> marks;
      marks.peak = at(peak_, lane);
      marks.max_drawdown = at(worst_, lane);
      marks.depths = at(depths_, lane);
      marks.squares = at(squares_, lane);
      marks.drawdowns = at(drawdowns_, lane);
      marks.longest_days = at(longest_seconds_, lane) / 86400.0;
      finish_lane(plan_, market_, first_, s, marks, samples[lane], in_.results[lane]);
    }
  }

  const LanePlan& plan_;
  const MarketView& market_;
  const PackInput& in_;
  const bool stop_is_distance_ = plan_.stop.distance >= 0;
  const Divisor tick_{plan_.account.tick.value}, denominator_{plan_.account.tick.denominator}, lot_{plan_.account.lot};
  const bool slips_ = plan_.costs.slippage_bps > 0.0 || plan_.costs.impact_bps > 0.0;
  // Without leverage, impact and shorts a capped position cannot be worth less than what was paid for it.
  const bool may_ruin_ = plan_.account.leverage > 1.0 || !plan_.account.cap || plan_.costs.impact_bps > 0.0 || in_.goes_short ||
                         plan_.costs.taker_bps >= 10000.0 || plan_.costs.maker_bps >= 10000.0 || market_.funding_begin != nullptr;
  Hot h_;
  std::int32_t first_ = 0, last_ = 0, stride_ = 0, sample_count_ = 0, next_time_ = never_high;
  M used_, exit_due_, entry_due_, ambiguous_, breakeven_due_, settled_, ruined_, d_side_short_, d_has_stop_;
  D cash_, peak_, mark_, quantity_, entry_price_, profit_, unit_, deepest_, lots_, entry_lots_;
  I targets_[max_targets];
  D fractions_[max_targets];
  I targets_left_, targets_filled_, entry_bar_, exit_reason_, time_bar_, next_entry_bar_, max_bars_, breakeven_after_, flat_from_;
  D flat_depth_, squares_, depths_, worst_;
  I drawdowns_, longest_seconds_;
  I trades_, wins_, losses_, row_, longest_row_, longest_held_, ambiguous_trades_, rejected_, filtered_, ambiguous_bars_, liquidations_,
      exposed_;
  D held_, won_, lost_, mean_, spread_, best_trade_, worst_trade_, notional_, fees_, funding_, slippage_;
  I d_stop_, d_activation_, d_targets_left_, d_targets_[max_targets];
  D d_fractions_[max_targets], d_size_, d_volatility_, d_equity_;
  D constants_[max_pack_slots];
  const double* columns_[max_pack_slots][width];
  bool columns_shared_[max_pack_slots];
  const std::uint16_t* mask_[5];
  const std::uint64_t* shared_[5];
  bool present_[5];
  Hashes hashes_;
  std::uint32_t faults_[width];
};

inline void run_pack(const LanePlan& plan, const MarketView& market, const PackInput& input) {
  PackRun(plan, market, input).run();
}

inline void build_trail(const LanePlan& plan, const MarketView& market, const LaneInput* lanes, std::int32_t count, std::int32_t* table) {
  alignas(64) double stack[max_program_depth][block_bars];
  const Program& program = plan.programs[plan.trail.distance];
  const Divisor tick(plan.account.tick.value);
  for (int lane = 0; lane < width; ++lane) {
    const LaneInput& one = lanes[lane < count ? lane : 0];
    for (std::int32_t from = 0; from < market.bars; from += block_bars) {
      const std::int32_t part = market.bars - from < block_bars ? market.bars - from : block_bars;
      evaluate_block(program, one.constants, one.columns, from, part, stack);
      for (std::int32_t i = part; i < part + width && i < block_bars; ++i) stack[0][i] = 0.0;   // the last pack of bars
      std::int32_t* out = table + static_cast<std::int64_t>(from) * width + lane;
      for (std::int32_t i = 0; i < part; i += width) {
        const D x = load_d(&stack[0][i]);
        const I ticks = select(x > all_d(0.0), max_of(pack_level(x, tick), all_i(1)), all_i(pack_price_limit));
        std::int32_t each[width];
        store(each, ticks);
        for (int k = 0; k < width && i + k < part; ++k) out[static_cast<std::int64_t>(i + k) * width] = each[k];
      }
    }
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
