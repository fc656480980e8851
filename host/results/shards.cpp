#include "host/results/shards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <type_traits>

#include "host/base/error.hpp"
#include "host/results/files.hpp"
#include "host/results/hash.hpp"

namespace quern {
namespace {

static_assert(std::is_trivially_copyable_v<LaneResult>);
static_assert(sizeof(LaneResult) == sizeof(double) * metric_count + 16, "shards hold no padding");

std::string first_line(const std::string& key, std::uint64_t units) { return fmt::format("quern-parts 1 {} {}", key, units); }

}  // namespace

Shards::Shards(const std::string& result, const std::string& key, std::uint64_t units, bool discard)
    : folder_(result + ".parts"), hashes_(units) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (discard) fs::remove_all(folder_, failed);
  fs::create_directories(folder_, failed);
  if (failed) throw Failure(fmt::format("cannot create '{}': {}. Choose another folder for the result", folder_, failed.message()));
  const std::string manifest = folder_ + "/manifest";
  if (!fs::exists(manifest)) {
    write_file(manifest, first_line(key, units) + "\n");
    return;
  }
  std::string text = read_file(manifest);
  const std::size_t end = text.rfind('\n');
  std::istringstream lines(text.substr(0, end == std::string::npos ? 0 : end));
  std::string line;
  std::getline(lines, line);
  if (line != first_line(key, units)) {
    throw BadRequest(fmt::format(
        "'{}' holds finished parts of another job (or of other data, engine or program); mixing them would make a wrong result. "
        "Use --force to drop them, or another --output", folder_));
  }
  while (std::getline(lines, line)) {
    std::uint64_t unit = 0;
    std::string hash;
    std::istringstream words(line);
    words.imbue(std::locale::classic());
    if (!(words >> unit >> hash) || unit >= units) continue;
    std::error_code missing;
    if (fs::is_regular_file(shard_path(unit), missing)) hashes_[unit] = hash;
  }
  // A torn last line must not swallow the next one.
  if (end == std::string::npos || end + 1 != text.size()) write_file(manifest, text.substr(0, end == std::string::npos ? 0 : end + 1));
  // Parts that do not hold what was committed are computed again.
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    if (!hashes_[unit].empty() && content_hash(read_file(shard_path(unit))) != hashes_[unit]) hashes_[unit].clear();
  }
}

std::string Shards::shard_path(std::uint64_t unit) const { return fmt::format("{}/unit-{:08}.bin", folder_, unit); }

std::uint64_t Shards::finished() const {
  return static_cast<std::uint64_t>(std::count_if(hashes_.begin(), hashes_.end(), [](const auto& hash) { return !hash.empty(); }));
}

void Shards::commit(std::uint64_t unit, const std::vector<LaneResult>& results) {
  const std::string_view bytes(reinterpret_cast<const char*>(results.data()), results.size() * sizeof(LaneResult));
  const std::string hash = content_hash(bytes);
  write_file(shard_path(unit), bytes);
  append_file(folder_ + "/manifest", fmt::format("{} {}\n", unit, hash));
  hashes_[unit] = hash;
}

std::vector<LaneResult> Shards::read(std::uint64_t unit) const {
  const std::string bytes = read_file(shard_path(unit));
  if (content_hash(bytes) != hashes_[unit] || bytes.size() % sizeof(LaneResult) != 0) {
    throw Failure(fmt::format("'{}' changed after it was committed. Run the same command again: it computes this part anew", shard_path(unit)));
  }
  std::vector<LaneResult> results(bytes.size() / sizeof(LaneResult));
  std::memcpy(results.data(), bytes.data(), bytes.size());
  return results;
}

void Shards::remove() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace quern
