// Finished work units of a sweep, on disk: RESULT.parts/ holds one file a unit and a manifest with their hashes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/market/lane_result.hpp"

namespace quern {

// Unit u holds the results of combinations [u * unit_size, ...) x series, series fastest.
class Shards {
 public:
  // Opens the folder of `result` (creates it). Units whose shard and hash stand are finished; parts of another job (another
  // `key`) are refused, or dropped with `discard`.
  Shards(const std::string& result, const std::string& key, std::uint64_t units, bool discard);
  bool is_finished(std::uint64_t unit) const { return !hashes_[unit].empty(); }
  std::uint64_t finished() const;
  // Temporary file, sync, rename, then the manifest line: after any crash the unit either stands or does not.
  void commit(std::uint64_t unit, const std::vector<LaneResult>& results);
  // Reads a finished unit; throws Failure if its bytes are not those that were committed.
  std::vector<LaneResult> read(std::uint64_t unit) const;
  void remove();                       // the whole folder, once the result stands
  const std::string& folder() const noexcept { return folder_; }

 private:
  std::string shard_path(std::uint64_t unit) const;
  std::string folder_;
  std::vector<std::string> hashes_;    // [unit], empty: not finished
};

}  // namespace quern
