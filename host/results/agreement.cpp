#include "host/results/agreement.hpp"

#include <algorithm>
#include <cmath>

namespace quern {
namespace {

bool is_money(int metric) {
  switch (static_cast<Metric>(metric)) {
    case Metric::expectancy: case Metric::avg_win: case Metric::avg_loss: case Metric::best_trade: case Metric::worst_trade:
    case Metric::fees_paid: case Metric::funding_paid: case Metric::slippage_paid: case Metric::equity_final:
    case Metric::equity_peak: return true;
    default: return false;
  }
}

}  // namespace

std::string Agreement::text() const {
  std::string text = same_decisions ? "" : "decisions";
  for (int metric : differing) text += (text.empty() ? "" : " ") + std::string(metric_names[metric]);
  return text;
}

Agreement compare_results(const LaneResult& a, const LaneResult& b, Precision precision, double capital) {
  Agreement agreement;
  agreement.same_decisions = a.decision_hash == b.decision_hash && a.first_decision_bar == b.first_decision_bar;
  const double relative = precision == Precision::single_ ? 1e-4 : 1e-9;
  const double absolute = precision == Precision::single_ ? 1e-6 : 1e-10;
  for (int metric = 0; metric < metric_count; ++metric) {
    const double x = a.metrics[metric], y = b.metrics[metric];
    if (std::isnan(x) && std::isnan(y)) continue;
    const double allowed = relative * std::max(std::abs(x), std::abs(y)) + absolute * (is_money(metric) ? capital : 1.0);
    if (!(std::abs(x - y) <= allowed)) agreement.differing.push_back(metric);
  }
  return agreement;
}

}  // namespace quern
