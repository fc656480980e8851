#include "host/strategy/metric_formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "host/base/text.hpp"
#include "kernels/market/metrics.hpp"

namespace quern {
namespace {

struct Wrong {
  std::string text;
};

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  void read(bool condition) {
    sum();
    const bool compared = comparison();
    if (compared != condition) {
      if (condition) throw Wrong{"is no comparison; write it like \"n_trades >= 30\""};
      throw Wrong{"is a comparison where a number is needed; comparisons stand in constraints"};
    }
    if (compared) sum();
    skip();
    if (at_ != text_.size()) expected(comparison() ? "the end (one comparison only)" : "an operator or the end");
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

  [[noreturn]] void expected(const std::string& what) const { throw Wrong{fmt::format("expected {} at column {}", what, at_ + 1)}; }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool comparison() {
    skip();
    for (const char* sign : {"<=", ">=", "==", "!=", "<", ">"}) {
      const std::string written = sign;
      if (text_.compare(at_, written.size(), written) != 0) continue;
      at_ += written.size();
      return true;
    }
    return false;
  }
  void sum() {
    do product();
    while (take('+') || take('-'));
  }
  void product() {
    do factor();
    while (take('*') || take('/'));
  }
  void factor() {
    if (++depth_ > 200) throw Wrong{"is nested too deeply"};
    if (take('-')) {
      factor();
    } else if (take('(')) {
      sum();
      if (!take(')')) expected("')'");
    } else {
      operand();
    }
    --depth_;
  }
  void operand() {
    skip();
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) {
      double value = 0.0;
      const auto read = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (read.ec != std::errc{}) expected("a number");
      at_ = static_cast<std::size_t>(read.ptr - text_.data());
      return;
    }
    std::size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    if (end == at_) expected("a metric or a number");
    const std::string name = text_.substr(at_, end - at_);
    const std::vector<std::string> metrics(metric_names, metric_names + metric_count);
    if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) {
      const std::string near = nearest(name, metrics);
      throw Wrong{fmt::format("'{}' is no metric{}", name, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near))};
    }
    at_ = end;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string metric_formula_problem(const std::string& text, bool condition) {
  try {
    Reader(text).read(condition);
    return "";
  } catch (const Wrong& wrong) {
    return fmt::format("\"{}\": {}", text, wrong.text);
  }
}

}  // namespace quern
