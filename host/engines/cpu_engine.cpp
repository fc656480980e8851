// The CPU engine behind the abstract Engine: packs of neighbouring lanes, spread over threads.
#include "host/engines/cpu_engine.hpp"

#include <algorithm>
#include <vector>

#include "host/base/error.hpp"
#include "host/plan/cpu_plan.hpp"
#include "kernels/lane/run_lane.hpp"
#include "kernels/simd/packs.hpp"

namespace quern {
namespace {

constexpr std::uint64_t ordered_at_once = 1 << 18;
constexpr int most_pack_lanes = 64;

void run_one(const CpuPlan& plan, const LaneInput& lane, bool in_double, LaneState& state, std::vector<double>& samples,
             double* equity, LaneResult& out) {
  const std::size_t points = plan.sample_points();
  samples.resize(2 * points);
  if (in_double) {
    run_lane<double>(plan.plan(), plan.market(), lane, state, samples.data(), samples.data() + points, equity, out);
  } else {
    run_lane<float>(plan.plan(), plan.market(), lane, state, samples.data(), samples.data() + points, equity, out);
  }
}

// Lanes [begin, end) of a batch, which share the first decision bar.
struct PackRange {
  std::size_t begin, end;
};

std::vector<PackRange> packs_of(const LaneBatch& batch, std::size_t width) {
  std::vector<PackRange> packs;
  for (std::size_t begin = 0; begin < batch.lanes.size();) {
    std::size_t end = begin + 1;
    while (end < batch.lanes.size() && end - begin < width && batch.lanes[end].first_bar == batch.lanes[begin].first_bar) ++end;
    packs.push_back({begin, end});
    begin = end;
  }
  return packs;
}

class CpuEngine final : public Engine {
 public:
  CpuEngine(int threads, const PackBackend* backend) : threads_(std::max(1, threads)), backend_(backend) {}

  std::string name() const override { return "cpu"; }

  void evaluate(const Job& job, const Series& series, std::uint64_t first, std::uint64_t count, LaneResult* results) override {
    require_bars(series);
    CpuPlan plan(job, series, threads_);
    const bool in_double = job.precision == Precision::double_;
    LaneBatch batch;
    for (std::uint64_t begin = 0; begin < count; begin += ordered_at_once) {
      const auto numbers = plan.order(first + begin, std::min(ordered_at_once, count - begin));
      for (std::size_t at = 0; at < numbers.size();) {
        plan.next_batch(numbers, at, batch);
        if (backend_ != nullptr && plan.fits_packs()) {
          run_in_packs(plan, batch, in_double, first, results);
        } else {
          run_singly(plan, batch, in_double, first, results);
        }
      }
    }
  }

  LaneResult trace(const Job& job, const Series& series, const std::vector<double>& values, Trace& trace) override {
    require_bars(series);
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
    run_one(plan, batch.lanes[0], job.precision == Precision::double_, state, samples, trace.equity.data(), result);
    return result;
  }

 private:
  static void require_bars(const Series& series) {
    if (series.candles.size() == 0) throw BadRequest("the series has no bars, so there is nothing to run. Choose another span");
  }

  void run_singly(const CpuPlan& plan, const LaneBatch& batch, bool in_double, std::uint64_t first, LaneResult* results) const {
#pragma omp parallel num_threads(threads_)
    {
      std::vector<double> samples;
#pragma omp for schedule(dynamic)
      for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
        LaneState state;
        run_one(plan, batch.lanes[i], in_double, state, samples, nullptr, results[batch.numbers[i] - first]);
      }
    }
  }

  void run_in_packs(const CpuPlan& plan, const LaneBatch& batch, bool in_double, std::uint64_t first, LaneResult* results) const {
    const auto width = static_cast<std::size_t>(backend_->lanes);
    const auto packs = packs_of(batch, width);
    const std::size_t points = plan.sample_points();
#pragma omp parallel num_threads(threads_)
    {
      std::vector<double> room(points * (width + 1) + 8);   // samples from a 64-byte boundary on, then scratch
      double* samples = room.data();
      while (reinterpret_cast<std::uintptr_t>(samples) % 64 != 0) ++samples;
      LaneResult* out[most_pack_lanes];
#pragma omp for schedule(dynamic)
      for (std::size_t i = 0; i < packs.size(); ++i) {
        const auto [begin, end] = packs[i];
        for (std::size_t lane = begin; lane < end; ++lane) out[lane - begin] = &results[batch.numbers[lane] - first];
        const PackRequest request{&plan.plan(), &plan.market(), plan.work(), static_cast<int>(end - begin), &batch.lanes[begin],
                                  batch.trails.empty() ? nullptr : &batch.trails[begin], out, samples, samples + points * width};
        (in_double ? backend_->run_double : backend_->run_single)(request);
      }
    }
  }

  int threads_;
  const PackBackend* backend_;     // null: one lane at a time
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(int threads) { return std::make_unique<CpuEngine>(threads, &pack_backend()); }

std::unique_ptr<Engine> make_cpu_engine(int threads, const std::string& instruction_set) {
  if (instruction_set == "scalar") return std::make_unique<CpuEngine>(threads, nullptr);
  for (const PackBackend* const* at = pack_backends(); *at != nullptr; ++at) {
    if (instruction_set == (*at)->name) return std::make_unique<CpuEngine>(threads, *at);
  }
  throw BadRequest("this machine does not execute '" + instruction_set + "', so the engine cannot run with it. Choose another instruction set");
}

std::vector<std::string> cpu_instruction_sets() {
  std::vector<std::string> names;
  for (const PackBackend* const* at = pack_backends(); *at != nullptr; ++at) names.push_back((*at)->name);
  return names;
}

}  // namespace quern
