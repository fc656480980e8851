// Programs over whole series, a block of bars at a time, so that what is between the columns stays in the cache.
#pragma once

#include "kernels/expression/program.hpp"

namespace quern {

inline constexpr int block_bars = 256;

inline namespace QUERN_BACKEND {

// Evaluates `program` at bars [first, first + count), count <= block_bars; the result is in stack[0].
inline void evaluate_block(const Program& program, const double* constants, const double* const* columns, std::int32_t first,
                           std::int32_t count, double (*stack)[block_bars]) {
  int top = 0;
  const auto unary = [&](auto op) {
    double* a = stack[top - 1];
    for (int i = 0; i < count; ++i) a[i] = op(a[i]);
  };
  const auto binary = [&](auto op) {
    --top;
    double* a = stack[top - 1];
    const double* b = stack[top];
    for (int i = 0; i < count; ++i) a[i] = op(a[i], b[i]);
  };
  for (int k = 0; k < program.length; ++k) {
    const Instruction at = program.code[k];
    switch (at.op) {
      case Operator::constant:
        for (int i = 0; i < count; ++i) stack[top][i] = constants[at.slot];
        ++top;
        break;
      case Operator::column: {
        const double* column = columns[at.slot];
        for (int i = 0; i < count; ++i) {
          const std::int32_t bar = first + i - at.lag;
          stack[top][i] = bar < 0 ? undefined_value() : column[bar];
        }
        ++top;
        break;
      }
      case Operator::if_else: {
        top -= 2;
        double* c = stack[top - 1];
        for (int i = 0; i < count; ++i) c[i] = c[i] != 0.0 ? stack[top][i] : stack[top + 1][i];
        break;
      }
#define QUERN_UNARY(name) \
  case Operator::name: unary([](double a) { return apply(Operator::name, a); }); break;
#define QUERN_BINARY(name) \
  case Operator::name: binary([](double a, double b) { return apply(Operator::name, a, b); }); break;
      QUERN_UNARY(negate) QUERN_UNARY(logical_not) QUERN_UNARY(abs) QUERN_UNARY(sqrt) QUERN_UNARY(log) QUERN_UNARY(exp)
      QUERN_UNARY(floor) QUERN_UNARY(ceil)
      QUERN_BINARY(add) QUERN_BINARY(subtract) QUERN_BINARY(multiply) QUERN_BINARY(divide) QUERN_BINARY(modulo)
      QUERN_BINARY(power) QUERN_BINARY(less) QUERN_BINARY(less_equal) QUERN_BINARY(greater) QUERN_BINARY(greater_equal)
      QUERN_BINARY(equal) QUERN_BINARY(not_equal) QUERN_BINARY(logical_and) QUERN_BINARY(logical_or) QUERN_BINARY(min)
      QUERN_BINARY(max)
#undef QUERN_UNARY
#undef QUERN_BINARY
    }
  }
}

}  // namespace QUERN_BACKEND
}  // namespace quern
