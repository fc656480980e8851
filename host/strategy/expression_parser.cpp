#include "host/strategy/expression_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

#include "host/base/text.hpp"

namespace quern {
namespace {

struct SyntaxError {
  std::size_t column;
  std::string message;   // empty: follows from a problem that is reported already
};

// Brackets, calls and signs within each other.
constexpr int max_depth = 200;

enum class TokenKind { number, name, text, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  double value = 0.0;
  std::size_t column = 0;
  std::size_t end = 0;   // column behind it
};

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::vector<Token> tokens_of(const std::string& text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
      continue;
    }
    Token token;
    token.column = at;
    if (c == '@') {  // an instrument or timeframe may start with a digit: @4h, @1000PEPEUSDT
      std::size_t end = at + 1;
      while (end < text.size() && (is_name_start(text[end]) || is_digit(text[end]))) ++end;
      if (end == at + 1) throw SyntaxError{at, "expected a timeframe after '@', like @4h.close"};
      token.kind = TokenKind::symbol;
      token.text = text.substr(at, end - at);
      at = end;
    } else if (is_digit(c) || (c == '.' && at + 1 < text.size() && is_digit(text[at + 1]))) {
      const auto read = std::from_chars(text.data() + at, text.data() + text.size(), token.value);
      token.kind = TokenKind::number;
      const auto end = static_cast<std::size_t>(read.ptr - text.data());
      if (read.ec != std::errc{}) throw SyntaxError{at, "this number is beyond what a double holds"};
      if (end < text.size() && is_name_start(text[end])) throw SyntaxError{end, "a name may not start with a digit"};
      token.text = text.substr(at, end - at);
      at = end;
    } else if (is_name_start(c)) {
      std::size_t end = at;
      while (end < text.size() && (is_name_start(text[end]) || is_digit(text[end]))) ++end;
      token.kind = TokenKind::name;
      token.text = text.substr(at, end - at);
      at = end;
    } else if (c == '\'' || c == '"') {
      const auto end = text.find(c, at + 1);
      if (end == std::string::npos) throw SyntaxError{at, "this text has no closing quote"};
      token.kind = TokenKind::text;
      token.text = text.substr(at + 1, end - at - 1);
      at = end + 1;
    } else {
      static constexpr std::array<const char*, 4> two = {"<=", ">=", "==", "!="};
      token.kind = TokenKind::symbol;
      const std::string pair = text.substr(at, 2);
      if (std::find(two.begin(), two.end(), pair) != two.end()) {
        token.text = pair;
      } else if (std::string("+-*/%^<>()[],.=").find(c) != std::string::npos) {
        token.text = std::string(1, c);
      } else if (pair == "&&" || pair == "||" || c == '&' || c == '|') {
        throw SyntaxError{at, c == '&' ? "write 'and'" : "write 'or'"};
      } else if (c == '!') {
        throw SyntaxError{at, "write 'not'"};
      } else {
        throw SyntaxError{at, "this sign is not part of the language"};
      }
      at += token.text.size();
    }
    token.end = at;
    tokens.push_back(token);
  }
  Token end;
  end.column = text.size();
  tokens.push_back(end);
  return tokens;
}

const std::map<std::string, SeriesId>& series_names() {
  static const std::map<std::string, SeriesId> names = {
      {"open", SeriesId::open}, {"high", SeriesId::high}, {"low", SeriesId::low}, {"close", SeriesId::close},
      {"volume", SeriesId::volume}, {"hl2", SeriesId::hl2}, {"hlc3", SeriesId::hlc3}, {"ohlc4", SeriesId::ohlc4},
      {"hour", SeriesId::hour}, {"weekday", SeriesId::weekday}};
  return names;
}

struct Elementwise {
  Op op;
  int inputs;
};

const std::map<std::string, Elementwise>& elementwise_names() {
  static const std::map<std::string, Elementwise> names = {
      {"abs", {Op::abs, 1}}, {"sqrt", {Op::sqrt, 1}}, {"log", {Op::log, 1}}, {"exp", {Op::exp, 1}}, {"floor", {Op::floor, 1}},
      {"ceil", {Op::ceil, 1}}, {"min", {Op::min, 2}}, {"max", {Op::max, 2}}, {"crosses_above", {Op::crosses_above, 2}},
      {"crosses_below", {Op::crosses_below, 2}}};
  return names;
}

const std::set<std::string>& words() {
  static const std::set<std::string> all = {"and", "or", "not", "true", "false", "if"};
  return all;
}

const char* type_name(Type type) {
  return type == Type::number ? "a number" : type == Type::condition ? "a condition" : "a category";
}

bool is_timeframe(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at > 0 && text[0] != '0' && at + 1 == text.size() && std::string("smhdw").find(text[at]) != std::string::npos;
}

}  // namespace

// Recursive descent over one text. Throws SyntaxError.
class ExpressionReader {
 public:
  ExpressionReader(ExpressionParser& parser, const std::string& text)
      : parser_(parser), strategy_(parser.strategy_), text_(text), tokens_(tokens_of(text)) {}

  int read_whole() {
    if (peek().kind == TokenKind::end) throw SyntaxError{0, "expected an expression, found nothing"};
    const int node = read_or();
    if (peek().kind != TokenKind::end) unexpected("expected an operator or the end");
    return to_job_bars(node);
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(const char* text) const {
    return (peek().kind == TokenKind::symbol || peek().kind == TokenKind::name) && peek().text == text;
  }
  bool take(const char* text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void unexpected(const std::string& expected) const {
    const std::string found = peek().kind == TokenKind::end ? "the end" : "'" + peek().text + "'";
    throw SyntaxError{peek().column, expected + ", found " + found};
  }
  void require(const char* text) {
    if (!take(text)) unexpected(std::string("expected '") + text + "'");
  }

  const Node& node(int index) const { return strategy_.graph.nodes[static_cast<std::size_t>(index)]; }
  void need(int index, Type type, std::size_t column) const {
    const Node& at = node(index);
    if (at.type != type) {
      throw SyntaxError{column, fmt::format("{} where {} is needed", type_name(at.type), type_name(type)).substr(2)};
    }
  }

  // A node whose value is asked for at the bars of the job.
  int to_job_bars(int index) {
    if (!node(index).has_series || node(index).view < 0) return index;
    Node wrap;
    wrap.op = Op::view;
    wrap.type = node(index).type;
    wrap.index = node(index).view;
    wrap.inputs = {index};
    return parser_.add(wrap);
  }

  // Operands of one view stay in its bars; where another series joins, all come to the job's bars.
  void join(std::vector<int>& inputs) {
    int view = -2;
    bool mixed = false;
    for (int input : inputs) {
      if (!node(input).has_series) continue;
      if (view == -2) view = node(input).view;
      mixed = mixed || node(input).view != view;
    }
    if (mixed) {
      for (int& input : inputs) input = to_job_bars(input);
    }
  }

  std::string source(std::size_t from) const { return text_.substr(from, tokens_[at_ - 1].end - from); }

  int make(Op op, Type type, std::vector<int> inputs, std::string text = {}) {
    if (op == Op::crosses_above || op == Op::crosses_below) {
      for (int& input : inputs) input = to_job_bars(input);
    } else {
      join(inputs);
    }
    Node made;
    made.op = op;
    made.type = type;
    for (int input : inputs) {
      if (node(input).has_series) made.view = node(input).view;
    }
    made.inputs = std::move(inputs);
    made.text = std::move(text);
    return parser_.add(made);
  }

  // Counts how deep the reading stands, so that no text exhausts the stack.
  class Level {
   public:
    explicit Level(ExpressionReader& reader) : depth_(reader.depth_) {
      if (++depth_ > max_depth) throw SyntaxError{reader.peek().column, fmt::format("nested more than {} deep", max_depth)};
    }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int& depth_;
  };

  int read_or() {
    const Level level(*this);
    std::size_t column = peek().column;
    int left = read_and();
    while (is("or")) {
      need(left, Type::condition, column);
      ++at_;
      const std::size_t right_column = peek().column;
      const int right = read_and();
      need(right, Type::condition, right_column);
      left = make(Op::logical_or, Type::condition, {left, right}, source(column));
    }
    return left;
  }

  int read_and() {
    std::size_t column = peek().column;
    int left = read_not();
    while (is("and")) {
      need(left, Type::condition, column);
      ++at_;
      const std::size_t right_column = peek().column;
      const int right = read_not();
      need(right, Type::condition, right_column);
      left = make(Op::logical_and, Type::condition, {left, right}, source(column));
    }
    return left;
  }

  int read_not() {
    const Level level(*this);
    const std::size_t start = peek().column;
    if (!take("not")) return read_comparison();
    const std::size_t column = peek().column;
    const int inner = read_not();
    need(inner, Type::condition, column);
    return make(Op::logical_not, Type::condition, {inner}, source(start));
  }

  static const std::map<std::string, Op>& comparisons() {
    static const std::map<std::string, Op> all = {{"<", Op::less}, {"<=", Op::less_equal}, {">", Op::greater},
                                                  {">=", Op::greater_equal}, {"==", Op::equal}, {"!=", Op::not_equal}};
    return all;
  }

  // A text compared with a category parameter becomes the index of its choice.
  int choice_of(int literal, int category, std::size_t column) {
    const Node& other = node(category);
    if (other.op != Op::param) throw SyntaxError{column, "a text is compared with a category only"};
    const auto& choices = strategy_.params[static_cast<std::size_t>(other.index)].choices;
    const std::string word = node(literal).text;
    const auto found = std::find(choices.begin(), choices.end(), word);
    if (found == choices.end()) {
      const std::string near = nearest(word, choices);
      throw SyntaxError{column, fmt::format("'{}' is no choice of {}; it has {}{}", word,
                                            strategy_.params[static_cast<std::size_t>(other.index)].name, fmt::join(choices, ", "),
                                            near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near))};
    }
    Node made;
    made.op = Op::category;
    made.type = Type::category;
    made.value = static_cast<double>(found - choices.begin());
    made.text = word;
    made.index = 0;
    return parser_.add(made);
  }

  int read_comparison() {
    const std::size_t column = peek().column;
    int left = read_sum();
    const auto op = peek().kind == TokenKind::symbol ? comparisons().find(peek().text) : comparisons().end();
    if (op == comparisons().end()) {
      if (is("=")) throw SyntaxError{peek().column, "write '==' to compare"};
      return left;
    }
    ++at_;
    const std::size_t right_column = peek().column;
    int right = read_sum();
    if (peek().kind == TokenKind::symbol && comparisons().count(peek().text) > 0) {
      throw SyntaxError{peek().column, "comparisons cannot be chained; write 'a < b and b < c'"};
    }
    if (node(left).type == Type::category || node(right).type == Type::category) {
      if (op->second != Op::equal && op->second != Op::not_equal) throw SyntaxError{column, "categories are compared with == and != only"};
      need(left, Type::category, column);
      need(right, Type::category, right_column);
      if (node(right).op == Op::category) right = choice_of(right, left, right_column);
      else if (node(left).op == Op::category) left = choice_of(left, right, column);
      else if (node(left).index != node(right).index) throw SyntaxError{right_column, "two different categories cannot be compared"};
    } else {
      need(left, Type::number, column);
      need(right, Type::number, right_column);
    }
    return make(op->second, Type::condition, {left, right}, source(column));
  }

  int read_sum() {
    const std::size_t column = peek().column;
    int left = read_term();
    while (is("+") || is("-")) {
      need(left, Type::number, column);
      const Op op = is("+") ? Op::add : Op::subtract;
      ++at_;
      const std::size_t right_column = peek().column;
      const int right = read_term();
      need(right, Type::number, right_column);
      left = make(op, Type::number, {left, right});
    }
    return left;
  }

  int read_term() {
    const std::size_t column = peek().column;
    int left = read_unary();
    while (is("*") || is("/") || is("%")) {
      need(left, Type::number, column);
      const Op op = is("*") ? Op::multiply : is("/") ? Op::divide : Op::modulo;
      ++at_;
      const std::size_t right_column = peek().column;
      const int right = read_unary();
      need(right, Type::number, right_column);
      left = make(op, Type::number, {left, right});
    }
    return left;
  }

  int read_unary() {
    const Level level(*this);
    if (take("+")) return read_unary();
    if (!take("-")) return read_power();
    const std::size_t column = peek().column;
    const int inner = read_unary();
    need(inner, Type::number, column);
    return make(Op::negate, Type::number, {inner});
  }

  int read_power() {
    const std::size_t column = peek().column;
    const int base = read_postfix();
    if (!take("^")) return base;
    need(base, Type::number, column);
    const std::size_t right_column = peek().column;
    const int exponent = read_unary();
    need(exponent, Type::number, right_column);
    return make(Op::power, Type::number, {base, exponent});
  }

  int read_postfix() {
    const std::size_t start = peek().column;
    int value = read_primary();
    while (is("[")) {
      ++at_;
      const std::size_t column = peek().column;
      const int bars = read_sum();
      need(bars, Type::number, column);
      if (node(bars).has_series) throw SyntaxError{column, "the bars in [k] are a whole number or a parameter, never a series"};
      require("]");
      if (!node(value).has_series && node(value).type != Type::category) {
        throw SyntaxError{start, "a number has no bars before; [k] follows a series"};
      }
      if (node(bars).params.empty()) {
        const double k = evaluate_constant(strategy_, bars, nullptr);
        if (!(k >= 0.0 && k <= 1e8) || k != std::floor(k)) throw SyntaxError{column, fmt::format("[k] counts whole bars back, from 0; {} is none", k)};
      }
      if (node(value).op == Op::category || node(value).type == Type::category) throw SyntaxError{column, "a category has no bar before"};
      Node made;
      made.op = Op::shift;
      made.type = node(value).type;
      made.inputs = {value};
      made.arguments = {bars};
      made.view = node(value).view;
      made.text = source(start);
      value = parser_.add(made);
    }
    return value;
  }

  int read_primary() {
    const Token token = peek();
    if (token.kind == TokenKind::number) {
      ++at_;
      Node made;
      made.op = Op::number;
      made.value = token.value;
      return parser_.add(made);
    }
    if (token.kind == TokenKind::text) {
      ++at_;
      Node made;
      made.op = Op::category;
      made.type = Type::category;
      made.text = token.text;
      return parser_.add(made);
    }
    if (token.kind == TokenKind::symbol && token.text[0] == '@') return read_view();
    if (take("(")) {
      const int inner = read_or();
      require(")");
      return inner;
    }
    const bool operator_word = token.text == "and" || token.text == "or" || token.text == "not";
    if (token.kind == TokenKind::name && !operator_word) return read_name(-1);
    unexpected("expected a number, a name or '('");
  }

  int read_view() {
    const Token token = peek();
    ++at_;
    const std::string name = token.text.substr(1);
    if (!is_timeframe(name)) {
      throw SyntaxError{token.column, fmt::format("'{}' is no timeframe; series of another symbol are not there yet", token.text)};
    }
    require(".");
    auto& views = strategy_.views;
    auto found = std::find_if(views.begin(), views.end(), [&](const ViewKey& key) { return key.symbol.empty() && key.timeframe == name; });
    if (found == views.end()) found = views.insert(views.end(), ViewKey{"", name});
    if (peek().kind != TokenKind::name) unexpected("expected a series or a function of candles");
    return read_name(static_cast<int>(found - views.begin()));
  }

  int series_node(SeriesId id, int view) {
    Node made;
    made.op = Op::series;
    made.index = static_cast<int>(id);
    made.view = view;
    made.has_series = true;
    return parser_.add(made);
  }

  int read_name(int view) {
    const Token token = peek();
    ++at_;
    if (const auto series = series_names().find(token.text); series != series_names().end() && !is("(")) {
      return series_node(series->second, view);
    }
    if (is("(")) return read_call(token, view);
    if (view >= 0) throw SyntaxError{token.column, fmt::format("'{}' is no series of candles", token.text)};
    if (token.text == "true" || token.text == "false") {
      Node made;
      made.op = Op::boolean;
      made.type = Type::condition;
      made.value = token.text == "true" ? 1.0 : 0.0;
      return parser_.add(made);
    }
    for (std::size_t i = 0; i < strategy_.params.size(); ++i) {
      if (strategy_.params[i].name != token.text) continue;
      Node made;
      made.op = Op::param;
      made.type = strategy_.params[i].type;
      made.index = static_cast<int>(i);
      return parser_.add(made);
    }
    for (const LetSeries& let : strategy_.lets) {
      if (let.name == token.text && let.node >= 0) return let.node;
      if (let.name == token.text) throw SyntaxError{token.column, ""};
    }
    std::vector<std::string> names = all_names();
    const std::string near = nearest(token.text, names);
    if (find_function(token.text.c_str()) != nullptr || elementwise_names().count(token.text) > 0) {
      throw SyntaxError{token.column, fmt::format("'{}' is a function; it needs its arguments in brackets", token.text)};
    }
    throw SyntaxError{token.column, fmt::format("unknown name '{}'{}", token.text,
                                                near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near))};
  }

  std::vector<std::string> all_names() const {
    std::vector<std::string> names;
    for (const auto& [name, id] : series_names()) names.push_back(name);
    for (const auto& [name, op] : elementwise_names()) names.push_back(name);
    for (const auto& param : strategy_.params) names.push_back(param.name);
    for (const auto& let : strategy_.lets) names.push_back(let.name);
    const FunctionTable table = function_table();
    for (int i = 0; i < table.count; ++i) names.push_back(table.functions[i]->name);
    return names;
  }

  struct Given {
    int node = -1;
    std::size_t column = 0;
    std::string name;   // of a named argument
  };

  std::vector<Given> read_arguments() {
    std::vector<Given> given;
    require("(");
    if (take(")")) return given;
    while (true) {
      Given one;
      if (peek().kind == TokenKind::name && peek(1).kind == TokenKind::symbol && peek(1).text == "=") {
        one.name = peek().text;
        at_ += 2;
      }
      one.column = peek().column;
      one.node = read_or();
      given.push_back(one);
      if (take(")")) return given;
      if (!is(",")) unexpected("expected ',' or ')'");
      ++at_;
    }
  }

  int read_call(const Token& token, int view) {
    const std::string& name = token.text;
    if (name == "if" || elementwise_names().count(name) > 0) {
      if (view >= 0) throw SyntaxError{token.column, fmt::format("write {}(...) around the series, not behind '@'", name)};
      const auto given = read_arguments();
      for (const Given& one : given) {
        if (!one.name.empty()) throw SyntaxError{one.column, fmt::format("{} has no named arguments", name)};
      }
      return name == "if" ? make_if(token, given) : make_elementwise(token, given);
    }
    const FunctionInfo* function = find_function(name.c_str());
    if (function == nullptr) {
      std::vector<std::string> names;
      const FunctionTable table = function_table();
      for (int i = 0; i < table.count; ++i) names.push_back(table.functions[i]->name);
      for (const auto& [known, op] : elementwise_names()) names.push_back(known);
      const std::string near = nearest(name, names);
      throw SyntaxError{token.column, fmt::format("unknown function '{}'{}", name,
                                                  near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near))};
    }
    return make_call(token, *function, read_arguments(), view);
  }

  int make_if(const Token& token, const std::vector<Given>& given) {
    if (given.size() != 3) throw SyntaxError{token.column, "if needs three parts: if(condition, a, b)"};
    need(given[0].node, Type::condition, given[0].column);
    if (node(given[1].node).type != node(given[2].node).type || node(given[1].node).type == Type::category) {
      throw SyntaxError{given[2].column, "both results of if must be numbers, or both conditions"};
    }
    return make(Op::if_else, node(given[1].node).type, {given[0].node, given[1].node, given[2].node}, source(token.column));
  }

  int make_elementwise(const Token& token, const std::vector<Given>& given) {
    const Elementwise& what = elementwise_names().at(token.text);
    if (static_cast<int>(given.size()) != what.inputs) {
      throw SyntaxError{token.column, fmt::format("{} takes {} argument{}, {} given", token.text, what.inputs,
                                                  what.inputs == 1 ? "" : "s", given.size())};
    }
    std::vector<int> inputs;
    for (const Given& one : given) {
      need(one.node, Type::number, one.column);
      inputs.push_back(one.node);
    }
    const bool cross = what.op == Op::crosses_above || what.op == Op::crosses_below;
    return make(what.op, cross ? Type::condition : Type::number, std::move(inputs), source(token.column));
  }

  int make_call(const Token& token, const FunctionInfo& function, const std::vector<Given>& given, int view) {
    const auto argument_list = [&] {
      std::vector<std::string> parts;
      for (int i = 0; i < function.input_count; ++i) {
        if (function.inputs[i] == InputKind::number) parts.push_back("series");
        if (function.inputs[i] == InputKind::condition) parts.push_back("condition");
      }
      for (int i = 0; i < function.argument_count; ++i) parts.push_back(function.arguments[i].name);
      return fmt::format("{}({})", function.name, fmt::join(parts, ", "));
    };
    Node made;
    made.op = Op::call;
    made.function = &function;
    made.type = function.condition_output ? Type::condition : Type::number;
    made.view = view;
    std::size_t next = 0;
    for (int i = 0; i < function.input_count; ++i) {
      if (function.inputs[i] != InputKind::number && function.inputs[i] != InputKind::condition) {
        made.has_series = true;
        continue;
      }
      if (view >= 0) {
        throw SyntaxError{token.column, fmt::format("{} takes a series: write {}(@{}.close, ...)", function.name, function.name,
                                                    strategy_.views[static_cast<std::size_t>(view)].timeframe)};
      }
      if (next >= given.size() || !given[next].name.empty()) throw SyntaxError{token.column, "too few arguments: " + argument_list()};
      need(given[next].node, function.inputs[i] == InputKind::number ? Type::number : Type::condition, given[next].column);
      made.inputs.push_back(given[next++].node);
    }
    // A function that also reads the candles by itself reads those of the job.
    if (made.has_series && view < 0) {
      for (int& input : made.inputs) input = to_job_bars(input);
    } else if (!made.inputs.empty()) {
      join(made.inputs);
      for (int input : made.inputs) {
        if (node(input).has_series) made.view = node(input).view;
      }
    }
    made.has_series = true;
    std::vector<int> arguments(static_cast<std::size_t>(function.argument_count), -1);
    int position = 0;
    for (; next < given.size(); ++next) {
      const Given& one = given[next];
      int slot = -1;
      if (one.name.empty()) {
        while (position < function.argument_count && function.arguments[position].kind == ArgumentKind::category) ++position;
        if (position >= function.argument_count) throw SyntaxError{one.column, "too many arguments: " + argument_list()};
        slot = position++;
      } else {
        std::vector<std::string> names;
        for (int i = 0; i < function.argument_count; ++i) {
          names.push_back(function.arguments[i].name);
          if (one.name == function.arguments[i].name) slot = i;
        }
        if (slot < 0) {
          const std::string near = nearest(one.name, names);
          throw SyntaxError{one.column, fmt::format("{} has no argument '{}'{}", function.name, one.name,
                                                    near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near))};
        }
      }
      if (arguments[static_cast<std::size_t>(slot)] >= 0) {
        throw SyntaxError{one.column, fmt::format("{} is given twice", function.arguments[slot].name)};
      }
      arguments[static_cast<std::size_t>(slot)] = argument_node(function, function.arguments[slot], one);
    }
    for (int i = 0; i < function.argument_count; ++i) {
      if (arguments[static_cast<std::size_t>(i)] >= 0) continue;
      if (std::isnan(function.arguments[i].default_value)) {
        throw SyntaxError{token.column, fmt::format("{} needs {}: {}", function.name, function.arguments[i].name, argument_list())};
      }
      Node value;
      value.op = Op::number;
      value.value = function.arguments[i].default_value;
      arguments[static_cast<std::size_t>(i)] = parser_.add(value);
    }
    made.arguments = arguments;
    choose_output(token, function, made);
    made.text = source(token.column);
    return parser_.add(made);
  }

  void choose_output(const Token& token, const FunctionInfo& function, Node& made) {
    if (take(".")) {
      const Token output = peek();
      if (output.kind != TokenKind::name) unexpected("expected the name of an output");
      ++at_;
      std::vector<std::string> names;
      for (int i = 0; i < function.output_count; ++i) {
        names.push_back(function.outputs[i]);
        if (output.text == function.outputs[i]) {
          made.output = i;
          return;
        }
      }
      if (function.output_count == 1) throw SyntaxError{output.column, fmt::format("{} has a single output; leave out '.{}'", function.name, output.text)};
      throw SyntaxError{output.column, fmt::format("{} has no output '{}'; it has {}", function.name, output.text, fmt::join(names, ", "))};
    }
    if (function.output_count > 1) {
      std::vector<std::string> names;
      for (int i = 0; i < function.output_count; ++i) names.push_back("." + std::string(function.outputs[i]));
      throw SyntaxError{token.column, fmt::format("{} has several outputs; choose one of {}", function.name, fmt::join(names, ", "))};
    }
  }

  int argument_node(const FunctionInfo& function, const ArgumentInfo& argument, const Given& one) {
    const Node& value = node(one.node);
    if (argument.kind == ArgumentKind::category) {
      std::vector<std::string> choices;
      for (int i = 0; argument.choices[i] != nullptr; ++i) {
        choices.push_back(argument.choices[i]);
        if (value.op == Op::category && value.text == argument.choices[i]) {
          Node made;
          made.op = Op::number;
          made.value = i;
          return parser_.add(made);
        }
      }
      throw SyntaxError{one.column, fmt::format("{} is one of {}", argument.name, fmt::join(choices, ", "))};
    }
    need(one.node, Type::number, one.column);
    if (value.has_series) throw SyntaxError{one.column, fmt::format("{} is a number or a parameter, never a series", argument.name)};
    if (value.params.empty()) {
      const std::string problem = argument_problem(argument, evaluate_constant(strategy_, one.node, nullptr));
      if (!problem.empty()) throw SyntaxError{one.column, fmt::format("{}: argument {} {}", function.name, argument.name, problem)};
    }
    return one.node;
  }

  ExpressionParser& parser_;
  Strategy& strategy_;
  const std::string& text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

std::string argument_problem(const ArgumentInfo& argument, double value) {
  if (std::isnan(value)) return "is undefined";
  if (argument.kind == ArgumentKind::whole && value != std::floor(value)) return fmt::format("= {} must be whole", value);
  if (value >= argument.minimum && value <= argument.maximum) return "";
  return fmt::format("= {} is outside {} to {}", value, argument.minimum, argument.maximum);
}

bool ExpressionParser::is_builtin(const std::string& name) {
  return series_names().count(name) > 0 || elementwise_names().count(name) > 0 || words().count(name) > 0 ||
         find_function(name.c_str()) != nullptr;
}

int ExpressionParser::add(Node node) {
  std::set<int> params;
  if (node.op == Op::param) params.insert(node.index);
  for (int input : node.inputs) {
    const Node& at = strategy_.graph.nodes[static_cast<std::size_t>(input)];
    params.insert(at.params.begin(), at.params.end());
    node.has_series = node.has_series || at.has_series;
  }
  for (int argument : node.arguments) {
    const Node& at = strategy_.graph.nodes[static_cast<std::size_t>(argument)];
    params.insert(at.params.begin(), at.params.end());
  }
  if (!node.has_series || node.op == Op::view || node.op == Op::crosses_above || node.op == Op::crosses_below) node.view = -1;
  node.params.assign(params.begin(), params.end());
  node.where = where_;
  const std::string key = fmt::format("{}/{}/{:a}/{}/{}/{}/{}/{}/{}/{}", static_cast<int>(node.op), static_cast<int>(node.type), node.value,
                                      node.index, node.output, static_cast<const void*>(node.function), fmt::join(node.inputs, ","),
                                      fmt::join(node.arguments, ","), node.view, node.op == Op::category ? node.text : "");
  const auto [known, is_new] = known_.emplace(key, static_cast<int>(strategy_.graph.nodes.size()));
  if (is_new) strategy_.graph.nodes.push_back(std::move(node));
  return known->second;
}

int ExpressionParser::run(const std::string& text, const Wanted* wanted, const std::string& where, std::vector<std::string>& problems) {
  where_ = where;
  try {
    const int node = ExpressionReader(*this, text).read_whole();
    const Node& made = strategy_.graph.nodes[static_cast<std::size_t>(node)];
    if (made.type == Type::category) throw SyntaxError{0, "a category cannot stand alone; compare it"};
    if (wanted != nullptr) {
      const Type type = *wanted == Wanted::condition ? Type::condition : Type::number;
      if (made.type != type) throw SyntaxError{0, fmt::format("{} where {} is needed", type_name(made.type) + 2, type_name(type))};
      if (*wanted == Wanted::params_only && made.has_series) throw SyntaxError{0, "only numbers and parameters may stand here, no series"};
    }
    return node;
  } catch (const SyntaxError& error) {
    if (error.message.empty()) return -1;
    // The caret stands below its sign: one blank for each sign before it, however many bytes the sign has.
    std::string shown = text;
    std::replace_if(shown.begin(), shown.end(), [](unsigned char c) { return c < ' '; }, ' ');
    const auto column = std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(error.column, text.size())),
                                      [](unsigned char c) { return (c & 0xC0u) != 0x80u; });
    problems.push_back(fmt::format("{}: column {}: {}\n    {}\n    {}^", where, column + 1, error.message, shown,
                                   std::string(static_cast<std::size_t>(column), ' ')));
    return -1;
  }
}

int ExpressionParser::parse(const std::string& text, Wanted wanted, const std::string& where, std::vector<std::string>& problems) {
  return run(text, &wanted, where, problems);
}

int ExpressionParser::parse_let(const std::string& text, const std::string& where, std::vector<std::string>& problems) {
  return run(text, nullptr, where, problems);
}

}  // namespace quern
