// Candles and column calls for the tests of the function table.
#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/indicators/function.hpp"

namespace quern::test {

inline const TickSize cents{0.01, 1.0, 100.0};

struct Candles {
  std::vector<std::int32_t> ticks[4];  // open high low close
  std::vector<double> values[5];       // and volume
  int bars() const { return static_cast<int>(values[0].size()); }
  void add(std::int32_t open, std::int32_t high, std::int32_t low, std::int32_t close, double volume) {
    const std::int32_t row[4] = {open, high, low, close};
    for (int i = 0; i < 4; ++i) {
      ticks[i].push_back(row[i]);
      values[i].push_back(price_of(row[i], cents));
    }
    values[4].push_back(volume);
  }
  Candles part(int from, int to) const {
    Candles result;
    for (int i = 0; i < 4; ++i) result.ticks[i].assign(ticks[i].begin() + from, ticks[i].begin() + to);
    for (int i = 0; i < 5; ++i) result.values[i].assign(values[i].begin() + from, values[i].begin() + to);
    return result;
  }
};

// A file of the golden folder: prices of `ticks_per_unit` ticks, volumes of `volume_unit`.
inline Candles read_candles(const std::string& file, double ticks_per_unit, double volume_unit) {
  Candles candles;
  std::ifstream stream(std::string(QUERN_SOURCE) + "/tests/indicators/golden/" + file);
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    double row[5];
    std::stringstream cells(line);
    std::string cell;
    for (double& value : row) {
      std::getline(cells, cell, ',');
      value = std::stod(cell);
    }
    const auto ticks = [&](double x) { return static_cast<std::int32_t>(std::lround(x * ticks_per_unit)); };
    candles.add(ticks(row[0]), ticks(row[1]), ticks(row[2]), ticks(row[3]), row[4] * volume_unit);
  }
  return candles;
}
inline const Candles& golden_candles() {
  static const Candles candles = read_candles("candles.csv", 1.0, 0.001);
  return candles;
}

struct Call {
  std::vector<double> arguments;
  std::int32_t first = 0;
  bool in_ticks = true;                  // written plain prices come with their ticks
  InputKind written = InputKind::close;  // what stands for a written number
  std::vector<double> numbers;           // if not empty: the written input itself
  std::int64_t bar_duration_ns = 3600000000000;
  int only_output = -1;  // the others are not wanted
};

using Columns = std::vector<std::vector<double>>;

inline Columns columns(const std::string& name, const Candles& candles, const Call& call, const TickSize& tick = cents) {
  const FunctionInfo* info = find_function(name.c_str());
  if (!info) throw std::runtime_error("no function " + name);
  std::vector<double> condition;
  for (int bar = 0; bar < candles.bars(); ++bar) {
    condition.push_back(candles.values[3][static_cast<std::size_t>(bar)] > candles.values[0][static_cast<std::size_t>(bar)]);
  }
  std::vector<InputSeries> inputs;
  for (int i = 0; i < info->input_count; ++i) {
    InputKind kind = info->inputs[i];
    if ((kind == InputKind::number || kind == InputKind::condition) && !call.numbers.empty()) {
      inputs.push_back({call.numbers.data(), nullptr});
      continue;
    }
    if (kind == InputKind::condition) {
      inputs.push_back({condition.data(), nullptr});
      continue;
    }
    const bool written = kind == InputKind::number;
    if (written) kind = call.written;
    const int column = static_cast<int>(kind);
    const bool ticks = column < 4 && call.in_ticks;
    inputs.push_back({candles.values[column].data(), ticks ? candles.ticks[column].data() : nullptr});
  }
  Columns result(static_cast<std::size_t>(info->output_count),
                 std::vector<double>(static_cast<std::size_t>(candles.bars()), -7.0));
  std::vector<double*> outputs;
  for (int o = 0; o < info->output_count; ++o) {
    const bool wanted = call.only_output < 0 || call.only_output == o;
    outputs.push_back(wanted ? result[static_cast<std::size_t>(o)].data() : nullptr);
  }
  info->column(
      {inputs.data(), call.arguments.data(), call.first, candles.bars(), call.bar_duration_ns, tick, outputs.data()});
  return result;
}

// Defaults, where an argument has none: `length`.
inline std::vector<double> default_arguments(const FunctionInfo& info, double length = 9.0) {
  std::vector<double> arguments;
  for (int i = 0; i < info.argument_count; ++i) {
    arguments.push_back(std::isnan(info.arguments[i].default_value) ? length : info.arguments[i].default_value);
  }
  return arguments;
}

inline bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace quern::test
