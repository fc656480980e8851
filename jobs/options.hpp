// The options of every verb, as main reads them. A verb returns its exit status or throws an Error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quern {

struct DataImportOptions {
  std::vector<std::string> files;
  std::string symbol, timeframe, output, tick, funding, exchange_info, columns, time_format, tz, stamp = "open";
  bool update = false, replace = false, json = false;
};
struct DataFileOptions { std::string file, tick; bool json = false; };
struct DataResampleOptions { std::string file, to, output; bool json = false; };
struct DataSynthOptions {
  std::string output, symbol = "SYNTH", timeframe = "1h", from = "2020-01-01T00:00:00Z";
  std::size_t bars = 20000;
  std::uint64_t seed = 1;
};
// Makes seeded random candles and writes them; nothing is printed.
void make_candles(const DataSynthOptions&);
int run_data_import(const DataImportOptions&);
int run_data_verify(const DataFileOptions&);
int run_data_info(const DataFileOptions&);
int run_data_list(const DataFileOptions&);
int run_data_resample(const DataResampleOptions&);
int run_data_synth(const DataSynthOptions&);

struct NameOptions { std::string name; bool json = false; };
int run_functions(const NameOptions&);
int run_strategies(const NameOptions&);

struct JobOptions {                     // what verbs on a job share
  std::string job, device;
  std::vector<std::string> set;
  int threads = -1;                     // -1: the job's
  bool json = false;
};
struct CheckOptions : JobOptions {};
int run_check(const CheckOptions&);

struct BacktestOptions : JobOptions { std::string trades, equity; };
int run_backtest(const BacktestOptions&);

struct SweepOptions : JobOptions { std::string output; bool force = false; };
int run_sweep(const SweepOptions&);

struct CompareOptions : JobOptions { std::string engines = "reference,cpu"; std::uint64_t most = 200; };
int run_compare(const CompareOptions&);

struct TopOptions { std::string result, csv, sort, order; int count = 20; bool json = false; };
int run_top(const TopOptions&);

struct HeatmapOptions { std::string result, x, y, metric, over; bool json = false; };
int run_heatmap(const HeatmapOptions&);

struct ExportOptions { std::string result, output; int rank = 1, series = 0; };
int run_export(const ExportOptions&);

struct DoctorOptions { bool json = false; };
int run_doctor(const DoctorOptions&);

struct BenchOptions { int threads = 0; bool json = false; std::string device = "cpu"; };
int run_bench(const BenchOptions&);

struct DemoOptions { std::string folder; int threads = 0; };
int run_demo(const DemoOptions&);

struct JobsOptions { std::string verb, id; bool json = false; };
int run_jobs(const JobsOptions&);

}  // namespace quern
