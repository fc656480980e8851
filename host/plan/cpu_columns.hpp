// Series that the lanes of the CPU engine read: each distinct node instance (a node with the values of just those parameters
// that it depends on) is computed once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/base/candles.hpp"
#include "host/strategy/job.hpp"
#include "kernels/expression/program.hpp"

namespace quern {

// A postfix program with the nodes that its slots stand for.
struct CompiledNode {
  std::vector<Instruction> code;
  std::vector<int> constants, columns;     // [slot] node
  bool is_split = false;                   // an operator too deep for the stack became a column
  Program program() const { return {code.data(), static_cast<std::int32_t>(code.size())}; }
};

// Adds `node` to `to`: operators become instructions, what needs a series of its own a column, what parameters alone
// decide a constant.
void compile_node(const Graph& graph, int node, CompiledNode& to);

class ColumnStore {
 public:
  // Both outlive the store.
  ColumnStore(const Strategy& strategy, const Series& series);

  // Numbers identify instances until clear(). Their data are there after compute().
  int require_column(int node, const std::vector<double>& values);
  int require_bits(int node, const std::vector<double>& values);
  // Computes what was required since the last call.
  void compute(int threads);
  const double* column(int instance) const { return instances_[static_cast<std::size_t>(instance)]->data; }
  const std::uint64_t* bits(int instance) const { return instances_[static_cast<std::size_t>(instance)]->bits.data(); }
  // Of everything required.
  std::size_t bytes() const { return bytes_; }
  void clear();

 private:
  struct Instance {
    int node = -1;
    bool as_bits = false;
    int level = 0;                         // above all that it reads
    std::vector<double> values;            // [param]
    std::vector<int> reads;                // columns, in the order of their use
    const double* data = nullptr;          // [bar]
    std::vector<double> owned;
    std::vector<std::uint64_t> bits;
  };

  int require(int node, bool as_bits, const std::vector<double>& values);
  void compute_one(Instance& at) const;
  void compute_call(Instance& at) const;
  void compute_series(Instance& at) const;
  void compute_operators(Instance& at) const;
  void compute_bits(const Instance& at, int node, std::int32_t bars, std::vector<std::uint64_t>& words) const;
  // The column of `node` among those that the instance reads; null if it reads none of it.
  const double* read_of(const Instance& at, int node) const;
  // Runs a program over columns that the instance reads; `take(first, count, values)` gets its value block by block.
  template <class Take>
  void run_program(const Instance& at, const CompiledNode& compiled, std::int32_t bars, Take take) const;
  const Candles& candles_of(const Node& node) const;
  const CompiledNode& compiled(int node);

  const Strategy& strategy_;
  const Series& series_;
  std::vector<std::unique_ptr<CompiledNode>> compiled_;       // [node]
  std::vector<std::unique_ptr<Instance>> instances_;
  std::unordered_map<std::string, int> known_;                // by node, kind and parameter values
  std::size_t computed_ = 0, bytes_ = 0;
};

}  // namespace quern
