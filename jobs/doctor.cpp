// quern doctor: what this machine has for quern, and what is missing.
#include <fmt/format.h>
#include <hdf5.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "host/report/tables.hpp"
#include "host/results/number_text.hpp"
#include "host/results/versions.hpp"
#include "jobs/common.hpp"
#include "kernels/market/rules.hpp"

namespace quern {
namespace {

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string all = path == nullptr ? "" : path;
  for (std::size_t at = 0; at <= all.size();) {
    const std::size_t end = std::min(all.find(':', at), all.size());
    if (end > at && ::access((all.substr(at, end - at) + "/" + program).c_str(), X_OK) == 0) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

std::string instruction_sets() {
#if defined(__x86_64__)
  std::string text = "sse2";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) text += " avx2";
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) text += " avx512";
  return text;
#elif defined(__aarch64__)
  return "neon";
#else
  return "portable";
#endif
}

int run_doctor(const DoctorOptions& options) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  hbool_t thread_safe = false;
  H5is_library_threadsafe(&thread_safe);
  const bool gpu = std::filesystem::exists("/dev/nvidiactl");
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  std::vector<std::vector<std::string>> rows = {
      {"program", fmt::format("quern {}, execution model {}", program_version, execution_model_version), ""},
      {"processors", fmt::format("{} threads, {}", std::thread::hardware_concurrency(), instruction_sets()), ""},
      {"memory", bytes_text(memory), ""},
      {"HDF5", fmt::format("{}.{}.{}{}", major, minor, release, thread_safe ? ", thread-safe" : ""), ""},
      {"engines", "reference, cpu", "cuda is not part of this build"},
      {"GPU", gpu ? "an NVIDIA driver is loaded" : "none", gpu ? "" : "no /dev/nvidiactl: install the driver to use one"},
      {"MPI", on_path("mpirun") || on_path("mpiexec") ? "found" : "none", on_path("mpirun") || on_path("mpiexec") ? "" : "no mpirun on PATH: runs stay on one machine"},
      {"Slurm", on_path("sbatch") ? "found" : "none", on_path("sbatch") ? "" : "no sbatch on PATH: jobs cannot be submitted"}};
  if (options.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const auto& row : rows) json[row[0]] = {{"found", row[1]}, {"missing", row[2]}};
    print(json.dump(2) + "\n");
  } else {
    print(text_table({"part", "found", "missing"}, rows));
  }
  return 0;
}

}  // namespace quern
