#include "host/reference/reference.hpp"

#include "host/reference/simulation.hpp"

namespace quern::reference {

LaneResult run(const Job& job, const Series& series, const std::vector<double>& values, int first_decision_bar,
               Trace* trace, Journal* journal) {
  if (trace != nullptr) *trace = Trace{};
  if (journal != nullptr) *journal = Journal{std::vector<CloseState>(series.candles.size(), CloseState::no_decision), {}, {}, 0};
  Simulation simulation(job, series, values, first_decision_bar, trace, journal);
  simulation.run();

  LaneResult result{};
  compute_metrics(job, series.candles, simulation.record(), simulation.ledger(), result.metrics);
  result.decision_hash = simulation.ledger().hash();
  result.faults = simulation.faults();
  result.first_decision_bar = first_decision_bar;
  return result;
}

}  // namespace quern::reference
