// Expressions that are evaluated at single bars (stops, targets, sizes): postfix programs over columns and constants.
#pragma once

#include "kernels/expression/operators.hpp"

namespace quern {

struct Instruction {
  Operator op = Operator::constant;
  std::int16_t lag = 0;        // of a column: bars ago; before the first bar it is undefined
  std::int32_t slot = 0;       // of constant and column
};

inline constexpr int max_program_depth = 24;

struct Program {
  const Instruction* code = nullptr;
  std::int32_t length = 0;     // its stack never holds more than max_program_depth values
};

inline namespace QUERN_BACKEND {

// Value of `program` at the close of `bar`. `constants` [slot] and `columns` [slot][bar] are the lane's.
QUERN_HD inline double evaluate(const Program& program, const double* constants, const double* const* columns, std::int32_t bar) {
  double stack[max_program_depth];
  int top = 0;
  for (int i = 0; i < program.length; ++i) {
    const Instruction at = program.code[i];
    switch (operand_count(at.op)) {
      case 0:
        stack[top++] = at.op == Operator::constant ? constants[at.slot]
                       : bar < at.lag              ? undefined_value()
                                                   : columns[at.slot][bar - at.lag];
        break;
      case 1: stack[top - 1] = apply(at.op, stack[top - 1]); break;
      case 2: --top; stack[top - 1] = apply(at.op, stack[top - 1], stack[top]); break;
      default: top -= 2; stack[top - 1] = stack[top - 1] != 0.0 ? stack[top] : stack[top + 1]; break;
    }
  }
  return stack[0];
}

}  // namespace QUERN_BACKEND
}  // namespace quern
