// Finished work units of a sweep, on disk: RESULT.parts/ holds one file a unit, a manifest with their hashes, and a lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/market/lane_result.hpp"

namespace quern {

// The folder beside `result` where a sweep keeps its parts.
std::string parts_folder(const std::string& result);

// Holds the folder of a result for this process alone; the system lets go of it however the process ends.
class OutputLock {
 public:
  // Creates the folder. Throws BadRequest while another process writes the same result.
  explicit OutputLock(const std::string& result);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  int descriptor_ = -1;
};

// What stands in the folder of a result, read without touching it.
struct PartsState {
  bool is_held = false;                        // a process is writing the result now
  std::string key;                             // of the job; empty: no parts
  std::uint64_t units = 0, finished = 0;
};
PartsState parts_state(const std::string& result);

// What a unit leaves: every row, or only the rows that may reach the top list.
struct UnitPart {
  std::uint64_t refused = 0;                   // combinations that miss a constraint; counted where rows were dropped
  std::uint64_t faulty = 0;                    // rows with faults
  std::vector<std::uint64_t> combinations;     // of the kept rows; empty: all of the unit, in order
  std::vector<LaneResult> results;             // [combination][series]
};

// Unit u holds the results of combinations [u * unit_size, ...) x series, series fastest.
class Shards {
 public:
  // Opens the folder of `result` (creates it). Units whose shard and hash stand are finished; parts of another job (another
  // `key`) are refused, or dropped with `discard`.
  Shards(const std::string& result, const std::string& key, std::uint64_t units, bool discard);
  bool is_finished(std::uint64_t unit) const { return !hashes_[unit].empty(); }
  std::uint64_t finished() const;
  // Units that were committed and whose bytes are no longer those; they count as not finished.
  std::uint64_t damaged() const noexcept { return damaged_; }
  // Temporary file, sync, rename, then the manifest line: after any crash the unit either stands or does not.
  void commit(std::uint64_t unit, const UnitPart& part);
  // Reads a finished unit; throws Failure if its bytes are not those that were committed.
  UnitPart read(std::uint64_t unit) const;
  void remove();                       // the whole folder, once the result stands
  // Removes what a sweep left that ended between writing its result and removing its parts; parts of another job stay.
  static void remove_left_over(const std::string& result, const std::string& key);
  const std::string& folder() const noexcept { return folder_; }

 private:
  std::string shard_path(std::uint64_t unit) const;
  std::string folder_;
  std::vector<std::string> hashes_;    // [unit], empty: not finished
  std::uint64_t damaged_ = 0;
};

}  // namespace quern
