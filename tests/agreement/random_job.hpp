// Random jobs for the differential test: every setting that a valid job can take, drawn from one seed.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace quern::agreement {

// A market that the random jobs run on, as stored in a dataset file.
struct Market {
  std::string file, symbol, timeframe;
  std::int64_t first = 0, last = 0, duration = 0;   // ns
  std::string higher;                               // a timeframe for '@' series
  double tick = 0.01;
  double typical_price = 100.0;
  bool has_funding = false, has_finer = false;
};

class RandomJob {
 public:
  RandomJob(std::uint64_t seed, const std::vector<Market>& markets) : random_(seed), market_(pick(markets)) {}

  std::string toml() {
    std::string text = "[job]\nname = \"random\"\n[data]\nfiles = [\"" + market_.file + "\"]\nsymbols = [\"" + market_.symbol +
                       "\"]\ntimeframes = [\"" + market_.timeframe + "\"]\nallow_gaps = true\n" + span();
    text += account() + costs() + rules() + metrics();
    hold_ = chance(0.5);
    const std::string body = strategy();
    text += "[sweep]\n";
    const auto axis = [&](const char* name, const std::string& values) {
      if (uses(body, name)) text += fmt::format("{} = [{}]\n", name, values);
    };
    axis("n", fmt::format("{}, {}, {}", whole(2, 8), whole(9, 17), whole(18, 40)));
    axis("k", fmt::format("{:.3f}, {:.3f}, {:.3f}, {:.3f}", real(0.2, 1.0), real(1.0, 2.0), real(2.0, 3.0), real(3.0, 6.0)));
    axis("m", fmt::format("{:.3f}, {:.3f}", real(0.3, 1.5), real(1.5, 5.0)));
    axis("hold", "1, 7, 40");
    return text + body;
  }

 private:
  template <class T>
  T pick(const std::vector<T>& from) { return from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(random_)]; }
  std::string pick(std::initializer_list<const char*> from) { return pick(std::vector<std::string>(from.begin(), from.end())); }
  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  bool chance(double share) { return real(0.0, 1.0) < share; }

  // Whether an expression of the direction that the strategy takes reads the parameter.
  static bool uses(const std::string& body, const std::string& name) {
    const bool longs = body.find("direction = \"short\"") == std::string::npos, shorts = body.find("direction = \"long\"") == std::string::npos;
    std::istringstream lines(body);
    const std::regex word("\\b" + name + "\\b"), other_side(longs && shorts ? "$^" : longs ? "short = \"[^\"]*\"" : "long = \"[^\"]*\"");
    for (std::string line; std::getline(lines, line);) {
      const auto equals = line.find(" = ");
      if (equals == std::string::npos || line.rfind(name + " = ", 0) == 0 || line.rfind("direction", 0) == 0) continue;
      const std::string value = std::regex_replace(line, other_side, "");
      if (line.rfind("vol = ", 0) == 0 ? body.find("vol", body.find("vol = ") + 6) != std::string::npos && std::regex_search(value, word)
                                       : std::regex_search(value.substr(std::min(equals, value.size())), word)) {
        return true;
      }
    }
    return false;
  }

  std::string span() {
    if (!chance(0.5)) return "";
    const auto bars = (market_.last - market_.first) / market_.duration;
    if (bars < 700) return "";
    const auto from = market_.first + market_.duration * whole(0, static_cast<int>(bars) - 600);
    const auto to = from + market_.duration * whole(300, 600);
    return "from = " + time(from) + "\nto = " + time(to) + "\n";
  }

  static std::string time(std::int64_t ns) {
    const std::time_t seconds = ns / 1'000'000'000;
    char text[32];
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
  }

  std::string account() {
    std::string text = "[account]\ncapital = " + pick({"1000.0", "10000.0", "137000.0"}) + "\nleverage = " +
                       pick({"1.0", "1.0", "2.0", "5.0", "20.0"}) + "\nmaintenance = " + pick({"0.004", "0.01"}) + "\n";
    leveraged_ = text.find("leverage = 1.0") == std::string::npos;
    if (chance(0.2)) text += fmt::format("daily_loss_limit = {:.4f}\n", real(0.002, 0.08));
    if (chance(0.2)) text += fmt::format("max_drawdown_halt = {:.4f}\n", real(0.05, 0.4));
    if (chance(0.2)) text += "cap = false\n";
    if (chance(0.3)) text += fmt::format("tick = {}\n", market_.tick * pick(std::vector<double>{1.0, 2.0, 5.0, 10.0}));
    if (chance(0.6)) text += "lot = " + pick({"0.0001", "0.001", "0.01", "0.1", "1.0"}) + "\n";
    if (chance(0.4)) text += "min_notional = " + pick({"5.0", "10.0", "500.0"}) + "\n";
    return text;
  }

  std::string costs() {
    std::string text = "[costs]\nmaker_bps = " + pick({"0.0", "1.5", "2.0"}) + "\ntaker_bps = " + pick({"0.0", "4.0", "7.5"}) +
                       "\nslippage_bps = " + pick({"0.0", "0.0", "1.0", "12.0"}) + "\n";
    if (chance(0.3)) text += fmt::format("impact_bps = {:.1f}\n", real(0.1, 900.0));
    if (market_.has_funding && chance(0.5)) return text + "funding = \"dataset\"\n";
    return text + "funding = " + pick({"\"none\"", "\"none\"", "0.0001", "-0.00075"}) + "\n";
  }

  std::string rules() {
    std::string text = "[rules]\nfill = " + pick({"\"next_open\"", "\"next_open\"", "\"close\""}) + "\nthrough_ticks = " +
                       pick({"0", "1", "1", "3"}) + "\ntarget_gap = " + pick({"\"limit\"", "\"open\""}) + "\nreverse = " +
                       pick({"true", "false"}) + "\ncooldown_bars = " + pick({"0", "0", "1", "6"}) + "\nwarmup = " +
                       pick({"\"common\"", "\"own\""}) + "\nend = " + pick({"\"close\"", "\"open\""}) + "\n";
    const bool detail = market_.has_finer && chance(0.4);
    return text + "intrabar = " + (detail ? "\"detail\"" : pick({"\"sl_first\"", "\"tp_first\"", "\"open_proximity\""})) + "\n";
  }

  std::string metrics() {
    return "[metrics]\nsampling = " + pick({"\"day\"", "\"bar\""}) + "\n" + (chance(0.3) ? "periods_per_year = 252\n" : "");
  }

  std::string condition(bool up) {
    const std::string more = up ? ">" : "<", cross = up ? "crosses_above" : "crosses_below";
    switch (whole(0, 13)) {
      case 0: return fmt::format("{}(ema(close, n), ema(close, {}))", cross, whole(20, 50));
      case 1: return fmt::format("rsi(close, n) {} {}", up ? "<" : ">", up ? whole(25, 45) : whole(55, 75));
      case 2: return fmt::format("{}(close, sma(close, n))", cross);
      case 3: return fmt::format("macd(close, {}, {}, 9).hist {} 0 and close {} open", whole(5, 12), whole(13, 26), more, more);
      case 4: return fmt::format("close {} bbands(close, n, 2.0, 2.0).{}", up ? "<" : ">", up ? "lower" : "upper");
      case 5: return fmt::format("{}(close, sar(0.02, 0.2))", cross);
      case 6: return fmt::format("stoch(n, 3, 3).slowk {} {} and not (close {} open)", up ? "<" : ">", up ? 25 : 75, more);
      case 7: return fmt::format("close {} donchian(n).{}[1]", more, up ? "high" : "low");
      case 8: return fmt::format("zscore(close, n) {} {:.2f}", up ? "<" : ">", up ? -real(0.5, 2.0) : real(0.5, 2.0));
      case 9: return fmt::format("{}(close, {})", up ? "rising" : "falling", whole(2, 3));
      case 10: return fmt::format("aroon(n).up {} aroon(n).down and bars_since(volume > volume[1]) < 4", more);
      case 11: return fmt::format("close {} @{}.close and @{}.close {} sma(@{}.close, 3)", more, market_.higher, market_.higher, more,
                                  market_.higher);
      case 12: return fmt::format("if(adx(n) > 22, close {} open, close {} close[n])", more, up ? "<" : ">");
      default: return fmt::format("percentile_rank(close, n) {} {} or hl2 / close[1] - 1 {} {:.4f}", up ? "<" : ">", up ? 15 : 85,
                                  more, up ? real(0.004, 0.02) : -real(0.004, 0.02));
    }
  }

  std::string scaled(const char* factor) {
    return chance(0.75) ? fmt::format("{} * vol", factor)
                        : fmt::format("{} * (highest(high, 5) - lowest(low, 5)) / 3", factor);
  }

  std::string level(const std::string& table, const char* factor, bool stop) {
    if (chance(0.75)) return table + "\ndistance = \"" + scaled(factor) + "\"\n";
    return table + fmt::format("\nprice = {{ long = \"close {} {}\", short = \"close {} {}\" }}\n", stop ? "-" : "+", scaled(factor),
                               stop ? "+" : "-", scaled(factor));
  }

  std::string strategy() {
    std::string text = "[strategy]\nname = \"random\"\ndirection = " + pick({"\"long\"", "\"short\"", "\"both\"", "\"both\""}) + "\n";
    text += "[strategy.params]\nn = { default = 10, min = 2, max = 60, type = \"int\" }\n"
            "k = { default = 1.0, min = 0.01, max = 50.0 }\nm = { default = 1.0, min = 0.01, max = 50.0 }\n";
    if (hold_) text += "hold = { default = 9, min = 1, max = 100, type = \"int\" }\n";
    text += fmt::format("[strategy.let]\nvol = \"{}\"\n", chance(0.5) ? fmt::format("atr({})", whole(3, 20)) : "atr(n)");
    text += "[strategy.entry]\nlong = \"" + condition(true) + "\"\nshort = \"" + condition(false) + "\"\n";
    if (chance(0.3)) text += "filter = " + pick({"\"hour >= 6 and hour < 20\"", "\"weekday < 5\"", "\"close > k * vol\""}) + "\n";
    text += "[strategy.exit]\n";
    if (chance(0.5)) text += "long = \"" + condition(false) + "\"\n";
    if (chance(0.5)) text += "short = \"" + condition(true) + "\"\n";
    if (hold_) text += "max_bars = \"hold\"\n";
    const bool stop = chance(0.75), risk = stop && chance(0.35);
    const int targets = chance(0.6) ? whole(1, 4) : 0;
    if (stop) {
      text += level("[strategy.stop]", "k", true);
      if (targets > 1 && chance(0.4)) text += "breakeven_after = 1\n";
    }
    if (chance(0.5)) {
      text += "[strategy.trail]\n";
      text += chance(0.8) ? "distance = \"" + scaled("m") + "\"\n"
                          : std::string("price = { long = \"lowest(low, n)\", short = \"highest(high, n)\" }\n");
      if (chance(0.5)) text += "activation = \"" + scaled("k") + "\"\n";
      text += "basis = " + pick({"\"extreme\"", "\"close\""}) + "\n";
    }
    if (!stop && targets == 0 && !hold_) text += "[strategy.stop]\ndistance = \"k * vol\"\n";
    for (int i = 0; i < targets; ++i) {
      text += level("[[strategy.target]]", i % 2 == 0 ? "m" : "2.5 * m", false);
      if (i + 1 < targets) text += "fraction = " + pick({"0.25", "0.4", "\"if(close > open, 0.2, 0.45)\""}) + "\n";
    }
    text += "[strategy.size]\n";
    switch (risk ? 3 : whole(0, 4)) {
      case 0: text += fmt::format("mode = \"fixed_quantity\"\nvalue = {:.3f}\n", 3000.0 / market_.typical_price); break;
      case 1: text += "mode = \"fixed_notional\"\nvalue = \"300 + 100 * k\"\n"; break;
      case 2: text += "mode = \"volatility_parity\"\nvalue = 0.3\nvolatility = \"realized_vol(n)\"\n"; break;
      case 3:
        if (risk) { text += "mode = \"risk\"\nvalue = 0.01\n"; break; }
        [[fallthrough]];
      default: text += "mode = \"fraction\"\nvalue = " + pick({"0.1", "0.5", "1.0"}) + "\n";
    }
    if (chance(0.35)) {
      text += "[strategy.order]\ntype = \"limit\"\noffset = \"" + pick({"0", "0.2 * vol", "0.6 * vol"}) +
              fmt::format("\"\ntimeout_bars = {}\non_timeout = {}\n", whole(1, 5), pick({"\"market\"", "\"cancel\""}));
    }
    return text;
  }

  std::mt19937_64 random_;
  Market market_;
  bool hold_ = false, leveraged_ = false;
};

}  // namespace quern::agreement
