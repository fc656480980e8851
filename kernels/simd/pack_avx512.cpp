// Packs of lanes: avx512.
#include "kernels/expression/block.hpp"
#include "kernels/simd/pack_avx512.hpp"
#include "kernels/simd/run_pack.hpp"

namespace quern {

const InstructionSet pack_avx512{instruction_set_name, width, &run_pack, &build_trail};

}  // namespace quern
