// Percentile rank.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class PercentileRank {
 public:
  explicit PercentileRank(const Setup& setup) : window_(setup.length(0)) {}
  static int lookback(const double* arguments) { return static_cast<int>(arguments[0]); }
  void step(const Sample* in, double* out) {
    const double x = in[0].value;
    out[0] = undefined;
    if (window_.full() && std::isfinite(x) && defined_.length >= window_.size()) {
      std::int64_t below = 0;
      for (double value : window_.slots) below += value <= x;
      out[0] = 100.0 * static_cast<double>(below) / window_.size();
    }
    window_.push(x);
    defined_.step(std::isfinite(x));
  }

 private:
  Ring<double> window_;
  Run defined_;
};

inline constexpr FunctionInfo percentile_rank_info =
    describe<PercentileRank>("percentile_rank", "Share of the n values before that are not above this one, 0 to 100.",
                             "definition", {InputKind::number}, {length_argument("n", undefined, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
