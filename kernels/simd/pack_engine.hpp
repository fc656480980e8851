// Packs of lanes: what the host calls. One implementation for each instruction set, chosen at run time.
#pragma once

#include <cstdint>

#include "kernels/market/lane_result.hpp"
#include "kernels/rules/plan.hpp"

namespace quern {

// Prices at or above this many ticks, and jobs with settings that packs do not handle, run lane by lane.
inline constexpr std::int32_t pack_price_limit = 1 << 30;
inline constexpr int max_pack_slots = 64;            // constants or columns that a lane's programs read

// Up to `width` lanes with the same first decision bar.
struct PackInput {
  const LaneInput* lanes = nullptr;            // [count]
  std::int32_t count = 0;
  const std::int32_t* elapsed_seconds = nullptr;   // [bar]
  const std::int32_t* trail = nullptr;         // [bar][width] distances in ticks (build_trail), null without a trail
  double* samples = nullptr;                   // [bars + 1][width] work space
  double* scratch = nullptr;                   // [width][bars + 1] work space
  std::uint16_t* masks = nullptr;              // [5][bars + 64] work space
  std::uint64_t* any_entry = nullptr;          // [bars / 64 + 1] work space
  bool goes_short = false;                     // some lane may
  LaneResult* results = nullptr;               // [count]
};

struct InstructionSet {
  const char* name;                            // "avx512", "avx2", "baseline"
  int width;
  void (*run)(const LanePlan& plan, const MarketView& market, const PackInput& input);
  // Distances of the trail at every bar, undefined ones beyond every price.
  void (*build_trail)(const LanePlan& plan, const MarketView& market, const LaneInput* lanes, std::int32_t count, std::int32_t* table);
};

extern const InstructionSet pack_baseline, pack_avx2, pack_avx512;

}  // namespace quern
