#include "host/results/metric_expression.hpp"

#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "kernels/market/metrics.hpp"

namespace quern {

int find_metric(const std::string& name) {
  for (int metric = 0; metric < metric_count; ++metric) {
    if (name == metric_names[metric]) return metric;
  }
  return -1;
}

class MetricParser {
 public:
  explicit MetricParser(MetricExpression& out) : out_(out), text_(out.text_) {}

  void parse() {
    sum();
    skip();
    static constexpr struct { const char* text; char operation; } comparisons[] = {
        {"<=", 'l'}, {">=", 'g'}, {"==", '='}, {"!=", '!'}, {"<", '<'}, {">", '>'}};
    for (const auto& comparison : comparisons) {
      if (text_.compare(at_, std::string(comparison.text).size(), comparison.text) != 0) continue;
      at_ += std::string(comparison.text).size();
      sum();
      add(comparison.operation);
      out_.is_condition_ = true;
      break;
    }
    skip();
    if (at_ != text_.size()) fail("nothing more");
  }

 private:
  void skip() { while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_; }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void add(char operation, double value = 0.0, int metric = -1) { out_.steps_.push_back({operation, value, metric}); }
  [[noreturn]] void fail(const std::string& wanted) {
    throw BadRequest(fmt::format("'{}': column {} should have {}. Write metrics, numbers, + - * / ( ) and one comparison", text_,
                                 at_ + 1, wanted));
  }
  void sum() {
    product();
    for (;;) {
      if (take('+')) { product(); add('+'); }
      else if (take('-')) { product(); add('-'); }
      else return;
    }
  }
  void product() {
    factor();
    for (;;) {
      if (take('*')) { factor(); add('*'); }
      else if (take('/')) { factor(); add('/'); }
      else return;
    }
  }
  void factor() {
    if (++depth_ > 200) fail("less nesting");
    if (take('-')) {
      factor();
      add('~');
    } else if (take('(')) {
      sum();
      if (!take(')')) fail("')'");
    } else {
      operand();
    }
    --depth_;
  }
  void operand() {
    skip();
    std::size_t end = at_;
    const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    if (at_ < text_.size() && ((text_[at_] >= '0' && text_[at_] <= '9') || text_[at_] == '.')) {
      double value = 0.0;
      const auto read = fast_float::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (read.ec != std::errc()) fail("a number");
      at_ = static_cast<std::size_t>(read.ptr - text_.data());
      add('n', value);
      return;
    }
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (end == at_) fail("a metric or a number");
    const std::string name = text_.substr(at_, end - at_);
    const int metric = find_metric(name);
    if (metric < 0) {
      const std::string near = nearest(name, {metric_names, metric_names + metric_count});
      throw BadRequest(fmt::format("'{}' is no metric{}; results can only be ranked by what they hold", name,
                                   near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
    at_ = end;
    add('m', 0.0, metric);
  }

  MetricExpression& out_;
  const std::string& text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

MetricExpression::MetricExpression(const std::string& text) : text_(text) { MetricParser(*this).parse(); }

double MetricExpression::evaluate(const double* metrics) const {
  // Called for every combination, so the usual formula needs no allocation.
  double few[16];
  std::vector<double> many(steps_.size() > std::size(few) ? steps_.size() : 0);
  double* const stack = many.empty() ? few : many.data();
  std::size_t size = 0;
  for (const Step& step : steps_) {
    if (step.operation == 'n' || step.operation == 'm') {
      stack[size++] = step.operation == 'n' ? step.value : metrics[step.metric];
      continue;
    }
    if (step.operation == '~') {
      stack[size - 1] = -stack[size - 1];
      continue;
    }
    const double b = stack[--size];
    double& a = stack[size - 1];
    switch (step.operation) {
      case '+': a = a + b; break;
      case '-': a = a - b; break;
      case '*': a = a * b; break;
      case '/': a = a / b; break;
      case '<': a = a < b; break;
      case '>': a = a > b; break;
      case 'l': a = a <= b; break;
      case 'g': a = a >= b; break;
      case '=': a = a == b; break;
      default: a = a < b || a > b; break;
    }
  }
  const double value = stack[0];
  return std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace quern
