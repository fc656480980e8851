// What every function of the table is built from: the fold that makes a column out of a streaming form, and windows.
//
// A function is a struct with
//   explicit F(const Setup& setup);                      // the arguments of the call
//   static int lookback(const double* arguments);
//   void step(const Sample* in, double* out);            // consumes one bar, writes every output
// and one `FunctionInfo` made by `describe<F>`. What `step` writes before the look-back is not looked at.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/base/backend.hpp"
#include "kernels/base/ticks.hpp"
#include "kernels/indicators/function.hpp"

namespace quern {
inline namespace QUERN_BACKEND {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
inline constexpr double max_length = 100000.0;
inline constexpr double max_real = 3e37;  // TA-Lib's bound of a real argument

// One value of an input series; `ticks` is 0 where the series is not a plain price.
struct Sample {
  double value;
  std::int32_t ticks;
};

// What a function knows of its call before the first bar.
struct Setup {
  const double* arguments;
  const bool* in_ticks;  // [input] the series is a plain price: `Sample::ticks` holds it
  TickSize tick;
  double bar_duration_ns;
  int length(int argument) const { return static_cast<int>(arguments[argument]); }
  double real(int argument) const { return arguments[argument]; }
};

// Runs the streaming form over a column. Undefined before the look-back and wherever the value is not finite.
template <class F, int inputs, int outputs>
void fold(const ColumnRequest& request) {
  bool in_ticks[inputs];
  for (int i = 0; i < inputs; ++i) in_ticks[i] = request.inputs[i].ticks != nullptr;
  const Setup setup{request.arguments, in_ticks, request.tick, static_cast<double>(request.bar_duration_ns)};
  const std::int32_t first = request.first < request.bars ? request.first : request.bars;
  for (int o = 0; o < outputs; ++o) {
    if (!request.outputs[o]) continue;
    for (std::int32_t bar = 0; bar < first; ++bar) request.outputs[o][bar] = undefined;
  }
  if (first >= request.bars) return;
  F function(setup);
  const std::int64_t ready = std::int64_t{first} + F::lookback(request.arguments);
  Sample in[inputs];
  double out[outputs];
  for (std::int32_t bar = first; bar < request.bars; ++bar) {
    for (int i = 0; i < inputs; ++i) {
      in[i].value = request.inputs[i].values[bar];
      in[i].ticks = in_ticks[i] ? request.inputs[i].ticks[bar] : 0;
    }
    function.step(in, out);
    for (int o = 0; o < outputs; ++o) {
      if (request.outputs[o]) request.outputs[o][bar] = bar >= ready && std::isfinite(out[o]) ? out[o] : undefined;
    }
  }
}

template <class F, int inputs, int outputs>
constexpr FunctionInfo describe(const char* name, const char* summary, const char* source,
                                const InputKind (&input_kinds)[inputs], std::initializer_list<ArgumentInfo> arguments,
                                const char* const (&output_names)[outputs], bool condition_output = false) {
  FunctionInfo info{};
  info.name = name;
  info.summary = summary;
  info.source = source;
  info.input_count = inputs;
  for (int i = 0; i < inputs; ++i) info.inputs[i] = input_kinds[i];
  info.argument_count = 0;
  for (const ArgumentInfo& argument : arguments) info.arguments[info.argument_count++] = argument;
  info.output_count = outputs;
  for (int o = 0; o < outputs; ++o) info.outputs[o] = output_names[o];
  info.lookback = &F::lookback;
  info.column = &fold<F, inputs, outputs>;
  info.condition_output = condition_output;
  return info;
}

constexpr ArgumentInfo length_argument(const char* name, double default_value, double minimum) {
  return {name, ArgumentKind::whole, default_value, minimum, max_length, nullptr};
}
constexpr ArgumentInfo real_argument(const char* name, double default_value, double minimum = -max_real) {
  return {name, ArgumentKind::real, default_value, minimum, max_real, nullptr};
}

inline double max_of(double a, double b) { return a > b ? a : b; }

// The last `size` values; slot order is the order of arrival modulo `size`.
template <class T>
struct Ring {
  std::vector<T> slots;
  std::size_t next = 0;    // slot of the next value: once full, of the oldest one
  std::int64_t count = 0;  // values seen

  explicit Ring(int size) : slots(static_cast<std::size_t>(size)) {}
  int size() const { return static_cast<int>(slots.size()); }
  bool full() const { return count >= static_cast<std::int64_t>(slots.size()); }
  const T& oldest() const { return slots[next]; }  // when full
  void push(const T& value) {
    slots[next] = value;
    next = next + 1 == slots.size() ? 0 : next + 1;
    ++count;
  }
  // Calls `visit(value)` from the oldest to the newest; the ring must be full.
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t i = next; i < slots.size(); ++i) visit(slots[i]);
    for (std::size_t i = 0; i < next; ++i) visit(slots[i]);
  }
};

// Sum of the last `n` numbers, kept in two doubles, so that no trace of values that have left is seen. Undefined while
// a value that is not finite is in the window.
class WindowSum {
 public:
  explicit WindowSum(int n) : window_(n) {}
  double step(double x) {
    if (window_.full()) change(window_.oldest(), -1);
    window_.push(x);
    change(x, 1);
    if (!window_.full() || broken_ > 0) return undefined;
    return nonzero_ == 0 ? 0.0 : high_ + low_;
  }

 private:
  void change(double x, int sign) {
    if (!std::isfinite(x)) {
      broken_ += sign;
      return;
    }
    if (x == 0.0) return;
    nonzero_ += sign;
    if (nonzero_ == 0) {
      high_ = low_ = 0.0;
      return;
    }
    const double term = sign > 0 ? x : -x;
    const double sum = high_ + term;
    const double part = sum - high_;
    low_ += (high_ - (sum - part)) + (term - part);
    high_ = sum + low_;
    low_ = low_ - (high_ - sum);
  }
  Ring<double> window_;
  double high_ = 0.0, low_ = 0.0;
  int broken_ = 0, nonzero_ = 0;
};

// Exact sum of the last `n` whole numbers.
class TickSum {
 public:
  explicit TickSum(int n) : window_(n) {}
  std::int64_t step(std::int64_t x) {
    if (window_.full()) sum_ -= window_.oldest();
    window_.push(x);
    return sum_ += x;
  }
  bool full() const { return window_.full(); }

 private:
  Ring<std::int64_t> window_;
  std::int64_t sum_ = 0;
};

// Sum of the last `n` samples: of plain prices in whole ticks, and so exact.
class SampleSum {
 public:
  SampleSum(int n, bool in_ticks, const TickSize& tick)
      : in_ticks_(in_ticks), tick_(tick), ticks_(in_ticks ? n : 1), numbers_(in_ticks ? 1 : n) {}
  double step(const Sample& x) {
    if (!in_ticks_) return numbers_.step(x.value);
    const std::int64_t sum = ticks_.step(x.ticks);
    return ticks_.full() ? (static_cast<double>(sum) * tick_.numerator) / tick_.denominator : undefined;
  }

 private:
  bool in_ticks_;
  TickSize tick_;
  TickSum ticks_;
  WindowSum numbers_;
};

// Mean and spread of the last `n` samples. With D = n * sum(x^2) - sum(x)^2 in whole ticks, the population variance is
// D / n^2 ticks^2; other series are summed anew at every bar around their mean.
class Spread {
 public:
  Spread(int n, bool in_ticks, const TickSize& tick)
      : n_(n), in_ticks_(in_ticks), tick_(tick), ticks_(in_ticks ? n : 1), numbers_(in_ticks ? 1 : n) {}
  void step(const Sample& x) {
    variance_ = score_ = undefined;
    if (in_ticks_) {
      step_ticks(x.ticks);
    } else {
      step_number(x.value);
    }
  }
  double variance() const { return variance_; }
  double deviation() const { return std::sqrt(variance_); }
  double score() const { return score_; }  // of the newest value; undefined on a constant window

 private:
  void step_ticks(std::int64_t x) {
    if (ticks_.full()) {
      const std::int64_t old = ticks_.oldest();
      sum_ -= old;
      squares_ -= static_cast<__int128>(old) * old;
    }
    ticks_.push(x);
    sum_ += x;
    squares_ += static_cast<__int128>(x) * x;
    if (!ticks_.full()) return;
    const double n = static_cast<double>(n_);
    const double spread = static_cast<double>(squares_ * n_ - static_cast<__int128>(sum_) * sum_);
    const double unit = tick_.numerator / tick_.denominator;
    variance_ = spread / (n * n) * (unit * unit);
    score_ = spread > 0.0 ? static_cast<double>(x * n_ - sum_) / std::sqrt(spread) : undefined;
  }
  void step_number(double x) {
    equal_ = numbers_.count > 0 && x == last_ ? equal_ + 1 : 1;
    last_ = x;
    numbers_.push(x);
    if (!numbers_.full()) return;
    double sum = 0.0;
    numbers_.each([&](double value) { sum += value; });
    const double mean = sum / n_;
    double squares = 0.0;
    numbers_.each([&](double value) { squares += (value - mean) * (value - mean); });
    variance_ = equal_ >= n_ ? 0.0 : squares / n_;
    score_ = variance_ > 0.0 ? (x - mean) / std::sqrt(variance_) : undefined;
  }
  int n_;
  bool in_ticks_;
  TickSize tick_;
  Ring<std::int64_t> ticks_;
  Ring<double> numbers_;
  std::int64_t sum_ = 0;
  __int128 squares_ = 0;
  std::int64_t equal_ = 0;
  double last_ = 0.0;
  double variance_ = undefined, score_ = undefined;
};

// The largest (sign 1) or smallest (sign -1) of the last `n` values and its age in bars; of equal ones the latest.
// Undefined while the window is not full or holds a value that is not finite.
template <int sign>
class Extreme {
 public:
  explicit Extreme(int n) : values_(n), bars_(n), n_(n) {}
  double step(double x) {
    const std::int64_t bar = bar_++;
    if (!std::isfinite(x)) {
      broken_until_ = bar + n_;
      head_ = size_ = 0;
      return undefined;
    }
    if (size_ > 0 && bars_[head_] <= bar - n_) {
      head_ = at(1);
      --size_;
    }
    while (size_ > 0 && !(sign > 0 ? values_[at(size_ - 1)] > x : values_[at(size_ - 1)] < x)) --size_;
    values_[at(size_)] = x;
    bars_[at(size_)] = bar;
    ++size_;
    return bar + 1 >= n_ && bar >= broken_until_ ? values_[head_] : undefined;
  }
  std::int64_t age() const { return bar_ - 1 - bars_[head_]; }

 private:
  std::size_t at(std::size_t i) const { return (head_ + i) % values_.size(); }
  std::vector<double> values_;
  std::vector<std::int64_t> bars_;
  std::int64_t n_, bar_ = 0, broken_until_ = 0;
  std::size_t head_ = 0, size_ = 0;
};
using Highest = Extreme<1>;
using Lowest = Extreme<-1>;

// Counts a run of bars at which something holds.
struct Run {
  std::int64_t length = 0;
  std::int64_t step(bool holds) { return length = holds ? length + 1 : 0; }
};

}  // namespace QUERN_BACKEND
}  // namespace quern
