#include "host/results/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>

#include "host/base/error.hpp"
#include "host/base/parallel.hpp"
#include "host/engines/engine.hpp"
#include "host/plan/load_series.hpp"
#include "host/results/agreement.hpp"
#include "host/results/files.hpp"
#include "host/results/h5_chunk.hpp"
#include "host/results/hash.hpp"
#include "host/results/settings.hpp"
#include "host/results/trade_lines.hpp"
#include "host/results/versions.hpp"

namespace quern {
namespace {

constexpr const char* format_name = "quern-result";

struct TextColumn {
  std::size_t width = 1;
  std::string bytes;
};

TextColumn pack(const std::vector<std::string>& texts) {
  TextColumn column;
  for (const auto& text : texts) column.width = std::max(column.width, text.size());
  column.bytes.assign(column.width * texts.size(), '\0');
  for (std::size_t row = 0; row < texts.size(); ++row) texts[row].copy(column.bytes.data() + row * column.width, column.width);
  return column;
}

void write_texts(H5File& file, const std::string& path, const std::vector<std::string>& texts) {
  const TextColumn column = pack(texts);
  file.create_column(path, ColumnType::text, texts.size(), texts.size(), column.width);
  file.write_rows(path, 0, texts.size(), column.bytes.data());
}

template <typename Value>
void write_column(H5File& file, const std::string& path, ColumnType type, const std::vector<Value>& values) {
  file.create_column(path, type, values.size(), values.size());
  file.write_rows(path, 0, values.size(), values.data());
}

void write_series(H5File& file, const std::vector<Series>& series) {
  file.create_group("/series");
  std::vector<std::string> symbols, timeframes, hashes;
  std::vector<std::int64_t> bars;
  for (const Series& one : series) {
    symbols.push_back(one.instrument.symbol);
    timeframes.push_back(one.candles.timeframe);
    hashes.push_back(one.dataset_hash);
    bars.push_back(static_cast<std::int64_t>(one.candles.size()));
  }
  write_texts(file, "/series/symbol", symbols);
  write_texts(file, "/series/timeframe", timeframes);
  write_texts(file, "/series/dataset_hash", hashes);
  write_column(file, "/series/bars", ColumnType::signed64, bars);
}

// Rows of /runs in a chunk: 128 KiB of a column of numbers.
constexpr std::uint64_t chunk_rows = 16384;

// The values of one axis as a column.
class AxisColumn {
 public:
  AxisColumn(const Job& job, std::size_t axis)
      : param_(job.strategy.params[static_cast<std::size_t>(job.axes[axis].param)]), values_(job.axes[axis].values) {
    for (std::size_t later = axis + 1; later < job.axes.size(); ++later) stride_ *= job.axes[later].values.size();
    if (param_.type == Type::category) width_ = pack(param_.choices).width;   // the same in every file of the strategy
  }
  const std::string& name() const { return param_.name; }
  ColumnType type() const { return param_.type == Type::category ? ColumnType::text : ColumnType::real; }
  std::size_t width() const { return width_; }
  // The value of a combination at `out`, which holds zeros.
  void put(std::uint64_t combination, char* out) const {
    const double value = values_[combination / stride_ % values_.size()];
    if (param_.type == Type::category) param_text(param_, value).copy(out, width_);
    else std::memcpy(out, &value, sizeof value);
  }

 private:
  const Param& param_;
  const std::vector<double>& values_;
  std::uint64_t stride_ = 1;
  std::size_t width_ = sizeof(double);
};

// A column of /runs: where it stands and how a row's value is found.
struct RunColumn {
  std::string path;
  ColumnType type;
  std::size_t width;
  std::function<void(const LaneResult& result, std::uint64_t row, char* out)> put;
};

template <typename Value, typename Get>
RunColumn run_column(const std::string& name, ColumnType type, Get get) {
  return {"/runs/" + name, type, sizeof(Value), [get](const LaneResult& result, std::uint64_t row, char* out) {
            const Value value = get(result, row);
            std::memcpy(out, &value, sizeof value);
          }};
}

std::vector<RunColumn> run_columns(const Job& job, std::size_t series_count) {
  std::vector<RunColumn> columns;
  for (std::size_t axis = 0; axis < job.axes.size(); ++axis) {
    const AxisColumn column(job, axis);
    columns.push_back({"/runs/" + column.name(), column.type(), column.width(),
                       [column, series_count](const LaneResult&, std::uint64_t row, char* out) { column.put(row / series_count, out); }});
  }
  for (int metric = 0; metric < metric_count; ++metric) {
    columns.push_back(run_column<double>(metric_names[metric], ColumnType::real,
                                         [metric](const LaneResult& result, std::uint64_t) { return result.metrics[metric]; }));
  }
  columns.push_back(run_column<std::uint64_t>("decision_hash", ColumnType::unsigned64,
                                              [](const LaneResult& result, std::uint64_t) { return result.decision_hash; }));
  columns.push_back(run_column<std::int32_t>("first_decision_bar", ColumnType::signed32,
                                             [](const LaneResult& result, std::uint64_t) { return result.first_decision_bar; }));
  columns.push_back(run_column<std::uint32_t>("faults", ColumnType::unsigned32,
                                              [](const LaneResult& result, std::uint64_t) { return result.faults; }));
  if (series_count > 1) {
    columns.push_back(run_column<std::int32_t>("series", ColumnType::signed32, [series_count](const LaneResult&, std::uint64_t row) {
      return static_cast<std::int32_t>(row % series_count);
    }));
  }
  return columns;
}

void write_runs(H5File& file, const Assembly& assembly, const Pulse& pulse) {
  const std::size_t series_count = assembly.series.size();
  const std::uint64_t rows = assembly.job.combinations() * series_count, chunk = std::min(chunk_rows, rows);
  file.create_group("/runs");
  const std::vector<RunColumn> columns = run_columns(assembly.job, series_count);
  for (const RunColumn& column : columns) file.create_column(column.path, column.type, rows, chunk, column.width);

  std::vector<LaneResult> pending;     // rows from `first` that are not in the file yet
  std::vector<std::string> packed(columns.size());
  std::uint64_t first = 0;
  const auto flush = [&](std::uint64_t count) {
    pulse();
    parallel_for(columns.size(), thread_count(assembly.threads), [&](std::size_t at) {
      const RunColumn& column = columns[at];
      std::string bytes(chunk * column.width, '\0');
      for (std::uint64_t row = 0; row < count; ++row) column.put(pending[row], first + row, bytes.data() + row * column.width);
      packed[at] = packed_chunk(bytes, column.width);
    });
    for (std::size_t at = 0; at < columns.size(); ++at) file.write_chunk(columns[at].path, first, packed[at]);
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(count));
    first += count;
  };
  for (std::uint64_t unit = 0; unit < assembly.units; ++unit) {
    UnitPart part = assembly.shards.read(unit);
    if (pending.empty()) pending.swap(part.results);
    else pending.insert(pending.end(), part.results.begin(), part.results.end());
    while (pending.size() >= chunk) flush(chunk);
  }
  if (!pending.empty()) flush(pending.size());
  if (first != rows) throw Failure(fmt::format("the finished parts hold {} rows of {}. Run the sweep again with --force", first, rows));
}

// Trades and equity of the best combination, on the reference engine, all series one after the other.
void write_best(H5File& file, const std::vector<Series>& series, const JudgedTop& top) {
  file.create_group("/top/trades");
  file.create_group("/top/equity");
  std::vector<std::int32_t> equity_series, trade_series, side, decision_bar, entry_bar, exit_bar;
  std::vector<std::int64_t> time;
  std::vector<double> equity, entry, exit, quantity, fees, funding, slippage, profit, mae, mfe;
  std::vector<std::string> reasons;
  for (std::size_t number = 0; number < top.best.size(); ++number) {
    const Trace& trace = top.best[number];
    for (std::size_t bar = 0; bar < trace.equity.size(); ++bar) {
      equity_series.push_back(static_cast<std::int32_t>(number));
      time.push_back(series[number].candles.time[bar]);
      equity.push_back(trace.equity[bar]);
    }
    const TickSize& tick = series[number].instrument.tick;
    for (const TradeLine& line : compose_trades(trace, series[number]).lines) {
      trade_series.push_back(static_cast<std::int32_t>(number));
      side.push_back(line.side);
      decision_bar.push_back(line.decision_bar);
      entry_bar.push_back(line.entry_bar);
      exit_bar.push_back(line.exit_bar);
      entry.push_back(price_of(line.entry_ticks, tick));
      exit.push_back(price_of(line.exit_ticks, tick));
      quantity.push_back(static_cast<double>(line.lots) * series[number].instrument.lot);
      fees.push_back(line.fees);
      funding.push_back(line.funding);
      slippage.push_back(line.slippage);
      profit.push_back(line.profit);
      mae.push_back(line.mae);
      mfe.push_back(line.mfe);
      reasons.push_back(exit_reason_name(line.reason));
    }
  }
  write_column(file, "/top/equity/series", ColumnType::signed32, equity_series);
  write_column(file, "/top/equity/time", ColumnType::signed64, time);
  write_column(file, "/top/equity/equity", ColumnType::real, equity);
  write_column(file, "/top/trades/series", ColumnType::signed32, trade_series);
  write_column(file, "/top/trades/side", ColumnType::signed32, side);
  write_column(file, "/top/trades/decision_bar", ColumnType::signed32, decision_bar);
  write_column(file, "/top/trades/entry_bar", ColumnType::signed32, entry_bar);
  write_column(file, "/top/trades/exit_bar", ColumnType::signed32, exit_bar);
  write_column(file, "/top/trades/entry_price", ColumnType::real, entry);
  write_column(file, "/top/trades/exit_price", ColumnType::real, exit);
  write_column(file, "/top/trades/quantity", ColumnType::real, quantity);
  write_column(file, "/top/trades/fees", ColumnType::real, fees);
  write_column(file, "/top/trades/funding", ColumnType::real, funding);
  write_column(file, "/top/trades/slippage", ColumnType::real, slippage);
  write_column(file, "/top/trades/profit", ColumnType::real, profit);
  write_column(file, "/top/trades/mae", ColumnType::real, mae);
  write_column(file, "/top/trades/mfe", ColumnType::real, mfe);
  write_texts(file, "/top/trades/exit_reason", reasons);
}

void write_top(H5File& file, const Job& job, const std::vector<Series>& series, const JudgedTop& top) {
  const std::size_t series_count = series.size(), rows = top.ranked.size() * series_count;
  file.create_group("/top");
  for (std::size_t axis = 0; axis < job.axes.size(); ++axis) {
    const AxisColumn column(job, axis);
    std::string bytes(rows * column.width(), '\0');
    for (std::size_t row = 0; row < rows; ++row) column.put(top.ranked[row / series_count].combination, bytes.data() + row * column.width());
    file.create_column("/top/" + column.name(), column.type(), rows, rows, column.width());
    file.write_rows("/top/" + column.name(), 0, rows, bytes.data());
  }
  std::vector<std::int32_t> rank, number, judged;
  std::vector<std::uint64_t> combination, hash, reference_hash;
  std::vector<double> objective, values(rows), reference(rows);
  const auto result = [&](std::size_t row) -> const LaneResult& { return top.ranked[row / series_count].results[row % series_count]; };
  const auto verdict = [&](std::size_t row) -> const JudgedRow& { return top.rows[row / series_count][row % series_count]; };
  for (std::size_t row = 0; row < rows; ++row) {
    rank.push_back(static_cast<std::int32_t>(row / series_count) + 1);
    number.push_back(static_cast<std::int32_t>(row % series_count));
    judged.push_back(verdict(row).agrees ? 1 : 0);
    combination.push_back(top.ranked[row / series_count].combination);
    objective.push_back(top.ranked[row / series_count].objective);
    hash.push_back(result(row).decision_hash);
    reference_hash.push_back(verdict(row).reference.decision_hash);
  }
  write_column(file, "/top/rank", ColumnType::signed32, rank);
  write_column(file, "/top/combination", ColumnType::unsigned64, combination);
  write_column(file, "/top/series", ColumnType::signed32, number);
  write_column(file, "/top/objective", ColumnType::real, objective);
  write_column(file, "/top/judged", ColumnType::signed32, judged);
  write_column(file, "/top/decision_hash", ColumnType::unsigned64, hash);
  write_column(file, "/top/reference_decision_hash", ColumnType::unsigned64, reference_hash);
  for (int metric = 0; metric < metric_count; ++metric) {
    for (std::size_t row = 0; row < rows; ++row) {
      values[row] = result(row).metrics[metric];
      reference[row] = verdict(row).reference.metrics[metric];
    }
    write_column(file, fmt::format("/top/{}", metric_names[metric]), ColumnType::real, values);
    write_column(file, fmt::format("/top/reference_{}", metric_names[metric]), ColumnType::real, reference);
  }
  write_best(file, series, top);
}

}  // namespace

std::uint64_t unit_size(const Job& job, const std::vector<Series>& series, const std::string& engine) {
  std::uint64_t bars = 1;
  for (const Series& one : series) bars += one.candles.size();
  // A second or so of work, so that little is lost when a run ends and an end that is asked for comes soon.
  const std::uint64_t work = engine == "reference" ? 10'000'000ull : 4'000'000'000ull;
  const std::uint64_t by_work = work / bars, by_rows = chunk_rows / std::max<std::size_t>(1, series.size());
  const std::uint64_t size = std::max<std::uint64_t>(64, std::min(by_work, by_rows));
  return std::min(size, std::max<std::uint64_t>(1, job.combinations()));
}

JudgedTop judge(const Job& job, const std::vector<Series>& series, const TopList& top, int threads, const Pulse& pulse) {
  JudgedTop judged{top.sorted(), {}, {}, top.refused()};
  judged.rows.assign(judged.ranked.size(), std::vector<JudgedRow>(series.size()));
  judged.best.resize(judged.ranked.empty() ? 0 : series.size());
  std::vector<Job> jobs;
  for (const Series& one : series) jobs.push_back(job_for(job, one));
  const auto engine = make_reference_engine(1);
  parallel_for(judged.ranked.size() * series.size(), thread_count(threads), [&](std::size_t row) {
    pulse();
    const std::size_t rank = row / series.size(), number = row % series.size();
    JudgedRow& out = judged.rows[rank][number];
    if (rank == 0) {
      out.reference = engine->trace(jobs[number], series[number], job.combination(judged.ranked[0].combination), judged.best[number]);
    } else {
      engine->evaluate(jobs[number], series[number], judged.ranked[rank].combination, 1, &out.reference);
    }
    const Agreement agreement = compare_results(judged.ranked[rank].results[number], out.reference, job.precision, job.account.capital);
    out.agrees = agreement.agrees();
    out.difference = agreement.text();
  });
  return judged;
}

void assemble_result(const std::string& path, const Assembly& assembly, const Pulse& pulse) {
  const Job& job = assembly.job;
  const std::vector<Series>& series = assembly.series;
  const std::string temporary = assembly.shards.folder() + "/result.h5";   // nothing is left of it when the parts are removed
  try {
    H5File file = H5File::create(temporary);
    file.write_attribute("format", std::string(format_name));
    file.write_attribute("format_version", std::int64_t{result_format_version});
    file.write_attribute("program", std::string("quern"));
    file.write_attribute("program_version", std::string(program_version));
    file.write_attribute("execution_model_version", std::int64_t{execution_model_version});
    file.write_attribute("engine", assembly.engine);
    file.write_attribute("device", assembly.engine == "cuda" ? std::string("cuda") : std::string("cpu"));
    file.write_attribute("precision", std::string(precision_name(job.precision)));
    file.write_attribute("job_name", job.name);
    file.write_attribute("job_hash", content_hash(job.text));
    file.write_attribute("job_key", assembly.key);
    file.write_attribute("job_text", job.text);
    file.write_attribute("settings", settings_json(job, series));
    std::string hashes;
    for (const Series& one : series) hashes += (hashes.empty() ? "" : "\n") + one.dataset_hash;
    file.write_attribute("dataset_hashes", hashes);
    file.write_attribute("combinations", static_cast<std::int64_t>(job.combinations()));
    file.write_attribute("refused_by_constraints", static_cast<std::int64_t>(assembly.top.refused));
    write_series(file, series);
    if (job.keep_all) write_runs(file, assembly, pulse);
    write_top(file, job, series, assembly.top);
    file.close();
    commit_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);   // a full disk needs the room
    throw;
  }
}

H5File open_result(const std::string& path) {
  H5File file = H5File::open(path);
  if (file.text_attribute("format") != format_name) {
    throw BadRequest(fmt::format("'{}' is an HDF5 file, but no result of a sweep. Give the file that 'quern sweep --output' wrote", path));
  }
  const std::int64_t version = file.whole_attribute("format_version");
  if (version != result_format_version) {
    throw BadRequest(fmt::format("'{}' has result format {}, this program reads {}. Use the program that wrote it", path, version, result_format_version));
  }
  return file;
}

std::string existing_result_key(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  return open_result(path).text_attribute("job_key");
}

}  // namespace quern
