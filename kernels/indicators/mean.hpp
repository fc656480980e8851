// Mean of a window.
#pragma once

#include "kernels/indicators/sma.hpp"
#include "kernels/indicators/support.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr FunctionInfo mean_info = describe<Sma>("mean", "Mean of the last n values, the same as sma.", "definition",
                                                        {InputKind::number}, {length_argument("n", undefined, 1.0)}, {""});

}  // namespace QUERN_BACKEND
}  // namespace quern
