// The graph of a strategy's expressions: what the front end hands to every engine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/indicators/function.hpp"

namespace quern {

enum class Type : std::uint8_t { number, condition, category };

enum class Op : std::uint8_t {
  number,          // `value`
  boolean,         // `value` 0 or 1
  category,        // `value`: index in the choices of the parameter it is compared with; `text` as written
  param,           // `index` into Strategy::params (a category parameter's value is the index of its choice)
  series,          // `index`: SeriesId
  call,            // `function`, `output`; `inputs` the written input series, `arguments` one node per argument
  view,            // inputs[0] evaluated on Strategy::views[index], as of its last completed bar
  shift,           // inputs[0], `arguments[0]` bars ago (inside a view: the view's bars)
  negate, logical_not,
  add, subtract, multiply, divide, modulo, power,
  less, less_equal, greater, greater_equal, equal, not_equal,
  logical_and, logical_or,
  if_else,         // inputs: condition, a, b
  abs, sqrt, log, exp, floor, ceil, min, max,
  crosses_above, crosses_below
};

enum class SeriesId : std::uint8_t { open, high, low, close, volume, hl2, hlc3, ohlc4, hour, weekday };

// Values follow these rules on every engine: a result that is not finite becomes NaN (undefined); a comparison with NaN
// is false, `!=` included; min and max with NaN are NaN; conditions are two-valued; x[k] before the first bar is NaN
// (a condition: false); `if` picks one operand (NaN of the other does not matter); crosses_above is
// `a > b and a[1] <= b[1]` with the bar before in the job's bars.
struct Node {
  Op op = Op::number;
  Type type = Type::number;
  double value = 0.0;
  int index = -1;
  int output = 0;
  const FunctionInfo* function = nullptr;
  std::vector<int> inputs;          // nodes; always smaller than this node's own index
  std::vector<int> arguments;       // nodes without any series (numbers, parameters and arithmetic of them)
  std::vector<int> params;          // sorted indices of the parameters that this node depends on
  int view = -1;                    // the view in which this node is evaluated; -1: the job's bars
  bool has_series = false;          // false: a number, category or condition of parameters alone
  std::string text;                 // as written, for messages
  std::string where;                // file, line and key in which it was written first, for messages
};

// A graph without duplicates: equal sub-expressions are one node.
struct Graph {
  std::vector<Node> nodes;
};

}  // namespace quern
