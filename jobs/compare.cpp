// quern compare: engines side by side, decision hash first, numbers second.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/plan/load_series.hpp"
#include "host/results/agreement.hpp"
#include "host/results/settings.hpp"
#include "host/results/trade_lines.hpp"
#include "jobs/common.hpp"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string fill_text(const Fill& fill) {
  return fmt::format("bar {} {} {} at {} ticks, {} lots{}", fill.bar, fill.is_entry ? "entry" : "exit", fill.side > 0 ? "long" : "short",
                     fill.price_ticks, fill.lots, fill.is_entry ? "" : fmt::format(", {}", exit_reason_name(fill.reason)));
}

std::string first_difference(const Trace& a, const Trace& b, const std::string& a_name, const std::string& b_name) {
  const std::size_t most = std::max(a.fills.size(), b.fills.size());
  for (std::size_t at = 0; at < most; ++at) {
    const std::string x = at < a.fills.size() ? fill_text(a.fills[at]) : "no more fills";
    const std::string y = at < b.fills.size() ? fill_text(b.fills[at]) : "no more fills";
    if (x != y) return fmt::format("fill {}: {} has {}; {} has {}", at + 1, a_name, x, b_name, y);
  }
  return "the fills are equal";
}

}  // namespace

int run_compare(const CompareOptions& options) {
  const Job job = read_job_with(options);
  const LoadedSeries loaded = load_series(job);
  const auto names = split(options.engines);
  if (names.size() < 2) throw BadRequest("compare needs two engines or more. Write --engines reference,cpu");
  std::vector<std::unique_ptr<Engine>> engines;
  for (const auto& name : names) engines.push_back(make_engine(name, job.threads));
  const std::uint64_t combinations = job.combinations();
  const std::uint64_t count = std::min(combinations, std::max<std::uint64_t>(1, options.most));
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t at = 0; at < count; ++at) {
    chosen.push_back(count == combinations ? at : static_cast<std::uint64_t>(static_cast<unsigned __int128>(at) * combinations / count));
  }
  std::uint64_t lanes = 0, different_decisions = 0, different_numbers = 0;
  Json differences = Json::array();
  std::string text;
  for (const Series& series : loaded.series) {
    const Job own = job_for(job, series);
    std::vector<std::vector<LaneResult>> results(engines.size(), std::vector<LaneResult>(count));
    for (std::size_t engine = 0; engine < engines.size(); ++engine) {
      if (count == combinations) {
        engines[engine]->evaluate(own, series, 0, count, results[engine].data());
      } else {
        for (std::uint64_t at = 0; at < count; ++at) engines[engine]->evaluate(own, series, chosen[at], 1, &results[engine][at]);
      }
    }
    for (std::uint64_t at = 0; at < count; ++at) {
      for (std::size_t engine = 1; engine < engines.size(); ++engine) {
        ++lanes;
        const Agreement agreement = compare_results(results[0][at], results[engine][at], job.precision, job.account.capital);
        if (agreement.agrees()) continue;
        (agreement.same_decisions ? different_numbers : different_decisions) += 1;
        if (differences.size() >= 10) continue;
        std::string where = agreement.text();
        if (!agreement.same_decisions) {
          Trace a, b;
          const auto values = job.combination(chosen[at]);
          engines[0]->trace(own, series, values, a);
          engines[engine]->trace(own, series, values, b);
          where = first_difference(a, b, names[0], names[engine]);
        } else {
          const int metric = agreement.differing.front();
          where = fmt::format("{} (first: {} is {} on {} and {} on {})", where, metric_names[metric], results[0][at].metrics[metric],
                              names[0], results[engine][at].metrics[metric], names[engine]);
        }
        differences.push_back({{"symbol", series.instrument.symbol}, {"timeframe", series.candles.timeframe},
                               {"combination", chosen[at]}, {"engine", names[engine]}, {"decisions_equal", agreement.same_decisions},
                               {"where", where}});
        text += fmt::format("{} {} combination {}: {}\n", series.instrument.symbol, series.candles.timeframe, chosen[at], where);
      }
    }
  }
  const std::uint64_t equal = lanes - different_decisions - different_numbers;
  if (options.json) {
    print(Json{{"engines", names}, {"lanes", lanes}, {"combinations", combinations}, {"compared", count}, {"equal", equal},
               {"different_decisions", different_decisions}, {"different_numbers", different_numbers},
               {"differences", differences}}.dump(2) + "\n");
  } else {
    print(text + fmt::format("{}: {} of {} combinations on {} series; equal {}, other decisions {}, other numbers {}\n",
                             options.engines, count, combinations, loaded.series.size(), equal, different_decisions, different_numbers));
  }
  return equal == lanes ? 0 : 1;
}

}  // namespace quern
