#include "host/results/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/base/error.hpp"

namespace quern {

double aggregate(const std::string& kind, std::vector<double> values) {
  double sum = 0.0;
  for (double value : values) {
    if (std::isnan(value)) return value;
    sum += value;
  }
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (kind == "sum") return sum;
  if (kind == "min") return *std::min_element(values.begin(), values.end());
  if (kind == "median") {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2.0;
  }
  return sum / static_cast<double>(values.size());
}

TopList::TopList(const Job& job, std::size_t size)
    : objective_(job.objectives.empty() ? "sharpe_ratio" : job.objectives.front()),
      aggregate_(job.aggregate), maximize_(job.maximize), size_(size) {
  for (const std::string& text : job.constraints) {
    constraints_.emplace_back(text);
    if (!constraints_.back().is_condition()) {
      throw BadRequest(fmt::format("{}: the constraint '{}' compares nothing. Write one like \"n_trades >= 30\"", job.path, text));
    }
  }
}

bool TopList::is_better(const Ranked& a, const Ranked& b) const {
  const bool a_undefined = std::isnan(a.objective), b_undefined = std::isnan(b.objective);
  if (a_undefined != b_undefined) return b_undefined;
  if (!a_undefined && a.objective != b.objective) return maximize_ ? a.objective > b.objective : a.objective < b.objective;
  return a.combination < b.combination;
}

void TopList::offer(std::uint64_t combination, const LaneResult* results, std::size_t series_count) {
  for (const MetricExpression& constraint : constraints_) {
    for (std::size_t series = 0; series < series_count; ++series) {
      if (constraint.evaluate(results[series].metrics) != 1.0) {
        ++refused_;
        return;
      }
    }
  }
  if (size_ == 0) return;
  Ranked ranked{combination, objective_.evaluate(results[0].metrics), {}};
  if (series_count > 1) {
    std::vector<double> values{ranked.objective};
    for (std::size_t series = 1; series < series_count; ++series) values.push_back(objective_.evaluate(results[series].metrics));
    ranked.objective = aggregate(aggregate_, std::move(values));
  }
  const auto better = [this](const Ranked& a, const Ranked& b) { return is_better(a, b); };
  if (heap_.size() == size_) {
    if (!is_better(ranked, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), better);
    ranked.results = std::move(heap_.back().results);
    heap_.pop_back();
  }
  ranked.results.assign(results, results + series_count);
  heap_.push_back(std::move(ranked));
  std::push_heap(heap_.begin(), heap_.end(), better);
}

void TopList::offer(const UnitPart& part, std::uint64_t first, std::size_t series_count) {
  refused_ += part.refused;
  const std::size_t rows = part.results.size() / std::max<std::size_t>(1, series_count);
  for (std::size_t row = 0; row < rows; ++row) {
    offer(part.combinations.empty() ? first + row : part.combinations[row], part.results.data() + row * series_count, series_count);
  }
}

UnitPart TopList::part() const {
  UnitPart part;
  part.refused = refused_;
  for (const Ranked& ranked : sorted()) {
    part.combinations.push_back(ranked.combination);
    part.results.insert(part.results.end(), ranked.results.begin(), ranked.results.end());
  }
  return part;
}

std::vector<Ranked> TopList::sorted() const {
  std::vector<Ranked> all = heap_;
  std::sort(all.begin(), all.end(), [this](const Ranked& a, const Ranked& b) { return is_better(a, b); });
  return all;
}

}  // namespace quern
