// On-balance volume.
#pragma once

#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

class Obv {
 public:
  explicit Obv(const Setup&) {}
  static int lookback(const double*) { return 0; }
  void step(const Sample* in, double* out) {
    const double close = in[0].value;
    if (!started_) {
      total_ = in[1].value;
    } else if (close > previous_) {
      total_ += in[1].value;
    } else if (close < previous_) {
      total_ -= in[1].value;
    }
    started_ = true;
    previous_ = close;
    out[0] = total_;
  }

 private:
  bool started_ = false;
  double previous_ = 0.0, total_ = 0.0;
};

inline constexpr FunctionInfo obv_info = describe<Obv>(
    "obv", "On-balance volume: volume added on a rise of the close, taken off on a fall; starts with the first bar's.",
    "TA-Lib", {InputKind::close, InputKind::volume}, {}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
