#include "jobs/common.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/results/files.hpp"
#include "host/results/number_text.hpp"

namespace quern {
namespace {

volatile std::sig_atomic_t interrupts = 0;

void on_interrupt(int signal) {
  interrupts = interrupts + 1;
  if (interrupts > 1) {
    std::signal(signal, SIG_DFL);
    ::raise(signal);
  }
}

}  // namespace

Job read_job_with(const JobOptions& options) {
  Job job = read_job(options.job);
  set_params(job, options.set);
  if (!options.device.empty()) job.device = options.device;
  if (options.threads >= 0) job.threads = options.threads;
  return job;
}

Job read_job_text(const std::string& text, const std::string& name) {
  const std::string path = (std::filesystem::temp_directory_path() / fmt::format("quern-{}-{}.toml", name, ::getpid())).string();
  write_file(path, text);
  try {
    Job job = read_job(path);
    std::filesystem::remove(path);
    return job;
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw;
  }
}

std::unique_ptr<Engine> make_engine(const std::string& device, int threads) {
  if (device == "reference") return make_reference_engine(threads);
  if (device == "cpu" || device == "auto" || device.empty()) return make_cpu_engine(threads);
  if (device == "cuda") {
    throw BadRequest("this build has no CUDA engine, and a named device is never replaced by another. Use --device cpu or auto");
  }
  const std::string near = nearest(device, {"auto", "cpu", "cuda", "reference"});
  throw BadRequest(fmt::format("'{}' is no device{}. Choose auto, cpu, cuda or reference", device,
                               near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw Failure(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::string this_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

Interrupt::Interrupt() {
  interrupts = 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
  action.sa_handler = SIG_IGN;   // a file beyond the limit of the process is an error that says so, like a full disk
  sigaction(SIGXFSZ, &action, &before_size_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  sigaction(SIGXFSZ, &before_size_, nullptr);
}

bool Interrupt::asked() const { return interrupts > 0; }

Progress::Progress(std::string what, std::uint64_t total, std::uint64_t done)
    : what_(std::move(what)), total_(total), start_(done), begin_(std::chrono::steady_clock::now()), last_(begin_),
      terminal_(is_terminal(STDERR_FILENO)) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void Progress::update(std::uint64_t done) {
  const auto now = std::chrono::steady_clock::now();
  const double since = std::chrono::duration<double>(now - last_).count();
  if (since < (terminal_ ? 0.1 : 5.0)) return;
  last_ = now;
  const double rate = static_cast<double>(done > start_ ? done - start_ : 0) / std::max(1e-9, seconds());
  const std::string left = rate > 0.0 ? duration_text(static_cast<double>(total_ - done) / rate) : "unknown";
  const std::string line = fmt::format("{}: {} of {} ({:.1f} %), {}/s, {} left", what_, done, total_,
                                       100.0 * static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(1, total_)),
                                       count_text(rate), left);
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::finish() {
  if (terminal_ && drawn_) std::fprintf(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace quern
