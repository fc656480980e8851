// The money of one lane: cash, fills, fees, funding and finished trades (E1c).
#pragma once

#include <cstdint>
#include <vector>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"
#include "kernels/base/decision_hash.hpp"
#include "kernels/market/rules.hpp"

namespace quern::reference {

// A position that was closed, in the order of last exits.
struct ClosedTrade {
  std::int32_t entry_bar, exit_bar;
  double profit;            // quote currency, net of fees, slippage and funding
  bool ambiguous;           // E17: at least one bar touched stop and target
};

// A price at which something fills: before and after slippage and impact.
struct FillPrice {
  std::int32_t before, after;  // ticks
  double fee_bps;
};

class Ledger {
 public:
  // `trace` may be null.
  Ledger(const Instrument& instrument, double capital, Trace* trace)
      : tick_(instrument.tick), lot_(instrument.lot), cash_(capital), trace_(trace) {}

  void enter(int bar, int decision_bar, int side, std::int64_t lots, const FillPrice& price);
  // Closes `lots` of the open position, at most what is left.
  void exit(int bar, std::int64_t lots, const FillPrice& price, ExitReason reason);
  void pay_funding(int bar, std::int32_t close_ticks, double rate);
  void mark_ambiguous() { ambiguous_ = true; }

  bool is_open() const { return lots_ > 0; }
  int side() const { return side_; }
  std::int64_t lots() const { return lots_; }
  std::int64_t entry_lots() const { return entry_lots_; }
  std::int32_t entry_ticks() const { return entry_ticks_; }
  int entry_bar() const { return entry_bar_; }
  double price(std::int32_t ticks) const { return price_of(ticks, tick_); }
  double quantity(std::int64_t lots) const { return static_cast<double>(lots) * lot_; }
  double equity(std::int32_t close_ticks) const;

  const std::vector<ClosedTrade>& trades() const { return trades_; }
  double turnover_notional() const { return notional_; }
  double fees() const { return fees_; }
  double funding() const { return funding_; }
  double slippage() const { return slippage_; }
  std::int64_t liquidations() const { return liquidations_; }
  std::uint64_t hash() const { return hash_; }

 private:
  struct Charges { double fee, slippage; };
  // Adds the fill's notional, fee and slippage to the totals.
  Charges charge(std::int64_t lots, const FillPrice& price);

  TickSize tick_;
  double lot_;
  double cash_;
  Trace* trace_;

  int side_ = 0, entry_bar_ = 0, decision_bar_ = 0;
  std::int64_t lots_ = 0, entry_lots_ = 0;
  std::int32_t entry_ticks_ = 0;
  double profit_ = 0.0;
  bool ambiguous_ = false;

  std::vector<ClosedTrade> trades_;
  double notional_ = 0.0, fees_ = 0.0, funding_ = 0.0, slippage_ = 0.0;
  std::int64_t liquidations_ = 0;
  std::uint64_t hash_ = decision_hash_start;
};

}  // namespace quern::reference
