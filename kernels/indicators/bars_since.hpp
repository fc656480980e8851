// Bars since a condition held.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class BarsSince {
 public:
  explicit BarsSince(const Setup&) {}
  static int lookback(const double*) { return 0; }
  void step(const Sample* in, double* out) {
    if (in[0].value == 1.0) {
      bars_ = 0.0;
    } else {
      bars_ += 1.0;  // stays undefined before the first
    }
    out[0] = bars_;
  }

 private:
  double bars_ = undefined;
};

inline constexpr FunctionInfo bars_since_info =
    describe<BarsSince>("bars_since", "Bars since the condition last held: 0 on such a bar, undefined before the first.",
                        "definition", {InputKind::condition}, {}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
