#include "host/results/catalogue.hpp"

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>

namespace quern {
namespace {

sqlite3* as_database(void* database) { return static_cast<sqlite3*>(database); }

// A prepared statement with its parameters bound in order.
class Statement {
 public:
  Statement(void* database, const char* sql) {
    if (sqlite3_prepare_v2(as_database(database), sql, -1, &statement_, nullptr) != SQLITE_OK) statement_ = nullptr;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& bind(const std::string& text) {
    if (statement_ != nullptr) sqlite3_bind_text(statement_, ++at_, text.c_str(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(std::int64_t value) {
    if (statement_ != nullptr) sqlite3_bind_int64(statement_, ++at_, value);
    return *this;
  }
  Statement& bind(double value) {
    if (statement_ != nullptr) sqlite3_bind_double(statement_, ++at_, value);
    return *this;
  }
  bool step() { return statement_ != nullptr && sqlite3_step(statement_) == SQLITE_ROW; }
  std::string text(int column) const {
    const auto* value = sqlite3_column_text(statement_, column);
    return value == nullptr ? "" : reinterpret_cast<const char*>(value);
  }
  std::int64_t whole(int column) const { return sqlite3_column_int64(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int at_ = 0;
};

}  // namespace

std::string catalogue_folder() {
  if (const char* home = std::getenv("QUERN_HOME"); home != nullptr && *home != '\0') return home;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') return std::string(data) + "/quern";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return std::string(home) + "/.local/share/quern";
  return {};
}

Catalogue::Catalogue(bool create) {
  const std::string folder = catalogue_folder();
  if (folder.empty()) return;
  const std::string path = folder + "/catalogue.sqlite";
  std::error_code failed;
  if (!create && !std::filesystem::exists(path, failed)) return;
  std::filesystem::create_directories(folder, failed);
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK) {
    sqlite3_close(database);
    return;
  }
  sqlite3_busy_timeout(database, 5000);
  constexpr const char* table =
      "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, key TEXT NOT NULL, name TEXT, job TEXT, output TEXT NOT NULL, engine TEXT, "
      "status TEXT, started TEXT, changed TEXT, combinations INTEGER, done INTEGER, seconds REAL, best TEXT, arguments TEXT, UNIQUE(key, output))";
  if (sqlite3_exec(database, table, nullptr, nullptr, nullptr) != SQLITE_OK) {
    sqlite3_close(database);
    return;
  }
  database_ = database;
}

Catalogue::~Catalogue() { sqlite3_close(as_database(database_)); }

std::int64_t Catalogue::begin(const std::string& key, const CatalogueEntry& entry) {
  if (!is_open()) return 0;
  Statement insert(database_,
                   "INSERT INTO jobs (key, name, job, output, engine, status, started, changed, combinations, done, seconds, best, arguments) "
                   "VALUES (?, ?, ?, ?, ?, 'running', strftime('%Y-%m-%dT%H:%M:%SZ','now'), strftime('%Y-%m-%dT%H:%M:%SZ','now'), ?, ?, 0, '', ?) "
                   "ON CONFLICT(key, output) DO UPDATE SET status = 'running', changed = excluded.changed, done = excluded.done");
  insert.bind(key).bind(entry.name).bind(entry.job).bind(entry.output).bind(entry.engine).bind(entry.combinations).bind(entry.done).bind(entry.arguments);
  insert.step();
  Statement find(database_, "SELECT id FROM jobs WHERE key = ? AND output = ?");
  find.bind(key).bind(entry.output);
  return find.step() ? find.whole(0) : 0;
}

void Catalogue::update(std::int64_t id, const std::string& status, std::int64_t done, double seconds, const std::string& best) {
  if (!is_open() || id == 0) return;
  Statement update(database_, "UPDATE jobs SET status = ?, changed = strftime('%Y-%m-%dT%H:%M:%SZ','now'), done = ?, seconds = seconds + ?, best = ? WHERE id = ?");
  update.bind(status).bind(done).bind(seconds).bind(best).bind(id);
  update.step();
}

void Catalogue::put_complete(const std::string& key, const std::string& output) {
  if (!is_open()) return;
  Statement update(database_, "UPDATE jobs SET status = 'complete', done = combinations WHERE key = ? AND output = ? AND status <> 'complete'");
  update.bind(key).bind(output);
  update.step();
}

std::vector<CatalogueEntry> Catalogue::list() const {
  std::vector<CatalogueEntry> entries;
  if (!is_open()) return entries;
  Statement all(database_, "SELECT id, name, job, output, engine, status, started, changed, combinations, done, seconds, best, arguments, key FROM jobs ORDER BY id DESC");
  while (all.step()) {
    entries.push_back({all.whole(0), all.text(1), all.text(2), all.text(3), all.text(4), all.text(5), all.text(6), all.text(7), all.whole(8),
                       all.whole(9), all.real(10), all.text(11), all.text(12), all.text(13)});
  }
  return entries;
}

}  // namespace quern
