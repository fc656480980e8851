// Marks and namespaces for code that is compiled once per backend.
//
// Everything in kernels/ that holds code (not just plain data) stands in `inline namespace QUERN_BACKEND`. Each backend
// defines the macro to its own name (host, baseline, avx2, avx512, gpu), so that two objects compiled with different
// instruction sets never share a weak symbol and the linker cannot mix them.
#pragma once

#ifndef QUERN_BACKEND
#define QUERN_BACKEND host
#endif

#if defined(__CUDACC__)
#define QUERN_HD __host__ __device__
#else
#define QUERN_HD
#endif

#define QUERN_INLINE __attribute__((always_inline)) inline
