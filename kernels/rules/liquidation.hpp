// The price at which a leveraged position is taken away (E24).
#pragma once

#include "kernels/base/ticks.hpp"
#include "kernels/market/rules.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

// In ticks; leverage above 1.
QUERN_HD inline std::int64_t liquidation_ticks(int side, std::int32_t entry_ticks, const Account& account) {
  const double entry = static_cast<double>(entry_ticks);
  if (side > 0) {
    const double x = entry * (1.0 - 1.0 / account.leverage) / (1.0 - account.maintenance);
    const double ticks = __builtin_ceil(x * (1.0 - 1e-12));
    return ticks >= static_cast<double>(max_ticks) ? max_ticks : static_cast<std::int64_t>(ticks);
  }
  const double x = entry * (1.0 + 1.0 / account.leverage) / (1.0 + account.maintenance);
  return static_cast<std::int64_t>(__builtin_floor(x * (1.0 + 1e-12)));
}

}  // namespace QUERN_BACKEND
}  // namespace quern
