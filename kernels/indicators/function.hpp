// How the function table describes a function of the strategy language.
//
// A column of a function is a fold of its streaming form over its inputs, starting at the first bar at which all inputs
// are ready. Every engine computes columns through `FunctionInfo::column`, so their bits are the same everywhere.
#pragma once

#include <cstdint>

#include "kernels/base/ticks.hpp"

namespace quern {

inline constexpr int max_function_inputs = 6;
inline constexpr int max_function_arguments = 8;
inline constexpr int max_function_outputs = 4;

// One input series of a function. `ticks` is set where the series is a plain price of the candles (open, high, low,
// close): window sums of such series are taken in whole ticks and are exact. Conditions come as 0.0 and 1.0.
struct InputSeries {
  const double* values = nullptr;        // [bar]
  const std::int32_t* ticks = nullptr;   // [bar] or null
};

enum class InputKind : std::uint8_t {
  open, high, low, close, volume,        // candle columns that the function reads by itself, not written in the call
  number,                                // a numeric expression written in the call: `ema(close, 14)`
  condition                              // a condition written in the call: `bars_since(c)`
};

enum class ArgumentKind : std::uint8_t { whole, real, category };

struct ArgumentInfo {
  const char* name;
  ArgumentKind kind;
  double default_value;                  // NaN: must be given. Categories: index into `choices`
  double minimum, maximum;               // inclusive
  const char* const* choices;            // category: null-terminated list ('sma', 'ema', ...), else null
};

struct ColumnRequest {
  const InputSeries* inputs;             // [input] in the order of FunctionInfo::inputs
  const double* arguments;               // [argument] whole numbers as doubles
  std::int32_t first;                    // first bar at which every input is ready: the fold starts here
  std::int32_t bars;                     // length of every series
  std::int64_t bar_duration_ns;          // of the series the function runs on
  TickSize tick;
  double* const* outputs;                // [output][bar]; an output that is not wanted may be null
};

struct FunctionInfo {
  const char* name;
  const char* summary;                   // one sentence
  const char* source;                    // of the formula
  int input_count;
  InputKind inputs[max_function_inputs];
  int argument_count;
  ArgumentInfo arguments[max_function_arguments];
  int output_count;
  const char* outputs[max_function_outputs];  // names; a single unnamed output is ""
  // Bars after `first` at which all outputs are defined: output is ready at bar first + lookback(arguments).
  int (*lookback)(const double* arguments);
  // Writes outputs[o][0, bars): NaN before first + lookback and wherever the value is not finite.
  void (*column)(const ColumnRequest& request);
  bool condition_output = false;         // the outputs are conditions (1.0 and 0.0), not numbers
};

// The whole table, sorted by name.
struct FunctionTable {
  const FunctionInfo* const* functions;
  int count;
};
FunctionTable function_table();
const FunctionInfo* find_function(const char* name);   // null if unknown

}  // namespace quern
