// The reference engine behind the abstract Engine.
#include "host/engines/engine.hpp"
#include "host/plan/warmup.hpp"
#include "host/reference/reference.hpp"

namespace quern {
namespace {

class ReferenceEngine final : public Engine {
 public:
  std::string name() const override { return "reference"; }

  void evaluate(const Job& job, const Series& series, std::uint64_t first, std::uint64_t count,
                LaneResult* results) override {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto values = job.combination(first + i);
      results[i] = reference::run(job, series, values, first_decision_bar(job, series, values), nullptr);
    }
  }

  LaneResult trace(const Job& job, const Series& series, const std::vector<double>& values, Trace& trace) override {
    return reference::run(job, series, values, first_decision_bar(job, series, values), &trace);
  }
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine() { return std::make_unique<ReferenceEngine>(); }

}  // namespace quern
