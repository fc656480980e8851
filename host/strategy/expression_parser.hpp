// From the text of an expression to nodes of a strategy's graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/strategy/strategy.hpp"

namespace quern {

// What may stand where an expression is written.
enum class Wanted { number, condition, params_only };

// What is wrong with a number given for an argument of a function, or nothing.
std::string argument_problem(const ArgumentInfo& argument, double value);

class ExpressionParser {
 public:
  // Names are the strategy's parameters and lets; nodes go to its graph, views to its views.
  explicit ExpressionParser(Strategy& strategy) : strategy_(strategy) {}

  // The node of `text`, in the job's bars; -1 with one problem added (text, column, caret, what was expected). `where`
  // names file, line and key.
  int parse(const std::string& text, Wanted wanted, const std::string& where, std::vector<std::string>& problems);
  // The same for a [strategy.let] entry: number or condition.
  int parse_let(const std::string& text, const std::string& where, std::vector<std::string>& problems);

  // Names that neither a parameter nor a let may take.
  static bool is_builtin(const std::string& name);

 private:
  friend class ExpressionReader;
  int add(Node node);
  int run(const std::string& text, const Wanted* wanted, const std::string& where, std::vector<std::string>& problems);

  Strategy& strategy_;
  std::string where_;                  // of the text that is being read
  std::map<std::string, int> known_;   // nodes by content, so that equal ones are one
};

}  // namespace quern
