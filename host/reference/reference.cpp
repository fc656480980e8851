#include "host/reference/reference.hpp"

#include "host/reference/simulation.hpp"

namespace quern::reference {

LaneResult run(const Job& job, const Series& series, const std::vector<double>& values, int first_decision_bar,
               Trace* trace) {
  if (trace != nullptr) *trace = Trace{};
  Simulation simulation(job, series, values, first_decision_bar, trace);
  simulation.run();

  LaneResult result{};
  compute_metrics(job, series.candles, simulation.record(), simulation.ledger(), result.metrics);
  result.decision_hash = simulation.ledger().hash();
  result.faults = simulation.faults();
  result.first_decision_bar = first_decision_bar;
  return result;
}

}  // namespace quern::reference
