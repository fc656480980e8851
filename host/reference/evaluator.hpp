// Columns of a strategy's expressions for one combination, by walking the graph.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "host/base/candles.hpp"
#include "host/strategy/strategy.hpp"

namespace quern::reference {

class Evaluator {
 public:
  // Keeps references to all three.
  Evaluator(const Strategy& strategy, const Series& series, const std::vector<double>& values);

  // Value of a node at the close of a bar of the job: NaN where undefined; conditions are 0.0 or 1.0.
  double number(int node, int bar) { return column(node, job_bars)[static_cast<std::size_t>(bar)]; }
  // An absent condition (node -1) is false.
  bool condition(int node, int bar) { return node >= 0 && number(node, bar) != 0.0; }
  // Value of a node that depends on parameters alone.
  double constant(int node) const;

 private:
  static constexpr int job_bars = -1;  // domain: the job's bars; else the number of a view

  const Node& at(int node) const { return strategy_.graph.nodes[static_cast<std::size_t>(node)]; }
  const Candles& candles(int domain) const;
  // [bar of the domain], computed once.
  const std::vector<double>& column(int node, int domain);
  std::vector<double> compute(int node, int domain);
  std::vector<double> compute_series(SeriesId id, const Candles& candles) const;
  std::vector<double> compute_call(const Node& node, int domain);
  // E3: first bar of the domain at whose close the node is ready; beyond the last bar where there are too few.
  int ready(int node, int domain) const;
  std::vector<double> constant_arguments(const Node& node) const;

  const Strategy& strategy_;
  const Series& series_;
  const std::vector<double>& values_;
  std::map<std::pair<int, int>, std::vector<double>> columns_;
};

}  // namespace quern::reference
