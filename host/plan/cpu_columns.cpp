#include "host/plan/cpu_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/expression/block.hpp"
#include "kernels/expression/compare.hpp"

namespace quern {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The operator of an elementwise node; Operator::column for everything else.
Operator operator_of(Op op) {
  switch (op) {
    case Op::negate: return Operator::negate;
    case Op::logical_not: return Operator::logical_not;
    case Op::add: return Operator::add;
    case Op::subtract: return Operator::subtract;
    case Op::multiply: return Operator::multiply;
    case Op::divide: return Operator::divide;
    case Op::modulo: return Operator::modulo;
    case Op::power: return Operator::power;
    case Op::less: return Operator::less;
    case Op::less_equal: return Operator::less_equal;
    case Op::greater: return Operator::greater;
    case Op::greater_equal: return Operator::greater_equal;
    case Op::equal: return Operator::equal;
    case Op::not_equal: return Operator::not_equal;
    case Op::logical_and: return Operator::logical_and;
    case Op::logical_or: return Operator::logical_or;
    case Op::if_else: return Operator::if_else;
    case Op::abs: return Operator::abs;
    case Op::sqrt: return Operator::sqrt;
    case Op::log: return Operator::log;
    case Op::exp: return Operator::exp;
    case Op::floor: return Operator::floor;
    case Op::ceil: return Operator::ceil;
    case Op::min: return Operator::min;
    case Op::max: return Operator::max;
    default: return Operator::column;
  }
}

int slot_of(std::vector<int>& nodes, int node) {
  const auto found = std::find(nodes.begin(), nodes.end(), node);
  if (found != nodes.end()) return static_cast<int>(found - nodes.begin());
  nodes.push_back(node);
  return static_cast<int>(nodes.size()) - 1;
}

class Compiler {
 public:
  Compiler(const Graph& graph, CompiledNode& to) : graph_(graph), to_(to) {}

  // `depth`: values on the stack below this node's. A node too deep for the stack becomes a column of its own.
  void add(int node, int depth, bool is_root) {
    const Node& at = graph_.nodes[static_cast<std::size_t>(node)];
    if (!at.has_series) {
      to_.code.push_back({Operator::constant, 0, slot_of(to_.constants, node)});
      return;
    }
    const bool too_deep = depth + 3 >= max_program_depth && !is_root;
    if (at.op == Op::crosses_above || at.op == Op::crosses_below) {
      if (too_deep) return split(node);
      const bool above = at.op == Op::crosses_above;
      operand(at.inputs[0], 0);
      operand(at.inputs[1], 0);
      to_.code.push_back({above ? Operator::greater : Operator::less, 0, 0});
      operand(at.inputs[0], 1);
      operand(at.inputs[1], 1);
      to_.code.push_back({above ? Operator::less_equal : Operator::greater_equal, 0, 0});
      to_.code.push_back({Operator::logical_and, 0, 0});
      return;
    }
    const Operator op = operator_of(at.op);
    if (op == Operator::column) return column(node, 0);
    if (too_deep) return split(node);
    for (std::size_t i = 0; i < at.inputs.size(); ++i) add(at.inputs[i], depth + static_cast<int>(i), false);
    to_.code.push_back({op, 0, 0});
  }

 private:
  void operand(int node, int lag) {
    if (graph_.nodes[static_cast<std::size_t>(node)].has_series) return column(node, lag);
    to_.code.push_back({Operator::constant, 0, slot_of(to_.constants, node)});
  }
  void split(int node) {
    to_.is_split = true;
    column(node, 0);
  }
  void column(int node, int lag) {
    to_.code.push_back({Operator::column, static_cast<std::int16_t>(lag), slot_of(to_.columns, node)});
  }

  const Graph& graph_;
  CompiledNode& to_;
};

class SeriesViews final : public ReadyBars {
 public:
  explicit SeriesViews(const Series& series) : series_(series) {}
  int first_bar_of_view(int view, int view_bar) const override {
    const auto& completed = series_.views[static_cast<std::size_t>(view)].last_completed;
    return static_cast<int>(std::lower_bound(completed.begin(), completed.end(), view_bar) - completed.begin());
  }

 private:
  const Series& series_;
};

// The same comparison with its sides exchanged.
Operator mirrored(Operator op) {
  switch (op) {
    case Operator::less: return Operator::greater;
    case Operator::less_equal: return Operator::greater_equal;
    case Operator::greater: return Operator::less;
    case Operator::greater_equal: return Operator::less_equal;
    default: return op;
  }
}

// One bar later; the first bar gets 0.
void shift_by_one(std::vector<std::uint64_t>& words) {
  std::uint64_t carry = 0;
  for (std::uint64_t& word : words) {
    const std::uint64_t top = word >> 63;
    word = word << 1 | carry;
    carry = top;
  }
}

bool is_operator(const Node& node) {
  return operator_of(node.op) != Operator::column || node.op == Op::crosses_above || node.op == Op::crosses_below;
}

}  // namespace

void compile_node(const Graph& graph, int node, CompiledNode& to) { Compiler(graph, to).add(node, 0, true); }

ColumnStore::ColumnStore(const Strategy& strategy, const Series& series)
    : strategy_(strategy), series_(series), compiled_(strategy.graph.nodes.size()) {}

const CompiledNode& ColumnStore::compiled(int node) {
  auto& at = compiled_[static_cast<std::size_t>(node)];
  if (!at) {
    at = std::make_unique<CompiledNode>();
    compile_node(strategy_.graph, node, *at);
  }
  return *at;
}

const Candles& ColumnStore::candles_of(const Node& node) const {
  return node.view < 0 ? series_.candles : series_.views[static_cast<std::size_t>(node.view)].candles;
}

int ColumnStore::require_column(int node, const std::vector<double>& values) { return require(node, false, values); }
int ColumnStore::require_bits(int node, const std::vector<double>& values) { return require(node, true, values); }

int ColumnStore::require(int node, bool as_bits, const std::vector<double>& values) {
  const Node& at = strategy_.graph.nodes[static_cast<std::size_t>(node)];
  std::string key(reinterpret_cast<const char*>(&node), sizeof node);
  key += as_bits ? 'b' : 'c';
  for (const int param : at.params) {
    key.append(reinterpret_cast<const char*>(&values[static_cast<std::size_t>(param)]), sizeof(double));
  }
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  auto made = std::make_unique<Instance>();
  made->node = node;
  made->as_bits = as_bits;
  made->values = values;
  const auto read = [&](int input) {
    const int instance = require(input, false, values);
    made->reads.push_back(instance);
    made->level = std::max(made->level, instances_[static_cast<std::size_t>(instance)]->level + 1);
  };
  if (as_bits || !at.has_series || is_operator(at)) {
    for (const int column : compiled(node).columns) read(column);
  } else if (at.op != Op::series) {
    for (const int input : at.inputs) read(input);
  }
  const auto bars = candles_of(at).size();
  bytes_ += as_bits ? (bars + 63) / 64 * 8 : bars * 8;
  const int number = static_cast<int>(instances_.size());
  instances_.push_back(std::move(made));
  known_.emplace(std::move(key), number);
  return number;
}

void ColumnStore::clear() {
  instances_.clear();
  known_.clear();
  computed_ = bytes_ = 0;
}

void ColumnStore::compute(int threads) {
  int top = -1;
  for (std::size_t i = computed_; i < instances_.size(); ++i) top = std::max(top, instances_[i]->level);
  for (int level = 0; level <= top; ++level) {
    std::vector<Instance*> due;
    for (std::size_t i = computed_; i < instances_.size(); ++i) {
      if (instances_[i]->level == level) due.push_back(instances_[i].get());
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (std::size_t i = 0; i < due.size(); ++i) compute_one(*due[i]);
  }
  computed_ = instances_.size();
}

void ColumnStore::compute_one(Instance& at) const {
  const Node& node = strategy_.graph.nodes[static_cast<std::size_t>(at.node)];
  const std::size_t bars = candles_of(node).size();
  if (at.as_bits || !node.has_series || is_operator(node)) {
    compute_operators(at);
  } else if (node.op == Op::series) {
    compute_series(at);
  } else if (node.op == Op::call) {
    compute_call(at);
  } else {
    at.owned.resize(bars);
    const double* from = column(at.reads[0]);
    const double absent = node.type == Type::condition ? 0.0 : nan;
    if (node.op == Op::view) {
      const auto& completed = series_.views[static_cast<std::size_t>(node.index)].last_completed;
      for (std::size_t bar = 0; bar < bars; ++bar) at.owned[bar] = completed[bar] < 0 ? absent : from[completed[bar]];
    } else {
      const auto back = static_cast<std::size_t>(evaluate_constant(strategy_, node.arguments[0], at.values.data()));
      for (std::size_t bar = 0; bar < bars; ++bar) at.owned[bar] = bar < back ? absent : from[bar - back];
    }
  }
  if (!at.as_bits && at.data == nullptr) at.data = at.owned.data();
}

void ColumnStore::compute_series(Instance& at) const {
  const Node& node = strategy_.graph.nodes[static_cast<std::size_t>(at.node)];
  const Candles& c = candles_of(node);
  const auto own = [&](auto value) {
    at.owned.resize(c.size());
    for (std::size_t bar = 0; bar < c.size(); ++bar) at.owned[bar] = value(bar);
  };
  switch (static_cast<SeriesId>(node.index)) {
    case SeriesId::open: at.data = c.open_price.data(); break;
    case SeriesId::high: at.data = c.high_price.data(); break;
    case SeriesId::low: at.data = c.low_price.data(); break;
    case SeriesId::close: at.data = c.close_price.data(); break;
    case SeriesId::volume: at.data = c.volume.data(); break;
    case SeriesId::hl2: own([&](std::size_t i) { return (c.high_price[i] + c.low_price[i]) / 2.0; }); break;
    case SeriesId::hlc3: own([&](std::size_t i) { return (c.high_price[i] + c.low_price[i] + c.close_price[i]) / 3.0; }); break;
    case SeriesId::ohlc4:
      own([&](std::size_t i) { return (c.open_price[i] + c.high_price[i] + c.low_price[i] + c.close_price[i]) / 4.0; });
      break;
    case SeriesId::hour: own([&](std::size_t i) { return static_cast<double>(c.time[i] / ns_per_hour % 24); }); break;
    case SeriesId::weekday: own([&](std::size_t i) { return static_cast<double>((c.time[i] / ns_per_day + 3) % 7); }); break;
  }
}

void ColumnStore::compute_operators(Instance& at) const {
  const Node& node = strategy_.graph.nodes[static_cast<std::size_t>(at.node)];
  const auto bars = static_cast<std::int32_t>(candles_of(node).size());
  if (at.as_bits) {
    at.bits.resize((static_cast<std::size_t>(bars) + 63) / 64);
    compute_bits(at, at.node, bars, at.bits);
    return;
  }
  at.owned.resize(static_cast<std::size_t>(bars));
  run_program(at, *compiled_[static_cast<std::size_t>(at.node)], bars, [&](std::int32_t first, std::int32_t count, const double* values) {
    std::copy(values, values + count, at.owned.begin() + first);
  });
}

const double* ColumnStore::read_of(const Instance& at, int node) const {
  const auto& columns = compiled_[static_cast<std::size_t>(at.node)]->columns;
  const auto found = std::find(columns.begin(), columns.end(), node);
  return found == columns.end() ? nullptr : column(at.reads[static_cast<std::size_t>(found - columns.begin())]);
}

template <class Take>
void ColumnStore::run_program(const Instance& at, const CompiledNode& compiled, std::int32_t bars, Take take) const {
  std::vector<double> constants;
  for (const int constant : compiled.constants) constants.push_back(evaluate_constant(strategy_, constant, at.values.data()));
  std::vector<const double*> columns;
  for (const int node : compiled.columns) columns.push_back(read_of(at, node));
  alignas(64) double stack[max_program_depth][block_bars];
  for (std::int32_t first = 0; first < bars; first += block_bars) {
    const std::int32_t count = std::min(bars - first, block_bars);
    evaluate_block(compiled.program(), constants.data(), columns.data(), first, count, stack);
    take(first, count, stack[0]);
  }
}

// Comparisons of columns go straight to bits, and, or and not work on words; what is left runs as a program.
void ColumnStore::compute_bits(const Instance& at, int index, std::int32_t bars, std::vector<std::uint64_t>& words) const {
  const Node& node = strategy_.graph.nodes[static_cast<std::size_t>(index)];
  const auto input = [&](std::size_t i) -> const Node& { return strategy_.graph.nodes[static_cast<std::size_t>(node.inputs[i])]; };
  const auto combine = [&](auto op) {
    std::vector<std::uint64_t> other(words.size());
    compute_bits(at, node.inputs[0], bars, words);
    compute_bits(at, node.inputs[1], bars, other);
    for (std::size_t w = 0; w < words.size(); ++w) words[w] = op(words[w], other[w]);
  };
  const auto compare = [&](Operator op, std::vector<std::uint64_t>& to) {
    const double* left = input(0).has_series ? read_of(at, node.inputs[0]) : nullptr;
    const double* right = input(1).has_series ? read_of(at, node.inputs[1]) : nullptr;
    if ((left == nullptr && input(0).has_series) || (right == nullptr && input(1).has_series) || (left == nullptr && right == nullptr)) return false;
    if (left == nullptr) {
      compare_series(mirrored(op), right, nullptr, evaluate_constant(strategy_, node.inputs[0], at.values.data()), bars, to.data());
    } else {
      const double constant = right == nullptr ? evaluate_constant(strategy_, node.inputs[1], at.values.data()) : 0.0;
      compare_series(op, left, right, constant, bars, to.data());
    }
    return true;
  };
  const CompiledNode& whole = *compiled_[static_cast<std::size_t>(at.node)];
  if (node.has_series && !whole.is_split && node.view == strategy_.graph.nodes[static_cast<std::size_t>(at.node)].view) {
    switch (node.op) {
      case Op::logical_and: return combine([](std::uint64_t a, std::uint64_t b) { return a & b; });
      case Op::logical_or: return combine([](std::uint64_t a, std::uint64_t b) { return a | b; });
      case Op::logical_not:
        compute_bits(at, node.inputs[0], bars, words);
        for (std::uint64_t& word : words) word = ~word;
        if (bars % 64 != 0) words.back() &= (std::uint64_t{1} << (bars % 64)) - 1;
        return;
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
      case Op::equal:
      case Op::not_equal:
        if (compare(operator_of(node.op), words)) return;
        break;
      case Op::crosses_above:
      case Op::crosses_below: {
        const bool above = node.op == Op::crosses_above;
        std::vector<std::uint64_t> before(words.size());
        if (!compare(above ? Operator::greater : Operator::less, words)) break;
        compare(above ? Operator::less_equal : Operator::greater_equal, before);
        shift_by_one(before);
        for (std::size_t w = 0; w < words.size(); ++w) words[w] &= before[w];
        return;
      }
      default: break;
    }
  }
  CompiledNode part;
  compile_node(strategy_.graph, index, part);
  std::fill(words.begin(), words.end(), 0);
  run_program(at, part, bars, [&](std::int32_t first, std::int32_t count, const double* values) {
    for (std::int32_t i = 0; i < count; ++i) {
      words[static_cast<std::size_t>((first + i) >> 6)] |= static_cast<std::uint64_t>(values[i] != 0.0) << ((first + i) & 63);
    }
  });
}

void ColumnStore::compute_call(Instance& at) const {
  const Node& node = strategy_.graph.nodes[static_cast<std::size_t>(at.node)];
  const FunctionInfo& function = *node.function;
  const Candles& c = candles_of(node);
  const SeriesViews views(series_);
  ColumnRequest request{};
  InputSeries inputs[max_function_inputs];
  std::vector<double> constants[max_function_inputs];
  std::size_t written = 0;
  for (int i = 0; i < function.input_count; ++i) {
    switch (function.inputs[i]) {
      case InputKind::open: inputs[i] = {c.open_price.data(), c.open.data()}; break;
      case InputKind::high: inputs[i] = {c.high_price.data(), c.high.data()}; break;
      case InputKind::low: inputs[i] = {c.low_price.data(), c.low.data()}; break;
      case InputKind::close: inputs[i] = {c.close_price.data(), c.close.data()}; break;
      case InputKind::volume: inputs[i] = {c.volume.data(), nullptr}; break;
      default: {
        const int input = node.inputs[written];
        const Node& from = strategy_.graph.nodes[static_cast<std::size_t>(input)];
        if (!from.has_series) {  // as long as the candles that the function runs on
          constants[written].assign(c.size(), evaluate_constant(strategy_, input, at.values.data()));
          inputs[i].values = constants[written++].data();
          break;
        }
        inputs[i].values = column(at.reads[written++]);
        if (from.op == Op::series) {
          switch (static_cast<SeriesId>(from.index)) {
            case SeriesId::open: inputs[i].ticks = c.open.data(); break;
            case SeriesId::high: inputs[i].ticks = c.high.data(); break;
            case SeriesId::low: inputs[i].ticks = c.low.data(); break;
            case SeriesId::close: inputs[i].ticks = c.close.data(); break;
            default: break;
          }
        }
        request.first = std::max(request.first, ready_bar(strategy_, input, at.values.data(), views));
      }
    }
  }
  double arguments[max_function_arguments] = {};
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    arguments[i] = evaluate_constant(strategy_, node.arguments[i], at.values.data());
  }
  at.owned.resize(c.size());
  double* outputs[max_function_outputs] = {};
  outputs[node.output] = at.owned.data();
  request.inputs = inputs;
  request.arguments = arguments;
  request.bars = static_cast<std::int32_t>(c.size());
  request.bar_duration_ns = c.duration;
  request.tick = series_.instrument.tick;
  request.outputs = outputs;
  function.column(request);
}

}  // namespace quern
