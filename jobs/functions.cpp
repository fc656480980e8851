// quern functions: the table of the strategy language's functions.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/report/tables.hpp"
#include "host/results/number_text.hpp"
#include "jobs/common.hpp"
#include "kernels/indicators/function.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

const char* input_text(InputKind kind) {
  switch (kind) {
    case InputKind::open: return "open";
    case InputKind::high: return "high";
    case InputKind::low: return "low";
    case InputKind::close: return "close";
    case InputKind::volume: return "volume";
    case InputKind::number: return "x";
    case InputKind::condition: return "condition";
  }
  return "";
}

bool is_written(InputKind kind) { return kind == InputKind::number || kind == InputKind::condition; }

std::string default_text(const ArgumentInfo& argument) {
  if (std::isnan(argument.default_value)) return {};
  if (argument.kind == ArgumentKind::category) return fmt::format("'{}'", argument.choices[static_cast<int>(argument.default_value)]);
  return shortest_text(argument.default_value);
}

std::string call_text(const FunctionInfo& info) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (int input = 0; input < info.input_count; ++input) {
    if (is_written(info.inputs[input])) add(input_text(info.inputs[input]));
  }
  for (int argument = 0; argument < info.argument_count; ++argument) {
    const std::string value = default_text(info.arguments[argument]);
    add(info.arguments[argument].name + (value.empty() ? "" : " = " + value));
  }
  return fmt::format("{}({})", info.name, text);
}

// Look-back with default arguments (the minimum where there is no default).
int usual_lookback(const FunctionInfo& info) {
  double arguments[max_function_arguments] = {};
  for (int at = 0; at < info.argument_count; ++at) {
    const ArgumentInfo& argument = info.arguments[at];
    arguments[at] = std::isnan(argument.default_value) ? argument.minimum : argument.default_value;
  }
  return info.lookback(arguments);
}

Json json_of(const FunctionInfo& info) {
  Json inputs = Json::array(), arguments = Json::array(), outputs = Json::array();
  for (int input = 0; input < info.input_count; ++input) inputs.push_back({{"series", input_text(info.inputs[input])}, {"written", is_written(info.inputs[input])}});
  for (int at = 0; at < info.argument_count; ++at) {
    const ArgumentInfo& argument = info.arguments[at];
    Json one = {{"name", argument.name}};
    if (argument.kind == ArgumentKind::category) {
      Json choices = Json::array();
      for (const char* const* choice = argument.choices; *choice != nullptr; ++choice) choices.push_back(*choice);
      one["choices"] = choices;
      if (!std::isnan(argument.default_value)) one["default"] = argument.choices[static_cast<int>(argument.default_value)];
    } else {
      one["type"] = argument.kind == ArgumentKind::whole ? "int" : "number";
      one["default"] = std::isnan(argument.default_value) ? Json(nullptr) : Json(argument.default_value);
      one["min"] = argument.minimum;
      one["max"] = argument.maximum;
    }
    arguments.push_back(one);
  }
  for (int output = 0; output < info.output_count; ++output) outputs.push_back(info.outputs[output]);
  return {{"name", info.name}, {"call", call_text(info)}, {"summary", info.summary}, {"inputs", inputs}, {"arguments", arguments},
          {"outputs", outputs}, {"lookback", usual_lookback(info)}, {"source", info.source}};
}

std::string page_of(const FunctionInfo& info) {
  std::string text = fmt::format("{}\n  {}\n", call_text(info), info.summary);
  std::string candles;
  for (int input = 0; input < info.input_count; ++input) {
    if (!is_written(info.inputs[input])) candles += std::string(candles.empty() ? "" : ", ") + input_text(info.inputs[input]);
  }
  if (!candles.empty()) text += fmt::format("  reads     {}\n", candles);
  for (int at = 0; at < info.argument_count; ++at) {
    const ArgumentInfo& argument = info.arguments[at];
    std::string range;
    if (argument.kind == ArgumentKind::category) {
      for (const char* const* choice = argument.choices; *choice != nullptr; ++choice) range += (range.empty() ? "" : " | ") + fmt::format("'{}'", *choice);
    } else {
      range = fmt::format("{} from {} to {}", argument.kind == ArgumentKind::whole ? "whole number" : "number", short_text(argument.minimum), short_text(argument.maximum));
    }
    const std::string value = default_text(argument);
    text += fmt::format("  argument  {}: {}{}\n", argument.name, range, value.empty() ? ", must be given" : ", default " + value);
  }
  for (int output = 0; output < info.output_count; ++output) {
    if (*info.outputs[output] != '\0') text += fmt::format("  output    .{}\n", info.outputs[output]);
  }
  return text + fmt::format("  warm-up   {} bars with these defaults\n  source    {}\n", usual_lookback(info), info.source);
}

}  // namespace

int run_functions(const NameOptions& options) {
  const FunctionTable table = function_table();
  if (!options.name.empty()) {
    const FunctionInfo* info = find_function(options.name.c_str());
    if (info == nullptr) {
      std::vector<std::string> names;
      for (int at = 0; at < table.count; ++at) names.emplace_back(table.functions[at]->name);
      const std::string near = nearest(options.name, names);
      throw BadRequest(fmt::format("there is no function '{}'{}. 'quern functions' lists them all", options.name,
                                   near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
    print(options.json ? json_of(*info).dump(2) + "\n" : page_of(*info));
    return 0;
  }
  if (options.json) {
    Json list = Json::array();
    for (int at = 0; at < table.count; ++at) list.push_back(json_of(*table.functions[at]));
    print(list.dump(2) + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (int at = 0; at < table.count; ++at) rows.push_back({call_text(*table.functions[at]), table.functions[at]->summary});
  print(text_table({"call", "what it is"}, rows) + fmt::format("\n{} functions; quern functions NAME shows ranges, outputs, warm-up and source\n", table.count));
  return 0;
}

}  // namespace quern
