// The program: reads the command line and runs a verb.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/results/versions.hpp"
#include "jobs/options.hpp"
#include "kernels/market/rules.hpp"

namespace quern {

std::string instruction_sets();

namespace {

// Every line of a problem begins with the program's name.
void report(const std::string& message) {
  std::string text;
  for (std::size_t at = 0; at <= message.size();) {
    const std::size_t end = std::min(message.find('\n', at), message.size());
    if (end > at) text += "quern: " + message.substr(at, end - at) + "\n";
    at = end + 1;
  }
  std::fputs(text.c_str(), stderr);
}

CLI::App* verb(CLI::App& app, const std::string& name, const std::string& what, const std::string& example) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->footer("Example: " + example);
  return sub;
}

void add_job_options(CLI::App* sub, JobOptions& options) {
  sub->add_option("job", options.job, "Job file (.toml)")->required();
  sub->add_option("--device", options.device, "auto, cpu, reference or cuda; default: the job's");
  sub->add_option("--threads", options.threads, "Threads; 0: all, default: the job's")->check(CLI::Range(0, 4096));
  sub->add_option("--set", options.set, "NAME=VALUE fixes a strategy parameter (repeatable)")->expected(1)->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  sub->add_flag("--json", options.json, "Machine-readable output");
}

struct AllOptions {
  DataImportOptions data_import;
  DataFileOptions verify, info, list;
  DataResampleOptions resample;
  DataSynthOptions synth;
  NameOptions functions, strategies;
  CheckOptions check;
  BacktestOptions backtest;
  SweepOptions sweep;
  CompareOptions compare;
  TopOptions top;
  HeatmapOptions heatmap;
  ExportOptions exporting;
  DoctorOptions doctor;
  BenchOptions bench;
  DemoOptions demo;
  JobsOptions jobs;
};

void add_data_verbs(CLI::App& app, AllOptions& all, int& status) {
  CLI::App* data = verb(app, "data", "Datasets: import, verify, info, list, resample, synth", "quern data import btc.csv --symbol BTCUSDT --timeframe 1h --output btc.h5");
  data->require_subcommand(1);
  CLI::App* sub = verb(*data, "import", "Adds a series of candles from CSV files to a dataset",
                       "quern data import btc.csv --symbol BTCUSDT --timeframe 1h --funding btc.funding.csv --output btc.h5");
  sub->add_option("files", all.data_import.files, "CSV files, plain or compressed; later files win over the last row of earlier ones")->required();
  sub->add_option("--symbol", all.data_import.symbol, "Name of the instrument")->required();
  sub->add_option("--timeframe", all.data_import.timeframe, "1m, 15m, 1h, 4h, 1d ...")->required();
  sub->add_option("--output", all.data_import.output, "Dataset file (.h5)")->required();
  sub->add_option("--tick", all.data_import.tick, "Price step; default: found from the prices");
  sub->add_option("--funding", all.data_import.funding, "CSV of funding times and rates");
  sub->add_option("--exchange-info", all.data_import.exchange_info, "JSON of the exchange with tick, lot, minimum notional");
  sub->add_option("--columns", all.data_import.columns, "Order of columns, such as time,open,high,low,close,volume");
  sub->add_option("--time-format", all.data_import.time_format, "Format of the times, such as %d.%m.%Y %H:%M");
  sub->add_option("--tz", all.data_import.tz, "IANA zone of times without one");
  sub->add_option("--stamp", all.data_import.stamp, "What a time means: open or close of its bar")->check(CLI::IsMember({"open", "close"}));
  sub->add_flag("--update", all.data_import.update, "Merge with the series that is there");
  sub->add_flag("--replace", all.data_import.replace, "Replace the series that is there");
  sub->add_flag("--json", all.data_import.json, "Machine-readable output");
  sub->callback([&] { status = run_data_import(all.data_import); });

  sub = verb(*data, "verify", "Checks every series of a dataset", "quern data verify btc.h5");
  sub->add_option("file", all.verify.file, "Dataset file (.h5)")->required();
  sub->add_option("--tick", all.verify.tick, "Price step to check against; default: the stored one");
  sub->add_flag("--json", all.verify.json, "Machine-readable output");
  sub->callback([&] { status = run_data_verify(all.verify); });

  sub = verb(*data, "info", "Shows instruments, spans, gaps and hashes of a dataset", "quern data info btc.h5");
  sub->add_option("file", all.info.file, "Dataset file (.h5)")->required();
  sub->add_flag("--json", all.info.json, "Machine-readable output");
  sub->callback([&] { status = run_data_info(all.info); });

  sub = verb(*data, "list", "Lists the series of a dataset, or of every dataset in a folder", "quern data list data/");
  sub->add_option("file", all.list.file, "Dataset file or folder; default: this folder");
  sub->add_flag("--json", all.list.json, "Machine-readable output");
  sub->callback([&] { status = run_data_list(all.list); });

  sub = verb(*data, "resample", "Adds a coarser timeframe, made from the finest stored one", "quern data resample btc.h5 --to 4h");
  sub->add_option("file", all.resample.file, "Dataset file (.h5)")->required();
  sub->add_option("--to", all.resample.to, "Timeframe")->required();
  sub->add_option("--output", all.resample.output, "Another file; default: the same");
  sub->add_flag("--json", all.resample.json, "Machine-readable output");
  sub->callback([&] { status = run_data_resample(all.resample); });

  sub = verb(*data, "synth", "Makes a dataset of seeded random candles", "quern data synth --bars 20000 --seed 1 --output synth.h5");
  sub->add_option("--output", all.synth.output, "Dataset file (.h5)")->required();
  sub->add_option("--symbol", all.synth.symbol, "Name of the instrument");
  sub->add_option("--timeframe", all.synth.timeframe, "Timeframe");
  sub->add_option("--from", all.synth.from, "Time of the first bar");
  sub->add_option("--bars", all.synth.bars, "Number of bars");
  sub->add_option("--seed", all.synth.seed, "Seed");
  sub->callback([&] { status = run_data_synth(all.synth); });
}

void add_job_verbs(CLI::App& app, AllOptions& all, int& status) {
  CLI::App* sub = verb(app, "check", "Says what a job would do and cost; checks an exported configuration", "quern check job.toml");
  add_job_options(sub, all.check);
  sub->callback([&] { status = run_check(all.check); });

  sub = verb(app, "backtest", "Runs one combination, with its trades and every metric",
             "quern backtest job.toml --set rsi_len=14 --trades trades.csv --equity equity.csv");
  add_job_options(sub, all.backtest);
  sub->add_option("--trades", all.backtest.trades, "CSV file for the trades, a line an exit");
  sub->add_option("--equity", all.backtest.equity, "CSV file for the equity at every close");
  sub->callback([&] { status = run_backtest(all.backtest); });

  sub = verb(app, "sweep", "Runs every combination of a job; goes on where it was stopped", "quern sweep job.toml --output result.h5");
  add_job_options(sub, all.sweep);
  sub->add_option("--output", all.sweep.output, "Result file (.h5); default: the job's output.file");
  sub->add_flag("--force", all.sweep.force, "Replace the result or parts of another job");
  sub->callback([&] { status = run_sweep(all.sweep); });

  sub = verb(app, "compare", "Runs engines side by side: decision hash first, numbers second", "quern compare job.toml --engines reference,cpu");
  add_job_options(sub, all.compare);
  sub->add_option("--engines", all.compare.engines, "Engines, the first is compared with the others");
  sub->add_option("--most", all.compare.most, "At most so many combinations, spread evenly over the grid");
  sub->callback([&] { status = run_compare(all.compare); });
}

void add_result_verbs(CLI::App& app, AllOptions& all, int& status) {
  CLI::App* sub = verb(app, "top", "Shows the best combinations of a result", "quern top result.h5 --sort sortino_ratio --csv top.csv");
  sub->add_option("result", all.top.result, "Result file (.h5)")->required();
  sub->add_option("--csv", all.top.csv, "CSV file for the whole top list with every column");
  sub->add_option("--sort", all.top.sort, "Order by another column");
  sub->add_option("--order", all.top.order, "ascending or descending; default: the better values first")->check(CLI::IsMember({"ascending", "descending"}));
  sub->add_option("--count", all.top.count, "Rows to show")->check(CLI::Range(1, 1'000'000));
  sub->add_flag("--json", all.top.json, "Machine-readable output");
  sub->callback([&] { status = run_top(all.top); });

  sub = verb(app, "heatmap", "Draws a metric over two parameters of a result", "quern heatmap result.h5 rsi_len stop_atr --metric sharpe_ratio");
  sub->add_option("result", all.heatmap.result, "Result file (.h5)")->required();
  sub->add_option("x", all.heatmap.x, "Parameter across")->required();
  sub->add_option("y", all.heatmap.y, "Parameter down")->required();
  sub->add_option("--metric", all.heatmap.metric, "Metric or arithmetic over metrics; default: the job's objective");
  sub->add_option("--over", all.heatmap.over, "max, mean or min over the other parameters; default: max, min where the job minimizes")
      ->check(CLI::IsMember({"max", "mean", "min"}));
  sub->add_flag("--json", all.heatmap.json, "Machine-readable output");
  sub->callback([&] { status = run_heatmap(all.heatmap); });

  sub = verb(app, "export", "Writes a combination of a result as a tuned configuration", "quern export result.h5 --rank 1 --output best.json");
  sub->add_option("result", all.exporting.result, "Result file (.h5)")->required();
  sub->add_option("--rank", all.exporting.rank, "Rank in the top list, from 1");
  sub->add_option("--series", all.exporting.series, "Number of the series, from 0");
  sub->add_option("--output", all.exporting.output, "JSON file; default: standard output");
  sub->callback([&] { status = run_export(all.exporting); });
}

void add_other_verbs(CLI::App& app, AllOptions& all, int& status) {
  CLI::App* sub = verb(app, "functions", "Lists the functions of the strategy language", "quern functions rsi");
  sub->add_option("name", all.functions.name, "One function, with ranges, outputs, warm-up and source");
  sub->add_flag("--json", all.functions.json, "Machine-readable output");
  sub->callback([&] { status = run_functions(all.functions); });

  sub = verb(app, "strategies", "Lists the strategy library; prints a job to start from", "quern strategies rsi_reversion > job.toml");
  sub->add_option("name", all.strategies.name, "One strategy: prints a complete commented job");
  sub->add_flag("--json", all.strategies.json, "Machine-readable output");
  sub->callback([&] { status = run_strategies(all.strategies); });

  sub = verb(app, "doctor", "Says what this machine has for quern and what is missing", "quern doctor");
  sub->add_flag("--json", all.doctor.json, "Machine-readable output");
  sub->callback([&] { status = run_doctor(all.doctor); });

  sub = verb(app, "bench", "Measures the rate of a sweep on this machine", "quern bench --json");
  sub->add_option("--threads", all.bench.threads, "Threads; 0: all")->check(CLI::Range(0, 4096));
  sub->add_option("--device", all.bench.device, "cpu or reference");
  sub->add_flag("--json", all.bench.json, "Machine-readable output");
  sub->callback([&] { status = run_bench(all.bench); });

  sub = verb(app, "demo", "The whole main job on a made dataset: sweep, top list, heatmap, export, check", "quern demo --folder /tmp/quern-demo");
  sub->add_option("--folder", all.demo.folder, "Where the demo's files go; default: quern-demo here");
  sub->add_option("--threads", all.demo.threads, "Threads; 0: all")->check(CLI::Range(0, 4096));
  sub->callback([&] { status = run_demo(all.demo); });
}

void add_jobs_verbs(CLI::App& app, AllOptions& all, int& status) {
  CLI::App* jobs = verb(app, "jobs", "The catalogue of sweeps: list, show, resume", "quern jobs list");
  jobs->require_subcommand(1);
  for (const auto& [name, what] : {std::pair{"list", "Lists every sweep with its progress"}, std::pair{"show", "Shows one sweep"},
                                   std::pair{"resume", "Goes on with a sweep that was stopped"}}) {
    const std::string which = name;
    CLI::App* sub = verb(*jobs, which, what, fmt::format("quern jobs {}{}", which, which == "list" ? "" : " 3"));
    if (which != "list") sub->add_option("id", all.jobs.id, "Number of the job, see 'quern jobs list'")->required();
    sub->add_flag("--json", all.jobs.json, "Machine-readable output");
    sub->callback([&all, &status, which] {
      all.jobs.verb = which;
      status = run_jobs(all.jobs);
    });
  }
}

std::string nearest_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return {};
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  const std::string word = argv[1];
  if (word.empty() || word[0] == '-' || std::find(names.begin(), names.end(), word) != names.end()) return {};
  const std::string near = nearest(word, names);
  return fmt::format("'{}' is no command{}. See: quern --help", word, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near));
}

int run(int argc, char** argv) {
  CLI::App app("quern: backtests and searches trading strategies on candles, the same to the last bit on every engine", "quern");
  app.footer("Each command has --help with an example. Exit status: 0 done, 2 bad request, 1 failure.");
  app.set_version_flag("--version", fmt::format("quern {}\nexecution model {}\ninstruction sets: {}\ndevices: reference cpu", program_version,
                                                execution_model_version, instruction_sets()));
  app.require_subcommand(1);
  AllOptions all;
  int status = 0;
  add_data_verbs(app, all, status);
  add_job_verbs(app, all, status);
  add_result_verbs(app, all, status);
  add_other_verbs(app, all, status);
  add_jobs_verbs(app, all, status);
  const std::string unknown = nearest_verb(app, argc, argv);
  if (!unknown.empty()) throw BadRequest(unknown);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    report(std::string(error.what()) + ". See: quern --help");
    return 2;
  }
  return status;
}

}  // namespace
}  // namespace quern

int main(int argc, char** argv) {
  try {
    return quern::run(argc, argv);
  } catch (const quern::Error& error) {
    quern::report(error.what());
    return error.kind() == quern::ErrorKind::bad_request ? 2 : 1;
  } catch (const std::bad_alloc&) {
    quern::report("memory ran out. Use fewer series, a shorter range, or a machine with more memory");
    return 1;
  } catch (const std::exception& error) {
    quern::report(error.what());
    return 1;
  }
}
