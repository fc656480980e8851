// The engines of the product.
#include "tests/rules/engines.hpp"

#include <algorithm>

#include "host/engines/cpu_engine.hpp"

namespace quern::rules {

std::vector<std::string> engine_names() { return {"reference", "cpu_baseline", "cpu_avx2", "cpu_avx512"}; }

std::unique_ptr<Engine> make_engine(const std::string& name, std::string& why) {
  if (name == "reference") return make_reference_engine();
  const std::string set = name.substr(name.find('_') + 1);
  const auto sets = cpu_instruction_sets();
  if (std::find(sets.begin(), sets.end(), set) != sets.end()) return make_cpu_engine(1, set);
  why = "this machine does not execute " + set;
  return nullptr;
}

}  // namespace quern::rules
