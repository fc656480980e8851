// A parsed strategy: expressions as nodes of one graph, settings as plain data.
#pragma once

#include <string>
#include <vector>

#include "host/strategy/expression.hpp"
#include "kernels/market/rules.hpp"

namespace quern {

struct Param {
  std::string name;
  Type type = Type::number;          // number or category
  bool whole = false;                // type = "int"
  double default_value = 0.0;        // category: index into choices
  double minimum = 0.0, maximum = 0.0;
  std::vector<std::string> choices;
  bool used = false;                 // some expression of the run depends on it
};

// A stop, trail or target: a distance, or an absolute price for each side. -1: absent.
struct Level {
  int distance = -1;                 // node
  int long_price = -1, short_price = -1;
  bool present() const noexcept { return distance >= 0 || long_price >= 0 || short_price >= 0; }
};

struct Target {
  Level level;
  int fraction = -1;                 // node; -1: takes the rest
};

struct LetSeries {
  std::string name;
  int node = -1;
};

struct ViewKey {
  std::string symbol;                // empty: the job's own
  std::string timeframe;
};

struct Strategy {
  std::string name, description, text;       // text: the TOML of [strategy] as read
  Direction direction = Direction::long_only;
  std::vector<Param> params;
  Graph graph;
  std::vector<LetSeries> lets;
  std::vector<ViewKey> views;

  // Nodes; -1: absent. What the direction rules out is absent too.
  int entry_long = -1, entry_short = -1, filter = -1;
  int exit_long = -1, exit_short = -1;
  int max_bars = -1;                 // E19
  Level stop;
  int breakeven_after = -1;          // E20: node, a target number from 1
  Level trail;
  int trail_activation = -1;
  TrailBasis trail_basis = TrailBasis::extreme;
  std::vector<Target> targets;       // file order
  SizeMode size_mode = SizeMode::fraction;
  int size_value = -1, size_volatility = -1;
  OrderType order = OrderType::market;
  int limit_offset = -1, timeout_bars = -1;
  OnTimeout on_timeout = OnTimeout::cancel;

  // Every node that a run evaluates (roots only), for warm-up (E3).
  std::vector<int> roots() const;
};

// Bar at which `node` is ready (E3) for these parameter values, in bars of the job: bars before it are undefined.
// `first_bar_of_view(view, k)` gives the first bar of the job at whose close k+1 bars of the view have completed.
// Returns a number beyond the data where there are too few bars.
class ReadyBars {
 public:
  virtual ~ReadyBars() = default;
  virtual int first_bar_of_view(int view, int view_bar) const = 0;
};
int ready_bar(const Strategy& strategy, int node, const double* values, const ReadyBars& views);

// Evaluates a node without series (has_series == false) for parameter values [param].
double evaluate_constant(const Strategy& strategy, int node, const double* values);

}  // namespace quern
