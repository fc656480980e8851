// What the verbs share: reading a job with its command-line overrides, choosing an engine, printing.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/engines/engine.hpp"
#include "host/strategy/job.hpp"
#include "jobs/options.hpp"

namespace quern {

// The job with --set, --device and --threads applied.
Job read_job_with(const JobOptions& options);
// A job that is text, not a file; paths in it are relative to the temporary folder.
Job read_job_text(const std::string& text, const std::string& name);
// "auto" is the CPU engine; a named device that this build lacks is refused, never replaced.
std::unique_ptr<Engine> make_engine(const std::string& device, int threads);
void print(std::string_view text);       // standard output; throws Failure where it cannot be written
void say(const std::string& text);       // standard error, one line
bool is_terminal(int descriptor);
std::string this_program();              // path of the running program

// Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  bool asked() const;

 private:
  struct sigaction before_int_, before_term_, before_size_;
};

// Progress with rate and time left: one line that is redrawn on a terminal, plain lines now and then elsewhere.
class Progress {
 public:
  Progress(std::string what, std::uint64_t total, std::uint64_t done);
  void update(std::uint64_t done);
  void finish();
  double seconds() const;

 private:
  std::string what_;
  std::uint64_t total_, start_;
  std::chrono::steady_clock::time_point begin_, last_;
  bool terminal_, drawn_ = false;
};

}  // namespace quern
