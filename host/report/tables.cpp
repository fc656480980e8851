#include "host/report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/base/time.hpp"
#include "host/results/number_text.hpp"

namespace quern {
namespace {

// Letters shown, not bytes: continuation bytes of UTF-8 take no room.
std::size_t shown(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_number(const std::string& cell) {
  return cell.empty() || cell == "-" || (cell[0] >= '0' && cell[0] <= '9') || ((cell[0] == '-' || cell[0] == '+') && cell.size() > 1);
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width > shown(text) ? width - shown(text) : 0, ' ');
  return right ? space + text : text + space;
}

// Rounded to two decimals, without the sign of a negative zero.
std::string two_decimals(double value) {
  const std::string text = fmt::format("{:.2f}", value);
  return text == "-0.00" ? "0.00" : text;
}

std::string metric_text(Metric metric, double value) {
  switch (metric) {
    case Metric::total_return: case Metric::cagr: case Metric::volatility_ann: case Metric::max_drawdown:
    case Metric::avg_drawdown: case Metric::ulcer_index: case Metric::exposure_time: case Metric::win_rate:
    case Metric::buy_and_hold_return: case Metric::value_at_risk: case Metric::cond_value_at_risk: case Metric::ambiguous_share:
      return std::isnan(value) ? "-" : two_decimals(100.0 * value) + " %";
    case Metric::expectancy: case Metric::avg_win: case Metric::avg_loss: case Metric::best_trade: case Metric::worst_trade:
    case Metric::fees_paid: case Metric::funding_paid: case Metric::slippage_paid: case Metric::equity_final:
    case Metric::equity_peak: return std::isnan(value) ? "-" : two_decimals(value);
    case Metric::max_drawdown_duration: return std::isnan(value) ? "-" : fmt::format("{:.1f} days", value);
    default: return short_text(value, 4);
  }
}

}  // namespace

std::string text_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t column = 0; column < header.size(); ++column) {
    std::size_t width = shown(header[column]);
    bool numbers = !rows.empty();
    for (const auto& row : rows) {
      width = std::max(width, shown(row[column]));
      numbers = numbers && is_number(row[column]);
    }
    widths.push_back(width);
    right.push_back(numbers);
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t column = 0; column < cells.size(); ++column) {
      line += (column == 0 ? "" : "  ") + padded(cells[column], widths[column], right[column]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add(header);
  for (const auto& row : rows) add(row);
  return text;
}

std::string metrics_table(const double* metrics) {
  std::vector<std::pair<std::string, std::string>> cells;
  for (int metric = 0; metric < metric_count; ++metric) {
    cells.emplace_back(metric_names[metric], metric_text(static_cast<Metric>(metric), metrics[metric]));
  }
  const std::size_t half = (cells.size() + 1) / 2;
  std::string text;
  for (std::size_t row = 0; row < half; ++row) {
    text += fmt::format("  {:<24}{:>14}", cells[row].first, cells[row].second);
    if (row + half < cells.size()) text += fmt::format("    {:<24}{:>14}", cells[row + half].first, cells[row + half].second);
    text += "\n";
  }
  return text;
}

std::string trades_table(const Trades& trades, const Series& series, std::size_t most) {
  std::vector<std::vector<std::string>> rows;
  const std::size_t count = trades.lines.size();
  for (std::size_t at = 0; at < count; ++at) {
    if (count > 2 * most && at == most) {
      rows.push_back({"...", "", "", "", "", "", "", ""});
      at = count - most;
    }
    const TradeLine& line = trades.lines[at];
    const TickSize& tick = series.instrument.tick;
    rows.push_back({iso_time(series.candles.time[static_cast<std::size_t>(line.entry_bar)]), line.side > 0 ? "long" : "short",
                    price_text(line.entry_ticks, tick), quantity_text(line.lots, series.instrument.lot),
                    iso_time(series.candles.time[static_cast<std::size_t>(line.exit_bar)]), price_text(line.exit_ticks, tick),
                    exit_reason_name(line.reason), fmt::format("{:.2f}", line.profit)});
  }
  if (rows.empty()) return "no trades\n";
  return text_table({"entry", "side", "price", "quantity", "exit", "price", "reason", "profit"}, rows);
}

std::string heatmap_text(const std::string& x_name, const std::vector<std::string>& x, const std::string& y_name,
                         const std::vector<std::string>& y, const std::vector<std::vector<double>>& values, bool color) {
  double low = INFINITY, high = -INFINITY;
  for (const auto& row : values) {
    for (double value : row) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  std::size_t y_width = shown(y_name), x_width = 3;
  for (const auto& name : y) y_width = std::max(y_width, shown(name));
  for (const auto& name : x) x_width = std::max(x_width, shown(name));
  if (!color) x_width = std::max<std::size_t>(x_width, 7);
  std::string text = fmt::format("{} (down) by {} (across)\n{}", y_name, x_name, std::string(y_width, ' '));
  for (const auto& name : x) text += " " + padded(name, x_width, true);
  text += "\n";
  for (std::size_t row = 0; row < y.size(); ++row) {
    text += padded(y[row], y_width, true);
    for (double value : values[row]) {
      std::string cell = std::isfinite(value) ? fmt::format("{:.3g}", value) : "";
      if (color && std::isfinite(value)) {
        const double share = high > low ? (value - low) / (high - low) : 0.5;
        const int shade = 232 + static_cast<int>(std::lround(share * 23.0));
        text += fmt::format(" \x1b[48;5;{}m\x1b[38;5;{}m{}\x1b[0m", shade, share > 0.5 ? 16 : 231, padded(cell, x_width, true));
      } else {
        text += " " + padded(cell, x_width, true);
      }
    }
    text += "\n";
  }
  if (low <= high) text += fmt::format("lowest {}, highest {}\n", short_text(low), short_text(high));
  return text;
}

}  // namespace quern
