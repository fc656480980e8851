// Job files: every key, and what is said about wrong ones.
#include <gtest/gtest.h>

#include <ostream>

#include "tests/strategy/support.hpp"

namespace quern {
namespace {

using test::Folder;
using test::job_with;
using test::problems_of;
using test::read_text_job;

const char* const plain = "[strategy.entry]\nlong = \"rsi(close, 14) < 30\"\n";
const char* const swept = "[strategy.params]\nn = { default = 14, min = 2, max = 50, type = \"int\" }\nx = { default = 30.0, min = 0.0, max = 100.0 }\n"
                          "mode = { default = \"rr\", choices = [\"rr\", \"swing\"] }\nghost = { default = 1.0 }\n"
                          "[strategy.entry]\nlong = \"rsi(close, n) < x and mode == 'rr'\"\n";

TEST(JobFile, DefaultsOfTheFormat) {
  const Job job = read_text_job(job_with("", plain));
  EXPECT_EQ(job.objectives, std::vector<std::string>{"sharpe_ratio"});
  EXPECT_TRUE(job.maximize);
  EXPECT_EQ(job.account.capital, 10000.0);
  EXPECT_FALSE(job.has_tick);
  EXPECT_FALSE(job.has_taker);
  EXPECT_EQ(job.funding, FundingSource::none);
  EXPECT_EQ(job.device, "auto");
  EXPECT_EQ(job.combinations(), 1u);
  EXPECT_EQ(job.strategy.direction, Direction::long_only);
  EXPECT_EQ(job.strategy.size_mode, SizeMode::fraction);
  EXPECT_EQ(evaluate_constant(job.strategy, job.strategy.size_value, job.values.data()), 1.0);
}

TEST(JobFile, EveryKeyIsRead) {
  const Job job = read_text_job(R"toml(
[job]
name = "all"
objective = "sharpe_ratio - 0.5 * max_drawdown"
direction = "minimize"
aggregate = "median"
constraints = ["n_trades >= 30", "max_drawdown<=0.15"]
[data]
files = ["btc.h5", "/abs/eth.h5"]
symbols = ["BTCUSDT"]
timeframes = ["15m", "1h"]
from = 2021-01-01T02:00:00+02:00
to = 2024-01-01T00:00:00Z
allow_gaps = true
[params]
stop_atr = 2
[sweep]
mode = ["swing", "rr"]
rsi_len = { from = 5, to = 30, step = 5 }
[search]
method = "grid"
trials = 100000
seed = 42
[account]
capital = 500
leverage = 3.0
maintenance = 0.01
cap = false
daily_loss_limit = 0.1
max_drawdown_halt = 0.3
tick = 0.05
lot = 0.001
min_notional = 10
[costs]
maker_bps = 2.0
taker_bps = 6.0
slippage_bps = 1.0
impact_bps = 0.5
funding = 0.0001
[rules]
fill = "close"
intrabar = "detail"
through_ticks = 0
target_gap = "open"
reverse = true
cooldown_bars = 3
warmup = "own"
end = "open"
[metrics]
sampling = "bar"
periods_per_year = 365
[engine]
device = "reference"
precision = "double"
threads = 4
[output]
file = "out.h5"
keep = "top"
top = 7
[strategy]
name = "s"
description = "Größe"
direction = "both"
[strategy.params]
stop_atr = { default = 1.0, min = 1.0, max = 4.0 }
rsi_len = { default = 14, min = 5, max = 30, type = "int" }
mode = { default = "rr", choices = ["rr", "swing"] }
[strategy.let]
vol = "atr(14)"
r = "rsi(close, rsi_len)"
[strategy.entry]
long = "r < 30"
short = "r > 70"
filter = "mode == 'rr' or vol > 1"
[strategy.exit]
long = "r > 50"
short = "r < 50"
max_bars = "rsi_len * 2"
[strategy.stop]
price = { long = "close - stop_atr * vol", short = "close + stop_atr * vol" }
breakeven_after = 1
[strategy.trail]
activation = "2 * vol"
distance = "vol"
basis = "close"
[[strategy.target]]
distance = "2 * vol"
fraction = 0.6
[[strategy.target]]
price = "close * 2"
[strategy.size]
mode = "volatility_parity"
value = 0.2
volatility = "realized_vol(30)"
[strategy.order]
type = "limit"
offset = "0.2 * vol"
timeout_bars = 3
on_timeout = "market"
)toml");
  EXPECT_EQ(job.name, "all");
  EXPECT_FALSE(job.maximize);
  EXPECT_EQ(job.aggregate, "median");
  EXPECT_EQ(job.constraints.size(), 2u);
  EXPECT_EQ(job.files[1], "/abs/eth.h5");
  EXPECT_NE(job.files[0], "btc.h5");
  EXPECT_EQ(job.from.value(), 1609459200000000000ll);
  EXPECT_EQ(job.to.value(), 1704067200000000000ll);
  EXPECT_TRUE(job.allow_gaps);
  EXPECT_EQ(job.values, (std::vector<double>{2.0, 14.0, 0.0}));
  ASSERT_EQ(job.axes.size(), 2u);
  EXPECT_EQ(job.axes[0].param, 2);
  EXPECT_EQ(job.axes[0].values, (std::vector<double>{1.0, 0.0}));
  EXPECT_EQ(job.axes[1].values, (std::vector<double>{5, 10, 15, 20, 25, 30}));
  EXPECT_EQ(job.combinations(), 12u);
  EXPECT_EQ(job.combination(7), (std::vector<double>{2.0, 10.0, 0.0}));   // last axis fastest
  EXPECT_EQ(job.trials, 100000u);
  EXPECT_EQ(job.account.leverage, 3.0);
  EXPECT_FALSE(job.account.cap);
  EXPECT_TRUE(job.has_tick && job.has_lot && job.has_min_notional);
  EXPECT_EQ(job.account.tick.value, 0.05);
  EXPECT_EQ(job.account.tick.numerator, 1.0);
  EXPECT_EQ(job.account.tick.denominator, 20.0);
  EXPECT_EQ(job.funding, FundingSource::constant);
  EXPECT_EQ(job.funding_rate, 0.0001);
  EXPECT_EQ(job.rules.fill, FillAt::close);
  EXPECT_EQ(job.rules.intrabar, Intrabar::detail);
  EXPECT_EQ(job.rules.through_ticks, 0);
  EXPECT_EQ(job.rules.cooldown_bars, 3);
  EXPECT_EQ(job.rules.warmup, Warmup::own);
  EXPECT_EQ(job.rules.end, EndPolicy::open);
  EXPECT_TRUE(job.rules.reverse);
  EXPECT_EQ(job.sampling, Sampling::bar);
  EXPECT_EQ(job.precision, Precision::double_);
  EXPECT_FALSE(job.keep_all);
  EXPECT_EQ(job.top, 7);
  const Strategy& s = job.strategy;
  EXPECT_EQ(evaluate_constant(s, s.max_bars, job.values.data()), 28.0);
  EXPECT_GE(s.stop.long_price, 0);
  EXPECT_GE(s.stop.short_price, 0);
  EXPECT_LT(s.stop.distance, 0);
  EXPECT_EQ(s.trail_basis, TrailBasis::close);
  ASSERT_EQ(s.targets.size(), 2u);
  EXPECT_LT(s.targets[1].fraction, 0);
  EXPECT_EQ(s.targets[1].level.long_price, s.targets[1].level.short_price);
  EXPECT_EQ(s.order, OrderType::limit);
  EXPECT_EQ(s.on_timeout, OnTimeout::market);
  EXPECT_GE(s.limit_offset, 0);
}

TEST(JobFile, TicksAreFractions) {
  const auto tick = [](const std::string& written) { return read_text_job(job_with("[account]\ntick = " + written, plain)).account.tick; };
  EXPECT_EQ(tick("0.01").denominator, 100.0);
  EXPECT_EQ(tick("0.25").numerator, 1.0);
  EXPECT_EQ(tick("0.25").denominator, 4.0);
  EXPECT_EQ(tick("2.5").numerator, 5.0);
  EXPECT_EQ(tick("2.5").denominator, 2.0);
  EXPECT_EQ(tick("1").denominator, 1.0);
  EXPECT_EQ(tick("0.00000001").denominator, 1e8);
}

TEST(JobFile, WhatTheDirectionRulesOutIsAbsent) {
  const Job job = read_text_job(job_with("", "[strategy.entry]\nlong = \"close > 1\"\nshort = \"close < 1\"\n"));
  EXPECT_GE(job.strategy.entry_long, 0);
  EXPECT_LT(job.strategy.entry_short, 0);
}

TEST(JobFile, Axes) {
  const auto axis = [](const std::string& written) { return read_text_job(job_with("[sweep]\nx = " + written, swept)).axes.at(0); };
  EXPECT_EQ(axis("{ from = 0.1, to = 0.5, step = 0.1 }").values, (std::vector<double>{0.1, 0.2, 0.3, 0.4, 0.5}));
  EXPECT_FALSE(axis("{ from = 0.1, to = 0.5, step = 0.1 }").unreached.has_value());
  EXPECT_EQ(axis("{ from = 1, to = 10, step = 4 }").values, (std::vector<double>{1, 5, 9}));
  EXPECT_EQ(axis("{ from = 1, to = 10, step = 4 }").unreached, 10.0);
  EXPECT_EQ(axis("{ from = 1, to = 100, count = 3, scale = \"log\" }").values, (std::vector<double>{1, 10, 100}));
  EXPECT_EQ(axis("{ from = 1, to = 2, count = 3 }").values, (std::vector<double>{1, 1.5, 2}));
  const auto sixteen = axis("{ from = 1.0, to = 4.0, count = 16, scale = \"log\" }").values;
  ASSERT_EQ(sixteen.size(), 16u);
  EXPECT_EQ(sixteen[0], 1.0);
  EXPECT_EQ(sixteen[5], 1.58740105197);
  EXPECT_EQ(sixteen[15], 4.0);
  EXPECT_EQ(axis("{ from = 1.0000000000001, to = 4.0000000000001, count = 2 }").values, (std::vector<double>{1.0000000000001, 4.0000000000001}));
  EXPECT_EQ(axis("{ from = 0.1234567890128, to = 0.1234567890128, step = 1 }").values.size(), 1u);
  EXPECT_EQ(axis("[20.0, 25, 30.0]").values, (std::vector<double>{20, 25, 30}));
}

TEST(JobFile, AnAxisWinsOverAFixedValue) {
  const Job job = read_text_job(job_with("[params]\nx = 50\n[sweep]\nx = [10, 20]", swept));
  EXPECT_EQ(job.combination(1)[1], 20.0);
}

TEST(JobFile, SetFixesAParameterAndDropsItsAxis) {
  Job job = read_text_job(job_with("[sweep]\nx = [10, 20]\nn = [5, 6]", swept));
  set_params(job, {"x=12.5", "mode=swing"});
  ASSERT_EQ(job.axes.size(), 1u);
  EXPECT_EQ(job.combination(0), (std::vector<double>{5, 12.5, 1, 1}));
  const auto said = [&](const std::string& text) {
    try {
      set_params(job, {text});
    } catch (const BadRequest& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(said("mod=rr").find("did you mean 'mode'?"), std::string::npos);
  EXPECT_NE(said("n=5.5").find("must be whole"), std::string::npos);
  EXPECT_NE(said("n=1").find("is outside 2 to 50"), std::string::npos);
  EXPECT_NE(said("n").find("name=value"), std::string::npos);
  EXPECT_NE(said("n=five").find("is no number"), std::string::npos);
  EXPECT_NE(said("mode=x").find("one of rr, swing"), std::string::npos);
}

TEST(JobFile, StrategiesOfTheLibraryAndOfFiles) {
  const Folder folder;
  folder.write("library/mine.toml", std::string("[strategy]\nname = \"mine\"\n") + plain);
  folder.write("other.toml", std::string("[strategy]\nname = \"other\"\n") + plain);
  ::setenv("QUERN_STRATEGIES", (folder.path() + "/library").c_str(), 1);
  const auto job = [&](const std::string& strategy) {
    return folder.write("job.toml", "[job]\nstrategy = \"" + strategy + "\"\n[data]\nfiles = [\"t.h5\"]\n");
  };
  EXPECT_EQ(strategy_library_folder(), folder.path() + "/library");
  EXPECT_EQ(read_job(job("mine")).strategy.name, "mine");
  EXPECT_EQ(read_job(job("other.toml")).strategy.name, "other");
  EXPECT_EQ(read_job(job("other.toml")).name, "job");
  try {
    read_job(job("mime"));
    FAIL();
  } catch (const BadRequest& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'mine'?"), std::string::npos) << error.what();
  }
  folder.write("other.toml", std::string("[strateg]\nname = \"other\"\n") + plain);
  EXPECT_THROW(read_job(job("other.toml")), BadRequest);
  ::unsetenv("QUERN_STRATEGIES");
}

TEST(JobFile, TheLibraryOfTheSourceIsReadable) {
  int read = 0;
  ::setenv("QUERN_STRATEGIES", QUERN_SOURCE "/jobs/strategies", 1);
  const Folder folder;
  for (const auto& entry : std::filesystem::directory_iterator(QUERN_SOURCE "/jobs/strategies")) {
    if (entry.path().extension() != ".toml") continue;
    const std::string job = folder.write("job.toml", "[job]\nstrategy = \"" + entry.path().stem().string() + "\"\n[data]\nfiles = [\"t.h5\"]\n");
    EXPECT_NO_THROW(read_job(job)) << entry.path();
    ++read;
  }
  ::unsetenv("QUERN_STRATEGIES");
  EXPECT_GT(read, 0);
}

TEST(JobFile, MissingAndBrokenFiles) {
  EXPECT_THROW(read_job("/nonexistent/job.toml"), BadRequest);
  EXPECT_THROW(read_job("/tmp"), BadRequest);
  EXPECT_NE(problems_of("[job\n").find("job.toml:1: not valid TOML"), std::string::npos);
  EXPECT_NE(problems_of("[job]\nname = \"a\"\nname = \"b\"\n").find("job.toml:3"), std::string::npos);
  EXPECT_NE(problems_of("").find("no [job] table"), std::string::npos);
}

struct Bad {
  const char* settings;
  const char* strategy;
  const char* said;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.settings << " | " << bad.strategy; }

class BadJob : public testing::TestWithParam<Bad> {};

TEST_P(BadJob, IsNamed) {
  const std::string said = problems_of(job_with(GetParam().settings, GetParam().strategy));
  EXPECT_NE(said.find(GetParam().said), std::string::npos) << said;
}

const char* const many = "[strategy.params]\nghost = { default = 1.0 }\n[strategy.entry]\nlong = \"close > 1\"\n";

INSTANTIATE_TEST_SUITE_P(Settings, BadJob, testing::Values(
    Bad{"[account]\ndaily_los_limit = 0.05", plain, "did you mean 'daily_loss_limit'?"},
    Bad{"[costs]\n\"slippage_bps \" = 5.0", plain, "did you mean 'slippage_bps'?"},
    Bad{"[rule]\nfill = \"close\"", plain, "did you mean [rules]?"},
    Bad{"[account]\ncapital = \"much\"", plain, "job.toml:6: account.capital: must be a finite number"},
    Bad{"[account]\ncapital = 0", plain, "must be above 0"},
    Bad{"[account]\ncapital = inf", plain, "must be a finite number"},
    Bad{"[account]\nleverage = 0.5", plain, "is outside 1 to 1000"},
    Bad{"[account]\ntick = 0.0000000000001", plain, "at most 12 decimals"},
    Bad{"[account]\ntick = -1", plain, "above 0"},
    Bad{"[account]\ncap = 1", plain, "must be true or false"},
    Bad{"[costs]\nslippage_bps = -1", plain, "costs.slippage_bps"},
    Bad{"[costs]\nfunding = \"datset\"", plain, "\"dataset\""},
    Bad{"[rules]\nfill = \"nxt_open\"", plain, "did you mean 'next_open'?"},
    Bad{"[rules]\nthrough_ticks = 1.5", plain, "must be a whole number"},
    Bad{"[rules]\ncooldown_bars = -1", plain, "must be a whole number"},
    Bad{"[engine]\ndevice = \"gpu\"", plain, "auto, cuda, cpu, reference"},
    Bad{"[engine]\nprecision = \"half\"", plain, "single, double"},
    Bad{"[metrics]\nsampling = \"hour\"", plain, "day, bar"},
    Bad{"[output]\nkeep = \"some\"", plain, "\"all\" or \"top\""},
    Bad{"[search]\nmethod = \"sobol\"", plain, "not there yet"},
    Bad{"[search]\nmethod = \"gird\"", plain, "did you mean 'grid'?"},
    Bad{"[validate]\noverfitting = true", plain, "validate.overfitting: is not there yet"},
    Bad{"[validate]\noverfiting = true", plain, "did you mean 'overfitting'?"},
    Bad{"[montecarlo]\npaths = 10", plain, "not there yet"},
    Bad{"[params]\nghost = 1", plain, "'ghost' is no parameter of the strategy"},
    Bad{"[params]\nmod = \"rr\"", swept, "did you mean 'mode'?"},
    Bad{"[params]\nmode = \"x\"", swept, "one of rr, swing"},
    Bad{"[params]\nn = 500", swept, "is outside 2 to 50"},
    Bad{"[sweep]\nx = []", swept, "axis without values"},
    Bad{"[sweep]\nx = [1, 1]", swept, "holds a value twice"},
    Bad{"[sweep]\nx = 3", swept, "must be a list of values"},
    Bad{"[sweep]\nx = [\"a\"]", swept, "must be a finite number"},
    Bad{"[sweep]\nx = { from = 5, to = 1, step = 1 }", swept, "from 5 is above to 1"},
    Bad{"[sweep]\nx = { from = 1, to = 5, step = 0 }", swept, "step must be above 0"},
    Bad{"[sweep]\nx = { from = 1, to = 5, step = -1 }", swept, "step must be above 0"},
    Bad{"[sweep]\nx = { from = 1, to = 5 }", swept, "needs either step or count"},
    Bad{"[sweep]\nx = { to = 5, step = 1 }", swept, "needs from and to"},
    Bad{"[sweep]\nx = { from = 0, to = 5, count = 3, scale = \"log\" }", swept, "needs from above 0"},
    Bad{"[sweep]\nx = { from = 1, to = 5, stp = 1 }", swept, "did you mean 'step'?"},
    Bad{"[sweep]\nx = { from = 1, to = 500, step = 100 }", swept, "is outside 0 to 100"},
    Bad{"[sweep]\nn = { from = 5, to = 6, step = 0.5 }", swept, "value 5.5 must be whole"},
    Bad{"[sweep]\nmode = [\"rr\", \"x\"]", swept, "one of rr, swing"},
    Bad{"[sweep]\nm = [5, 6]", swept, "'m' is no parameter of the strategy"},
    Bad{"[sweep]\nghost = { from = 1.0, to = 50.0, count = 50 }", many, "ghost: no expression of the run uses this parameter: the axis multiplies the grid by 50"}));

INSTANTIATE_TEST_SUITE_P(Strategies, BadJob, testing::Values(
    Bad{"", "", "needs a condition for the direction"},
    Bad{"", "[strategy.entry]\nshort = \"close > 1\"", "(long)"},
    Bad{"", "direction = \"up\"\n[strategy.entry]\nlong = \"close > 1\"", "long, short, both"},
    Bad{"", "[strategy.params]\nclose = { default = 1.0 }\n[strategy.entry]\nlong = \"close > 1\"", "is a name of the language"},
    Bad{"", "[strategy.params]\nrsi = { default = 1.0 }\n[strategy.entry]\nlong = \"close > 1\"", "is a name of the language"},
    Bad{"", "[strategy.params]\n\"a b\" = { default = 1.0 }\n[strategy.entry]\nlong = \"close > 1\"", "is no name"},
    Bad{"", "[strategy.params]\na = 3\n[strategy.entry]\nlong = \"close > a\"", "must be a table like"},
    Bad{"", "[strategy.params]\na = { default = 3, min = 5 }\n[strategy.entry]\nlong = \"close > a\"", "default 3 is outside"},
    Bad{"", "[strategy.params]\na = { default = 3.5, type = \"int\" }\n[strategy.entry]\nlong = \"close > a\"", "default must be whole"},
    Bad{"", "[strategy.params]\na = { default = 3, min = 0.5, type = \"int\" }\n[strategy.entry]\nlong = \"close > a\"", "min must be whole"},
    Bad{"", "[strategy.params]\na = { default = 3, maxx = 5 }\n[strategy.entry]\nlong = \"close > a\"", "did you mean 'max'?"},
    Bad{"", "[strategy.params]\na = { default = \"z\", choices = [\"x\", \"y\"] }\n[strategy.entry]\nlong = \"a == 'x'\"", "none of its choices"},
    Bad{"", "[strategy.params]\na = { default = \"x\", choices = [\"x\", \"x\"] }\n[strategy.entry]\nlong = \"a == 'x'\"", "holds 'x' twice"},
    Bad{"", "[strategy.let]\nsma = \"close\"\n[strategy.entry]\nlong = \"close > 1\"", "choose another name"},
    Bad{"", "[strategy.params]\na = { default = 1.0 }\n[strategy.let]\na = \"close\"\n[strategy.entry]\nlong = \"close > 1\"", "choose another name"},
    Bad{"", "[strategy.classes.HIGH]\na = 1.0\n[strategy.entry]\nlong = \"close > 1\"", "unknown key \"classes\""},
    Bad{"", "[strategy.entry]\nlong = \"volatility_class() == 'HIGH'\"", "unknown function 'volatility_class'"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.exit]\nmax_bars = \"close\"", "no series"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.exit]\nmax_bars = 0", "strategy.exit.max_bars = 0 is outside"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.stop]\ndistance = \"1\"\nprice = \"2\"", "needs either a distance or a price"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.stop]\ndistance = \"close > 1\"", "condition where a number is needed"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.stop]\ndistance = 1\nbreakeven_after = 1", "the strategy has none"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.stop]\nprice = { short = \"1\" }", "for each side"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[[strategy.target]]\ndistance = 1\n[[strategy.target]]\ndistance = 2", "needs a fraction"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.size]\nmode = \"risk\"\nvalue = 0.01", "\"risk\" needs a [strategy.stop]"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.size]\nmode = \"volatility_parity\"\nvalue = 0.01", "needs a volatility"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.size]\nmode = \"fraction\"", "needs a value"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.order]\ntype = \"limit\"", "needs strategy.order.offset"},
    Bad{"", "[strategy.entry]\nlong = \"close > 1\"\n[strategy.order]\noffset = 1", "type = \"limit\" only"}));

TEST(BadJobs, ObjectivesAndConstraints) {
  const auto said = [](const std::string& lines) { return problems_of("[job]\nname = \"t\"\n" + lines + "\n[data]\nfiles = [\"t.h5\"]\n[strategy]\nname = \"s\"\n" + plain); };
  EXPECT_NE(said("objective = \"sharp_ratio\"").find("job.toml:3: job.objective: \"sharp_ratio\": 'sharp_ratio' is no metric (did you mean 'sharpe_ratio'?)"), std::string::npos);
  EXPECT_NE(said("objective = [\"cagr\", \"max_drawdown\"]").find("several objectives are not there yet"), std::string::npos);
  EXPECT_NE(said("objective = \"cagr > 1\"").find("is a comparison"), std::string::npos);
  EXPECT_NE(said("objective = \"(cagr\"").find("expected ')'"), std::string::npos);
  EXPECT_NE(said("constraints = [\"n_trades\"]").find("is no comparison"), std::string::npos);
  EXPECT_NE(said("constraints = [\"n_trade >= 3\"]").find("did you mean 'n_trades'?"), std::string::npos);
  EXPECT_NE(said("constraints = [\"1 < n_trades < 3\"]").find("one comparison only"), std::string::npos);
  EXPECT_EQ(said("constraints = [\"n_trades>=3\"]\nobjective = \"-(cagr - 2) / max_drawdown\""), "");
}

TEST(BadJobs, TimesNeedAnOffset) {
  const auto said = [](const std::string& lines) { return problems_of("[job]\nname = \"t\"\n[data]\nfiles = [\"t.h5\"]\n" + lines + "\n[strategy]\nname = \"s\"\n" + plain); };
  const std::string both = said("from = 2024-01-02T00:00:00\nto = 2024-01-01T00:00:00Z");
  EXPECT_NE(both.find("job.toml:5: data.from: 2024-01-02T00:00:00 has no offset"), std::string::npos) << both;
  EXPECT_NE(both.find("job.toml:6: data.to"), std::string::npos) << both;
  EXPECT_NE(said("from = 2024-01-02").find("with an offset"), std::string::npos);
  EXPECT_NE(said("from = \"2024-01-02T00:00:00Z\"").find("with an offset"), std::string::npos);
}

TEST(BadJobs, AllProblemsAtOnce) {
  const std::string said = problems_of(job_with("[account]\ndaily_los_limit = 0.05\n[costs]\n\"slippage_bps \" = 5.0\n[rule]\nintrabar = \"tp_first\"",
                                                "[strategy.entry]\nlong = \"closee > 1\"\n[strategy.size]\nmode = \"risk\"\nvalue = 1"));
  for (const char* part : {"daily_loss_limit", "slippage_bps", "[rules]", "did you mean 'close'", "needs a [strategy.stop]"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
  }
}

TEST(BadJobs, AnArgumentOfEachValueOfAnAxis) {
  const std::string said = problems_of(job_with("[sweep]\nn = { from = -1, to = 3, step = 1 }",
                                                "[strategy.params]\nn = { default = 14, type = \"int\" }\n[strategy.entry]\nlong = \"sma(close, n) > 1\"\n"));
  EXPECT_NE(said.find("sma(close, n): argument"), std::string::npos) << said;
  EXPECT_NE(said.find("= -1 is outside"), std::string::npos) << said;
  EXPECT_NE(said.find("with n = -1"), std::string::npos) << said;
}

}  // namespace
}  // namespace quern
