// Job and strategy files (TOML). The only translation unit that knows the TOML library.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <locale>
#include <numeric>
#include <set>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/base/time.hpp"
#include "host/strategy/expression_parser.hpp"
#include "host/strategy/job.hpp"
#include "host/strategy/metric_formula.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) throw BadRequest(fmt::format("cannot read '{}': there is no such file. Check the path", path));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// One table of a file: hands out its keys, and in the end names those that nobody asked for.
class Table {
 public:
  Table(const toml::table* table, std::string name, std::string file, std::vector<std::string>& problems)
      : table_(table), name_(std::move(name)), file_(std::move(file)), problems_(problems) {}

  bool present() const { return table_ != nullptr; }
  const std::string& name() const { return name_; }
  std::vector<std::string>& problems() { return problems_; }
  std::string where(const std::string& key) const {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    return fmt::format("{}:{}: {}", file_, node == nullptr ? 0 : node->source().begin.line, full(key));
  }
  void problem(const std::string& key, const std::string& text) { problems_.push_back(where(key) + ": " + text); }

  const toml::node* find(const std::string& key) {
    known_.push_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }

  Table table(const std::string& key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_table()) problem(key, "must be a table");
    return Table(node != nullptr ? node->as_table() : nullptr, full(key), file_, problems_);
  }

  bool text(const std::string& key, std::string& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    if (!node->is_string()) {
      problem(key, "must be a text in quotes");
      return false;
    }
    value = node->as_string()->get();
    return true;
  }

  bool number(const std::string& key, double& value, double minimum = -std::numeric_limits<double>::max(),
              double maximum = std::numeric_limits<double>::max()) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    const auto read = number_of(*node);
    if (!read) {
      problem(key, "must be a finite number");
      return false;
    }
    if (*read < minimum || *read > maximum) {
      problem(key, maximum < std::numeric_limits<double>::max() ? fmt::format("{} is outside {} to {}", *read, minimum, maximum)
                                                                 : fmt::format("{} is below {}", *read, minimum));
      return false;
    }
    value = *read;
    return true;
  }

  bool positive(const std::string& key, double& value) {
    double read = 0.0;
    if (!number(key, read)) return false;
    if (!(read > 0.0)) {
      problem(key, fmt::format("{} must be above 0", read));
      return false;
    }
    value = read;
    return true;
  }

  template <class Whole>
  bool whole(const std::string& key, Whole& value, std::int64_t minimum, std::int64_t maximum) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    if (!node->is_integer() || node->as_integer()->get() < minimum || node->as_integer()->get() > maximum) {
      problem(key, fmt::format("must be a whole number from {} to {}", minimum, maximum));
      return false;
    }
    value = static_cast<Whole>(node->as_integer()->get());
    return true;
  }

  bool flag(const std::string& key, bool& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    if (!node->is_boolean()) {
      problem(key, "must be true or false");
      return false;
    }
    value = node->as_boolean()->get();
    return true;
  }

  // One of a few words.
  template <class Enum>
  bool choice(const std::string& key, Enum& value, const std::vector<std::pair<std::string, Enum>>& choices) {
    std::string word;
    if (!text(key, word)) return false;
    std::vector<std::string> words;
    for (const auto& [name, meaning] : choices) {
      words.push_back(name);
      if (name == word) {
        value = meaning;
        return true;
      }
    }
    const std::string near = nearest(word, words);
    problem(key, fmt::format("'{}' is none of {}{}", word, fmt::join(words, ", "), near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    return false;
  }

  bool texts(const std::string& key, std::vector<std::string>& values) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    const toml::array* array = node->as_array();
    if (array == nullptr || array->empty()) {
      problem(key, "must be a list of texts with at least one entry");
      return false;
    }
    values.clear();
    for (const auto& one : *array) {
      if (!one.is_string()) {
        problem(key, "must be a list of texts");
        return false;
      }
      values.push_back(one.as_string()->get());
    }
    for (auto one = values.begin(); one != values.end(); ++one) {
      if (std::find(values.begin(), one, *one) == one) continue;
      problem(key, fmt::format("holds '{}' twice", *one));
      return false;
    }
    return true;
  }

  // A time without an offset is a problem, and read as UTC for what else may be wrong with it.
  bool time(const std::string& key, std::optional<std::int64_t>& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    const auto* stamp = node->as_date_time();
    const bool has_offset = stamp != nullptr && stamp->get().offset.has_value();
    if (!has_offset) {
      std::ostringstream written;
      if (stamp != nullptr) written << stamp->get();
      problem(key, (stamp != nullptr ? written.str() + " has no offset: it " : std::string()) + "must be a time with an offset, like 2024-01-02T00:00:00Z: a time without one means another moment on every machine");
      if (stamp == nullptr) return false;
    }
    const auto& t = stamp->get();
    const std::chrono::sys_days day{std::chrono::year{t.date.year} / std::chrono::month{t.date.month} / std::chrono::day{t.date.day}};
    const std::int64_t seconds = day.time_since_epoch().count() * 86400ll + t.time.hour * 3600ll + t.time.minute * 60ll + t.time.second -
                                 (has_offset ? t.offset->minutes * 60ll : 0ll);
    if (t.date.year < 1700 || t.date.year > 2200) {
      problem(key, "lies outside the years 1700 to 2200");
      return false;
    }
    value = seconds * 1'000'000'000 + t.time.nanosecond;
    return has_offset;
  }

  // An expression: a text, or a plain number.
  int expression(const std::string& key, Wanted wanted, ExpressionParser& parser) {
    const toml::node* node = find(key);
    if (node == nullptr) return -1;
    std::string written;
    if (node->is_string()) {
      written = node->as_string()->get();
    } else if (const auto read = number_of(*node); read && wanted != Wanted::condition) {
      written = fmt::format("{}", *read);
    } else {
      problem(key, wanted == Wanted::condition ? "must be a condition in quotes" : "must be a number or an expression in quotes");
      return -1;
    }
    return parser.parse(written, wanted, where(key), problems_);
  }

  static std::optional<double> number_of(const toml::node& node) {
    double value = 0.0;
    if (node.is_floating_point()) value = node.as_floating_point()->get();
    else if (node.is_integer()) value = static_cast<double>(node.as_integer()->get());
    else return std::nullopt;
    if (!std::isfinite(value)) return std::nullopt;
    return value;
  }

  // Names every key that is not known; call it when all were asked for.
  void finish() {
    if (table_ == nullptr) return;
    for (const auto& [word, node] : in_order()) {
      if (std::find(known_.begin(), known_.end(), word) != known_.end()) continue;
      const std::string near = nearest(word, known_);
      problems_.push_back(fmt::format("{}:{}: unknown key \"{}\"{}{}", file_, node->source().begin.line, word,
                                      name_.empty() ? "" : fmt::format(" in [{}]", name_),
                                      near.empty() ? "" : fmt::format(" (did you mean {}?)", name_.empty() ? "[" + near + "]" : "'" + near + "'")));
    }
  }

  // Keys and values in the order of the file.
  std::vector<std::pair<std::string, const toml::node*>> in_order() const {
    std::vector<std::pair<std::string, const toml::node*>> order;
    if (table_ != nullptr) {
      for (const auto& [key, node] : *table_) order.emplace_back(std::string(key.str()), &node);
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      const auto &x = a.second->source().begin, &y = b.second->source().begin;
      return std::pair(x.line, x.column) < std::pair(y.line, y.column);
    });
    return order;
  }

  const toml::table* raw() const { return table_; }
  const std::string& file() const { return file_; }

 private:
  std::string full(const std::string& key) const { return name_.empty() ? key : name_ + "." + key; }

  const toml::table* table_;
  std::string name_, file_;
  std::vector<std::string>& problems_;
  std::vector<std::string> known_;
};

toml::table parse_toml(const std::string& text, const std::string& path) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw BadRequest(fmt::format("{}:{}: not valid TOML at column {}: {}", path, error.source().begin.line, error.source().begin.column,
                                 error.description()));
  }
}

bool is_name(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void read_params(Table& table, Strategy& strategy) {
  if (!table.present()) return;
  for (const auto& [name, node] : table.in_order()) {
    table.find(name);
    Param param;
    param.name = name;
    if (ExpressionParser::is_builtin(name)) {
      table.problem(name, "is a name of the language; choose another one");
      continue;
    }
    if (!is_name(name)) {
      table.problem(name, "is no name: it needs letters, digits and _, a letter first");
      continue;
    }
    Table one(node->as_table(), table.name() + "." + name, table.file(), table.problems());
    if (!one.present()) {
      table.problem(name, "must be a table like { default = 14, min = 5, max = 30, type = \"int\" }");
      strategy.params.push_back(param);  // so that its uses are no further problems
      continue;
    }
    if (one.texts("choices", param.choices)) {
      param.type = Type::category;
      std::string word;
      if (!one.text("default", word)) table.problem(name, "needs a default that is one of its choices");
      const auto found = std::find(param.choices.begin(), param.choices.end(), word);
      if (found == param.choices.end()) table.problem(name, fmt::format("default '{}' is none of its choices {}", word, fmt::join(param.choices, ", ")));
      else param.default_value = static_cast<double>(found - param.choices.begin());
      param.maximum = static_cast<double>(param.choices.size()) - 1.0;
    } else {
      std::string type;
      if (one.text("type", type)) {
        if (type == "int") param.whole = true;
        else if (type != "float") table.problem(name, "type is \"int\" or \"float\"");
      }
      if (!one.number("default", param.default_value)) table.problem(name, "needs a default");
      if (!one.number("min", param.minimum)) param.minimum = -std::numeric_limits<double>::max();
      if (!one.number("max", param.maximum)) param.maximum = std::numeric_limits<double>::max();
      if (param.minimum > param.maximum) table.problem(name, fmt::format("min {} is above max {}", param.minimum, param.maximum));
      else if (param.default_value < param.minimum || param.default_value > param.maximum) {
        table.problem(name, fmt::format("default {} is outside {} to {}", param.default_value, param.minimum, param.maximum));
      }
      for (const char* end : {"min", "max"}) {
        const double value = end == std::string("min") ? param.minimum : param.maximum;
        if (param.whole && value != std::floor(value)) table.problem(name, fmt::format("{} must be whole, as type = \"int\" says", end));
      }
      if (param.whole && param.default_value != std::floor(param.default_value)) table.problem(name, "default must be whole, as type = \"int\" says");
    }
    one.finish();
    strategy.params.push_back(param);
  }
}

// distance, or price, or price = { long, short }.
Level read_level(Table& table, ExpressionParser& parser, Direction direction) {
  Level level;
  level.distance = table.expression("distance", Wanted::number, parser);
  const toml::node* price = table.find("price");
  if (price != nullptr && price->is_table()) {
    Table sides(price->as_table(), table.name() + ".price", table.file(), table.problems());
    const int above = sides.expression("long", Wanted::number, parser), below = sides.expression("short", Wanted::number, parser);
    if (direction != Direction::short_only) level.long_price = above;
    if (direction != Direction::long_only) level.short_price = below;
    if ((direction != Direction::short_only && sides.raw()->get("long") == nullptr) ||
        (direction != Direction::long_only && sides.raw()->get("short") == nullptr)) {
      table.problem("price", "needs a price for each side that the strategy takes");
    }
    sides.finish();
  } else if (price != nullptr) {
    const int node = table.expression("price", Wanted::number, parser);
    if (direction != Direction::short_only) level.long_price = node;
    if (direction != Direction::long_only) level.short_price = node;
  }
  const bool has_distance = table.raw() != nullptr && table.raw()->get("distance") != nullptr;
  if (table.present() && has_distance == (price != nullptr)) {
    table.problems().push_back(fmt::format("{}: [{}] needs either a distance or a price", table.file(), table.name()));
  }
  return level;
}

void read_strategy(Table& table, Strategy& strategy) {
  auto& problems = table.problems();
  if (!table.text("name", strategy.name)) problems.push_back(fmt::format("{}: [strategy] needs a name", table.file()));
  table.text("description", strategy.description);
  table.choice<Direction>("direction", strategy.direction,
                          {{"long", Direction::long_only}, {"short", Direction::short_only}, {"both", Direction::both}});
  const bool longs = strategy.direction != Direction::short_only, shorts = strategy.direction != Direction::long_only;
  Table params = table.table("params");
  read_params(params, strategy);
  ExpressionParser parser(strategy);

  Table lets = table.table("let");
  if (lets.present()) {
    // In the order of the file: one may use those before it.
    for (const auto& [name, node] : lets.in_order()) {
      lets.find(name);
      if (ExpressionParser::is_builtin(name) ||
          std::any_of(strategy.params.begin(), strategy.params.end(), [&, &let = name](const Param& param) { return param.name == let; })) {
        lets.problem(name, "is taken already by the language or a parameter; choose another name");
        continue;
      }
      if (!is_name(name)) {
        lets.problem(name, "is no name: it needs letters, digits and _, a letter first");
        continue;
      }
      LetSeries let;
      let.name = name;
      if (!node->is_string()) lets.problem(name, "must be an expression in quotes");
      else let.node = parser.parse_let(node->as_string()->get(), lets.where(name), problems);
      strategy.lets.push_back(let);
    }
  }

  Table entry = table.table("entry");
  const int entry_long = entry.expression("long", Wanted::condition, parser);
  const int entry_short = entry.expression("short", Wanted::condition, parser);
  strategy.filter = entry.expression("filter", Wanted::condition, parser);
  if (longs) strategy.entry_long = entry_long;
  if (shorts) strategy.entry_short = entry_short;
  if (entry.raw() == nullptr || ((!longs || entry.raw()->get("long") == nullptr) && (!shorts || entry.raw()->get("short") == nullptr))) {
    problems.push_back(fmt::format("{}: [strategy.entry] needs a condition for the direction of the strategy ({})", table.file(),
                                   longs && shorts ? "long or short" : longs ? "long" : "short"));
  }
  entry.finish();

  Table exit = table.table("exit");
  const int exit_long = exit.expression("long", Wanted::condition, parser), exit_short = exit.expression("short", Wanted::condition, parser);
  if (longs) strategy.exit_long = exit_long;
  if (shorts) strategy.exit_short = exit_short;
  strategy.max_bars = exit.expression("max_bars", Wanted::params_only, parser);
  exit.finish();

  Table stop = table.table("stop");
  strategy.stop = read_level(stop, parser, strategy.direction);
  strategy.breakeven_after = stop.expression("breakeven_after", Wanted::params_only, parser);
  stop.finish();

  Table trail = table.table("trail");
  strategy.trail = read_level(trail, parser, strategy.direction);
  strategy.trail_activation = trail.expression("activation", Wanted::number, parser);
  trail.choice<TrailBasis>("basis", strategy.trail_basis, {{"extreme", TrailBasis::extreme}, {"close", TrailBasis::close}});
  trail.finish();

  if (const toml::node* targets = table.find("target"); targets != nullptr) {
    const toml::array* array = targets->as_array();
    if (array == nullptr || array->empty() || array->size() > static_cast<std::size_t>(max_targets)) {
      table.problem("target", fmt::format("must be 1 to {} tables [[strategy.target]]", max_targets));
    } else {
      for (std::size_t i = 0; i < array->size(); ++i) {
        const toml::table* one = (*array)[i].as_table();
        if (one == nullptr) {
          table.problem("target", "must be tables [[strategy.target]]");
          break;
        }
        Table part(one, fmt::format("strategy.target {}", i + 1), table.file(), problems);
        Target target;
        target.level = read_level(part, parser, strategy.direction);
        target.fraction = part.expression("fraction", Wanted::number, parser);
        if (part.raw()->get("fraction") == nullptr && i + 1 < array->size()) {
          problems.push_back(fmt::format("{}:{}: [strategy.target {}] needs a fraction: only the last target takes the rest", table.file(),
                                         one->source().begin.line, i + 1));
        }
        part.finish();
        strategy.targets.push_back(target);
      }
    }
  }

  if (stop.present() && stop.raw()->get("breakeven_after") != nullptr && table.raw()->get("target") == nullptr) {
    stop.problem("breakeven_after", "waits for a target, and the strategy has none; add [[strategy.target]] or remove it");
  }

  Table size = table.table("size");
  size.choice<SizeMode>("mode", strategy.size_mode,
                        {{"fixed_quantity", SizeMode::fixed_quantity}, {"fraction", SizeMode::fraction}, {"fixed_notional", SizeMode::fixed_notional},
                         {"risk", SizeMode::risk}, {"volatility_parity", SizeMode::volatility_parity}});
  strategy.size_value = size.expression("value", Wanted::number, parser);
  strategy.size_volatility = size.expression("volatility", Wanted::number, parser);
  if (size.present() && size.raw()->get("value") == nullptr) problems.push_back(fmt::format("{}: [strategy.size] needs a value", table.file()));
  if (!size.present()) strategy.size_value = parser.parse("1", Wanted::number, "strategy.size.value", problems);
  if (strategy.size_mode == SizeMode::risk && !stop.present()) {
    size.problem("mode", "\"risk\" needs a [strategy.stop]: the size is what is risked divided by the distance to it");
  }
  if (strategy.size_mode == SizeMode::volatility_parity && strategy.size_volatility < 0 && size.raw()->get("volatility") == nullptr) {
    size.problem("mode", "\"volatility_parity\" needs a volatility, like \"realized_vol(30)\"");
  }
  if (strategy.size_mode != SizeMode::volatility_parity && size.present() && size.raw()->get("volatility") != nullptr) {
    size.problem("volatility", "is read with mode = \"volatility_parity\" only");
  }
  size.finish();

  Table order = table.table("order");
  order.choice<OrderType>("type", strategy.order, {{"market", OrderType::market}, {"limit", OrderType::limit}});
  const int offset = order.expression("offset", Wanted::number, parser);
  const int timeout = order.expression("timeout_bars", Wanted::params_only, parser);
  order.choice<OnTimeout>("on_timeout", strategy.on_timeout, {{"market", OnTimeout::market}, {"cancel", OnTimeout::cancel}});
  if (strategy.order == OrderType::limit) {
    strategy.limit_offset = offset;
    strategy.timeout_bars = timeout;
    for (const char* key : {"offset", "timeout_bars"}) {
      if (order.raw()->get(key) == nullptr) problems.push_back(fmt::format("{}: a limit order needs strategy.order.{}", table.file(), key));
    }
  } else if (order.present()) {
    for (const char* key : {"offset", "timeout_bars", "on_timeout"}) {
      if (order.raw()->get(key) != nullptr) order.problem(key, "is read with type = \"limit\" only");
    }
  }
  order.finish();
  table.finish();

  for (int root : strategy.roots()) {
    for (int param : strategy.graph.nodes[static_cast<std::size_t>(root)].params) strategy.params[static_cast<std::size_t>(param)].used = true;
  }
}

// Whatever the language settings: no routine of the C locale takes part.
double twelve_digits(double x) {
  const std::string text = fmt::format("{:.12g}", x);
  double value = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int param_index(const Strategy& strategy, const std::string& name) {
  for (std::size_t i = 0; i < strategy.params.size(); ++i) {
    if (strategy.params[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::string unknown_param(const Strategy& strategy, const std::string& name) {
  std::vector<std::string> names;
  for (const Param& param : strategy.params) names.push_back(param.name);
  const std::string near = nearest(name, names);
  return fmt::format("'{}' is no parameter of the strategy{}", name,
                     !near.empty() ? fmt::format(" (did you mean '{}'?)", near) : names.empty() ? "" : fmt::format("; it has {}", fmt::join(names, ", ")));
}

// Value of a parameter as written, checked against its domain; a problem otherwise.
std::optional<double> checked_value(const Param& param, const toml::node& node, std::string& problem) {
  if (param.type == Type::category) {
    if (node.is_string()) {
      const auto found = std::find(param.choices.begin(), param.choices.end(), node.as_string()->get());
      if (found != param.choices.end()) return static_cast<double>(found - param.choices.begin());
    }
    problem = fmt::format("must be one of {}", fmt::join(param.choices, ", "));
    return std::nullopt;
  }
  const auto value = Table::number_of(node);
  if (!value) problem = "must be a finite number";
  else if (param.whole && *value != std::floor(*value)) problem = fmt::format("{} must be whole, as type = \"int\" says", *value);
  else if (*value < param.minimum || *value > param.maximum) problem = fmt::format("{} is outside {} to {}", *value, param.minimum, param.maximum);
  else return value;
  return std::nullopt;
}

void read_axes(Table& table, Job& job) {
  if (!table.present()) return;
  for (const auto& [name, node] : table.in_order()) {
    table.find(name);
    const int index = param_index(job.strategy, name);
    if (index < 0) {
      table.problem(name, unknown_param(job.strategy, name));
      continue;
    }
    const Param& param = job.strategy.params[static_cast<std::size_t>(index)];
    Axis axis;
    axis.param = index;
    std::string bad;
    if (const toml::array* list = node->as_array()) {
      for (const auto& one : *list) {
        if (const auto value = checked_value(param, one, bad)) axis.values.push_back(*value);
        else table.problem(name, bad);
      }
      if (list->empty()) table.problem(name, "is an axis without values");
    } else if (node->is_table() && param.type == Type::number) {
      Table range(node->as_table(), table.name() + "." + name, table.file(), table.problems());
      double from = 0, to = 0, step = 0;
      std::int64_t count = 0;
      std::string scale = "linear";
      const bool has_from = range.number("from", from), has_to = range.number("to", to), ends = has_from && has_to;
      const bool has_step = range.number("step", step), has_count = range.whole("count", count, 1, 100'000'000);
      range.text("scale", scale);
      range.finish();
      if (!ends) table.problem(name, "needs from and to");
      else if (from > to) table.problem(name, fmt::format("from {} is above to {}", from, to));
      else if (has_step == has_count) table.problem(name, "needs either step or count");
      else if (has_step && !(step > 0)) table.problem(name, "step must be above 0");
      else if (scale != "linear" && scale != "log") table.problem(name, "scale is \"linear\" or \"log\"");
      else if (scale == "log" && (from <= 0 || has_step)) table.problem(name, "scale = \"log\" needs from above 0 and a count");
      else if (has_step && (to - from) / step > 1e8) table.problem(name, "has more than 100,000,000 values");
      else {
        if (has_step) {
          for (std::int64_t i = 0;; ++i) {
            const double value = twelve_digits(from + static_cast<double>(i) * step);
            if (value > to) break;
            axis.values.push_back(value);
          }
          if (axis.values.empty()) axis.values.push_back(from);  // from, written with more digits, is `to`
        } else {
          for (std::int64_t i = 0; i < count; ++i) {
            const double part = count == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(count - 1);
            const double value = twelve_digits(scale == "log" ? from * std::pow(to / from, part) : from + (to - from) * part);
            axis.values.push_back(i == 0 ? from : i == count - 1 ? to : value);  // the ends are the numbers of the file
          }
        }
        if (axis.values.back() != to) axis.unreached = to;
        for (double value : axis.values) {
          if (param.whole && value != std::floor(value)) bad = fmt::format("value {} must be whole, as type = \"int\" says", value);
          if (value < param.minimum || value > param.maximum) bad = fmt::format("value {} is outside {} to {}", value, param.minimum, param.maximum);
          if (!bad.empty()) break;
        }
        if (!bad.empty()) table.problem(name, bad);
      }
    } else {
      table.problem(name, "must be a list of values or { from, to, step }");
    }
    std::vector<double> sorted = axis.values;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) table.problem(name, "holds a value twice");
    if (!param.used && axis.values.size() > 1) {
      table.problem(name, fmt::format("no expression of the run uses this parameter: the axis multiplies the grid by {} without changing a result. Remove it",
                                      axis.values.size()));
    }
    if (!axis.values.empty()) job.axes.push_back(axis);
  }
}

// Every value that a node without series takes in the job, with one text that names it.
void check_values(const Job& job, const std::string& where, int node, const std::function<std::string(double)>& wrong, const std::string& what,
                  std::vector<std::string>& problems) {
  const Node& at = job.strategy.graph.nodes[static_cast<std::size_t>(node)];
  std::vector<std::vector<double>> choices;
  double product = 1.0;
  for (int param : at.params) {
    std::vector<double> values = {job.values[static_cast<std::size_t>(param)]};
    for (const Axis& axis : job.axes) {
      if (axis.param == param) values = axis.values;
    }
    product *= static_cast<double>(values.size());
    choices.push_back(values);
  }
  if (product > 1e6) {  // the ends of each axis then
    for (auto& all : choices) {
      const auto [low, high] = std::minmax_element(all.begin(), all.end());
      all = {*low, *high};
    }
  }
  std::vector<double> values = job.values;
  std::vector<std::size_t> index(at.params.size(), 0);
  while (true) {
    for (std::size_t i = 0; i < index.size(); ++i) values[static_cast<std::size_t>(at.params[i])] = choices[i][index[i]];
    const double value = evaluate_constant(job.strategy, node, values.data());
    if (const std::string problem = wrong(value); !problem.empty()) {
      std::string chosen;
      for (int param : at.params) {
        const Param& declared = job.strategy.params[static_cast<std::size_t>(param)];
        const double x = values[static_cast<std::size_t>(param)];
        chosen += fmt::format("{}{} = {}", chosen.empty() ? ", with " : ", ", declared.name,
                              declared.type == Type::category ? "'" + declared.choices[static_cast<std::size_t>(x)] + "'" : fmt::format("{}", x));
      }
      problems.push_back(fmt::format("{}: {} {}{}", where, what, problem, chosen));
      return;
    }
    std::size_t i = 0;
    while (i < index.size() && ++index[i] == choices[i].size()) index[i++] = 0;
    if (i == index.size()) return;
  }
}

double combinations_as_double(const Job& job) {
  double product = 1.0;
  for (const Axis& axis : job.axes) product *= static_cast<double>(axis.values.size());
  return product;
}

void check_ranges(const Job& job, std::vector<std::string>& problems) {
  const auto whole_from = [](double minimum, double maximum) {
    return [=](double value) {
      if (value != std::floor(value)) return fmt::format("= {} must be whole", value);
      return value >= minimum && value <= maximum ? std::string() : fmt::format("= {} is outside {} to {}", value, minimum, maximum);
    };
  };
  // Only what a run evaluates.
  std::set<int> reached;
  std::vector<int> open = job.strategy.roots();
  while (!open.empty()) {
    const int node = open.back();
    open.pop_back();
    if (!reached.insert(node).second) continue;
    for (int input : job.strategy.graph.nodes[static_cast<std::size_t>(node)].inputs) open.push_back(input);
  }
  for (int index : reached) {
    const Node& node = job.strategy.graph.nodes[static_cast<std::size_t>(index)];
    if (node.op == Op::shift) check_values(job, node.where, node.arguments[0], whole_from(0, 1e8), fmt::format("{}: the bars in [k]", node.text), problems);
    if (node.op != Op::call) continue;
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      const ArgumentInfo& argument = node.function->arguments[i];
      if (argument.kind == ArgumentKind::category) continue;
      const auto wrong = [&](double value) { return argument_problem(argument, value); };
      check_values(job, node.where, node.arguments[i], wrong, fmt::format("{}: argument {} of {}", node.text, argument.name, node.function->name), problems);
    }
  }
  const Strategy& s = job.strategy;
  if (s.max_bars >= 0) check_values(job, job.path, s.max_bars, whole_from(1, 1e9), "strategy.exit.max_bars", problems);
  if (s.timeout_bars >= 0) check_values(job, job.path, s.timeout_bars, whole_from(1, 1e9), "strategy.order.timeout_bars", problems);
  if (s.breakeven_after >= 0) {
    check_values(job, job.path, s.breakeven_after, whole_from(1, static_cast<double>(std::max<std::size_t>(1, s.targets.size()))), "strategy.stop.breakeven_after", problems);
  }
}

TickSize tick_of(double value) {
  double power = 1.0;
  for (int k = 0; k <= 12; ++k, power *= 10.0) {
    const double whole = std::round(value * power);
    if (whole < 1.0 || whole > 9e15 || whole / power != value) continue;
    const auto common = static_cast<double>(std::gcd(static_cast<std::int64_t>(whole), static_cast<std::int64_t>(power)));
    return {value, whole / common, power / common};
  }
  return {0.0, 0.0, 0.0};
}

void read_objective(Table& table, Job& job) {
  std::string objective = "sharpe_ratio", direction = "maximize";
  const toml::node* written = table.find("objective");
  if (written != nullptr && written->is_array()) {
    table.problem("objective", "several objectives are not there yet; write one metric, or one formula over metrics");
  } else if (table.text("objective", objective)) {
    if (const std::string bad = metric_formula_problem(objective, false); !bad.empty()) table.problem("objective", bad);
  }
  job.objectives = {objective};
  if (table.text("direction", direction) && direction != "maximize" && direction != "minimize") {
    table.problem("direction", "is \"maximize\" or \"minimize\"");
  }
  job.maximize = direction == "maximize";
  if (table.text("aggregate", job.aggregate) && job.aggregate != "mean" && job.aggregate != "median" && job.aggregate != "min" && job.aggregate != "sum") {
    table.problem("aggregate", "is one of mean, median, min, sum");
  }
  if (table.texts("constraints", job.constraints)) {
    for (const std::string& constraint : job.constraints) {
      if (const std::string bad = metric_formula_problem(constraint, true); !bad.empty()) table.problem("constraints", bad);
    }
  }
}

// Tables of work that is not there yet: their keys are known, and none of them is taken without effect.
void refuse_later(Table& root, const std::string& name, const std::vector<std::string>& keys) {
  Table table = root.table(name);
  for (const std::string& key : keys) {
    const toml::node* node = table.find(key);
    if (node == nullptr || (node->is_boolean() && !node->as_boolean()->get())) continue;
    table.problem(key, "is not there yet; remove it");
  }
  table.finish();
}

void read_settings(Table& root, Job& job) {
  auto& problems = root.problems();
  Table table = root.table("job");
  if (!table.present()) problems.push_back(fmt::format("{}: there is no [job] table", job.path));
  if (!table.text("name", job.name)) job.name = fs::path(job.path).stem().string();
  std::string strategy;
  table.text("strategy", strategy);
  read_objective(table, job);
  table.finish();

  Table data = root.table("data");
  if (!data.texts("files", job.files) && (data.raw() == nullptr || data.raw()->get("files") == nullptr)) {
    problems.push_back(fmt::format("{}: [data] needs files, like files = [\"btc.h5\"]", job.path));
  }
  for (std::string& file : job.files) {
    if (fs::path(file).is_relative()) file = (fs::path(job.path).parent_path() / file).string();
  }
  data.texts("symbols", job.symbols);
  data.texts("timeframes", job.timeframes);
  data.time("from", job.from);
  data.time("to", job.to);
  if (job.from && job.to && *job.to <= *job.from) {
    data.problem("to", fmt::format("{} lies before from = {} (it is exclusive)", iso_time(*job.to), iso_time(*job.from)));
  }
  data.flag("allow_gaps", job.allow_gaps);
  data.finish();

  Table account = root.table("account");
  account.positive("capital", job.account.capital);
  account.number("leverage", job.account.leverage, 1.0, 1000.0);
  account.number("maintenance", job.account.maintenance, 0.0, 0.999);
  account.flag("cap", job.account.cap);
  account.number("daily_loss_limit", job.account.daily_loss_limit, 0.0);
  account.number("max_drawdown_halt", job.account.max_drawdown_halt, 0.0);
  if (double tick = 0.0; account.number("tick", tick)) {
    job.account.tick = tick_of(tick);
    job.has_tick = job.account.tick.denominator > 0.0 && tick > 0.0;
    if (!job.has_tick) account.problem("tick", "must be above 0 with at most 12 decimals");
  }
  job.has_lot = account.positive("lot", job.account.lot);
  job.has_min_notional = account.number("min_notional", job.account.min_notional, 0.0);
  account.finish();

  Table costs = root.table("costs");
  job.has_maker = costs.number("maker_bps", job.costs.maker_bps, -100.0, 10000.0);
  job.has_taker = costs.number("taker_bps", job.costs.taker_bps, -100.0, 10000.0);
  costs.number("slippage_bps", job.costs.slippage_bps, 0.0, 10000.0);
  costs.number("impact_bps", job.costs.impact_bps, 0.0);
  if (const toml::node* funding = costs.find("funding"); funding != nullptr) {
    if (const auto rate = Table::number_of(*funding)) {
      job.funding = FundingSource::constant;
      job.funding_rate = *rate;
    } else if (funding->is_string() && funding->as_string()->get() == "dataset") {
      job.funding = FundingSource::dataset;
    } else if (!funding->is_string() || funding->as_string()->get() != "none") {
      costs.problem("funding", "is \"none\", \"dataset\" or a rate per 8 h");
    }
  }
  costs.finish();

  Table rules = root.table("rules");
  rules.choice<FillAt>("fill", job.rules.fill, {{"next_open", FillAt::next_open}, {"close", FillAt::close}});
  rules.choice<Intrabar>("intrabar", job.rules.intrabar, {{"sl_first", Intrabar::sl_first}, {"tp_first", Intrabar::tp_first},
                                                          {"open_proximity", Intrabar::open_proximity}, {"detail", Intrabar::detail}});
  rules.choice<TargetGap>("target_gap", job.rules.target_gap, {{"limit", TargetGap::limit}, {"open", TargetGap::open}});
  rules.choice<EndPolicy>("end", job.rules.end, {{"close", EndPolicy::close}, {"open", EndPolicy::open}});
  rules.choice<Warmup>("warmup", job.rules.warmup, {{"common", Warmup::common}, {"own", Warmup::own}});
  rules.flag("reverse", job.rules.reverse);
  rules.whole("through_ticks", job.rules.through_ticks, 0, 1'000'000);
  rules.whole("cooldown_bars", job.rules.cooldown_bars, 0, 1'000'000'000);
  rules.finish();

  Table metrics = root.table("metrics");
  metrics.choice<Sampling>("sampling", job.sampling, {{"day", Sampling::day}, {"bar", Sampling::bar}});
  if (double periods = 0.0; metrics.positive("periods_per_year", periods)) job.periods_per_year = periods;
  metrics.finish();

  Table engine = root.table("engine");
  if (engine.text("device", job.device)) {
    static const std::vector<std::string> devices = {"auto", "cuda", "cpu", "reference"};
    if (std::find(devices.begin(), devices.end(), job.device) == devices.end()) engine.problem("device", "is one of auto, cuda, cpu, reference");
  }
  engine.choice<Precision>("precision", job.precision, {{"single", Precision::single_}, {"double", Precision::double_}});
  engine.whole("threads", job.threads, 0, 4096);
  engine.finish();

  Table search = root.table("search");
  if (search.text("method", job.search_method) && job.search_method != "grid") {
    static const std::vector<std::string> later = {"random", "sobol", "tpe", "cem", "cmaes", "de", "nsga2"};
    if (std::find(later.begin(), later.end(), job.search_method) != later.end()) {
      search.problem("method", fmt::format("\"{}\" is not there yet; only \"grid\" is", job.search_method));
    } else {
      std::vector<std::string> methods = later;
      methods.insert(methods.begin(), "grid");
      const std::string near = nearest(job.search_method, methods);
      search.problem("method", fmt::format("'{}' is none of {}{}", job.search_method, fmt::join(methods, ", "),
                                           near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
  }
  // The grid draws nothing: it has every combination whatever these say.
  search.whole("trials", job.trials, 1, std::numeric_limits<std::int64_t>::max());
  search.whole("seed", job.seed, 0, std::numeric_limits<std::int64_t>::max());
  search.finish();
  refuse_later(root, "validate", {"walk_forward", "cpcv", "overfitting", "blocks"});
  refuse_later(root, "montecarlo", {"kinds", "paths", "seed"});

  Table output = root.table("output");
  if (output.text("file", job.output_file) && fs::path(job.output_file).is_relative()) {
    job.output_file = (fs::path(job.path).parent_path() / job.output_file).string();
  }
  if (std::string keep; output.text("keep", keep)) {
    if (keep != "all" && keep != "top") output.problem("keep", "is \"all\" or \"top\"");
    job.keep_all = keep != "top";
  }
  output.whole("top", job.top, 1, 1'000'000);
  output.finish();
}

std::string strategy_path(const std::string& name, const std::string& job_path) {
  if (name.find('/') != std::string::npos || name.ends_with(".toml")) {
    return fs::path(name).is_absolute() ? name : (fs::path(job_path).parent_path() / name).string();
  }
  return (fs::path(strategy_library_folder()) / (name + ".toml")).string();
}

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(strategy_library_folder(), ignored)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string strategy_library_folder() {
  if (const char* named = std::getenv("QUERN_STRATEGIES"); named != nullptr && *named != '\0') return named;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const char* beside : {"../share/quern/strategies", "../jobs/strategies", "../../jobs/strategies"}) {
    if (const fs::path folder = program / beside; !program.empty() && fs::is_directory(folder, ignored)) return folder.lexically_normal().string();
  }
  return "jobs/strategies";
}

Job read_job(const std::string& path) {
  Job job;
  job.path = path;
  job.text = read_text(path);
  const toml::table file = parse_toml(job.text, path);
  std::vector<std::string> problems;
  Table root(&file, "", path, problems);
  read_settings(root, job);

  const std::size_t settings_problems = problems.size();
  const toml::table* inline_strategy = file["strategy"].as_table();
  const std::string named = file["job"]["strategy"].value_or(std::string());
  root.find("strategy");
  toml::table other;
  if (inline_strategy != nullptr && !named.empty()) {
    problems.push_back(fmt::format("{}: the job has a [strategy] table and names another one in job.strategy; keep one", path));
  } else if (inline_strategy != nullptr) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << toml::table{{"strategy", *inline_strategy}};
    job.strategy.text = text.str();
    Table table(inline_strategy, "strategy", path, problems);
    read_strategy(table, job.strategy);
  } else if (!named.empty()) {
    const std::string from = strategy_path(named, path);
    if (!fs::exists(from)) {
      const std::string near = nearest(named, library_names());
      problems.push_back(fmt::format("{}: job.strategy: there is no strategy '{}' ({} does not exist){}", path, named, from,
                                     near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    } else {
      job.strategy.text = read_text(from);
      other = parse_toml(job.strategy.text, from);
      Table whole(&other, "", from, problems);
      Table table = whole.table("strategy");
      whole.finish();
      if (!table.present()) problems.push_back(fmt::format("{}: there is no [strategy] table", from));
      else read_strategy(table, job.strategy);
    }
  } else {
    problems.push_back(fmt::format("{}: there is no strategy: write a [strategy] table, or job.strategy = \"name\"", path));
  }

  for (const Param& param : job.strategy.params) job.values.push_back(param.default_value);
  Table fixed = root.table("params");
  if (fixed.present()) {
    for (const auto& [key, node] : *fixed.raw()) {
      const std::string name(key.str());
      fixed.find(name);
      const int index = param_index(job.strategy, name);
      std::string bad = index < 0 ? unknown_param(job.strategy, name) : "";
      if (index >= 0) {
        if (const auto value = checked_value(job.strategy.params[static_cast<std::size_t>(index)], node, bad)) job.values[static_cast<std::size_t>(index)] = *value;
      }
      if (!bad.empty()) fixed.problem(name, bad);
    }
  }
  Table sweep = root.table("sweep");
  read_axes(sweep, job);
  job.declared_axes = job.axes;
  root.finish();
  if (combinations_as_double(job) > 9e15) problems.push_back(fmt::format("{}: [sweep] has more than 9e15 combinations; fewer or shorter axes", path));
  // Only where strategy and axes are whole: what a number is checked against must be known.
  if (problems.size() == settings_problems) check_ranges(job, problems);
  Problems all;
  for (std::string& problem : problems) all.add(std::move(problem));
  all.throw_if_any();
  return job;
}

void set_params(Job& job, const std::vector<std::string>& assignments) {
  std::vector<std::string> problems;
  for (const std::string& text : assignments) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
      problems.push_back(fmt::format("--set {}: write name=value", text));
      continue;
    }
    const std::string name = text.substr(0, equals), written = text.substr(equals + 1);
    const int index = param_index(job.strategy, name);
    if (index < 0) {
      problems.push_back(fmt::format("--set {}: {}", text, unknown_param(job.strategy, name)));
      continue;
    }
    const Param& param = job.strategy.params[static_cast<std::size_t>(index)];
    std::string bad;
    std::optional<double> value;
    if (param.type == Type::category) {
      value = checked_value(param, toml::value<std::string>(written), bad);
    } else {
      double number = 0.0;
      std::istringstream stream(written);
      stream.imbue(std::locale::classic());
      if (stream >> number && stream.peek() == std::istringstream::traits_type::eof()) value = checked_value(param, toml::value<double>(number), bad);
      else bad = "is no number";
    }
    if (!value) {
      problems.push_back(fmt::format("--set {}: {}", text, bad));
      continue;
    }
    job.values[static_cast<std::size_t>(index)] = *value;
    std::erase_if(job.axes, [&](const Axis& axis) { return axis.param == index; });
  }
  if (problems.empty()) check_ranges(job, problems);
  Problems all;
  for (std::string& problem : problems) all.add(std::move(problem));
  all.throw_if_any();
}

}  // namespace quern
