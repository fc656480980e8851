// The CPU engine behind the abstract Engine.
#include <algorithm>
#include <vector>

#include "host/base/error.hpp"
#include "host/engines/engine.hpp"
#include "host/plan/cpu_plan.hpp"
#include "kernels/lane/run_lane.hpp"

namespace quern {
namespace {

constexpr std::uint64_t ordered_at_once = 1 << 18;

void run_one(const CpuPlan& plan, const LaneInput& lane, LaneState& state, std::vector<double>& samples,
             double* equity, LaneResult& out) {
  const auto bars = static_cast<std::size_t>(plan.market().bars);
  samples.resize(2 * bars);
  run_lane<double>(plan.plan(), plan.market(), lane, state, samples.data(), samples.data() + bars, equity, out);
}

class CpuEngine final : public Engine {
 public:
  explicit CpuEngine(int threads) : threads_(std::max(1, threads)) {}

  std::string name() const override { return "cpu"; }

  void evaluate(const Job& job, const Series& series, std::uint64_t first, std::uint64_t count, LaneResult* results) override {
    if (series.candles.size() == 0) throw BadRequest("the series has no bars, so there is nothing to run. Choose another span");
    CpuPlan plan(job, series, threads_);
    LaneBatch batch;
    for (std::uint64_t begin = 0; begin < count; begin += ordered_at_once) {
      const auto numbers = plan.order(first + begin, std::min(ordered_at_once, count - begin));
      for (std::size_t at = 0; at < numbers.size();) {
        plan.next_batch(numbers, at, batch);
#pragma omp parallel num_threads(threads_)
        {
          std::vector<double> samples;
#pragma omp for schedule(dynamic)
          for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
            LaneState state;
            run_one(plan, batch.lanes[i], state, samples, nullptr, results[batch.numbers[i] - first]);
          }
        }
      }
    }
  }

  LaneResult trace(const Job& job, const Series& series, const std::vector<double>& values, Trace& trace) override {
    if (series.candles.size() == 0) throw BadRequest("the series has no bars, so there is nothing to run. Choose another span");
    CpuPlan plan(job, series, threads_);
    LaneBatch batch;
    plan.single(values, batch);
    trace.fills.clear();
    trace.funding.clear();
    trace.equity.assign(series.candles.size(), job.account.capital);
    LaneState state;
    state.sink.to = &trace;
    state.sink.add = [](void* to, const Fill& fill) { static_cast<Trace*>(to)->fills.push_back(fill); };
    state.sink.pay = [](void* to, const FundingPaid& paid) { static_cast<Trace*>(to)->funding.push_back(paid); };
    std::vector<double> samples;
    LaneResult result{};
    run_one(plan, batch.lanes[0], state, samples, trace.equity.data(), result);
    return result;
  }

 private:
  int threads_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(int threads) { return std::make_unique<CpuEngine>(threads); }

}  // namespace quern
