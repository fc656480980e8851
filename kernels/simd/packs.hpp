// Packs of lanes on the CPU: one build of the lane loop for each instruction set, chosen when the program runs.
#pragma once

#include "kernels/market/lane_result.hpp"
#include "kernels/rules/plan.hpp"

namespace quern {

// Up to `lanes` of the backend that share the first decision bar.
struct PackRequest {
  const LanePlan* plan = nullptr;
  const MarketView* market = nullptr;
  BarWork work;
  int count = 0;
  const LaneInput* lanes = nullptr;
  const TrailColumns* trails = nullptr;            // [lane]; null: no trail
  LaneResult* const* results = nullptr;
  double* samples = nullptr;                       // (1 + sample points) * lanes of the backend, aligned to 64 bytes
  double* scratch = nullptr;                       // 1 + sample points
};

struct PackBackend {
  const char* name;                                // baseline, avx2, avx512
  int lanes;
  void (*run_single)(const PackRequest& request);
  void (*run_double)(const PackRequest& request);
};

// The widest backend that this machine executes, at most `limit` (null or empty: any).
const PackBackend& pack_backend(const char* limit = nullptr);
// All that this machine executes, narrowest first; null ends the list.
const PackBackend* const* pack_backends();

}  // namespace quern
