// The tuned configuration: what a search found, as a JSON document with its provenance.
#pragma once

#include <string>

#include "host/results/h5_file.hpp"
#include "host/strategy/job.hpp"

namespace quern {

// The document for one rank and series of a result. Throws BadRequest where the result has no such row.
std::string tuned_configuration(const H5File& result, int rank, int series);

// What `check` says about a document.
struct ConfigurationReport {
  std::string strategy, symbol, timeframe, job_text;   // job_text: the strategy with the tuned values, as a job without data
  bool judged = false;
};
// Throws BadRequest with every problem: schema, content hash, versions, values.
ConfigurationReport check_configuration(const std::string& text, const std::string& path);

}  // namespace quern
