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

  static UnitPart unit(int number, std::size_t rows) {
    UnitPart part;
    std::vector<LaneResult>& results = part.results;
    results.resize(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      results[row].metrics[0] = number + 0.001 * static_cast<double>(row);
      results[row].metrics[static_cast<int>(Metric::sharpe_ratio)] = static_cast<double>(row % 5);
      results[row].decision_hash = row * 0x9E3779B97F4A7C15ull;
    }
    return part;
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
  EXPECT_EQ(again.read(1).results[3].metrics[0], 1.003);
}

TEST_F(ShardsTest, keepsWhatAPartHolds) {
  UnitPart part = unit(3, 2);
  part.refused = 5;
  part.faulty = 1;
  part.combinations = {7, 3};
  Shards shards(result_, "key", 1, false);
  shards.commit(0, part);
  const UnitPart again = shards.read(0);
  EXPECT_EQ(again.refused, 5u);
  EXPECT_EQ(again.faulty, 1u);
  EXPECT_EQ(again.combinations, part.combinations);
  ASSERT_EQ(again.results.size(), 2u);
  EXPECT_EQ(again.results[1].decision_hash, part.results[1].decision_hash);
  shards.commit(0, {});
  EXPECT_TRUE(shards.read(0).results.empty());
}

TEST_F(ShardsTest, startsAnewWhereTheManifestIsTornInItsFirstLine) {
  Shards(result_, "key", 3, false).commit(0, unit(0, 4));
  for (const char* text : {"", "quern-pa", "quern-parts 2 key 3"}) {
    write_file(result_ + ".parts/manifest", text);
    Shards shards(result_, "key", 3, false);
    EXPECT_EQ(shards.finished(), 0u) << text;
    shards.commit(1, unit(1, 4));
    EXPECT_EQ(Shards(result_, "key", 3, false).finished(), 1u) << text;
  }
}

TEST_F(ShardsTest, oneProcessWritesAResult) {
  {
    const OutputLock lock(result_);
    try {
      const OutputLock second(result_);
      FAIL();
    } catch (const BadRequest& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(::getpid())), std::string::npos) << error.what();
    }
    const OutputLock other(folder_ + "/other.h5");
  }
  const OutputLock again(result_);
  Shards(result_, "key", 3, true);
  EXPECT_THROW(OutputLock second(result_), BadRequest);     // dropping parts keeps the lock
}

TEST_F(ShardsTest, removesOnlyItsOwnLeftOvers) {
  Shards(result_, "key", 3, false).commit(0, unit(0, 4));
  Shards::remove_left_over(result_, "other");
  EXPECT_EQ(Shards(result_, "key", 3, false).finished(), 1u);
  Shards::remove_left_over(result_, "key");
  EXPECT_FALSE(std::filesystem::exists(result_ + ".parts"));
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
  job.axes = {{0, {5.0, 6.0, 7.0}, {}}, {1, {0.0, 1.0}, {}}};
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
    const JudgedTop top;
    assemble_result(result_, {job, series, "cpu", "key", shards, 2, top, order + 1}, [] {});
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

// More rows than a chunk, in units that are no multiple of it: every value must come back, checksums included.
TEST_F(ShardsTest, assemblesManyChunks) {
  Job job = small_job();
  job.axes[0].values.clear();
  for (int value = 0; value < 10'001; ++value) job.axes[0].values.push_back(value);
  const std::uint64_t rows = job.combinations(), size = 6000, units = (rows + size - 1) / size;
  std::vector<Series> series(1);
  Shards shards(result_, "key", units, true);
  for (std::uint64_t number = 0; number < units; ++number) shards.commit(number, unit(static_cast<int>(number), std::min(size, rows - number * size)));
  const JudgedTop top;
  assemble_result(result_, {job, series, "cpu", "key", shards, units, top, 2}, [] {});
  const H5File file = open_result(result_);
  ASSERT_EQ(file.rows("/runs/length"), rows);
  const auto lengths = file.read_reals("/runs/length", 0, rows), values = file.read_reals("/runs/total_return", 0, rows);
  const auto hashes = file.read_unsigned("/runs/decision_hash", 0, rows);
  const auto words = file.read_texts("/runs/mode", 0, rows);
  for (std::uint64_t row = 0; row < rows; ++row) {
    ASSERT_EQ(lengths[row], static_cast<double>(row / 2));
    ASSERT_EQ(words[row], row % 2 == 0 ? "rr" : "swing");
    ASSERT_EQ(values[row], static_cast<int>(row / size) + 0.001 * static_cast<double>(row % size));
    ASSERT_EQ(hashes[row], row % size * 0x9E3779B97F4A7C15ull);
  }
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
