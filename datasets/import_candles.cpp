// An import from beginning to end.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "datasets/import.hpp"
#include "datasets/import_parts.hpp"
#include "host/base/text.hpp"
#include "host/base/time.hpp"

namespace quern {
namespace {

using namespace importing;

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::int64_t check_options(const ImportOptions& options) {
  Problems problems;
  if (options.files.empty()) problems.add("No file to import is named.");
  if (options.output.empty()) problems.add("No dataset to write is named. Add --output FILE.h5.");
  if (options.symbol.empty()) problems.add("The symbol is not named. Add --symbol, for instance --symbol BTCUSDT.");
  if (options.symbol.find('/') != std::string::npos || options.symbol == "." || options.symbol == "..") {
    std::string plain = options.symbol;
    plain.erase(std::remove(plain.begin(), plain.end(), '/'), plain.end());
    problems.add(fmt::format("--symbol '{}' has a slash, which parts the names in a dataset. Use --symbol {}.", options.symbol, plain));
  }
  const auto duration = timeframe_ns(options.timeframe);
  if (!duration)
    problems.add(fmt::format("--timeframe '{}' is none: use a whole number and m, h, d or w, for instance 1m, 15m, 4h, 1d, 1w.",
                             options.timeframe));
  if (options.update && options.replace) problems.add("--update and --replace exclude each other.");
  if (options.tick && !tick_from(*options.tick))
    problems.add(fmt::format("--tick {}: a tick is above 0 and has at most 12 decimals.", *options.tick));
  if (!options.tz.empty()) {
    try {
      LocalZone zone(options.tz);
    } catch (const BadRequest& error) {
      problems.add(error.what());
    }
  }
  problems.throw_if_any();
  return *duration;
}

// The tick by E1: given, the exchange's, the stored one where it was given, else found in the prices.
TickSize choose_tick(const ImportOptions& options, const ExchangeRules& rules, const std::optional<TickSize>& stored,
                     const PriceRows& rows, std::vector<std::string>& lines) {
  if (options.tick) return *tick_from(*options.tick);
  if (rules.tick) {
    if (const auto tick = tick_from(*rules.tick)) return *tick;
  }
  if (stored) return *stored;
  if (const auto tick = detect_tick(rows)) {
    lines.push_back(fmt::format("Tick {}, found in the prices.", tick->value));
    return *tick;
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (double price : {rows.open[i], rows.high[i], rows.low[i], rows.close[i]})
      if (std::round(price * 1e8) / 1e8 != price)
        throw BadRequest(fmt::format("The price {} at {} has more than 8 decimals: no tick can be found, and prices are whole ticks. "
                                     "Give the market's tick, for instance --tick 1e-10.", price, iso_time(rows.time[i])));
  throw BadRequest("No tick can be found in the prices. Give the market's tick, for instance --tick 0.01.");
}

void check_ticks(const PriceRows& rows, const TickSize& tick) {
  double highest = 0, lowest = INFINITY;
  std::size_t high = 0, low = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.high[i] > highest) highest = rows.high[i], high = i;
    if (rows.low[i] < lowest) lowest = rows.low[i], low = i;
  }
  const auto ticks = [&](double price) { return round_half_away(price * tick.denominator / tick.numerator); };
  Problems problems;
  if (ticks(highest) > max_ticks) {
    std::size_t first = 0;
    const auto top = [&](std::size_t i) { return std::max({rows.open[i], rows.high[i], rows.low[i], rows.close[i]}); };
    while (first < rows.size() && ticks(top(first)) <= max_ticks) ++first;
    double price = top(first);
    for (double p : {rows.open[first], rows.high[first], rows.low[first], rows.close[first]})
      if (ticks(p) > max_ticks) {
        price = p;
        break;
      }
    double coarser = std::pow(10.0, std::ceil(std::log10(highest / max_ticks)));
    problems.add(fmt::format("The price {} at {} is more than {} ticks of {} (the highest is {} at {}). Give a coarser tick, for "
                             "instance --tick {:g}.", price, iso_time(rows.time[first]), max_ticks, tick.value, highest,
                             iso_time(rows.time[high]), coarser));
  }
  if (ticks(lowest) < 1)
    problems.add(fmt::format("The price {} at {} is 0 ticks of {}. Give a finer tick with --tick.", lowest, iso_time(rows.time[low]),
                             tick.value));
  problems.throw_if_any();
}

// A close one tick beyond the bar's extremes is a print that the source rounded apart from them: kept and said. More is wrong.
void check_closes(const PriceRows& rows, const TickSize& tick, std::vector<std::string>& lines) {
  Problems problems;
  std::size_t kept = 0, wrong = 0, first = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double beyond = std::max(rows.close[i] - rows.high[i], rows.low[i] - rows.close[i]);
    if (beyond <= 0) continue;
    if (round_half_away(beyond * tick.denominator / tick.numerator) <= 1.0) {
      if (kept++ == 0) first = i;
    } else if (wrong++ < 20) {
      problems.add(fmt::format("The bar of {}: {} {} is {} close {} (open {}, high {}, low {}, close {}, volume {}).", iso_time(rows.time[i]),
                               rows.close[i] > rows.high[i] ? "high" : "low", rows.close[i] > rows.high[i] ? rows.high[i] : rows.low[i],
                               rows.close[i] > rows.high[i] ? "below" : "above", rows.close[i], rows.open[i], rows.high[i], rows.low[i],
                               rows.close[i], rows.volume[i]));
    }
  }
  if (wrong > 20) problems.add(fmt::format("... and {} more.", wrong - 20));
  problems.throw_if_any();
  if (kept > 0)
    lines.push_back(fmt::format("{} close{} one tick beyond the high or low of the bar (first at {}): kept as given.", kept,
                                kept == 1 ? " lies" : "s lie", iso_time(rows.time[first])));
}

}  // namespace

ImportReport import_candles(const ImportOptions& options) {
  const std::int64_t duration = check_options(options);
  ImportReport report;
  Problems problems;

  // 1. What the output holds already.
  std::optional<SeriesInfo> there, sibling;  // this series; another timeframe of the symbol
  bool funding_there = false;
  if (exists(options.output)) {
    const DatasetInfo info = read_dataset_info(options.output);
    for (const SeriesInfo& series : info.series)
      if (series.instrument.symbol == options.symbol) (series.duration == duration ? there : sibling) = series;
    funding_there = std::find(info.funding_symbols.begin(), info.funding_symbols.end(), options.symbol) != info.funding_symbols.end();
  }
  if (there && !options.update && !options.replace)
    throw BadRequest(fmt::format("'{}' holds {} {} already ({} bars to {}): importing would overwrite it. Use --update to merge the "
                                 "files into it or --replace to store them instead.", options.output, options.symbol,
                                 options.timeframe, there->rows, iso_time(there->last)));

  // 2. Every file.
  std::vector<FileRows> files;
  if (there && options.update) {
    FileRows stored;
    stored.name = base_name(options.output);
    stored.unit = "bar";
    stored.stored = true;
    stored.rows = read_rows(options.output, options.symbol, there->timeframe);
    for (std::size_t i = 0; i < stored.rows.size(); ++i) stored.number.push_back(static_cast<std::uint32_t>(i));
    files.push_back(std::move(stored));
  }
  std::vector<std::string> sources;
  if (there && options.update && !there->source.empty()) sources.push_back(there->source);
  for (const std::string& path : options.files) {
    try {
      for (Content& content : read_contents(path)) {
        Problems own;
        FileRows file;
        if (const auto what = not_a_table(content.text); !what.empty()) {
          own.add(fmt::format("'{}' is {}.", content.name, what));
        } else {
          const auto start = content.text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
          const bool json = start != std::string::npos && (content.text[start] == '[' || content.text[start] == '{');
          file = json ? parse_json(content, options, own, report.lines) : parse_csv(content, options, own, report.lines);
          content.text = {};
          settle_times(file, options, duration, own, report.lines);
        }
        for (const auto& problem : own.all()) problems.add(problem);
        if (own.empty()) files.push_back(std::move(file));
      }
      const std::string name = base_name(path);
      if (std::find(sources.begin(), sources.end(), name) == sources.end()) sources.push_back(name);
    } catch (const BadRequest& error) {
      problems.add(error.what());
    }
  }
  std::vector<FundingRate> funding;
  ExchangeRules rules;
  try {
    if (!options.funding.empty()) funding = read_funding_file(options, problems, report.lines);
    if (!options.exchange_info.empty()) rules = read_exchange_info(options.exchange_info, options.symbol);
  } catch (const BadRequest& error) {
    problems.add(error.what());
  }
  problems.throw_if_any();

  // 3. One series.
  SeriesToWrite series;
  series.timeframe = options.timeframe;
  series.rows = merge(files, report, problems);
  problems.throw_if_any();
  check_grid(series.rows, options, duration, report, problems);
  problems.throw_if_any();
  report.rows = series.rows.size();

  // 4. Instrument.
  Instrument& instrument = series.instrument;
  std::optional<TickSize> stored_tick;
  if (there || sibling) {
    instrument = (there ? there : sibling)->instrument;
    if (there && options.update) {  // a tick that the stored prices do not lead to was given
      const auto found = detect_tick(files.front().rows);
      if (!found || found->value != there->instrument.tick.value) stored_tick = there->instrument.tick;
    }
  }
  instrument.symbol = options.symbol;
  instrument.tick = choose_tick(options, rules, stored_tick, series.rows, report.lines);
  if (rules.lot) {
    instrument.lot = *rules.lot;
    instrument.has_lot = true;
  }
  if (rules.min_notional) {
    instrument.min_notional = *rules.min_notional;
    instrument.has_min_notional = true;
  }
  check_ticks(series.rows, instrument.tick);
  check_closes(series.rows, instrument.tick, report.lines);
  to_candles(series.rows, options.timeframe, instrument.tick, &report.rounded);
  if (report.rounded > 0)
    report.lines.push_back(fmt::format("{} price{} no multiple of the tick {}: rounded to the nearest when they are loaded, stored as "
                                       "given.", report.rounded, report.rounded == 1 ? " is" : "s are", instrument.tick.value));

  // 5. Funding beside what is there.
  if (!funding.empty() && funding_there && !options.replace) {
    std::vector<FundingRate> both = read_funding(options.output, options.symbol);
    const std::size_t before = both.size();
    std::size_t conflicts = 0;
    for (const FundingRate& rate : funding) {
      const auto end = both.begin() + static_cast<std::ptrdiff_t>(before);
      const auto at = std::lower_bound(both.begin(), end, rate.time, [](const FundingRate& a, std::int64_t t) { return a.time < t; });
      if (at == end || at->time != rate.time) both.push_back(rate);
      else if (at->rate != rate.rate && ++conflicts <= 20)
        problems.add(fmt::format("The funding rate at {} is {} in '{}' and {} in '{}'. Use --replace to store the file's rates.",
                                 iso_time(rate.time), at->rate, options.output, rate.rate, options.funding));
    }
    problems.throw_if_any();
    std::sort(both.begin(), both.end(), [](const FundingRate& a, const FundingRate& b) { return a.time < b.time; });
    funding = std::move(both);
  }
  report.funding_rates = funding.size();
  if (!funding.empty())
    report.lines.push_back(fmt::format("{} funding rates from {} to {}.", funding.size(), iso_time(funding.front().time),
                                       iso_time(funding.back().time)));
  series.funding = std::move(funding);
  for (const auto& source : sources) series.source += (series.source.empty() ? "" : ", ") + source;
  report.instrument = instrument;

  // 6. Output.
  write_dataset(options.output, {series});
  report.lines.push_back(fmt::format("{} bar{} from {} to {}.", report.rows, report.rows == 1 ? "" : "s",
                                     iso_time(series.rows.time.front()), iso_time(series.rows.time.back())));
  return report;
}

}  // namespace quern
