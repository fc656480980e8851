// The CPU engine behind the abstract Engine: packs of lanes where the job's settings allow it, else lane by lane.
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "host/base/error.hpp"
#include "host/engines/cpu_engine.hpp"
#include "host/plan/cpu_plan.hpp"
#include "kernels/lane/run_lane.hpp"
#include "kernels/simd/pack_engine.hpp"

namespace quern {
namespace {

constexpr std::uint64_t ordered_at_once = 1 << 18;
constexpr std::size_t trail_bytes = std::size_t{48} << 20;   // of trail tables that one thread keeps

void run_one(const CpuPlan& plan, const LaneInput& lane, LaneState& state, std::vector<double>& samples, double* equity,
             LaneResult& out) {
  const auto bars = static_cast<std::size_t>(plan.market().bars);
  samples.resize(2 * bars);
  run_lane<double>(plan.plan(), plan.market(), lane, state, samples.data(), samples.data() + bars, equity, out);
}

// What packs handle: the settings that sweeps mostly have. The rest runs lane by lane with the same rules.
bool runs_in_packs(const Job& job, const Series& series, const CpuPlan& plan) {
  const LanePlan& p = plan.plan();
  constexpr double off = std::numeric_limits<double>::infinity();
  const auto& high = series.candles.high;
  const std::int64_t seconds = (series.candles.time.back() - series.candles.time.front()) / ns_per_second;
  return p.order == OrderType::market && p.rules.fill == FillAt::next_open && p.rules.intrabar != Intrabar::detail &&
         job.account.daily_loss_limit == off && job.account.max_drawdown_halt == off && (!p.trail.present() || p.trail.distance >= 0) &&
         (p.size_mode != SizeMode::risk || p.stop.present()) &&
         plan.slots() <= max_pack_slots && *std::max_element(high.begin(), high.end()) < pack_price_limit - p.rules.through_ticks &&
         seconds < std::numeric_limits<std::int32_t>::max() && series.candles.time.front() % ns_per_second == 0 &&
         series.candles.duration % ns_per_second == 0;
}

// From the first bar's open to that of each.
std::vector<std::int32_t> seconds_of(const Series& series) {
  std::vector<std::int32_t> seconds;
  seconds.reserve(series.candles.size());
  for (const std::int64_t time : series.candles.time) {
    seconds.push_back(static_cast<std::int32_t>((time - series.candles.time.front()) / ns_per_second));
  }
  return seconds;
}

// Work space of one thread.
struct PackSpace {
  std::vector<double> samples, scratch;
  std::vector<std::uint16_t> masks;
  std::vector<std::uint64_t> any_entry;
  // Tables of trail distances, the last used first: a grid goes through a few of them again and again.
  struct TrailTable {
    std::vector<std::uint64_t> key;       // what the table was computed from
    std::vector<std::int32_t> ticks;
  };
  std::vector<std::unique_ptr<TrailTable>> trails;
  std::vector<LaneResult> results;
};

void run_pack(const CpuPlan& plan, const InstructionSet& set, const std::vector<std::int32_t>& elapsed_seconds,
              const LaneInput* lanes, std::int32_t count, PackSpace& space) {
  const auto bars = static_cast<std::size_t>(plan.market().bars);
  const auto width = static_cast<std::size_t>(set.width);
  space.samples.resize((bars + 1) * width);
  space.scratch.resize((bars + 1) * width);
  space.masks.resize(5 * (bars + 64));
  space.any_entry.resize(bars / 64 + 1);
  space.results.resize(width);
  PackInput input;
  input.lanes = lanes;
  input.count = count;
  input.elapsed_seconds = elapsed_seconds.data();
  if (plan.plan().trail.present()) {
    const Program& program = plan.plan().programs[plan.plan().trail.distance];
    std::vector<std::uint64_t> key;
    for (std::int32_t lane = 0; lane < count; ++lane) {
      for (std::int32_t i = 0; i < program.length; ++i) {
        const Instruction& at = program.code[i];
        std::uint64_t word = 0;
        if (at.op == Operator::constant) std::memcpy(&word, &lanes[lane].constants[at.slot], sizeof word);
        if (at.op == Operator::column) word = reinterpret_cast<std::uintptr_t>(lanes[lane].columns[at.slot]);
        key.push_back(word);
      }
    }
    const auto known = std::find_if(space.trails.begin(), space.trails.end(), [&](const auto& table) { return table->key == key; });
    if (known != space.trails.end()) {
      std::rotate(space.trails.begin(), known, known + 1);
    } else {
      const std::size_t most = std::max<std::size_t>(1, trail_bytes / (bars * width * sizeof(std::int32_t)));
      if (space.trails.size() < most) space.trails.push_back(std::make_unique<PackSpace::TrailTable>());
      std::rotate(space.trails.begin(), space.trails.end() - 1, space.trails.end());
      space.trails.front()->ticks.resize(bars * width);
      set.build_trail(plan.plan(), plan.market(), lanes, count, space.trails.front()->ticks.data());
      space.trails.front()->key = std::move(key);
    }
    input.trail = space.trails.front()->ticks.data();
  }
  input.samples = space.samples.data();
  input.scratch = space.scratch.data();
  input.masks = space.masks.data();
  input.any_entry = space.any_entry.data();
  for (std::int32_t lane = 0; lane < count; ++lane) input.goes_short = input.goes_short || lanes[lane].entry_short != nullptr;
  input.results = space.results.data();
  set.run(plan.plan(), plan.market(), input);
}

// Lanes [begin, end) of a batch that run together.
struct PackSpan {
  std::size_t begin, end;
};

std::vector<PackSpan> packs_of(const LaneBatch& batch, std::size_t width) {
  std::vector<PackSpan> packs;
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    if (!packs.empty() && packs.back().end - packs.back().begin < width &&
        batch.lanes[i].first_bar == batch.lanes[packs.back().begin].first_bar) {
      ++packs.back().end;
    } else {
      packs.push_back({i, i + 1});
    }
  }
  return packs;
}

class CpuEngine final : public Engine {
 public:
  CpuEngine(int threads, const InstructionSet& set) : threads_(threads > 0 ? threads : omp_get_max_threads()), set_(set) {}

  std::string name() const override { return "cpu"; }

  void evaluate(const Job& job, const Series& series, std::uint64_t first, std::uint64_t count, LaneResult* results) override {
    if (series.candles.size() == 0) throw BadRequest("the series has no bars, so there is nothing to run. Choose another span");
    CpuPlan plan(job, series, threads_);
    const bool in_packs = runs_in_packs(job, series, plan);
    const std::vector<std::int32_t> elapsed_seconds = in_packs ? seconds_of(series) : std::vector<std::int32_t>();
    LaneBatch batch;
    for (std::uint64_t begin = 0; begin < count; begin += ordered_at_once) {
      const auto numbers = plan.order(first + begin, std::min(ordered_at_once, count - begin));
      for (std::size_t at = 0; at < numbers.size();) {
        plan.next_batch(numbers, at, batch);
        const auto packs = packs_of(batch, in_packs ? static_cast<std::size_t>(set_.width) : 1);
#pragma omp parallel num_threads(threads_)
        {
          std::vector<double> samples;
          PackSpace space;
#pragma omp for schedule(dynamic)
          for (std::size_t i = 0; i < packs.size(); ++i) {
            const PackSpan& pack = packs[i];
            if (in_packs) {
              run_pack(plan, set_, elapsed_seconds, &batch.lanes[pack.begin],
                       static_cast<std::int32_t>(pack.end - pack.begin), space);
              for (std::size_t lane = pack.begin; lane < pack.end; ++lane) results[batch.numbers[lane] - first] = space.results[lane - pack.begin];
            } else {
              LaneState state;
              run_one(plan, batch.lanes[pack.begin], state, samples, nullptr, results[batch.numbers[pack.begin] - first]);
            }
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
    if (runs_in_packs(job, series, plan)) {   // the bits of the sweep's row
      PackSpace space;
      run_pack(plan, set_, seconds_of(series), batch.lanes.data(), 1, space);
      result = space.results[0];
    }
    return result;
  }

 private:
  int threads_;
  const InstructionSet& set_;
};

// Those that this machine executes, narrowest first.
std::vector<const InstructionSet*> executable_sets() {
  std::vector<const InstructionSet*> sets = {&pack_baseline};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&pack_avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    sets.push_back(&pack_avx512);
  }
#endif
  return sets;
}

}  // namespace

std::vector<std::string> cpu_instruction_sets() {
  std::vector<std::string> names;
  for (const InstructionSet* set : executable_sets()) names.push_back(set->name);
  return names;
}

std::unique_ptr<Engine> make_cpu_engine(int threads) { return std::make_unique<CpuEngine>(threads, *executable_sets().back()); }

std::unique_ptr<Engine> make_cpu_engine(int threads, const std::string& instruction_set) {
  std::string names;
  for (const InstructionSet* set : executable_sets()) {
    if (instruction_set == set->name) return std::make_unique<CpuEngine>(threads, *set);
    names += std::string(names.empty() ? "" : ", ") + set->name;
  }
  throw BadRequest("this machine does not execute '" + instruction_set + "'. Choose one of " + names);
}

}  // namespace quern
