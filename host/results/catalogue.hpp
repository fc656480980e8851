// The catalogue of jobs: when a sweep ran, how far it came, where its result lies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quern {

struct CatalogueEntry {
  std::int64_t id = 0;
  std::string name, job, output, engine, status;   // status: running, stopped, complete, failed, as last written
  std::string started, changed;                    // UTC
  std::int64_t combinations = 0, done = 0;
  double seconds = 0.0;
  std::string best;                                // the best parameters, as text
  std::string arguments;                           // --set texts, one a line
  std::string key;                                 // of the job, its data, engine and program
};

// $QUERN_HOME, else $XDG_DATA_HOME/quern, else ~/.local/share/quern; empty if none of them is set.
std::string catalogue_folder();

// A catalogue that cannot be opened or written is no reason to stop a run: `open` is false and writes do nothing.
class Catalogue {
 public:
  explicit Catalogue(bool create);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;
  bool is_open() const noexcept { return database_ != nullptr; }
  // Adds the job, or takes up the entry with the same key and output.
  std::int64_t begin(const std::string& key, const CatalogueEntry& entry);
  void update(std::int64_t id, const std::string& status, std::int64_t done, double seconds, const std::string& best);
  // The result stands: an entry of this job and output that says otherwise is put right.
  void put_complete(const std::string& key, const std::string& output);
  std::vector<CatalogueEntry> list() const;        // newest first
 private:
  void* database_ = nullptr;
};

}  // namespace quern
