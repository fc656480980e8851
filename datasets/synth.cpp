#include "datasets/synth.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "datasets/verify.hpp"
#include "host/base/error.hpp"
#include "kernels/base/random.hpp"

namespace quern {
namespace {

// exp and log of plain arithmetic: those of the C library differ in the last bit between machines.
double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2.0;
    --exponent;
  }
  const double s = (mantissa - 1.0) / (mantissa + 1.0), square = s * s;
  double sum = 0.0;
  for (int n = 25; n >= 1; n -= 2) sum = sum * square + 1.0 / n;  // atanh
  return 2.0 * s * sum + exponent * 0.693147180559945309;
}

double portable_exp(double x) {
  const double whole = std::floor(x * 1.44269504088896341 + 0.5);
  const double rest = (x - whole * 0.693145751953125) - whole * 1.42860682030941723e-6;  // ln 2 in two parts
  double sum = 1.0;
  for (int n = 16; n >= 1; --n) sum = 1.0 + rest * sum / n;
  return std::ldexp(sum, static_cast<int>(whole));
}

// Draws in sequence of one seed.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}} {}
  double uniform() {
    if (next_ == 4) {
      words_ = philox4x32({{static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32), 0, 0}}, key_);
      ++block_;
      next_ = 0;
    }
    next_ += 2;
    return uniform_open(words_.word[next_ - 2], words_.word[next_ - 1]);
  }
  // Marsaglia's polar method.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    for (;;) {
      const double u = 2.0 * uniform() - 1.0, v = 2.0 * uniform() - 1.0, square = u * u + v * v;
      if (square >= 1.0 || square == 0.0) continue;
      const double scale = std::sqrt(-2.0 * portable_log(square) / square);
      spare_ = v * scale;
      has_spare_ = true;
      return u * scale;
    }
  }

 private:
  PhiloxKey key_;
  PhiloxCounter words_{};
  std::uint64_t block_ = 0;
  int next_ = 4;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

struct Regime {
  double drift;       // of a bar, in standard deviations
  double volatility;  // times the option's
};
constexpr Regime regimes[] = {{0.0, 0.6}, {0.08, 0.9}, {-0.09, 1.1}, {0.0, 1.7}};  // quiet, rising, falling, turbulent
constexpr int regime_count = static_cast<int>(std::size(regimes));

constexpr double volatility_memory = 0.97;   // of the log volatility, from bar to bar
constexpr double volatility_noise = 0.12;    // stationary deviation 0.12 / sqrt(1 - 0.97^2) = 0.49
constexpr double volatility_variance = volatility_noise * volatility_noise / (1.0 - volatility_memory * volatility_memory);
constexpr double jump_chance = 0.002, jump_size = 4.0;  // standard deviations of a bar
constexpr double gap_size = 0.05;                       // between close and next open, standard deviations of a bar
constexpr double lowest_ticks = 200.0, highest_ticks = 1e9;
constexpr double volume_step = 1000.0;                  // volumes are multiples of 1/1000

// A log price that leaves the range in which ticks hold it turns back.
double reflect(double x, double lowest, double highest) {
  if (x < lowest) x = 2.0 * lowest - x;
  if (x > highest) x = 2.0 * highest - x;
  return std::clamp(x, lowest, highest);
}

void check(const SynthOptions& options) {
  const auto refuse = [](const std::string& text) { throw BadRequest(text); };
  if (options.bars == 0) refuse("0 bars are no series; give at least 1");
  if (options.duration <= 0) refuse("a bar needs a duration above 0; give a timeframe");
  if (grid_floor(options.start, options.duration) != options.start)
    refuse(fmt::format("the start is no multiple of {}, so bars would be off the grid; give another", timeframe_name(options.duration)));
  if (!(options.tick.value > 0.0)) refuse("the tick must be positive; give another");
  const double ticks = options.price / options.tick.value;
  if (!(ticks >= lowest_ticks && ticks <= highest_ticks))
    refuse(fmt::format("price {} is not between {} and {} ticks of {}; give another price or tick", options.price, lowest_ticks, highest_ticks,
                       options.tick.value));
  if (!(options.volatility > 0.0 && options.volatility <= 10.0)) refuse(fmt::format("volatility {} is not above 0 and up to 10", options.volatility));
  if (!(options.bars_per_regime >= 1.0)) refuse("bars per regime must be at least 1");
  if (!(options.volume >= 0.0 && options.volume <= 1e12)) refuse("the volume must be between 0 and 1e12");
  if (options.steps < 4 || options.steps > 1000) refuse("the steps within a bar must be between 4 and 1000");
}

}  // namespace

PriceRows synth_candles(const SynthOptions& options) {
  check(options);
  Draws draws(options.seed);
  const double years = static_cast<double>(options.duration) / (365.0 * static_cast<double>(ns_per_day));
  const double base = std::min(options.volatility * std::sqrt(years), 0.25);
  const double lowest = portable_log(lowest_ticks * options.tick.value * 0.5);
  const double highest = portable_log(highest_ticks * options.tick.value * 2.0);
  const auto price_at = [&](double x) {
    return price_of(std::max(1, level_ticks(portable_exp(x), options.tick)), options.tick);
  };

  PriceRows rows;
  rows.time.reserve(options.bars);
  for (auto* column : {&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume}) column->reserve(options.bars);
  double x = portable_log(options.price);
  double log_volatility = 0.0;
  int regime = 0;
  for (std::size_t bar = 0; bar < options.bars; ++bar) {
    if (draws.uniform() < 1.0 / options.bars_per_regime)
      regime = (regime + 1 + static_cast<int>(draws.uniform() * (regime_count - 1))) % regime_count;
    log_volatility = volatility_memory * log_volatility + volatility_noise * draws.normal();
    const double deviation = base * regimes[regime].volatility * portable_exp(log_volatility - volatility_variance);
    if (bar > 0) x = reflect(x + gap_size * deviation * draws.normal(), lowest, highest);
    if (bar > 0 && draws.uniform() < jump_chance) x = reflect(x + jump_size * deviation * draws.normal(), lowest, highest);

    const double open = x;
    double high = x, low = x;
    const double step_variance = deviation * deviation / options.steps;
    const double step_deviation = std::sqrt(step_variance), step_drift = regimes[regime].drift * deviation / options.steps;
    for (int step = 0; step < options.steps; ++step) {
      const double next = reflect(x + step_drift + step_deviation * draws.normal(), lowest, highest);
      // Extremes of a Brownian bridge from x to next.
      const double change = (next - x) * (next - x), middle = x + next;
      high = std::max(high, 0.5 * (middle + std::sqrt(change - 2.0 * step_variance * portable_log(draws.uniform()))));
      low = std::min(low, 0.5 * (middle - std::sqrt(change - 2.0 * step_variance * portable_log(draws.uniform()))));
      x = next;
    }
    rows.time.push_back(options.start + static_cast<std::int64_t>(bar) * options.duration);
    rows.open.push_back(price_at(open));
    rows.high.push_back(price_at(high));
    rows.low.push_back(price_at(low));
    rows.close.push_back(price_at(x));
    const double activity = 0.5 + (high - low) / (2.0 * base);
    rows.volume.push_back(std::floor(options.volume * activity * portable_exp(0.4 * draws.normal()) * volume_step + 0.5) / volume_step);
  }
  return rows;
}

}  // namespace quern
