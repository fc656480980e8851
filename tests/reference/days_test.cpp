// The UTC days of marks and breakers (E26).
#include <gtest/gtest.h>

#include "host/reference/metrics.hpp"

namespace quern::reference {
namespace {

TEST(Days, E26_a_close_at_midnight_belongs_to_the_day_before) {
  EXPECT_EQ(day_of_close(ns_per_day), 0);
  EXPECT_EQ(day_of_close(ns_per_day + 1), 1);
  EXPECT_EQ(day_of_close(0), -1);
}

}  // namespace
}  // namespace quern::reference
