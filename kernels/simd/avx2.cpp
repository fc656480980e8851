// The lane loop compiled for one instruction set; the build file gives its flags and QUERN_BACKEND.
#include "kernels/simd/run_pack.hpp"

namespace quern {

extern const PackBackend avx2_packs;
const PackBackend avx2_packs{"avx2", pack_lanes, &run_packs<float>, &run_packs<double>};

}  // namespace quern
