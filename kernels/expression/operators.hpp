// The operators of the strategy language on one value, as every engine evaluates them: a result that is not finite is NaN,
// a comparison with NaN is false, conditions are 0 and 1.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/base/backend.hpp"

namespace quern {

enum class Operator : std::uint8_t {
  constant,  // slot of a number that the lane's parameters decide
  column,    // slot of a series
  negate, logical_not, abs, sqrt, log, exp, floor, ceil,
  add, subtract, multiply, divide, modulo, power,
  less, less_equal, greater, greater_equal, equal, not_equal,
  logical_and, logical_or, min, max,
  if_else
};

// Operands that an operator takes from the stack.
constexpr int operand_count(Operator op) {
  return op <= Operator::column ? 0 : op <= Operator::ceil ? 1 : op == Operator::if_else ? 3 : 2;
}

inline namespace QUERN_BACKEND {

QUERN_HD QUERN_INLINE bool is_defined(double x) { return __builtin_fabs(x) <= 1.7976931348623157e308; }
QUERN_HD QUERN_INLINE double undefined_value() { return __builtin_nan(""); }
QUERN_HD QUERN_INLINE double defined_or_nan(double x) { return is_defined(x) ? x : undefined_value(); }
QUERN_HD QUERN_INLINE double truth(bool x) { return x ? 1.0 : 0.0; }

QUERN_HD QUERN_INLINE double apply(Operator op, double a) {
  switch (op) {
    case Operator::negate: return -a;
    case Operator::logical_not: return truth(a == 0.0);
    case Operator::abs: return __builtin_fabs(a);
    case Operator::sqrt: return defined_or_nan(__builtin_sqrt(a));
    case Operator::log: return defined_or_nan(__builtin_log(a));
    case Operator::exp: return defined_or_nan(__builtin_exp(a));
    case Operator::floor: return __builtin_floor(a);
    case Operator::ceil: return __builtin_ceil(a);
    default: return undefined_value();
  }
}

QUERN_HD QUERN_INLINE double apply(Operator op, double a, double b) {
  switch (op) {
    case Operator::add: return defined_or_nan(a + b);
    case Operator::subtract: return defined_or_nan(a - b);
    case Operator::multiply: return defined_or_nan(a * b);
    case Operator::divide: return defined_or_nan(a / b);
    case Operator::modulo: return defined_or_nan(__builtin_fmod(a, b));
    case Operator::power: return defined_or_nan(__builtin_pow(a, b));
    case Operator::less: return truth(a < b);
    case Operator::less_equal: return truth(a <= b);
    case Operator::greater: return truth(a > b);
    case Operator::greater_equal: return truth(a >= b);
    case Operator::equal: return truth(a == b);
    case Operator::not_equal: return truth(a < b || a > b);
    case Operator::logical_and: return truth(a != 0.0 && b != 0.0);
    case Operator::logical_or: return truth(a != 0.0 || b != 0.0);
    case Operator::min: return a == a && b == b ? (b < a ? b : a) : undefined_value();
    case Operator::max: return a == a && b == b ? (a < b ? b : a) : undefined_value();
    default: return undefined_value();
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
