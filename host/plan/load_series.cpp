#include "host/plan/load_series.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/dataset_file.hpp"
#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/base/time.hpp"

namespace quern {
namespace {

struct Stored {
  std::string path;
  SeriesInfo info;
};

std::string span_of(const SeriesInfo& info) {
  return fmt::format("{} {} ({} bars, {} to {})", info.instrument.symbol, info.timeframe, info.rows,
                     iso_time(info.first), iso_time(info.last));
}

std::string what_exists(const std::vector<Stored>& stored) {
  std::string text;
  for (const auto& one : stored) text += (text.empty() ? "" : ", ") + span_of(one.info);
  return text.empty() ? "nothing" : text;
}

PriceRows cut(const PriceRows& rows, std::int64_t from, std::int64_t to) {
  const auto begin = std::lower_bound(rows.time.begin(), rows.time.end(), from) - rows.time.begin();
  const auto end = std::lower_bound(rows.time.begin(), rows.time.end(), to) - rows.time.begin();
  if (begin >= end) return {};
  const auto part = [&](const auto& column) {
    return std::decay_t<decltype(column)>(column.begin() + begin, column.begin() + end);
  };
  return {part(rows.time), part(rows.open), part(rows.high), part(rows.low), part(rows.close), part(rows.volume)};
}

// The finest stored series of a symbol whose bars make up bars of `duration`.
const Stored* finest(const std::vector<Stored>& stored, const std::string& symbol, std::int64_t duration) {
  const Stored* best = nullptr;
  for (const auto& one : stored) {
    if (one.info.instrument.symbol != symbol || one.info.duration >= duration || duration % one.info.duration != 0) continue;
    if (best == nullptr || one.info.duration < best->info.duration) best = &one;
  }
  return best;
}

View make_view(const PriceRows& rows, const Candles& base, std::int64_t duration, const std::string& timeframe,
               const TickSize& tick) {
  View view;
  view.candles = to_candles(resample(rows, base.duration, duration), timeframe, tick, nullptr);
  view.candles.duration = duration;
  view.last_completed.reserve(base.size());
  std::int32_t next = 0;
  const auto count = static_cast<std::int32_t>(view.candles.size());
  for (std::size_t bar = 0; bar < base.size(); ++bar) {
    const std::int64_t close = base.time[bar] + base.duration;
    while (next < count && view.candles.time[static_cast<std::size_t>(next)] + duration <= close) ++next;
    view.last_completed.push_back(next - 1);
  }
  return view;
}

void add_funding(const Job& job, const std::string& path, Series& series, std::vector<std::string>& notices) {
  const Candles& candles = series.candles;
  std::vector<FundingRate> rates;
  if (job.funding == FundingSource::dataset) {
    rates = read_funding(path, series.instrument.symbol);
    if (rates.empty()) {
      throw BadRequest(fmt::format(
          "{}: costs.funding = \"dataset\", but {} holds no funding of {}. Import it with data import --funding, or give a "
          "rate per 8 h", job.path, path, series.instrument.symbol));
    }
  } else if (job.funding == FundingSource::constant) {
    constexpr std::int64_t step = 8 * ns_per_hour;
    std::int64_t time = candles.time.front() / step * step;
    for (const std::int64_t end = candles.time.back() + candles.duration; time <= end; time += step) {
      rates.push_back({time, job.funding_rate});
    }
  }
  series.funding_begin.assign(candles.size() + 1, 0);
  std::size_t next = 0, lost = 0;
  for (std::size_t bar = 0; bar < candles.size(); ++bar) {
    series.funding_begin[bar] = static_cast<std::int32_t>(series.funding.size());
    for (; next < rates.size() && rates[next].time <= candles.time[bar]; ++next) {
      lost += bar > 0 && rates[next].time > candles.time.front() ? 1 : 0;
    }
    for (; next < rates.size() && rates[next].time <= candles.time[bar] + candles.duration; ++next) {
      series.funding.push_back(rates[next]);
    }
  }
  series.funding_begin[candles.size()] = static_cast<std::int32_t>(series.funding.size());
  if (lost > 0 && job.funding == FundingSource::dataset) {
    notices.push_back(fmt::format("{} {}: {} funding times lie inside data holes and are not paid",
                                  series.instrument.symbol, candles.timeframe, lost));
  }
}

void add_detail(const Job& job, const std::vector<Stored>& stored, Series& series) {
  const Candles& candles = series.candles;
  const Stored* fine = finest(stored, series.instrument.symbol, candles.duration);
  if (fine == nullptr) {
    throw BadRequest(fmt::format("{}: rules.intrabar = \"detail\" needs a stored timeframe finer than {} of {}; the files "
                                 "hold {}", job.path, candles.timeframe, series.instrument.symbol, what_exists(stored)));
  }
  const auto rows = read_rows(fine->path, series.instrument.symbol, fine->info.timeframe);
  series.detail = to_candles(cut(rows, candles.time.front(), candles.time.back() + candles.duration),
                             fine->info.timeframe, series.instrument.tick, nullptr);
  series.detail.duration = fine->info.duration;
  series.detail_begin.assign(candles.size() + 1, 0);
  const auto& times = series.detail.time;
  for (std::size_t bar = 0; bar < candles.size(); ++bar) {
    series.detail_begin[bar] =
        static_cast<std::int32_t>(std::lower_bound(times.begin(), times.end(), candles.time[bar]) - times.begin());
  }
  series.detail_begin[candles.size()] = static_cast<std::int32_t>(times.size());
}

void refuse_gaps(const Job& job, const Candles& candles, const std::string& symbol) {
  std::size_t gaps = 0;
  std::int64_t first = 0;
  for (std::size_t bar = 1; bar < candles.size(); ++bar) {
    if (candles.time[bar] - candles.time[bar - 1] == candles.duration) continue;
    if (gaps++ == 0) first = candles.time[bar - 1];
  }
  if (gaps > 0) {
    throw BadRequest(fmt::format(
        "{}: {} {} has {} gap{} in the range of the job (first after {}); bars are consecutive rows, so a hole changes what "
        "lengths mean. Set data.allow_gaps = true to run over {}", job.path, symbol, candles.timeframe, gaps,
        gaps == 1 ? "" : "s", iso_time(first), gaps == 1 ? "it" : "them"));
  }
}

Series load_one(const Job& job, const std::vector<Stored>& stored, const std::string& symbol,
                const std::string& timeframe, std::vector<std::string>& notices) {
  const auto duration = timeframe_ns(timeframe);
  if (!duration) throw BadRequest(fmt::format("{}: '{}' is no timeframe. Write 1m, 15m, 1h, 4h, 1d ...", job.path, timeframe));
  const auto exact = std::find_if(stored.begin(), stored.end(), [&](const Stored& one) {
    return one.info.instrument.symbol == symbol && one.info.duration == *duration;
  });
  const Stored* source = exact != stored.end() ? &*exact : finest(stored, symbol, *duration);
  if (source == nullptr) {
    throw BadRequest(fmt::format("{}: {} has no {} and none can be resampled; the files hold {}. Choose one of these or a multiple of one",
                                 job.path, symbol, timeframe, what_exists(stored)));
  }
  PriceRows rows = read_rows(source->path, symbol, source->info.timeframe);
  if (source->info.duration != *duration) rows = resample(rows, source->info.duration, *duration);
  rows = cut(rows, job.from.value_or(INT64_MIN), job.to.value_or(INT64_MAX));
  if (rows.size() == 0) {
    throw BadRequest(fmt::format("{}: no bar of {} {} lies in the range of the job; the files hold {}", job.path, symbol,
                                 timeframe, what_exists(stored)));
  }

  Series series;
  series.instrument = source->info.instrument;
  series.dataset_hash = source->info.content_hash;
  if (job.has_tick) series.instrument.tick = job.account.tick;
  if (job.has_lot) series.instrument.lot = job.account.lot;
  if (job.has_min_notional) series.instrument.min_notional = job.account.min_notional;
  std::size_t rounded = 0;
  series.candles = to_candles(rows, timeframe, series.instrument.tick, &rounded);
  series.candles.duration = *duration;
  if (rounded > 0) {
    notices.push_back(fmt::format("{} {}: {} of {} prices are no multiple of the tick {} and were rounded", symbol, timeframe,
                                  rounded, 4 * rows.size(), series.instrument.tick.value));
  }
  if (!job.allow_gaps) refuse_gaps(job, series.candles, symbol);
  for (const ViewKey& key : job.strategy.views) {
    const auto view_duration = timeframe_ns(key.timeframe);
    if (!view_duration || *view_duration < *duration || *view_duration % *duration != 0) {
      throw BadRequest(fmt::format("{}: '@{}' is no multiple of the job's timeframe {}", job.path, key.timeframe, timeframe));
    }
    series.views.push_back(make_view(rows, series.candles, *view_duration, key.timeframe, series.instrument.tick));
  }
  add_funding(job, source->path, series, notices);
  if (job.rules.intrabar == Intrabar::detail) add_detail(job, stored, series);
  return series;
}

}  // namespace

LoadedSeries load_series(const Job& job) {
  std::vector<Stored> stored;
  for (const auto& path : job.files) {
    for (auto& info : read_dataset_listing(path).series) stored.push_back({path, std::move(info)});
  }
  std::vector<std::string> symbols = job.symbols;
  if (symbols.empty()) {
    for (const auto& one : stored) {
      if (std::find(symbols.begin(), symbols.end(), one.info.instrument.symbol) == symbols.end()) {
        symbols.push_back(one.info.instrument.symbol);
      }
    }
  }
  LoadedSeries loaded;
  for (const auto& symbol : symbols) {
    std::vector<std::string> timeframes = job.timeframes;
    std::vector<std::string> known;
    for (const auto& one : stored) {
      known.push_back(one.info.instrument.symbol);
      if (job.timeframes.empty() && one.info.instrument.symbol == symbol) timeframes.push_back(one.info.timeframe);
    }
    if (std::find(known.begin(), known.end(), symbol) == known.end()) {
      const std::string near = nearest(symbol, known);
      throw BadRequest(fmt::format("{}: symbol '{}' is not in the job's files{}; they hold {}", job.path, symbol,
                                   near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near), what_exists(stored)));
    }
    for (const auto& timeframe : timeframes) {
      loaded.series.push_back(load_one(job, stored, symbol, timeframe, loaded.notices));
    }
  }
  if (loaded.series.empty()) throw BadRequest(fmt::format("{}: the job's files hold no series", job.path));
  return loaded;
}

Job job_for(const Job& job, const Series& series) {
  Job own = job;
  own.account.tick = series.instrument.tick;
  own.account.lot = series.instrument.lot;
  own.account.min_notional = series.instrument.min_notional;
  if (!job.has_maker && series.instrument.has_fees) own.costs.maker_bps = series.instrument.maker_bps;
  if (!job.has_taker && series.instrument.has_fees) own.costs.taker_bps = series.instrument.taker_bps;
  return own;
}

}  // namespace quern
