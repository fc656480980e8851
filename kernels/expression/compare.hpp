// Comparisons of whole series as one bit a bar.
#pragma once

#include <cstdint>

#include "kernels/expression/operators.hpp"

namespace quern {

// Bit `i % 64` of words[i / 64] says whether `a[i] op b[i]`, false where either is NaN; op is Operator::less to not_equal.
// `b` null: compared with `constant`. Bits from `count` on are 0.
void compare_series(Operator op, const double* a, const double* b, double constant, std::int32_t count, std::uint64_t* words);

}  // namespace quern
