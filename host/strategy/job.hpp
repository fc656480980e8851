// A parsed job file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/strategy/strategy.hpp"
#include "kernels/market/rules.hpp"

namespace quern {

// One axis of the sweep. Category values are indices into the parameter's choices.
struct Axis {
  int param = -1;                    // index into Strategy::params
  std::vector<double> values;
  std::optional<double> unreached;   // `to` of a range whose last value stops short of it
};

enum class FundingSource { none, dataset, constant };

struct Job {
  std::string path;                  // of the file
  std::string text;                  // as read
  std::string name;
  Strategy strategy;

  std::vector<std::string> objectives;           // metrics or formulas over them (version of today: one)
  bool maximize = true;
  std::string aggregate = "mean";                // mean median min sum
  std::vector<std::string> constraints;          // "n_trades >= 30"

  std::vector<std::string> files;                // resolved against the job file's folder
  std::vector<std::string> symbols, timeframes;  // empty: all that the files hold
  std::optional<std::int64_t> from, to;          // ns UTC
  bool allow_gaps = false;

  std::vector<double> values;                    // [param] fixed values: defaults with [params] applied
  std::vector<Axis> axes;                        // file order, last axis fastest
  std::vector<Axis> declared_axes;               // as the file has them: common warm-up (E3) covers them whatever --set fixes
  std::string search_method = "grid";
  std::uint64_t trials = 0, seed = 0;

  Account account;                               // tick, lot, min_notional only where has_* says so
  bool has_tick = false, has_lot = false, has_min_notional = false;
  Costs costs;
  bool has_maker = false, has_taker = false;     // else the dataset's
  FundingSource funding = FundingSource::none;
  double funding_rate = 0.0;                     // per 8 h, constant
  Rules rules;
  Sampling sampling = Sampling::day;
  std::optional<double> periods_per_year;

  std::string device = "auto";
  Precision precision = Precision::single_;
  int threads = 0;

  std::string output_file;                       // may be empty
  bool keep_all = true;
  int top = 100;

  // Number of combinations: product of the axes' sizes (1 without axes).
  std::uint64_t combinations() const;
  // Parameter values of combination `index` (last axis fastest).
  std::vector<double> combination(std::uint64_t index) const;
};

// Reads a job file. Throws BadRequest with every problem of the file at once (file, line, key, nearest valid key).
Job read_job(const std::string& path);
// Folder of the strategies that jobs name: $QUERN_STRATEGIES, else beside the program, else jobs/strategies.
std::string strategy_library_folder();
// Applies `--set name=value` texts to a read job: fixes the parameter and drops its axis.
void set_params(Job& job, const std::vector<std::string>& assignments);

}  // namespace quern
