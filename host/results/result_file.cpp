#include "host/results/result_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "host/base/error.hpp"
#include "host/engines/engine.hpp"
#include "host/plan/load_series.hpp"
#include "host/results/agreement.hpp"
#include "host/results/files.hpp"
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

// The columns of the axes for rows [first, first + count) of combinations given by `combination(row)`.
template <typename Combination>
void write_axes(H5File& file, const std::string& group, const Job& job, std::uint64_t first, std::uint64_t count,
                Combination combination) {
  std::vector<std::vector<double>> columns(job.axes.size(), std::vector<double>(count));
  for (std::uint64_t row = 0; row < count; ++row) {
    std::uint64_t rest = combination(row);
    for (std::size_t axis = job.axes.size(); axis-- > 0;) {
      const auto& values = job.axes[axis].values;
      columns[axis][row] = values[rest % values.size()];
      rest /= values.size();
    }
  }
  for (std::size_t axis = 0; axis < job.axes.size(); ++axis) {
    const Param& param = job.strategy.params[static_cast<std::size_t>(job.axes[axis].param)];
    const std::string path = group + "/" + param.name;
    if (param.type != Type::category) {
      file.write_rows(path, first, count, columns[axis].data());
      continue;
    }
    std::vector<std::string> texts = param.choices;            // one width for every unit
    const std::size_t width = pack(texts).width;
    std::string bytes(width * count, '\0');
    for (std::uint64_t row = 0; row < count; ++row) {
      param_text(param, columns[axis][row]).copy(bytes.data() + row * width, width);
    }
    file.write_rows(path, first, count, bytes.data());
  }
}

void create_axes(H5File& file, const std::string& group, const Job& job, std::uint64_t rows, std::uint64_t chunk) {
  for (const Axis& axis : job.axes) {
    const Param& param = job.strategy.params[static_cast<std::size_t>(axis.param)];
    const bool text = param.type == Type::category;
    file.create_column(group + "/" + param.name, text ? ColumnType::text : ColumnType::real, rows, chunk,
                       text ? pack(param.choices).width : 0);
  }
}

void write_runs(H5File& file, const Job& job, std::size_t series_count, const Shards& shards, std::uint64_t units,
                std::uint64_t unit_rows) {
  const std::uint64_t rows = job.combinations() * series_count;
  file.create_group("/runs");
  create_axes(file, "/runs", job, rows, unit_rows);
  for (const char* name : metric_names) file.create_column(fmt::format("/runs/{}", name), ColumnType::real, rows, unit_rows);
  file.create_column("/runs/decision_hash", ColumnType::unsigned64, rows, unit_rows);
  file.create_column("/runs/first_decision_bar", ColumnType::signed32, rows, unit_rows);
  file.create_column("/runs/faults", ColumnType::unsigned32, rows, unit_rows);
  if (series_count > 1) file.create_column("/runs/series", ColumnType::signed32, rows, unit_rows);

  std::uint64_t first = 0;
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    const std::vector<LaneResult> results = shards.read(unit);
    const std::uint64_t count = results.size();
    write_axes(file, "/runs", job, first, count, [&](std::uint64_t row) { return (first + row) / series_count; });
    std::vector<double> values(count);
    for (int metric = 0; metric < metric_count; ++metric) {
      for (std::uint64_t row = 0; row < count; ++row) values[row] = results[row].metrics[metric];
      file.write_rows(fmt::format("/runs/{}", metric_names[metric]), first, count, values.data());
    }
    std::vector<std::uint64_t> hashes(count);
    std::vector<std::int32_t> bars(count), numbers(count);
    std::vector<std::uint32_t> faults(count);
    for (std::uint64_t row = 0; row < count; ++row) {
      hashes[row] = results[row].decision_hash;
      bars[row] = results[row].first_decision_bar;
      faults[row] = results[row].faults;
      numbers[row] = static_cast<std::int32_t>((first + row) % series_count);
    }
    file.write_rows("/runs/decision_hash", first, count, hashes.data());
    file.write_rows("/runs/first_decision_bar", first, count, bars.data());
    file.write_rows("/runs/faults", first, count, faults.data());
    if (series_count > 1) file.write_rows("/runs/series", first, count, numbers.data());
    first += count;
  }
  if (first != rows) throw Failure(fmt::format("the finished parts hold {} rows of {}. Run the sweep again with --force", first, rows));
}

// Trades and equity of the best combination, on the reference engine, all series one after the other.
void write_best(H5File& file, const Job& job, const std::vector<Series>& series, const JudgedTop& top) {
  file.create_group("/top/trades");
  file.create_group("/top/equity");
  std::vector<std::int32_t> equity_series, trade_series, side, decision_bar, entry_bar, exit_bar;
  std::vector<std::int64_t> time;
  std::vector<double> equity, entry, exit, quantity, fees, funding, slippage, profit, mae, mfe;
  std::vector<std::string> reasons;
  for (std::size_t number = 0; number < series.size() && !top.ranked.empty(); ++number) {
    const auto engine = make_reference_engine();
    Trace trace;
    engine->trace(job_for(job, series[number]), series[number], job.combination(top.ranked.front().combination), trace);
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
  create_axes(file, "/top", job, rows, rows);
  write_axes(file, "/top", job, 0, rows, [&](std::uint64_t row) { return top.ranked[row / series_count].combination; });
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
  write_best(file, job, series, top);
}

}  // namespace

std::uint64_t unit_size(const Job& job, const std::vector<Series>& series) {
  std::uint64_t bars = 1;
  for (const Series& one : series) bars += one.candles.size();
  const std::uint64_t by_work = 4'000'000'000ull / bars, by_rows = 16384 / std::max<std::size_t>(1, series.size());
  const std::uint64_t size = std::max<std::uint64_t>(64, std::min(by_work, by_rows));
  return std::min(size, std::max<std::uint64_t>(1, job.combinations()));
}

TopList rank_shards(const Job& job, std::size_t series_count, const Shards& shards, std::uint64_t units) {
  TopList top(job, static_cast<std::size_t>(std::max(0, job.top)));
  std::uint64_t combination = 0;
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    const std::vector<LaneResult> results = shards.read(unit);
    for (std::size_t row = 0; row + series_count <= results.size(); row += series_count) {
      top.offer(combination++, results.data() + row, series_count);
    }
  }
  return top;
}

JudgedTop judge(const Job& job, const std::vector<Series>& series, const TopList& top, int threads) {
  JudgedTop judged{top.sorted(), {}, top.refused()};
  judged.rows.assign(judged.ranked.size(), std::vector<JudgedRow>(series.size()));
  std::vector<Job> jobs;
  for (const Series& one : series) jobs.push_back(job_for(job, one));
  std::atomic<std::size_t> next{0};
  const std::size_t rows = judged.ranked.size() * series.size();
  const auto work = [&] {
    const auto engine = make_reference_engine();
    for (std::size_t row = next++; row < rows; row = next++) {
      const std::size_t rank = row / series.size(), number = row % series.size();
      JudgedRow& out = judged.rows[rank][number];
      engine->evaluate(jobs[number], series[number], judged.ranked[rank].combination, 1, &out.reference);
      const Agreement agreement = compare_results(judged.ranked[rank].results[number], out.reference, job.precision, job.account.capital);
      out.agrees = agreement.agrees();
      out.difference = agreement.text();
    }
  };
  const unsigned wanted = threads > 0 ? static_cast<unsigned>(threads) : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::future<void>> workers;
  for (unsigned worker = 0; worker < std::min<std::size_t>(wanted, rows); ++worker) workers.push_back(std::async(std::launch::async, work));
  for (auto& worker : workers) worker.get();
  return judged;
}

void assemble_result(const std::string& path, const Job& job, const std::vector<Series>& series, const std::string& engine,
                     const std::string& key, const Shards& shards, std::uint64_t units, const JudgedTop& top) {
  const std::string temporary = fmt::format("{}.tmp{}", path, ::getpid());
  try {
    H5File file = H5File::create(temporary);
    file.write_attribute("format", std::string(format_name));
    file.write_attribute("format_version", std::int64_t{result_format_version});
    file.write_attribute("program", std::string("quern"));
    file.write_attribute("program_version", std::string(program_version));
    file.write_attribute("execution_model_version", std::int64_t{execution_model_version});
    file.write_attribute("engine", engine);
    file.write_attribute("device", engine == "cuda" ? std::string("cuda") : std::string("cpu"));
    file.write_attribute("precision", std::string(precision_name(job.precision)));
    file.write_attribute("job_name", job.name);
    file.write_attribute("job_hash", content_hash(job.text));
    file.write_attribute("job_key", key);
    file.write_attribute("job_text", job.text);
    file.write_attribute("settings", settings_json(job, series));
    std::string hashes;
    for (const Series& one : series) hashes += (hashes.empty() ? "" : "\n") + one.dataset_hash;
    file.write_attribute("dataset_hashes", hashes);
    file.write_attribute("combinations", static_cast<std::int64_t>(job.combinations()));
    file.write_attribute("refused_by_constraints", static_cast<std::int64_t>(top.refused));
    write_series(file, series);
    if (job.keep_all) write_runs(file, job, series.size(), shards, units, unit_size(job, series) * series.size());
    write_top(file, job, series, top);
    file.close();
    commit_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
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
