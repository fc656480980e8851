// Checks for our own bugs: on in debug builds and tests (QUERN_CONTRACTS=1), gone elsewhere.
#pragma once

#if defined(QUERN_CONTRACTS) && QUERN_CONTRACTS && !defined(__CUDA_ARCH__)
#include <cstdio>
#include <cstdlib>
#define QUERN_CONTRACT_(kind, condition)                                                             \
  do {                                                                                               \
    if (!(condition)) {                                                                              \
      std::fprintf(stderr, "quern: broken contract (%s) %s at %s:%d\n", kind, #condition, __FILE__, __LINE__); \
      std::abort();                                                                                  \
    }                                                                                                \
  } while (false)
#else
#define QUERN_CONTRACT_(kind, condition) static_cast<void>(0)
#endif

#define QUERN_EXPECT(condition) QUERN_CONTRACT_("expect", condition)
#define QUERN_ENSURE(condition) QUERN_CONTRACT_("ensure", condition)
