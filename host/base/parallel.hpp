// A loop whose turns do not depend on each other, on several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace quern {

// Threads to use where `asked` are wanted (0: all of the machine).
inline unsigned thread_count(int asked) {
  return asked > 0 ? static_cast<unsigned>(asked) : std::max(1u, std::thread::hardware_concurrency());
}

// Calls turn(0) ... turn(count - 1) on up to `threads` threads, the caller's among them, in no given order. The first exception
// of a turn ends the loop and is thrown here.
template <typename Turn>
void parallel_for(std::size_t count, unsigned threads, const Turn& turn) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr problem;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (std::size_t at = next++; at < count; at = next++) turn(at);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
      next = count;
    }
  };
  std::vector<std::jthread> workers;
  for (std::size_t worker = 1; worker < std::min<std::size_t>(threads, count); ++worker) workers.emplace_back(work);
  work();
  workers.clear();   // joins
  if (problem) std::rethrow_exception(problem);
}

}  // namespace quern
