// Stands in while the CPU engine is not part of the build: says so, and never hands over another engine.
#include "host/base/error.hpp"
#include "host/engines/engine.hpp"

namespace quern {

bool cpu_engine_is_built() { return false; }

std::unique_ptr<Engine> make_cpu_engine(int) {
  throw BadRequest("this build has no cpu engine yet, and a named device is never replaced by another. Use --device reference or auto");
}

}  // namespace quern
