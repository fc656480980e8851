// Arithmetic and comparisons over metrics: objectives ("sharpe_ratio - 0.5 * max_drawdown") and constraints
// ("n_trades >= 30").
#pragma once

#include <string>
#include <vector>

namespace quern {

class MetricExpression {
 public:
  // Throws BadRequest that names the unknown metric (and the nearest one) or the column of a mistake.
  explicit MetricExpression(const std::string& text);
  // Value over metrics[metric_count]; NaN where undefined. A comparison gives 1 or 0 (0 with NaN).
  double evaluate(const double* metrics) const;
  bool is_condition() const noexcept { return is_condition_; }
  const std::string& text() const noexcept { return text_; }

 private:
  struct Step {                       // of a stack machine
    char operation;                   // 'n' number, 'm' metric, '+', '-', '*', '/', '~' negate, '<', '>', 'l' <=, 'g' >=, '=', '!'
    double value = 0.0;
    int metric = -1;
  };
  friend class MetricParser;
  std::string text_;
  std::vector<Step> steps_;
  bool is_condition_ = false;
};

int find_metric(const std::string& name);   // index, or -1

}  // namespace quern
