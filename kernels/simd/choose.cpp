// Which build of the lane loop this machine executes.
#include <cstring>

#include "kernels/simd/packs.hpp"

namespace quern {

extern const PackBackend baseline_packs;
#if defined(__x86_64__)
extern const PackBackend avx2_packs, avx512_packs;
#endif

const PackBackend* const* pack_backends() {
  static const PackBackend* found[4] = {};
  static const bool once = [] {
    int count = 0;
    found[count++] = &baseline_packs;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma")) {
      found[count++] = &avx2_packs;
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
          __builtin_cpu_supports("avx512vl")) {
        found[count++] = &avx512_packs;
      }
    }
#endif
    return true;
  }();
  static_cast<void>(once);
  return found;
}

const PackBackend& pack_backend(const char* limit) {
  const PackBackend* chosen = pack_backends()[0];
  for (const PackBackend* const* at = pack_backends(); *at != nullptr; ++at) {
    chosen = *at;
    if (limit != nullptr && std::strcmp((*at)->name, limit) == 0) break;
  }
  return *chosen;
}

}  // namespace quern
