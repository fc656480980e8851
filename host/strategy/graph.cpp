// Questions that the graph answers without any candle: when a node is ready, and what parameters alone decide.
#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "host/strategy/job.hpp"

namespace quern {
namespace {

double defined(double x) { return std::isfinite(x) ? x : std::numeric_limits<double>::quiet_NaN(); }

bool both_defined(double a, double b) { return std::isfinite(a) && std::isfinite(b); }

class ReadyWalk {
 public:
  ReadyWalk(const Strategy& strategy, const double* values, const ReadyBars& views)
      : strategy_(strategy), values_(values), views_(views) {}

  int ready(int node) {
    if (const auto known = known_.find(node); known != known_.end()) return known->second;
    const int bar = compute(strategy_.graph.nodes[static_cast<std::size_t>(node)]);
    known_[node] = bar;
    return bar;
  }

 private:
  int compute(const Node& node) {
    std::int64_t latest = 0;
    if (!node.has_series) return 0;
    for (int input : node.inputs) latest = std::max<std::int64_t>(latest, ready(input));
    if (node.op == Op::view) return views_.first_bar_of_view(node.index, static_cast<int>(latest));
    if (node.op == Op::call) {
      double arguments[max_function_arguments] = {};
      for (std::size_t i = 0; i < node.arguments.size(); ++i) {
        arguments[i] = evaluate_constant(strategy_, node.arguments[i], values_);
      }
      latest += node.function->lookback(arguments);
    } else if (node.op == Op::shift) {
      latest += static_cast<std::int64_t>(evaluate_constant(strategy_, node.arguments[0], values_));
    } else if (node.op == Op::crosses_above || node.op == Op::crosses_below) {
      latest += 1;
    }
    return static_cast<int>(std::min<std::int64_t>(latest, std::numeric_limits<std::int32_t>::max() / 2));
  }

  const Strategy& strategy_;
  const double* values_;
  const ReadyBars& views_;
  std::unordered_map<int, int> known_;
};

}  // namespace

int ready_bar(const Strategy& strategy, int node, const double* values, const ReadyBars& views) {
  return ReadyWalk(strategy, values, views).ready(node);
}

double evaluate_constant(const Strategy& strategy, int node, const double* values) {
  const Node& at = strategy.graph.nodes[static_cast<std::size_t>(node)];
  const auto input = [&](std::size_t i) { return evaluate_constant(strategy, at.inputs[i], values); };
  switch (at.op) {
    case Op::number: return defined(at.value);
    case Op::boolean:
    case Op::category: return at.value;
    case Op::param: return values[at.index];
    case Op::logical_and: return input(0) != 0.0 && input(1) != 0.0 ? 1.0 : 0.0;
    case Op::logical_or: return input(0) != 0.0 || input(1) != 0.0 ? 1.0 : 0.0;
    case Op::if_else: return input(0) != 0.0 ? input(1) : input(2);
    // A number is the same in every bar: it crosses nothing.
    case Op::crosses_above:
    case Op::crosses_below: return 0.0;
    case Op::series:
    case Op::call:
    case Op::view:
    case Op::shift: return std::numeric_limits<double>::quiet_NaN();  // the front end lets no series stand here
    default: break;
  }
  const double a = input(0);
  switch (at.op) {
    case Op::negate: return -a;
    case Op::logical_not: return a != 0.0 ? 0.0 : 1.0;
    case Op::abs: return std::fabs(a);
    case Op::sqrt: return defined(std::sqrt(a));
    case Op::log: return defined(std::log(a));
    case Op::exp: return defined(std::exp(a));
    case Op::floor: return std::floor(a);
    case Op::ceil: return std::ceil(a);
    default: break;
  }
  const double b = input(1);
  const bool both = both_defined(a, b);
  switch (at.op) {
    case Op::add: return defined(a + b);
    case Op::subtract: return defined(a - b);
    case Op::multiply: return defined(a * b);
    case Op::divide: return defined(a / b);
    case Op::modulo: return defined(std::fmod(a, b));
    case Op::power: return defined(std::pow(a, b));
    case Op::less: return both && a < b ? 1.0 : 0.0;
    case Op::less_equal: return both && a <= b ? 1.0 : 0.0;
    case Op::greater: return both && a > b ? 1.0 : 0.0;
    case Op::greater_equal: return both && a >= b ? 1.0 : 0.0;
    case Op::equal: return both && a == b ? 1.0 : 0.0;
    case Op::not_equal: return both && a != b ? 1.0 : 0.0;
    case Op::min: return both ? std::min(a, b) : defined(NAN);
    case Op::max: return both ? std::max(a, b) : defined(NAN);
    default: return std::numeric_limits<double>::quiet_NaN();
  }
}

std::vector<int> Strategy::roots() const {
  std::vector<int> all = {entry_long, entry_short, filter, exit_long, exit_short, max_bars, breakeven_after, trail_activation,
                          size_value, size_volatility, limit_offset, timeout_bars};
  const auto add_level = [&](const Level& level) {
    all.insert(all.end(), {level.distance, level.long_price, level.short_price});
  };
  add_level(stop);
  add_level(trail);
  for (const Target& target : targets) {
    add_level(target.level);
    all.push_back(target.fraction);
  }
  std::erase_if(all, [](int node) { return node < 0; });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::uint64_t Job::combinations() const {
  std::uint64_t product = 1;
  for (const Axis& axis : axes) product *= axis.values.size();
  return product;
}

std::vector<double> Job::combination(std::uint64_t index) const {
  std::vector<double> chosen = values;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    chosen[static_cast<std::size_t>(axis->param)] = axis->values[index % axis->values.size()];
    index /= axis->values.size();
  }
  return chosen;
}

}  // namespace quern
