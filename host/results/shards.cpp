#include "host/results/shards.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <type_traits>

#include "host/base/error.hpp"
#include "host/results/files.hpp"
#include "host/results/hash.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;

static_assert(std::is_trivially_copyable_v<LaneResult>);
static_assert(sizeof(LaneResult) == sizeof(double) * metric_count + 16, "shards hold no padding");

constexpr const char* lock_name = "/lock";

std::string first_line(const std::string& key, std::uint64_t units) { return fmt::format("quern-parts 2 {} {}", key, units); }

void create_folder(const std::string& folder) {
  // Folders above are not made: a slip in a path must not scatter results.
  const fs::path above = fs::path(folder).parent_path();
  std::error_code failed;
  if (!above.empty() && !fs::is_directory(above, failed)) {
    throw BadRequest(fmt::format("there is no folder '{}', so the result cannot stand there. Make it, or choose another --output", above.string()));
  }
  fs::create_directory(folder, failed);
  if (failed) throw Failure(fmt::format("cannot create '{}': {}. Choose another folder for the result", folder, failed.message()));
}

struct Header {
  std::uint64_t refused, faulty, combinations, results;
};

std::string bytes_of(const UnitPart& part) {
  const Header header{part.refused, part.faulty, part.combinations.size(), part.results.size()};
  std::string bytes;
  bytes.reserve(sizeof header + part.combinations.size() * sizeof(std::uint64_t) + part.results.size() * sizeof(LaneResult));
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(part.combinations.data()), part.combinations.size() * sizeof(std::uint64_t));
  bytes.append(reinterpret_cast<const char*>(part.results.data()), part.results.size() * sizeof(LaneResult));
  return bytes;
}

}  // namespace

std::string parts_folder(const std::string& result) { return result + ".parts"; }

OutputLock::OutputLock(const std::string& result) {
  const std::string folder = parts_folder(result), path = folder + lock_name;
  for (int tries = 0;; ++tries) {
    create_folder(folder);
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno == ENOENT) continue;    // another process has just removed the folder
    if (descriptor_ < 0) {
      throw Failure(fmt::format("cannot create '{}': {}. Free space or choose another folder for the result", path, std::strerror(errno)));
    }
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      char holder[32] = {};
      const ssize_t length = ::pread(descriptor_, holder, sizeof holder - 1, 0);
      ::close(descriptor_);
      if (reason == EWOULDBLOCK && tries < 3) {          // parts_state looks at the lock for a moment
        ::usleep(20'000);
        continue;
      }
      if (reason != EWOULDBLOCK) {
        throw Failure(fmt::format("cannot lock '{}': {}. Two sweeps could write there at once, so choose a folder whose file system has locks",
                                  path, std::strerror(reason)));
      }
      throw BadRequest(fmt::format("another sweep is writing '{}'{}; both would write the same parts. Wait for it, or choose another --output", result,
                                   length > 0 ? fmt::format(" (process {})", holder) : ""));
    }
    // The lock counts only if the file still has its name: whoever held it before may have removed the folder.
    struct stat mine {}, there {};
    if (::fstat(descriptor_, &mine) == 0 && ::stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) break;
    ::close(descriptor_);
  }
  const std::string process = std::to_string(::getpid());
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, process.data(), process.size(), 0) < 0) return;   // for messages only
}

OutputLock::~OutputLock() { ::close(descriptor_); }

PartsState parts_state(const std::string& result) {
  PartsState state;
  const std::string folder = parts_folder(result), lock = folder + lock_name, manifest = folder + "/manifest";
  const int descriptor = ::open(lock.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) {
    state.is_held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
  }
  std::error_code ignored;
  if (!fs::is_regular_file(manifest, ignored)) return state;
  std::istringstream lines(read_file(manifest));
  lines.imbue(std::locale::classic());
  std::string format, version, line;
  if (!(lines >> format >> version >> state.key >> state.units) || format != "quern-parts") return {state.is_held, {}, 0, 0};
  std::getline(lines, line);
  while (std::getline(lines, line)) state.finished += !line.empty();
  state.finished = std::min(state.finished, state.units);
  return state;
}

Shards::Shards(const std::string& result, const std::string& key, std::uint64_t units, bool discard)
    : folder_(parts_folder(result)), hashes_(units) {
  create_folder(folder_);
  if (discard) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
      if (entry.path() != folder_ + lock_name) fs::remove_all(entry.path(), ignored);
    }
  }
  const std::string manifest = folder_ + "/manifest";
  const std::string text = fs::exists(manifest) ? read_file(manifest) : "";
  const std::string head = first_line(key, units) + "\n";
  if (head.starts_with(text)) {        // none, or torn before its first line was whole
    if (text != head) write_file(manifest, head);
    return;
  }
  const std::size_t end = text.rfind('\n');
  if (!text.starts_with(head)) {
    throw BadRequest(fmt::format(
        "'{}' holds finished parts of another job (or of other data, engine or program); mixing them would make a wrong result. "
        "Use --force to drop them, or another --output", folder_));
  }
  std::istringstream lines(text.substr(head.size(), end + 1 - head.size()));
  std::string line;
  while (std::getline(lines, line)) {
    std::uint64_t unit = 0;
    std::string hash;
    std::istringstream words(line);
    words.imbue(std::locale::classic());
    if ((words >> unit >> hash) && unit < units) hashes_[unit] = hash;
  }
  // A torn last line must not swallow the next one.
  if (end + 1 != text.size()) write_file(manifest, text.substr(0, end + 1));
  // Parts that do not hold what was committed are computed again.
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    if (hashes_[unit].empty()) continue;
    std::error_code missing;
    if (fs::is_regular_file(shard_path(unit), missing) && content_hash(read_file(shard_path(unit))) == hashes_[unit]) continue;
    hashes_[unit].clear();
    ++damaged_;
  }
}

std::string Shards::shard_path(std::uint64_t unit) const { return fmt::format("{}/unit-{:08}.bin", folder_, unit); }

std::uint64_t Shards::finished() const {
  return static_cast<std::uint64_t>(std::count_if(hashes_.begin(), hashes_.end(), [](const auto& hash) { return !hash.empty(); }));
}

void Shards::commit(std::uint64_t unit, const UnitPart& part) {
  const std::string bytes = bytes_of(part), hash = content_hash(bytes);
  write_file(shard_path(unit), bytes);
  append_file(folder_ + "/manifest", fmt::format("{} {}\n", unit, hash));
  hashes_[unit] = hash;
}

UnitPart Shards::read(std::uint64_t unit) const {
  const std::string bytes = read_file(shard_path(unit));
  Header header{};
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  if (content_hash(bytes) != hashes_[unit] ||
      bytes.size() != sizeof header + header.combinations * sizeof(std::uint64_t) + header.results * sizeof(LaneResult)) {
    throw Failure(fmt::format("'{}' changed after it was committed. Run the same command again: it computes this part anew", shard_path(unit)));
  }
  UnitPart part{header.refused, header.faulty, std::vector<std::uint64_t>(header.combinations), std::vector<LaneResult>(header.results)};
  const char* at = bytes.data() + sizeof header;
  if (header.combinations > 0) std::memcpy(part.combinations.data(), at, header.combinations * sizeof(std::uint64_t));
  at += header.combinations * sizeof(std::uint64_t);
  if (header.results > 0) std::memcpy(part.results.data(), at, header.results * sizeof(LaneResult));
  return part;
}

void Shards::remove_left_over(const std::string& result, const std::string& key) {
  std::error_code ignored;
  const std::string folder = parts_folder(result), manifest = folder + "/manifest";
  if (!fs::is_directory(folder, ignored)) return;
  const OutputLock lock(result);
  if (!fs::exists(manifest, ignored) || read_file(manifest).starts_with(fmt::format("quern-parts 2 {} ", key))) fs::remove_all(folder, ignored);
}

void Shards::remove() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace quern
