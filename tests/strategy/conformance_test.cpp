// Jobs that stand outside the source: all of them are readable. QUERN_CONFORMANCE names their folder.
#include <gtest/gtest.h>

#include "tests/strategy/support.hpp"

namespace quern {
namespace {

TEST(Conformance, EveryJobIsReadable) {
  const char* folder = std::getenv("QUERN_CONFORMANCE");
  if (folder == nullptr || *folder == '\0') GTEST_SKIP() << "QUERN_CONFORMANCE does not name the folder of the conformance jobs";
  int read = 0;
  for (const char* part : {"rules", "random/jobs", "random/grids"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder) / part)) {
      if (entry.path().extension() != ".toml") continue;
      try {
        const Job job = read_job(entry.path().string());
        EXPECT_GT(job.combinations(), 0u);
        EXPECT_FALSE(job.strategy.roots().empty());
      } catch (const Error& error) {
        ADD_FAILURE() << entry.path() << "\n" << error.what();
      }
      ++read;
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace quern
