// Results as text for a terminal.
#pragma once

#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/results/trade_lines.hpp"
#include "kernels/market/lane_result.hpp"

namespace quern {

// Columns padded to their widest cell; numbers (cells that start with a digit, sign or '-') to the right.
std::string text_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
// Every metric with its value, in groups, two columns.
std::string metrics_table(const double* metrics);
// The first and last trade lines.
std::string trades_table(const Trades& trades, const Series& series, std::size_t most);
// Shades of a grid of values, NaN blank; rows by y, columns by x, with the value range below.
std::string heatmap_text(const std::string& x_name, const std::vector<std::string>& x, const std::string& y_name,
                         const std::vector<std::string>& y, const std::vector<std::vector<double>>& values, bool color);

}  // namespace quern
