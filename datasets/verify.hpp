// What is wrong with a series, and what is worth a look. Rows count from 1: row n is the n-th stored bar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset_file.hpp"

namespace quern {

struct VerifyReport {
  // Order, duplicates, times off the grid, values that are no numbers or not positive, open or close outside low to high
  // (a close one tick beyond is a notice), prices that have no ticks.
  std::vector<std::string> problems;
  // Gaps, suspicious prints, bars without volume, prices that the tick rounds. Nothing of it is changed or removed.
  std::vector<std::string> notices;
};

// Of each kind the first 20 are named and the others counted. `duration` in ns.
VerifyReport verify_rows(const PriceRows& rows, std::int64_t duration, const std::optional<TickSize>& tick = std::nullopt);

// The holes of an ascending series.
std::vector<Gap> find_gaps(const std::vector<std::int64_t>& time, std::int64_t duration);

// The open of the bar of `duration` that `time` lies in: aligned to the UTC epoch, weeks to Monday.
std::int64_t grid_floor(std::int64_t time, std::int64_t duration);

}  // namespace quern
