// A job as JSON: everything that decides its result, with the defaults filled in and nothing of this machine.
#pragma once

#include <string>
#include <vector>

#include "host/base/candles.hpp"
#include "host/strategy/job.hpp"

namespace quern {

std::string settings_json(const Job& job, const std::vector<Series>& series);
// Identifies a sweep: job text, settings, axes, data, engine and versions. Equal keys give equal result files.
std::string job_key(const Job& job, const std::vector<Series>& series, const std::string& engine);
// A parameter's value as written: the choice of a category, else the number.
std::string param_text(const Param& param, double value);
const char* precision_name(Precision precision);

}  // namespace quern
