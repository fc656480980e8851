// The abstract engine: one job on one series, any range of its combinations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/base/trace.hpp"
#include "host/strategy/job.hpp"

namespace quern {

class Engine {
 public:
  virtual ~Engine() = default;
  // "reference", "cpu" or "cuda".
  virtual std::string name() const = 0;
  // Evaluates combinations [first, first + count) of the job on the series; results[i] belongs to first + i.
  // The job's account, costs and the series' instrument are final (overrides applied).
  virtual void evaluate(const Job& job, const Series& series, std::uint64_t first, std::uint64_t count,
                        LaneResult* results) = 0;
  // Evaluates one combination given by its parameter values and records what happened.
  virtual LaneResult trace(const Job& job, const Series& series, const std::vector<double>& values, Trace& trace) = 0;
};

// One combination at a time on each of `threads` threads (0: all); results do not depend on their number.
std::unique_ptr<Engine> make_reference_engine(int threads = 1);
std::unique_ptr<Engine> make_cpu_engine(int threads);

}  // namespace quern
