// Packs of lanes: avx2.
#include "kernels/expression/block.hpp"
#include "kernels/simd/pack_avx2.hpp"
#include "kernels/simd/run_pack.hpp"

namespace quern {

const InstructionSet pack_avx2{instruction_set_name, width, &run_pack, &build_trail};

}  // namespace quern
