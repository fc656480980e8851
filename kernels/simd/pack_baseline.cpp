// Packs of lanes: baseline.
#include "kernels/expression/block.hpp"
#include "kernels/simd/pack_baseline.hpp"
#include "kernels/simd/run_pack.hpp"

namespace quern {

const InstructionSet pack_baseline{instruction_set_name, width, &run_pack, &build_trail};

}  // namespace quern
