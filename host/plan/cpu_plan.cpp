#include "host/plan/cpu_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/plan/warmup.hpp"

namespace quern {
namespace {

constexpr std::size_t column_budget = std::size_t{1} << 29;   // bytes
constexpr std::size_t most_lanes = 8192;

std::int64_t day_of_close(std::int64_t open, std::int64_t duration) {
  const std::int64_t last_ns = open + duration - 1;
  return last_ns >= 0 ? last_ns / ns_per_day : (last_ns - ns_per_day + 1) / ns_per_day;
}

std::int32_t whole_bars(const Strategy& strategy, int node, const std::vector<double>& values) {
  const double bars = evaluate_constant(strategy, node, values.data());
  if (!(bars >= 1.0)) return 1;
  return bars >= 1e9 ? 1000000000 : static_cast<std::int32_t>(bars);
}

}  // namespace

CpuPlan::CpuPlan(const Job& job, const Series& series, int threads)
    : job_(job), series_(series), threads_(threads), store_(job.strategy, series) {
  const Candles& c = series.candles;
  market_.bars = static_cast<std::int32_t>(c.size());
  market_.open = c.open.data(), market_.high = c.high.data(), market_.low = c.low.data(), market_.close = c.close.data();
  market_.close_price = c.close_price.data();
  market_.volume = c.volume.data();
  market_.bar_days = static_cast<double>(c.duration) / static_cast<double>(ns_per_day);
  if (!series.funding.empty() && !series.funding_begin.empty()) {
    for (const FundingRate& payment : series.funding) funding_rates_.push_back(payment.rate);
    market_.funding_rate = funding_rates_.data();
    market_.funding_begin = series.funding_begin.data();
  }
  if (!series.detail_begin.empty() && series.detail.size() > 0) {
    market_.detail_open = series.detail.open.data();
    market_.detail_high = series.detail.high.data();
    market_.detail_low = series.detail.low.data();
    market_.detail_begin = series.detail_begin.data();
  }
  for (std::size_t bar = 0; bar < c.size(); ++bar) {
    day_end_.push_back(bar + 1 == c.size() ||
                       day_of_close(c.time[bar], c.duration) != day_of_close(c.time[bar + 1], c.duration));
    elapsed_days_.push_back(static_cast<double>(c.time[bar] - c.time[0]) / static_cast<double>(ns_per_day));
  }
  market_.day_end = day_end_.data();
  market_.elapsed_days = elapsed_days_.data();

  const Strategy& s = job.strategy;
  plan_.account = job.account;
  plan_.account.tick = series.instrument.tick;
  plan_.account.lot = series.instrument.lot;
  plan_.account.min_notional = series.instrument.min_notional;
  plan_.rules = job.rules;
  plan_.costs = job.costs;
  plan_.order = s.order;
  plan_.on_timeout = s.on_timeout;
  plan_.size_mode = s.size_mode;
  plan_.trail_basis = s.trail_basis;
  plan_.sampling = job.sampling;
  plan_.periods_per_year = job.periods_per_year ? *job.periods_per_year
                           : job.sampling == Sampling::day ? 365.0
                                                           : 365.0 * static_cast<double>(ns_per_day) / static_cast<double>(c.duration);
  plan_.stop = source_of(s.stop);
  plan_.trail = source_of(s.trail);
  plan_.activation = program_of(s.trail_activation);
  plan_.size_value = program_of(s.size_value);
  plan_.volatility = program_of(s.size_volatility);
  plan_.offset = program_of(s.limit_offset);
  plan_.target_count = static_cast<std::int32_t>(s.targets.size());
  for (std::size_t i = 0; i < s.targets.size(); ++i) {
    plan_.targets[i] = {source_of(s.targets[i].level), program_of(s.targets[i].fraction)};
  }
  for (const auto& code : codes_) programs_.push_back({code.data(), static_cast<std::int32_t>(code.size())});
  plan_.programs = programs_.data();

  // Axes that conditions depend on slowest, those of the trail fastest: neighbours share bitmaps, and packs one after the
  // other the table of trail distances. The order within each kind is the job's.
  std::vector<int> kind(s.params.size(), 1);
  const auto mark = [&](int node, int as) {
    if (node < 0) return;
    for (const int param : s.graph.nodes[static_cast<std::size_t>(node)].params) kind[static_cast<std::size_t>(param)] = as;
  };
  for (const int node : {s.trail.distance, s.trail.long_price, s.trail.short_price}) mark(node, 2);
  for (const int node : {s.entry_long, s.entry_short, s.filter, s.exit_long, s.exit_short}) mark(node, 0);
  for (const int wanted : {0, 1, 2}) {
    for (std::size_t axis = 0; axis < job.axes.size(); ++axis) {
      if (kind[static_cast<std::size_t>(job.axes[axis].param)] == wanted) axis_order_.push_back(static_cast<int>(axis));
    }
  }
}

int CpuPlan::program_of(int node) {
  if (node < 0) return -1;
  CompiledNode shared;                         // the slots of all programs are the lane's
  shared.constants = std::move(levels_.constants);
  shared.columns = std::move(levels_.columns);
  compile_node(job_.strategy.graph, node, shared);
  levels_.constants = std::move(shared.constants);
  levels_.columns = std::move(shared.columns);
  codes_.push_back(std::move(shared.code));
  return static_cast<int>(codes_.size()) - 1;
}

LevelSource CpuPlan::source_of(const Level& level) {
  return {program_of(level.distance), program_of(level.long_price), program_of(level.short_price)};
}

std::vector<std::uint64_t> CpuPlan::order(std::uint64_t first, std::uint64_t count) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> keyed(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::vector<std::uint64_t> digits(job_.axes.size());
    std::uint64_t rest = first + i;
    for (std::size_t axis = job_.axes.size(); axis-- > 0;) {
      digits[axis] = rest % job_.axes[axis].values.size();
      rest /= job_.axes[axis].values.size();
    }
    std::uint64_t key = 0;
    for (const int axis : axis_order_) {
      key = key * job_.axes[static_cast<std::size_t>(axis)].values.size() + digits[static_cast<std::size_t>(axis)];
    }
    keyed[i] = {key, first + i};
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::uint64_t> numbers;
  numbers.reserve(count);
  for (const auto& [key, number] : keyed) numbers.push_back(number);
  return numbers;
}

CpuPlan::Wanted CpuPlan::require(const std::vector<double>& values) {
  const Strategy& s = job_.strategy;
  const auto bits = [&](int node) { return node < 0 ? -1 : store_.require_bits(node, values); };
  Wanted wanted{{}, bits(s.entry_long), bits(s.entry_short), bits(s.filter), bits(s.exit_long), bits(s.exit_short)};
  for (const int node : levels_.columns) wanted.columns.push_back(store_.require_column(node, values));
  return wanted;
}

void CpuPlan::add_lane(const std::vector<double>& values, const Wanted& wanted, LaneBatch& batch) {
  const Strategy& s = job_.strategy;
  const auto bits = [&](int instance) { return instance < 0 ? nullptr : store_.bits(instance); };
  LaneInput lane;
  lane.entry_long = bits(wanted.entry_long), lane.entry_short = bits(wanted.entry_short), lane.filter = bits(wanted.filter);
  lane.exit_long = bits(wanted.exit_long), lane.exit_short = bits(wanted.exit_short);
  if (job_.rules.warmup == Warmup::own) {
    lane.first_bar = first_decision_bar(job_, series_, values);
  } else {
    if (common_first_bar_ < 0) common_first_bar_ = first_decision_bar(job_, series_, values);
    lane.first_bar = common_first_bar_;
  }
  if (s.max_bars >= 0) lane.max_bars = whole_bars(s, s.max_bars, values);
  if (s.timeout_bars >= 0) lane.timeout_bars = whole_bars(s, s.timeout_bars, values);
  if (s.breakeven_after >= 0) lane.breakeven_after = whole_bars(s, s.breakeven_after, values);
  for (const int node : levels_.constants) batch.constants.push_back(evaluate_constant(s, node, values.data()));
  for (const int instance : wanted.columns) batch.columns.push_back(store_.column(instance));
  batch.lanes.push_back(lane);
}

void CpuPlan::finish(const std::vector<std::vector<double>>& values, const std::vector<Wanted>& wanted, LaneBatch& batch) {
  store_.compute(threads_);
  batch.lanes.clear(), batch.constants.clear(), batch.columns.clear();
  for (std::size_t i = 0; i < values.size(); ++i) add_lane(values[i], wanted[i], batch);
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    batch.lanes[i].constants = batch.constants.data() + i * levels_.constants.size();
    batch.lanes[i].columns = batch.columns.data() + i * levels_.columns.size();
  }
}

void CpuPlan::next_batch(const std::vector<std::uint64_t>& numbers, std::size_t& at, LaneBatch& batch) {
  if (store_.bytes() > column_budget / 2) store_.clear();
  std::vector<std::vector<double>> values;
  std::vector<Wanted> wanted;
  batch.numbers.clear();
  while (at < numbers.size() && values.size() < most_lanes && (values.empty() || store_.bytes() < column_budget)) {
    values.push_back(job_.combination(numbers[at]));
    wanted.push_back(require(values.back()));
    batch.numbers.push_back(numbers[at++]);
  }
  finish(values, wanted, batch);
}

void CpuPlan::single(const std::vector<double>& values, LaneBatch& batch) {
  batch.numbers.assign(1, 0);
  finish({values}, {require(values)}, batch);
}

}  // namespace quern
