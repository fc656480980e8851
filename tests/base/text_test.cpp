#include "host/base/text.hpp"

#include <gtest/gtest.h>

#include "host/base/time.hpp"
#include "kernels/base/ticks.hpp"

namespace quern {
namespace {

TEST(Text, NearestFindsTheMistypedWord) {
  const std::vector<std::string> keys = {"daily_loss_limit", "slippage_bps", "rules", "TEST"};
  EXPECT_EQ(nearest("daily_los_limit", keys), "daily_loss_limit");
  EXPECT_EQ(nearest("slippage_bps ", keys), "slippage_bps");
  EXPECT_EQ(nearest("rule", keys), "rules");
  EXPECT_EQ(nearest("TEST/USDT", keys), "TEST");
  EXPECT_EQ(nearest("something_else", keys), "");
}

TEST(Time, IsoTimeShowsFractionsOnlyWhereThereAreAny) {
  EXPECT_EQ(iso_time(1704067200000000000), "2024-01-01T00:00:00Z");
  EXPECT_EQ(iso_time(1704067200123000000), "2024-01-01T00:00:00.123Z");
  EXPECT_EQ(iso_time(-1000000000), "1969-12-31T23:59:59Z");
}

TEST(Ticks, LevelsRoundHalfAwayFromZeroAndSaturate) {
  const TickSize whole{1.0, 1.0, 1.0}, cent{0.01, 1.0, 100.0};
  EXPECT_EQ(level_ticks(2.5, whole), 3);
  EXPECT_EQ(level_ticks(-2.5, whole), -3);
  EXPECT_EQ(level_ticks(0.49999999999999994, whole), 0);
  EXPECT_EQ(level_ticks(1e12, whole), max_ticks);
  EXPECT_EQ(distance_ticks(0.2, whole), 1);
  EXPECT_EQ(price_of(820, cent), 8.20);
  EXPECT_EQ(level_ticks(8.20 - 1.13, cent), 707);
}

TEST(Ticks, LotsAreCutNotRounded) {
  EXPECT_EQ(lots_of(0.3, 0.1), 3.0);   // 0.3 / 0.1 is just below 3 in double
  EXPECT_EQ(lots_of(0.29, 0.1), 2.0);
}

}  // namespace
}  // namespace quern
