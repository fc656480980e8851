// The lane loop for a pack of lanes. On a quiet bar all lanes do the same few vector operations; a lane for which the
// conservative tests say that something may happen takes the exact rules by itself. Same bits as run_lane.
#pragma once

#include "kernels/lane/run_lane.hpp"
#include "kernels/simd/pack.hpp"
#include "kernels/simd/packs.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

enum class TrailKind { none, distance, distances, levels };   // one column for all lanes, or one each

template <class Real, bool mirrored, TrailKind trail_kind>
class PackRunner {
  using Reals = typename PackOf<Real>::type;
  static constexpr int lanes = pack_lanes;
  static constexpr std::int32_t no_stop = -2147483647 - 1, no_target = 2147483647;

 public:
  explicit PackRunner(const PackRequest& request)
      : request_(request), plan_(*request.plan), market_(*request.market), last_(market_.bars - 1) {}

  void run() {
    start();
    if (first_ < last_) {
      for (std::int32_t block = first_ >> 6; block <= (last_ - 1) >> 6; ++block) run_block(block);
    }
    finish();
  }

 private:
  // ---- Setting up
  void start() {
    const std::int32_t wanted = request_.lanes[0].first_bar;
    first_ = wanted < last_ ? wanted : last_;
    dead_ = all_lanes & ~((request_.count == 32 ? 0u : 1u << request_.count) - 1u);
    for (int lane = 0; lane < lanes; ++lane) {
      start_lane(plan_, state_[lane]);
      marks_[lane].start(plan_.account.capital, first_);
      exposed_from_[lane] = -1;
      push_marks(lane);
      push(lane);
      base_level_[lane] = halt_factor_[lane] = 0.0;
      near_drawn_[lane] = 0;
    }
    next_time_exit_ = last_;
    sample_row(first_);
  }

  // ---- A block of 64 bars
  void run_block(std::int32_t block) {
    const std::int32_t begin = block << 6;
    const std::int32_t end = begin + 64 < last_ ? begin + 64 : last_;
    std::int32_t bar = begin > first_ ? begin : first_;
    read_signals(block, bar - begin);
    if constexpr (trail_kind == TrailKind::distances || trail_kind == TrailKind::levels) read_trails(begin, end);
    const std::uint64_t samples = plan_.sampling == Sampling::bar ? ~0ull : request_.work.day_ends[block];
    const std::uint64_t days = request_.work.day_ends[block];
    const std::uint64_t funding = request_.work.funding != nullptr ? request_.work.funding[block] : 0;
    const std::uint64_t after = daily_limit() ? samples | days : samples;
    while (bar < end) {
      const std::uint64_t ahead = ~0ull << (bar & 63);
      std::int32_t stop = first_set(interest_ & ahead, begin, end);
      if ((in_position_ | special_) == 0) {
        bool released = false;
        for (std::uint64_t due = after & ahead; due != 0 && !released; due &= due - 1) {
          const std::int32_t at = begin + __builtin_ctzll(due);
          if (at >= stop) break;
          const bool day_end = days >> (at & 63) & 1;
          if (day_end && daily_limit()) count_filtered(begin, bar, at + 1);
          quiet_mark(at, day_end, at > first_ && (samples >> (at & 63) & 1));
          if (!day_end || !daily_limit()) continue;
          stop = at + 1;                       // lanes that were stopped for the day may act from here on
          released = true;
        }
        if (!released) count_filtered(begin, bar, stop);
        bar = stop;
        if (released) continue;
      } else if (special_ == 0) {
        if (funding != 0) stop = least(stop, first_set(funding & ahead, begin, end));
        stop = least(stop, next_time_exit_);
        const std::int32_t due = first_set(after & ahead, begin, end);
        const std::int32_t from = bar;
        bar = quiet(bar, least(stop, due + 1));
        count_filtered(begin, from, bar);
        if (bar == due + 1) {
          quiet_mark(due, days >> (due & 63) & 1, due > first_ && (samples >> (due & 63) & 1));
          continue;
        }
      }
      if (bar >= end) break;
      full_bar(bar, funding >> (bar & 63) & 1, days >> (bar & 63) & 1, bar > first_ && (samples >> (bar & 63) & 1));
      ++bar;
    }
    if ((block & 3) == 3 && end == begin + 64) flush();
  }

  static std::int32_t least(std::int32_t a, std::int32_t b) { return a < b ? a : b; }
  static std::int32_t first_set(std::uint64_t word, std::int32_t begin, std::int32_t end) {
    if (word == 0) return end;
    return least(begin + __builtin_ctzll(word), end);
  }
  bool daily_limit() const { return plan_.account.daily_loss_limit < __builtin_inf(); }
  bool halt_limit() const { return plan_.account.max_drawdown_halt < __builtin_inf(); }

  void read_signals(std::int32_t block, std::int32_t from) {
    block_ = block;
    const std::uint64_t valid = ~0ull << from;
    for (int lane = 0; lane < lanes; ++lane) {
      const LaneInput& in = input(lane);
      const auto word = [&](const std::uint64_t* bits) { return bits != nullptr ? bits[block] & valid : 0; };
      const std::uint64_t wants_long = word(in.entry_long), wants_short = word(in.entry_short);
      const std::uint64_t filter = in.filter != nullptr ? in.filter[block] : ~0ull;
      enter_long_[lane] = wants_long & ~wants_short & filter;
      enter_short_[lane] = wants_short & ~wants_long & filter;
      filtered_[lane] = (wants_long ^ wants_short) & ~filter;
      exit_long_[lane] = word(in.exit_long);
      exit_short_[lane] = word(in.exit_short);
      renew_interest(lane);
    }
    join_interest();
  }

  const LaneInput& input(int lane) const { return request_.lanes[lane < request_.count ? lane : 0]; }

  void renew_interest(int lane) {
    const LaneState& s = state_[lane];
    const bool blocked = s.day_stopped || s.halted;
    std::uint64_t word = 0;
    if (dead_ >> lane & 1) {
      word = 0;
    } else if (s.position.side == 0) {
      const std::int32_t wait = s.next_entry_bar - (block_ << 6);
      const std::uint64_t open = blocked || wait > 63 ? 0 : wait <= 0 ? ~0ull : ~0ull << wait;
      word = (enter_long_[lane] | enter_short_[lane]) & open;
    } else {
      const bool reverse = plan_.rules.reverse && !blocked;
      word = s.position.side > 0 ? exit_long_[lane] | (reverse ? enter_short_[lane] : 0)
                                 : exit_short_[lane] | (reverse ? enter_long_[lane] : 0);
    }
    lane_interest_[lane] = word;
  }

  void join_interest() {
    interest_ = 0;
    for (int lane = 0; lane < lanes; ++lane) interest_ |= lane_interest_[lane];
  }

  // E11 over bars [from, to) at which no lane took the exact rules.
  void count_filtered(std::int32_t begin, std::int32_t from, std::int32_t to) {
    if (request_.lanes[0].filter == nullptr || from >= to) return;
    const std::uint64_t until = to - begin >= 64 ? ~0ull : ~(~0ull << (to - begin));
    for (int lane = 0; lane < request_.count; ++lane) {
      LaneState& s = state_[lane];
      if (filtered_[lane] == 0 || s.position.side != 0 || s.day_stopped || s.halted || (dead_ | special_) >> lane & 1) continue;
      const std::int32_t start = s.next_entry_bar > from ? s.next_entry_bar : from;
      if (start >= to) continue;
      s.count.filtered += __builtin_popcountll(filtered_[lane] & until & (~0ull << (start - begin)));
    }
  }

  void read_trails(std::int32_t begin, std::int32_t end) {
    for (int lane = 0; lane < lanes; ++lane) {
      const TrailColumns& trail = request_.trails[lane < request_.count ? lane : 0];
      for (std::int32_t bar = begin; bar < end; ++bar) {
        if constexpr (trail_kind == TrailKind::distances) {
          trail_a_[bar - begin][lane] = trail.distance[bar];
        } else {
          trail_a_[bar - begin][lane] = trail.long_level != nullptr ? trail.long_level[bar] : no_trail_level;
          trail_b_[bar - begin][lane] = trail.short_level != nullptr ? trail.short_level[bar] : no_trail_level;
        }
      }
    }
  }

  // ---- Vector parts
  QUERN_INLINE Mask shorts() const { return mask_of(shorts_); }
  template <class Source>
  QUERN_INLINE static Int mirror(Mask shorts, Source if_long, Source if_short) {
    if constexpr (mirrored) {
      return select(shorts, fill(-if_short), fill(if_long));
    } else {
      return fill(if_long);
    }
  }

  // How far below its peak each position is at the close (MarkOf).
  QUERN_INLINE Reals depth_at(std::int32_t bar, Reals gap, Reals slope, Int entry) const {
    return gap - slope * to_real(fill(market_.close[bar]) - entry, Reals{});
  }
  QUERN_INLINE Double exact_equity_at(std::int32_t bar) const {
    return load(exact_cash_) + load(signed_quantity_) * (fill(market_.close_price[bar]) - load(exact_entry_));
  }

  // E20 for lanes whose best and stop are in vectors.
  QUERN_INLINE void trail_stops(std::int32_t bar, Mask shorts, Int favourable, Int& best, Int& stop, Int activation) const {
    if constexpr (trail_kind != TrailKind::none) {
      Int reach = favourable;
      if (plan_.trail_basis == TrailBasis::close) reach = mirror(shorts, market_.close[bar], market_.close[bar]);
      best = larger(best, reach);
      Int level;
      if constexpr (trail_kind == TrailKind::distance) {
        level = best - fill(request_.trails[0].distance[bar]);
      } else if constexpr (trail_kind == TrailKind::distances) {
        level = best - load(trail_a_[bar & 63]);
      } else {
        level = select(shorts, load(trail_b_[bar & 63]), load(trail_a_[bar & 63]));
      }
      stop = select(at_least(best, activation), larger(stop, level), stop);
    }
  }

  // Peaks, starts and ends of drawdowns of the lanes in a position, from exact marks. From and to memory.
  void follow(std::int32_t bar) {
    const Double equity = exact_equity_at(bar), peak = load(peak_);
    const std::uint32_t up = bits_of(below(peak, equity)) & in_position_, down = bits_of(below(equity, peak)) & in_position_;
    const std::uint32_t start = down & ~drawn_, raise = up & ~drawn_, recover = in_position_ & drawn_ & ~down;
    if (start != 0) {
      const Mask m = mask_of(start);
      drawn_ |= start;
      store(peak_bar_, select(m, fill(bar - 1), load(peak_bar_)));
      store(near_, select(m, load(near_drawn_), load(near_)));
    }
    if (raise != 0) {
      const Mask m = mask_of(raise);
      const Double new_peak = select(m, equity, peak), cash = load(exact_cash_);
      const Reals inverse = fill(Real(1)) / to_real(new_peak, Reals{}), weight = inverse * inverse;
      store(peak_, new_peak);
      store(inverse_, select(m, inverse, load(inverse_)));
      store(weight_, select(m, weight, load(weight_)));
      store(live_weight_, select(m, weight, load(live_weight_)));
      const Double gap = new_peak - cash;
      store(gap_, select(m, to_real(gap, Reals{}), load(gap_)));
      store(near_drawn_, select(m, to_real(near_of(gap, new_peak), Reals{}), load(near_drawn_)));
      const Double level = larger(load(base_level_), new_peak * load(halt_factor_));
      store(limit_, select(m, to_real(limit_of(level, cash, new_peak), Reals{}), load(limit_)));
    }
    for (std::uint32_t left = recover; left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      pull_marks(lane);
      marks_[lane].follow(exact_cash_[lane] + signed_quantity_[lane] * (market_.close_price[bar] - exact_entry_[lane]), bar,
                          market_.elapsed_days);
      push_marks(lane);
    }
  }

  // A drawdown nearer to its end than this is looked at in exact money.
  QUERN_INLINE static Double near_of(Double gap, Double peak) { return larger(gap, fill(0.0) - gap) * fill(1e-6) + peak * fill(1e-9); }
  static double near_of(double gap, double peak) { return __builtin_fabs(gap) * 1e-6 + peak * 1e-9; }
  // So is one deeper than this: equity may be at `level`, where the lane is ruined or a breaker trips.
  QUERN_INLINE static Double limit_of(Double level, Double cash, Double peak) {
    return peak - level - (larger(cash, fill(0.0) - cash) + peak) * fill(1e-5);
  }
  static double limit_of(double level, double cash, double peak) {
    return peak - level - (__builtin_fabs(cash) + peak) * 1e-5;
  }

  // Bars from `bar` on, before `end`, until one at which a lane may act; returns that bar, or `end`.
  std::int32_t quiet(std::int32_t bar, std::int32_t end) {
    const Mask shorts = this->shorts();
    const Int liquidation = load(liquidation_), target = load(target_), activation = load(activation_), entry = load(entry_);
    const Reals slope = load(slope_);
    Int stop = load(stop_), best = load(best_);
    Reals gap = load(gap_), weight = load(live_weight_), near = load(near_), limit = load(limit_);
    Reals deepest = load(deepest_), block = load(block_sum_);
    for (; bar < end; ++bar) {
      const Int adverse = mirror(shorts, market_.low[bar], market_.high[bar]);
      const Int favourable = mirror(shorts, market_.high[bar], market_.low[bar]);
      if (bits_of(at_most(adverse, larger(stop, liquidation)) | at_least(favourable, target)) != 0) break;
      Reals depth = depth_at(bar, gap, slope, entry);
      if (bits_of(below(depth, near) | below(limit, depth)) != 0) [[unlikely]] {
        if (bits_of(below(limit, depth)) != 0) break;
        store(deepest_, deepest);
        follow(bar);
        gap = load(gap_), weight = load(live_weight_), near = load(near_), limit = load(limit_), deepest = load(deepest_);
        depth = select(mask_of(drawn_), depth_at(bar, gap, slope, entry), fill(Real(0)));
      }
      deepest = larger(deepest, depth);
      block = block + (depth * depth) * weight;
      trail_stops(bar, shorts, favourable, best, stop, activation);
    }
    store(stop_, stop), store(best_, best);
    store(deepest_, deepest), store(block_sum_, block);
    return bar;
  }

  // ---- One bar with the exact rules where they are needed
  void full_bar(std::int32_t bar, bool funding, bool day_end, bool sample) {
    std::uint32_t touched = special_;
    {
      const Mask shorts = this->shorts();
      const Int adverse = mirror(shorts, market_.low[bar], market_.high[bar]);
      const Int favourable = mirror(shorts, market_.high[bar], market_.low[bar]);
      const Mask hit = at_most(adverse, larger(load(stop_), load(liquidation_))) | at_least(favourable, load(target_));
      touched |= bits_of(hit) & in_position_;
    }
    for (std::uint32_t left = touched; left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      pull(lane);
      if (state_[lane].position.side == 0) state_[lane].equity = state_[lane].cash;
      open_bar(plan_, market_, state_[lane], bar);
      push(lane);
    }
    if (funding) {
      for (std::uint32_t left = in_position_; left != 0; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        pay_funding(market_, state_[lane], bar);
        push_cash(lane);
      }
    }
    // The mark. Lanes near ruin or a breaker, and those that acted, are judged in exact money first.
    const Reals before = depth_at(bar, load(gap_), load(slope_), load(entry_));
    const std::uint32_t judged = touched | (bits_of(below(load(limit_), before)) & in_position_);
    for (std::uint32_t left = judged; left != 0; left &= left - 1) judge(__builtin_ctz(left), bar);
    follow(bar);
    const Reals depth = select(mask_of(drawn_ & in_position_), depth_at(bar, load(gap_), load(slope_), load(entry_)), fill(Real(0)));
    store(deepest_, larger(load(deepest_), depth));
    store(block_sum_, load(block_sum_) + (depth * depth) * load(live_weight_));
    if (sample) sample_row(bar);
    if (day_end) start_day(bar);
    touched |= judged;
    // Moving stops.
    if constexpr (trail_kind != TrailKind::none) {
      const Mask shorts = this->shorts();
      Int best = load(best_), stop = load(stop_);
      trail_stops(bar, shorts, mirror(shorts, market_.high[bar], market_.low[bar]), best, stop, load(activation_));
      const Mask own = mask_of(touched);
      store(best_, select(own, load(best_), best));
      store(stop_, select(own, load(stop_), stop));
    }
    for (std::uint32_t left = touched & in_position_; left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      pull(lane);
      move_stops(plan_, market_, input(lane), state_[lane], bar);
    }
    // Decisions.
    std::uint32_t due = touched & ~dead_;
    for (int lane = 0; lane < lanes; ++lane) {
      due |= static_cast<std::uint32_t>(((lane_interest_[lane] | filtered_[lane]) >> (bar & 63) & 1) | (bar >= time_exit_[lane])) << lane;
    }
    due &= ~dead_;
    for (std::uint32_t left = due; left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      if (!(touched >> lane & 1)) pull(lane);
      LaneState& s = state_[lane];
      s.equity = marked_equity(s, market_.close_price[bar]);
      decide(plan_, market_, input(lane), s, bar);
    }
    touched |= due;
    if (day_end) release_day();
    if (touched == 0) return;
    for (std::uint32_t left = touched; left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      push(lane);
      if (state_[lane].position.side != 0 && marks_[lane].flat_from >= 0) leave_flat(lane, bar + 1);   // filled at the close
      renew_interest(lane);
    }
    join_interest();
    next_time_exit_ = last_;
    for (int lane = 0; lane < lanes; ++lane) next_time_exit_ = least(next_time_exit_, time_exit_[lane]);
  }

  void leave_flat(int lane, std::int32_t bar) {
    pull_marks(lane);
    marks_[lane].end_flat(bar);
    push_marks(lane);
    exposed_from_[lane] = bar;
    live_weight_[lane] = weight_[lane];
  }

  // E25 and E26 of one lane, and the change of its statistics between flat and in a position.
  void judge(int lane, std::int32_t bar) {
    LaneState& s = state_[lane];
    const bool exposed = s.position.side != 0;
    pull(lane);
    s.peak = peak_[lane];
    s.equity = marked_equity(s, market_.close_price[bar]);
    if (s.equity <= 0.0) {
      ruin(plan_, market_, s, bar);
      dead_ |= 1u << lane;
    }
    breakers(plan_, s);
    push(lane);
    if (s.position.side != 0) {
      if (marks_[lane].flat_from >= 0) leave_flat(lane, bar);
      return;
    }
    if (exposed_from_[lane] >= 0) {
      s.count.exposed_bars += bar - exposed_from_[lane];
      exposed_from_[lane] = -1;
    }
    if (exposed) ++s.count.exposed_bars;
    pull_marks(lane);
    marks_[lane].mark(mark_of<Real>(s, market_.close[bar], plan_.account.tick), bar, market_.elapsed_days);
    push_marks(lane);
  }

  // ---- Samples and days
  void quiet_mark(std::int32_t bar, bool day_end, bool sample) {
    if (sample) sample_row(bar);
    if (!day_end || !daily_limit()) return;
    start_day(bar);
    release_day();
  }

  // E26: the mark that the next day starts from, and the end of a stop for the day after the bar's decisions.
  void start_day(std::int32_t bar) {
    if (!daily_limit()) return;
    for (int lane = 0; lane < lanes; ++lane) state_[lane].day_start = marked_equity(state_[lane], market_.close_price[bar]);
  }
  void release_day() {
    if (!daily_limit()) return;
    for (int lane = 0; lane < lanes; ++lane) {
      state_[lane].day_stopped = false;
      push_limits(lane);
      renew_interest(lane);
    }
    join_interest();
  }

  void sample_row(std::int32_t bar) {
    double* row = request_.samples + static_cast<std::int64_t>(sample_count_++) * lanes;
    if (in_position_ == 0) {
      for (int lane = 0; lane < lanes; ++lane) row[lane] = exact_cash_[lane];
      return;
    }
    const double close = market_.close_price[bar];
    for (int lane = 0; lane < lanes; ++lane) {
      row[lane] = exact_cash_[lane] + signed_quantity_[lane] * (close - exact_entry_[lane]);
    }
  }

  void flush() {
    for (int lane = 0; lane < lanes; ++lane) {
      marks_[lane].squares += static_cast<double>(block_sum_[lane]);
      block_sum_[lane] = 0;
    }
  }

  // ---- Between the exact state of a lane and the vectors
  void pull(int lane) {
    Position& p = state_[lane].position;
    if (p.side == 0) return;
    if (stop_[lane] != stop_seen_[lane]) {
      p.has_stop = true;
      p.stop = static_cast<std::int64_t>(p.side) * stop_[lane];
      p.stop_reason = ExitReason::trailing_stop_loss;
      stop_seen_[lane] = stop_[lane];
    }
    if (trail_kind != TrailKind::none) p.best = static_cast<std::int64_t>(p.side) * best_[lane];
  }

  static std::int32_t clamped(std::int64_t x) {
    return x < -2147483647 ? -2147483647 : x > 2147483647 ? 2147483647 : static_cast<std::int32_t>(x);
  }

  void push_cash(int lane) {
    exact_cash_[lane] = state_[lane].cash;
    gap_[lane] = static_cast<Real>(peak_[lane] - exact_cash_[lane]);
    push_limits(lane);
  }

  void push_limits(int lane) {
    const LaneState& s = state_[lane];
    if (s.position.side == 0) {
      near_[lane] = -__builtin_inff();
      limit_[lane] = __builtin_inff();
      return;
    }
    double level = 0.0;
    if (daily_limit() && !s.day_stopped) {
      const double daily = s.day_start * (1.0 - plan_.account.daily_loss_limit);
      if (daily > level) level = daily;
    }
    base_level_[lane] = level;
    const double halt = halt_limit() && !s.halted ? 1.0 - plan_.account.max_drawdown_halt : 0.0;
    halt_factor_[lane] = halt > 0.0 ? halt : 0.0;
    const double halted = peak_[lane] * halt_factor_[lane];
    limit_[lane] = static_cast<Real>(limit_of(level > halted ? level : halted, s.cash, peak_[lane]));
    near_drawn_[lane] = static_cast<Real>(near_of(peak_[lane] - s.cash, peak_[lane]));
    near_[lane] = drawn_ >> lane & 1 ? near_drawn_[lane] : static_cast<Real>(__builtin_inff());
  }

  void push(int lane) {
    const LaneState& s = state_[lane];
    const Position& p = s.position;
    const std::uint32_t bit = 1u << lane;
    in_position_ &= ~bit, shorts_ &= ~bit, special_ &= ~bit;
    if (s.exit_due || s.order != Order::none) special_ |= bit;
    time_exit_[lane] = 2147483647;
    if (p.side == 0) {
      stop_[lane] = liquidation_[lane] = no_stop;
      target_[lane] = no_target;
      best_[lane] = no_stop;
      activation_[lane] = no_target;
      entry_[lane] = 0;
      slope_[lane] = 0;
      signed_quantity_[lane] = exact_entry_[lane] = 0.0;
      live_weight_[lane] = 0;
    } else {
      in_position_ |= bit;
      if (p.side < 0) shorts_ |= bit;
      stop_[lane] = p.has_stop ? clamped(p.side * p.stop) : no_stop;
      liquidation_[lane] = p.has_liquidation ? clamped(p.side * p.liquidation) : no_stop;
      target_[lane] = p.targets_filled < p.target_count ? clamped(p.side * p.targets[p.targets_filled]) : no_target;
      best_[lane] = p.best > max_ticks ? no_stop : static_cast<std::int32_t>(p.side * p.best);
      activation_[lane] = clamped(static_cast<std::int64_t>(p.side) * p.entry_ticks + p.activation);
      entry_[lane] = p.entry_ticks;
      signed_quantity_[lane] = p.side * p.quantity;
      exact_entry_[lane] = p.entry_price;
      slope_[lane] = static_cast<Real>(p.side * p.quantity * plan_.account.tick.value);
      live_weight_[lane] = marks_[lane].flat_from >= 0 ? 0 : weight_[lane];
      const std::int32_t most = input(lane).max_bars;
      if (most > 0 && most < last_) time_exit_[lane] = p.entry_bar + most - 1;
    }
    stop_seen_[lane] = stop_[lane];
    push_cash(lane);
  }

  void pull_marks(int lane) {
    MarkStatistics<Real>& m = marks_[lane];
    m.peak = peak_[lane], m.inverse_peak = inverse_[lane], m.weight = weight_[lane];
    m.deepest = deepest_[lane], m.block = block_sum_[lane];
    m.in_drawdown = drawn_ >> lane & 1;
    m.peak_bar = peak_bar_[lane];
  }
  void push_marks(int lane) {
    const MarkStatistics<Real>& m = marks_[lane];
    peak_[lane] = m.peak, inverse_[lane] = m.inverse_peak, weight_[lane] = m.weight;
    deepest_[lane] = m.deepest, block_sum_[lane] = m.block;
    drawn_ = (drawn_ & ~(1u << lane)) | static_cast<std::uint32_t>(m.in_drawdown) << lane;
    peak_bar_[lane] = m.peak_bar;
    if (state_[lane].position.side != 0 && m.flat_from < 0) live_weight_[lane] = m.weight;
    push_cash(lane);
  }

  // ---- The last bar and the results
  void finish() {
    const std::int32_t bar = last_;
    for (int lane = 0; lane < request_.count; ++lane) {
      LaneState& s = state_[lane];
      MarkStatistics<Real>& m = marks_[lane];
      pull(lane);
      pull_marks(lane);
      if (!(dead_ >> lane & 1)) {
        const bool was_flat = s.position.side == 0;
        if (was_flat) s.equity = s.cash;
        s.peak = peak_[lane];
        if (first_ < last_) open_bar(plan_, market_, s, bar);
        pay_funding(market_, s, bar);
        if (exposed_from_[lane] >= 0) s.count.exposed_bars += bar - exposed_from_[lane];
        if (s.position.side != 0) ++s.count.exposed_bars;
        end_lane(plan_, market_, s, bar);
        s.equity = marked_equity(s, market_.close_price[bar]);
        if (s.equity <= 0.0) ruin(plan_, market_, s, bar);
        m.mark(mark_of<Real>(s, market_.close[bar], plan_.account.tick), bar, market_.elapsed_days);
      }
      s.equity = marked_equity(s, market_.close_price[bar]);
      m.finish(bar, market_.elapsed_days);
      request_.samples[static_cast<std::int64_t>(first_ < last_ ? sample_count_ : 0) * lanes + lane] = s.equity;
    }
    const std::int32_t samples = first_ < last_ ? sample_count_ + 1 : 1;
    for (int lane = 0; lane < request_.count; ++lane) {
      finish_lane(plan_, market_, first_, state_[lane], marks_[lane],
                  sample_statistics(request_.samples + lane, lanes, samples, plan_.periods_per_year, request_.scratch),
                  *request_.results[lane]);
    }
  }
  const PackRequest& request_;
  const LanePlan& plan_;
  const MarketView& market_;
  const std::int32_t last_;
  std::int32_t first_ = 0, block_ = 0, next_time_exit_ = 0, sample_count_ = 0;
  std::uint32_t in_position_ = 0, shorts_ = 0, special_ = 0, dead_ = 0, drawn_ = 0;   // one bit a lane
  std::uint64_t interest_ = 0;

  alignas(64) std::int32_t stop_[lanes], liquidation_[lanes], target_[lanes], best_[lanes], activation_[lanes];   // mirrored
  alignas(64) std::int32_t entry_[lanes], peak_bar_[lanes], stop_seen_[lanes], time_exit_[lanes];
  alignas(64) Real slope_[lanes], gap_[lanes], near_[lanes], near_drawn_[lanes], limit_[lanes];
  alignas(64) Real inverse_[lanes], weight_[lanes], live_weight_[lanes], deepest_[lanes], block_sum_[lanes];
  alignas(64) double peak_[lanes], base_level_[lanes], halt_factor_[lanes];
  alignas(64) double exact_cash_[lanes], signed_quantity_[lanes], exact_entry_[lanes];
  alignas(64) std::uint64_t enter_long_[lanes], enter_short_[lanes], filtered_[lanes], exit_long_[lanes], exit_short_[lanes];
  alignas(64) std::uint64_t lane_interest_[lanes];
  alignas(64) std::int32_t trail_a_[64][lanes], trail_b_[64][lanes];
  std::int32_t exposed_from_[lanes];
  MarkStatistics<Real> marks_[lanes];
  LaneState state_[lanes];
};

template <class Real, bool mirrored>
void run_mirrored(const PackRequest& request) {
  TrailKind kind = TrailKind::none;
  if (request.trails != nullptr) {
    kind = request.trails[0].distance == nullptr ? TrailKind::levels : TrailKind::distance;
    for (int lane = 1; lane < request.count && kind == TrailKind::distance; ++lane) {
      if (request.trails[lane].distance != request.trails[0].distance) kind = TrailKind::distances;
    }
  }
  switch (kind) {
    case TrailKind::none: PackRunner<Real, mirrored, TrailKind::none>(request).run(); break;
    case TrailKind::distance: PackRunner<Real, mirrored, TrailKind::distance>(request).run(); break;
    case TrailKind::distances: PackRunner<Real, mirrored, TrailKind::distances>(request).run(); break;
    case TrailKind::levels: PackRunner<Real, mirrored, TrailKind::levels>(request).run(); break;
  }
}

template <class Real>
void run_packs(const PackRequest& request) {
  bool any_short = false;
  for (int lane = 0; lane < request.count; ++lane) any_short |= request.lanes[lane].entry_short != nullptr;
  if (any_short) {
    run_mirrored<Real, true>(request);
  } else {
    run_mirrored<Real, false>(request);
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
