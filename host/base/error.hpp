// The errors that end a command. `main` maps their kind to the exit status.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quern {

enum class ErrorKind {
  bad_request,  // exit status 2: what was asked cannot be done as asked (file, job, strategy, option)
  failure       // exit status 1: something failed on the way (disk full, a broken engine)
};

// One sentence: the problem, why it matters, what to do. Several problems of one file stand on lines of their own.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

class BadRequest : public Error {
 public:
  explicit BadRequest(const std::string& message) : Error(ErrorKind::bad_request, message) {}
};

class Failure : public Error {
 public:
  explicit Failure(const std::string& message) : Error(ErrorKind::failure, message) {}
};

// Collects every problem of a file, so that they can be reported at once.
class Problems {
 public:
  void add(std::string problem) { problems_.push_back(std::move(problem)); }
  bool empty() const noexcept { return problems_.empty(); }
  const std::vector<std::string>& all() const noexcept { return problems_; }
  // Throws BadRequest with all problems, one a line, if there are any.
  void throw_if_any() const {
    if (problems_.empty()) return;
    std::string text;
    for (const auto& problem : problems_) text += (text.empty() ? "" : "\n") + problem;
    throw BadRequest(text);
  }

 private:
  std::vector<std::string> problems_;
};

}  // namespace quern
