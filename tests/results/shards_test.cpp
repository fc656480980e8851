// Parts of a sweep survive what happens to a run: stopping, torn lines, changed bytes.
#include "host/results/shards.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "host/base/error.hpp"
#include "host/results/agreement.hpp"
#include "host/results/files.hpp"
#include "host/results/result_file.hpp"

namespace quern {
namespace {

class ShardsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("quern-shards-" + std::to_string(::getpid()))).string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    result_ = folder_ + "/r.h5";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::vector<LaneResult> unit(int number, std::size_t rows) {
    std::vector<LaneResult> results(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      results[row].metrics[0] = number + 0.001 * static_cast<double>(row);
      results[row].metrics[static_cast<int>(Metric::sharpe_ratio)] = static_cast<double>(row % 5);
      results[row].decision_hash = row * 0x9E3779B97F4A7C15ull;
    }
    return results;
  }

  std::string folder_, result_;
};

TEST_F(ShardsTest, resumesWithWhatStands) {
  {
    Shards shards(result_, "key", 3, false);
    shards.commit(0, unit(0, 4));
    shards.commit(2, unit(2, 2));
  }
  append_file(result_ + ".parts/manifest", "1 0123");        // torn by a crash
  Shards again(result_, "key", 3, false);
  EXPECT_TRUE(again.is_finished(0));
  EXPECT_FALSE(again.is_finished(1));
  EXPECT_TRUE(again.is_finished(2));
  again.commit(1, unit(1, 4));
  EXPECT_EQ(Shards(result_, "key", 3, false).finished(), 3u);
  EXPECT_EQ(again.read(1)[3].metrics[0], 1.003);
}

TEST_F(ShardsTest, refusesPartsOfAnotherJob) {
  Shards(result_, "key", 3, false).commit(0, unit(0, 4));
  EXPECT_THROW(Shards(result_, "other", 3, false), BadRequest);
  EXPECT_EQ(Shards(result_, "other", 3, true).finished(), 0u);
}

TEST_F(ShardsTest, computesChangedPartsAgain) {
  Shards(result_, "key", 2, false).commit(0, unit(0, 4));
  write_file(result_ + ".parts/unit-00000000.bin", "something else");
  EXPECT_FALSE(Shards(result_, "key", 2, false).is_finished(0));
}

Job small_job() {
  Job job;
  job.name = "small";
  job.text = "[job]";
  job.objectives = {"sharpe_ratio"};
  job.top = 0;                                                // nothing to judge
  Param whole, word;
  whole.name = "length";
  word.name = "mode";
  word.type = Type::category;
  word.choices = {"rr", "swing"};
  job.strategy.params = {whole, word};
  job.values = {3.0, 0.0};
  job.axes = {{0, {5.0, 6.0, 7.0}}, {1, {0.0, 1.0}}};
  return job;
}

TEST_F(ShardsTest, assemblesTheSameBytesInAnyOrder) {
  const Job job = small_job();
  std::vector<Series> series(2);
  series[0].instrument.symbol = "A";
  series[1].instrument.symbol = "B";
  std::string bytes[2];
  for (int order = 0; order < 2; ++order) {
    Shards shards(result_, "key", 2, true);
    for (int at = 0; at < 2; ++at) {
      const int number = order == 0 ? at : 1 - at;
      shards.commit(static_cast<std::uint64_t>(number), unit(number, number == 0 ? 8 : 4));
    }
    assemble_result(result_, job, series, "cpu", "key", shards, 2, {});
    bytes[order] = read_file(result_);
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_EQ(existing_result_key(result_), "key");
  const H5File file = open_result(result_);
  ASSERT_EQ(file.rows("/runs/length"), 12u);
  EXPECT_EQ(file.read_reals("/runs/length", 0, 12), (std::vector<double>{5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7}));
  EXPECT_EQ(file.read_texts("/runs/mode", 0, 4), (std::vector<std::string>{"rr", "rr", "swing", "swing"}));
  EXPECT_EQ(file.read_reals("/runs/series", 0, 4), (std::vector<double>{0, 1, 0, 1}));
  EXPECT_EQ(file.read_reals("/runs/total_return", 8, 1).front(), 1.0);
  EXPECT_EQ(file.read_unsigned("/runs/decision_hash", 7, 1).front(), 7 * 0x9E3779B97F4A7C15ull);
}

TEST_F(ShardsTest, refusesFilesThatAreNoResult) {
  write_file(result_, "text");
  EXPECT_THROW(existing_result_key(result_), BadRequest);
  EXPECT_EQ(existing_result_key(folder_ + "/none.h5"), "");
}

TEST(Agreement, comparesDecisionsFirst) {
  LaneResult a{}, b{};
  EXPECT_TRUE(compare_results(a, b, Precision::double_, 1000.0).agrees());
  b.metrics[static_cast<int>(Metric::sharpe_ratio)] = 1e-7;
  EXPECT_FALSE(compare_results(a, b, Precision::double_, 1000.0).agrees());
  EXPECT_TRUE(compare_results(a, b, Precision::single_, 1000.0).agrees());
  b.decision_hash = 1;
  EXPECT_FALSE(compare_results(a, b, Precision::single_, 1000.0).same_decisions);
}

}  // namespace
}  // namespace quern
