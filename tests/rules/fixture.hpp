// A test that runs once on every engine; one that is missing here is skipped visibly.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/rules/engines.hpp"
#include "tests/rules/market.hpp"

namespace quern::rules {

class OnEveryEngine : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string why;
    engine_ = make_engine(GetParam(), why);
    if (!engine_) GTEST_SKIP() << why;
  }
  Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<Engine> engine_;
};

inline std::string engine_label(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace quern::rules
