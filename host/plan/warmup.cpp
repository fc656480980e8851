#include "host/plan/warmup.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

namespace quern {
namespace {

class SeriesViews final : public ReadyBars {
 public:
  explicit SeriesViews(const Series& series) : series_(series) {}

  int first_bar_of_view(int view, int view_bar) const override {
    const auto& completed = series_.views[static_cast<std::size_t>(view)].last_completed;  // never falls
    return static_cast<int>(std::lower_bound(completed.begin(), completed.end(), view_bar) - completed.begin());
  }

 private:
  const Series& series_;
};

// Adds the parameters that decide when `node` is ready: those in arguments of calls and shifts below it.
void ready_params(const Graph& graph, int node, std::set<int>& params, std::set<int>& seen) {
  if (!seen.insert(node).second) return;
  const Node& at = graph.nodes[static_cast<std::size_t>(node)];
  for (int argument : at.arguments) {
    const auto& used = graph.nodes[static_cast<std::size_t>(argument)].params;
    params.insert(used.begin(), used.end());
  }
  for (int input : at.inputs) ready_params(graph, input, params, seen);
}

// The nodes whose readiness is the readiness of `node`: operators that only take the maximum are looked through, so
// that each part is maximised over its own parameters.
void ready_parts(const Graph& graph, int node, std::set<int>& parts, std::set<int>& seen) {
  if (!seen.insert(node).second) return;
  const Node& at = graph.nodes[static_cast<std::size_t>(node)];
  const bool own = at.op == Op::call || at.op == Op::shift || at.op == Op::view || at.op == Op::crosses_above ||
                   at.op == Op::crosses_below;
  if (own || at.inputs.empty()) {
    parts.insert(node);
    return;
  }
  for (int input : at.inputs) ready_parts(graph, input, parts, seen);
}

// Values that a parameter takes in this job (E3): its axis; its domain where the search leaves the grid; else its value.
std::vector<double> values_of(const Job& job, int param) {
  for (const Axis& axis : job.declared_axes) {
    if (axis.param == param) return axis.values;
  }
  const Param& declared = job.strategy.params[static_cast<std::size_t>(param)];
  if (job.search_method != "grid") {
    if (declared.type == Type::category) {
      std::vector<double> all;
      for (std::size_t i = 0; i < declared.choices.size(); ++i) all.push_back(static_cast<double>(i));
      return all;
    }
    return {declared.minimum, declared.maximum};
  }
  return {job.values[static_cast<std::size_t>(param)]};
}

int common_ready_bar(const Job& job, const SeriesViews& views, int node) {
  std::set<int> params, seen;
  ready_params(job.strategy.graph, node, params, seen);
  const std::vector<int> order(params.begin(), params.end());
  std::vector<std::vector<double>> choices;
  double product = 1.0;
  for (int param : order) {
    choices.push_back(values_of(job, param));
    product *= static_cast<double>(choices.back().size());
  }
  // A joint product this large can only come from one expression over many lengths: the ends of each axis bound it.
  if (product > 1e5) {
    for (auto& values : choices) {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      values = {*low, *high};
    }
  }
  std::vector<double> values = job.values;
  std::vector<std::size_t> at(order.size(), 0);
  int latest = 0;
  while (true) {
    for (std::size_t i = 0; i < order.size(); ++i) values[static_cast<std::size_t>(order[i])] = choices[i][at[i]];
    latest = std::max(latest, ready_bar(job.strategy, node, values.data(), views));
    std::size_t i = 0;
    while (i < order.size() && ++at[i] == choices[i].size()) at[i++] = 0;
    if (i == order.size()) return latest;
  }
}

}  // namespace

int first_decision_bar(const Job& job, const Series& series, const std::vector<double>& values) {
  const SeriesViews views(series);
  const auto roots = job.strategy.roots();
  int latest = 0;
  if (job.rules.warmup == Warmup::own) {
    for (int root : roots) latest = std::max(latest, ready_bar(job.strategy, root, values.data(), views));
    return latest;
  }
  std::set<int> parts, seen;
  for (int root : roots) ready_parts(job.strategy.graph, root, parts, seen);
  for (int part : parts) latest = std::max(latest, common_ready_bar(job, views, part));
  return latest;
}

}  // namespace quern
