#include "host/reference/evaluator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/base/contract.hpp"
#include "kernels/market/instrument.hpp"

namespace quern::reference {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double defined_or_nan(double x) { return std::isfinite(x) ? x : undefined; }

double truth(bool x) { return x ? 1.0 : 0.0; }

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// An operator that looks at one bar only, on its operands' values. E3: comparisons with an undefined value are false,
// `!=` included.
double apply_operator(Op op, const std::vector<double>& x) {
  const auto both = [&] { return !std::isnan(x[0]) && !std::isnan(x[1]); };
  switch (op) {
    case Op::negate: return -x[0];
    case Op::add: return defined_or_nan(x[0] + x[1]);
    case Op::subtract: return defined_or_nan(x[0] - x[1]);
    case Op::multiply: return defined_or_nan(x[0] * x[1]);
    case Op::divide: return defined_or_nan(x[0] / x[1]);
    case Op::modulo: return defined_or_nan(std::fmod(x[0], x[1]));
    case Op::power: return both() ? defined_or_nan(std::pow(x[0], x[1])) : undefined;
    case Op::less: return truth(both() && x[0] < x[1]);
    case Op::less_equal: return truth(both() && x[0] <= x[1]);
    case Op::greater: return truth(both() && x[0] > x[1]);
    case Op::greater_equal: return truth(both() && x[0] >= x[1]);
    case Op::equal: return truth(both() && x[0] == x[1]);
    case Op::not_equal: return truth(both() && x[0] != x[1]);
    case Op::logical_not: return truth(x[0] == 0.0);
    case Op::logical_and: return truth(x[0] != 0.0 && x[1] != 0.0);
    case Op::logical_or: return truth(x[0] != 0.0 || x[1] != 0.0);
    case Op::if_else: return x[0] != 0.0 ? x[1] : x[2];
    case Op::abs: return std::fabs(x[0]);
    case Op::sqrt: return defined_or_nan(std::sqrt(x[0]));
    case Op::log: return defined_or_nan(std::log(x[0]));
    case Op::exp: return defined_or_nan(std::exp(x[0]));
    case Op::floor: return std::floor(x[0]);
    case Op::ceil: return std::ceil(x[0]);
    case Op::min: return both() ? (x[1] < x[0] ? x[1] : x[0]) : undefined;
    case Op::max: return both() ? (x[1] > x[0] ? x[1] : x[0]) : undefined;
    default: break;
  }
  QUERN_EXPECT(false && "not an operator on one bar");
  return undefined;
}

}  // namespace

Evaluator::Evaluator(const Strategy& strategy, const Series& series, const std::vector<double>& values)
    : strategy_(strategy), series_(series), values_(values) {}

const Candles& Evaluator::candles(int domain) const {
  return domain == job_bars ? series_.candles : series_.views[static_cast<std::size_t>(domain)].candles;
}

double Evaluator::constant(int node) const {
  const Node& n = at(node);
  switch (n.op) {
    case Op::number:
    case Op::boolean:
    case Op::category: return n.value;
    case Op::param: return values_[static_cast<std::size_t>(n.index)];
    case Op::shift:
    case Op::view: return constant(n.inputs[0]);
    case Op::crosses_above:
    case Op::crosses_below: return 0.0;  // a number does not cross a number
    default: break;
  }
  std::vector<double> operands;
  for (const int input : n.inputs) operands.push_back(constant(input));
  return apply_operator(n.op, operands);
}

std::vector<double> Evaluator::constant_arguments(const Node& node) const {
  std::vector<double> arguments;
  for (const int argument : node.arguments) arguments.push_back(constant(argument));
  return arguments;
}

const std::vector<double>& Evaluator::column(int node, int domain) {
  const auto key = std::make_pair(node, domain);
  const auto found = columns_.find(key);
  if (found != columns_.end()) return found->second;
  auto values = compute(node, domain);
  return columns_.emplace(key, std::move(values)).first->second;
}

std::vector<double> Evaluator::compute(int node, int domain) {
  const Node& n = at(node);
  const std::size_t bars = candles(domain).size();
  if (!n.has_series) return std::vector<double>(bars, constant(node));

  std::vector<double> result(bars, undefined);
  switch (n.op) {
    case Op::series: return compute_series(static_cast<SeriesId>(n.index), candles(domain));
    case Op::call: return compute_call(n, domain);
    case Op::view: {
      // E2: as of the view's last bar that has completed by the close of this bar.
      const auto& inner = column(n.inputs[0], n.index);
      const auto& last_completed = series_.views[static_cast<std::size_t>(n.index)].last_completed;
      for (std::size_t bar = 0; bar < bars; ++bar) {
        const int view_bar = last_completed[bar];
        const double before = n.type == Type::condition ? 0.0 : undefined;
        result[bar] = view_bar < 0 ? before : inner[static_cast<std::size_t>(view_bar)];
      }
      return result;
    }
    case Op::shift: {
      const auto& inner = column(n.inputs[0], domain);
      const auto back = static_cast<std::size_t>(constant(n.arguments[0]));
      for (std::size_t bar = 0; bar < bars; ++bar) {
        const double before = n.type == Type::condition ? 0.0 : undefined;
        result[bar] = bar < back ? before : inner[bar - back];
      }
      return result;
    }
    case Op::crosses_above:
    case Op::crosses_below: {
      const auto& a = column(n.inputs[0], domain);
      const auto& b = column(n.inputs[1], domain);
      for (std::size_t bar = 0; bar < bars; ++bar) {
        // Comparisons with NaN are false here as E3 wants it.
        const bool crossed = bar > 0 && (n.op == Op::crosses_above ? a[bar] > b[bar] && a[bar - 1] <= b[bar - 1]
                                                                   : a[bar] < b[bar] && a[bar - 1] >= b[bar - 1]);
        result[bar] = truth(crossed);
      }
      return result;
    }
    default: break;
  }
  std::vector<const std::vector<double>*> inputs;
  for (const int input : n.inputs) inputs.push_back(&column(input, domain));
  std::vector<double> operands(inputs.size());
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (std::size_t i = 0; i < inputs.size(); ++i) operands[i] = (*inputs[i])[bar];
    result[bar] = apply_operator(n.op, operands);
  }
  return result;
}

std::vector<double> Evaluator::compute_series(SeriesId id, const Candles& c) const {
  std::vector<double> result(c.size());
  for (std::size_t bar = 0; bar < c.size(); ++bar) {
    const double o = c.open_price[bar], h = c.high_price[bar], l = c.low_price[bar], close = c.close_price[bar];
    switch (id) {
      case SeriesId::open: result[bar] = o; break;
      case SeriesId::high: result[bar] = h; break;
      case SeriesId::low: result[bar] = l; break;
      case SeriesId::close: result[bar] = close; break;
      case SeriesId::volume: result[bar] = c.volume[bar]; break;
      case SeriesId::hl2: result[bar] = (h + l) / 2.0; break;
      case SeriesId::hlc3: result[bar] = (h + l + close) / 3.0; break;
      case SeriesId::ohlc4: result[bar] = (o + h + l + close) / 4.0; break;
      case SeriesId::hour: {
        const std::int64_t hours = floor_divide(c.time[bar], ns_per_hour);
        result[bar] = static_cast<double>(hours - 24 * floor_divide(hours, 24));
        break;
      }
      case SeriesId::weekday: {
        const std::int64_t days = floor_divide(c.time[bar], ns_per_day) + 3;  // 1970-01-01 was a Thursday: Monday + 3
        result[bar] = static_cast<double>(days - 7 * floor_divide(days, 7));
        break;
      }
    }
  }
  return result;
}

std::vector<double> Evaluator::compute_call(const Node& node, int domain) {
  const Candles& c = candles(domain);
  const auto bars = static_cast<int>(c.size());
  std::vector<double> result(c.size(), undefined);

  const FunctionInfo& function = *node.function;
  InputSeries inputs[max_function_inputs];
  int first = 0;
  std::size_t written = 0;
  for (int i = 0; i < function.input_count; ++i) {
    switch (function.inputs[i]) {
      case InputKind::open: inputs[i] = {c.open_price.data(), c.open.data()}; continue;
      case InputKind::high: inputs[i] = {c.high_price.data(), c.high.data()}; continue;
      case InputKind::low: inputs[i] = {c.low_price.data(), c.low.data()}; continue;
      case InputKind::close: inputs[i] = {c.close_price.data(), c.close.data()}; continue;
      case InputKind::volume: inputs[i] = {c.volume.data(), nullptr}; continue;
      case InputKind::number:
      case InputKind::condition: break;
    }
    const int input = node.inputs[written++];
    inputs[i].values = column(input, domain).data();
    if (at(input).op == Op::series) {
      switch (static_cast<SeriesId>(at(input).index)) {
        case SeriesId::open: inputs[i].ticks = c.open.data(); break;
        case SeriesId::high: inputs[i].ticks = c.high.data(); break;
        case SeriesId::low: inputs[i].ticks = c.low.data(); break;
        case SeriesId::close: inputs[i].ticks = c.close.data(); break;
        default: break;
      }
    }
    first = std::max(first, ready(input, domain));
  }
  if (first >= bars) return result;

  const auto arguments = constant_arguments(node);
  double* outputs[max_function_outputs] = {};
  outputs[node.output] = result.data();
  ColumnRequest request{};
  request.inputs = inputs;
  request.arguments = arguments.data();
  request.first = first;
  request.bars = bars;
  request.bar_duration_ns = c.duration;
  request.tick = series_.instrument.tick;
  request.outputs = outputs;
  function.column(request);
  return result;
}

int Evaluator::ready(int node, int domain) const {
  const Node& n = at(node);
  const auto bars = static_cast<int>(candles(domain).size());
  if (!n.has_series) return 0;
  if (n.op == Op::view) {
    // Ready at the first bar at whose close enough bars of the view have completed.
    const int needed = ready(n.inputs[0], n.index);
    const auto& last_completed = series_.views[static_cast<std::size_t>(n.index)].last_completed;
    for (int bar = 0; bar < bars; ++bar) {
      if (last_completed[static_cast<std::size_t>(bar)] >= needed) return bar;
    }
    return bars;
  }
  int latest = 0;
  for (const int input : n.inputs) latest = std::max(latest, ready(input, domain));
  std::int64_t more = 0;
  if (n.op == Op::call) {
    const auto arguments = constant_arguments(n);
    more = n.function->lookback(arguments.data());
  } else if (n.op == Op::shift) {
    more = static_cast<std::int64_t>(constant(n.arguments[0]));
  } else if (n.op == Op::crosses_above || n.op == Op::crosses_below) {
    more = 1;
  }
  return static_cast<int>(std::min<std::int64_t>(latest + more, std::numeric_limits<int>::max() / 2));
}

}  // namespace quern::reference
