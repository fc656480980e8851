// The reference engine behind the abstract Engine.
#include "host/base/parallel.hpp"
#include "host/engines/engine.hpp"
#include "host/plan/warmup.hpp"
#include "host/reference/reference.hpp"

namespace quern {
namespace {

class ReferenceEngine final : public Engine {
 public:
  explicit ReferenceEngine(int threads) : threads_(thread_count(threads)) {}
  std::string name() const override { return "reference"; }

  void evaluate(const Job& job, const Series& series, std::uint64_t first, std::uint64_t count,
                LaneResult* results) override {
    if (count == 0) return;
    const bool common = job.rules.warmup == Warmup::common;   // E3: one bar for all of them
    const int common_bar = common ? first_decision_bar(job, series, job.combination(first)) : 0;
    parallel_for(count, threads_, [&](std::size_t i) {
      const auto values = job.combination(first + i);
      results[i] = reference::run(job, series, values, common ? common_bar : first_decision_bar(job, series, values), nullptr);
    });
  }

  LaneResult trace(const Job& job, const Series& series, const std::vector<double>& values, Trace& trace) override {
    return reference::run(job, series, values, first_decision_bar(job, series, values), &trace);
  }

 private:
  unsigned threads_;
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(int threads) { return std::make_unique<ReferenceEngine>(threads); }

}  // namespace quern
