// Formulas over metrics as a job writes them: "sharpe_ratio - 0.5 * max_drawdown", "n_trades >= 30".
#pragma once

#include <string>

namespace quern {

// What is wrong with `text`, or nothing. Metrics, numbers, + - * / and brackets; one comparison where `condition` asks
// for one, none otherwise.
std::string metric_formula_problem(const std::string& text, bool condition);

}  // namespace quern
