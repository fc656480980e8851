// One lane, bar by bar, in the order of the execution model.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"
#include "host/reference/evaluator.hpp"
#include "host/reference/journal.hpp"
#include "host/reference/ledger.hpp"
#include "host/reference/metrics.hpp"
#include "host/reference/orders.hpp"
#include "host/strategy/job.hpp"

namespace quern::reference {

class Simulation {
 public:
  // Keeps references to job, series and values; `trace` and `journal` may be null.
  Simulation(const Job& job, const Series& series, const std::vector<double>& values, int first_decision_bar, Trace* trace,
             Journal* journal = nullptr);
  void run();

  const RunRecord& record() const { return record_; }
  const Ledger& ledger() const { return ledger_; }
  std::uint32_t faults() const { return faults_; }

 private:
  enum class EntryAs { market_at_open, limit_at_open, limit_at_price, market_at_close };
  struct Prices { std::int32_t open, high, low; };
  struct Stop {
    std::int64_t ticks;
    ExitReason reason;
  };
  struct OpenTarget {
    std::int64_t ticks;
    std::optional<double> fraction;
  };
  // What the open position needs besides the ledger.
  struct Position {
    std::optional<Stop> stop;
    std::vector<OpenTarget> targets;    // nearest first (E4)
    std::size_t targets_filled = 0;
    std::int64_t activation_ticks = 0;
    std::optional<std::int64_t> best;   // E20
    EntryAs entered_as = EntryAs::market_at_open;
    std::int64_t liquidation_ticks = 0;
  };

  void step(int bar);
  void fill_at_open(int bar);
  void exit_at_gaps(int bar, const Prices& prices);
  void exit_within(int bar, const Prices& prices, bool is_detail);
  void walk_detail(int bar);
  void close_bar(int bar);
  bool mark(int bar);
  void move_stops(int bar);
  bool cancel_waiting(int bar);
  void decide_exit(int bar);
  void decide_entry(int bar);

  bool limit_is_reached(int bar) const;
  void enter(int bar, const EntryOrder& order, std::int32_t price, EntryAs as);
  void reject(int bar, Rejection why, double quantity = 0.0, double price = 0.0);
  void note_close(int bar, bool was_open, bool cancelled);
  double uncapped_quantity(const EntryOrder& order, double price, std::int32_t price_ticks, double fee_rate) const;
  std::optional<Stop> nearest_stop() const;                     // E24 included
  bool touches(const Stop& stop, std::int32_t price) const;
  bool next_target_is_reached(const Prices& prices) const;
  void fill_target(int bar, std::int32_t price);
  void fill_reached_targets(int bar, const Prices& prices);
  void exit_at_stop(int bar, const Stop& stop, std::int32_t market_price);
  void exit_all(int bar, std::int32_t price, bool slips, ExitReason reason);
  std::int32_t slipped(std::int32_t ticks, int direction, double slippage_bps) const;
  double total_slippage_bps(int bar, std::int64_t lots) const;
  bool is_blocked() const { return halted_today_ || halted_; }

  std::int32_t open(int bar) const { return series_.candles.open[static_cast<std::size_t>(bar)]; }
  std::int32_t close(int bar) const { return series_.candles.close[static_cast<std::size_t>(bar)]; }
  Prices prices(int bar) const {
    const auto b = static_cast<std::size_t>(bar);
    return {series_.candles.open[b], series_.candles.high[b], series_.candles.low[b]};
  }
  std::int32_t adverse(const Prices& prices) const { return ledger_.side() > 0 ? prices.low : prices.high; }
  std::int32_t favourable(const Prices& prices) const { return ledger_.side() > 0 ? prices.high : prices.low; }

  const Job& job_;
  const Strategy& strategy_;
  const Series& series_;
  Trace* trace_;
  Journal* journal_;
  Evaluator evaluator_;
  Ledger ledger_;
  RunRecord record_;
  std::uint32_t faults_ = 0;
  int last_bar_;

  Position position_;
  std::optional<ExitReason> pending_exit_;       // E14, fills at the next open
  std::optional<EntryOrder> pending_entry_;      // market order, reversal or fallback for the next open
  std::optional<EntryOrder> waiting_limit_;      // E7
  std::optional<int> last_exit_bar_;             // E10
  double last_mark_;                             // equity at the last close
  double day_start_, peak_;                      // E26
  std::optional<std::int64_t> day_;
  bool halted_today_ = false, halted_ = false, ruined_ = false;
};

}  // namespace quern::reference
