// Jobs written by a test and read back.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "host/base/error.hpp"
#include "host/strategy/job.hpp"

namespace quern::test {

// A folder that goes with its owner.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "quern-strategy-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline Job read_text_job(const std::string& text) {
  const Folder folder;
  return read_job(folder.write("job.toml", text));
}

// The message with which reading fails; empty where it does not.
inline std::string problems_of(const std::string& text) {
  try {
    read_text_job(text);
  } catch (const BadRequest& error) {
    return error.what();
  }
  return "";
}

// A whole job around what a test varies: `settings` before, `strategy` inside and behind [strategy].
inline std::string job_with(const std::string& settings, const std::string& strategy) {
  return "[job]\nname = \"t\"\n[data]\nfiles = [\"t.h5\"]\n" + settings + "\n[strategy]\nname = \"s\"\n" + strategy + "\n";
}

// A job whose only entry is `condition`, with two numbers, a length and a category as parameters.
inline std::string job_of(const std::string& condition, const std::string& more = "") {
  return job_with("", "direction = \"both\"\n[strategy.params]\nn = { default = 14, min = 2, max = 50, type = \"int\" }\n"
                      "x = { default = 30.0, min = 0.0, max = 100.0 }\nmode = { default = \"rr\", choices = [\"rr\", \"swing\"] }\n"
                      "[strategy.let]\nr = \"rsi(close, n)\"\n[strategy.entry]\nlong = \"" + condition + "\"\n" + more);
}

}  // namespace quern::test
