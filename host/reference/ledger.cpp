#include "host/reference/ledger.hpp"

#include <cmath>

#include "kernels/base/contract.hpp"

namespace quern::reference {

Ledger::Charges Ledger::charge(std::int64_t lots, const FillPrice& price) {
  const double quantity = this->quantity(lots);
  const double notional = quantity * this->price(price.after);                            // E1c
  const double fee = notional * price.fee_bps / 10000.0;                                  // E1c, E22
  const double slippage = std::fabs(this->price(price.after) - this->price(price.before)) * quantity;
  notional_ += notional;
  fees_ += fee;
  slippage_ += slippage;
  return {fee, slippage};
}

void Ledger::enter(int bar, int decision_bar, int side, std::int64_t lots, const FillPrice& price) {
  QUERN_EXPECT(!is_open() && lots > 0);
  side_ = side;
  lots_ = entry_lots_ = lots;
  entry_ticks_ = price.after;
  entry_bar_ = bar;
  decision_bar_ = decision_bar;
  ambiguous_ = false;

  const Charges charges = charge(lots, price);
  cash_ = cash_ - charges.fee;
  profit_ = 0.0 - charges.fee;

  hash_ = decision_hash_add(hash_, bar, 1, side, price.after, lots);
  if (trace_ != nullptr) {
    Fill fill{};
    fill.bar = bar;
    fill.decision_bar = decision_bar;
    fill.side = static_cast<std::int8_t>(side);
    fill.is_entry = 1;
    fill.price_ticks = price.after;
    fill.lots = lots;
    fill.fee = charges.fee;
    fill.slippage = charges.slippage;
    trace_->fills.push_back(fill);
  }
}

void Ledger::exit(int bar, std::int64_t lots, const FillPrice& price, ExitReason reason) {
  QUERN_EXPECT(is_open() && lots > 0 && lots <= lots_);
  const double quantity = this->quantity(lots);
  const double gross = side_ * (quantity * (this->price(price.after) - this->price(entry_ticks_)));  // E1c
  cash_ = cash_ + gross;
  profit_ = profit_ + gross;
  const Charges charges = charge(lots, price);
  cash_ = cash_ - charges.fee;
  profit_ = profit_ - charges.fee;
  lots_ -= lots;
  if (reason == ExitReason::liquidation) ++liquidations_;

  hash_ = decision_hash_add(hash_, bar, 16 + static_cast<int>(reason), side_, price.after, lots);
  if (trace_ != nullptr) {
    Fill fill{};
    fill.bar = bar;
    fill.decision_bar = decision_bar_;
    fill.side = static_cast<std::int8_t>(side_);
    fill.is_last = lots_ == 0 ? 1 : 0;
    fill.reason = reason;
    fill.price_ticks = price.after;
    fill.lots = lots;
    fill.fee = charges.fee;
    fill.slippage = charges.slippage;
    trace_->fills.push_back(fill);
  }
  if (lots_ == 0) trades_.push_back({entry_bar_, bar, profit_, ambiguous_});
}

void Ledger::pay_funding(int bar, std::int32_t close_ticks, double rate) {
  const double paid = ((side_ * quantity(lots_)) * price(close_ticks)) * rate;  // E23
  cash_ = cash_ - paid;
  profit_ = profit_ - paid;
  funding_ += paid;
  if (trace_ != nullptr) trace_->funding.push_back({bar, paid});
}

double Ledger::equity(std::int32_t close_ticks) const {
  if (!is_open()) return cash_;
  return cash_ + side_ * (quantity(lots_) * (price(close_ticks) - price(entry_ticks_)));  // E1c
}

}  // namespace quern::reference
