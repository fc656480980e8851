#include "kernels/expression/compare.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quern {
namespace {


template <Operator op>
std::uint64_t plain(const double* a, const double* b, std::int32_t count, bool repeated) {
  std::uint64_t word = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(apply(op, a[i], repeated ? *b : b[i]) != 0.0) << i;
  }
  return word;
}

#if defined(__x86_64__)
template <Operator op>
constexpr int predicate = op == Operator::less            ? _CMP_LT_OQ
                          : op == Operator::less_equal    ? _CMP_LE_OQ
                          : op == Operator::greater       ? _CMP_GT_OQ
                          : op == Operator::greater_equal ? _CMP_GE_OQ
                          : op == Operator::equal         ? _CMP_EQ_OQ
                                                          : _CMP_NEQ_OQ;

template <Operator op>
__attribute__((target("avx512f"))) std::uint64_t wide(const double* a, const double* b, bool repeated) {
  std::uint64_t word = 0;
  const __m512d one = _mm512_set1_pd(*b);
  for (int i = 0; i < 64; i += 8) {
    const __m512d right = repeated ? one : _mm512_loadu_pd(b + i);
    word |= static_cast<std::uint64_t>(_mm512_cmp_pd_mask(_mm512_loadu_pd(a + i), right, predicate<op>)) << i;
  }
  return word;
}

template <Operator op>
__attribute__((target("avx2"))) std::uint64_t middle(const double* a, const double* b, bool repeated) {
  std::uint64_t word = 0;
  const __m256d one = _mm256_set1_pd(*b);
  for (int i = 0; i < 64; i += 4) {
    const __m256d right = repeated ? one : _mm256_loadu_pd(b + i);
    word |= static_cast<std::uint64_t>(_mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(a + i), right, predicate<op>))) << i;
  }
  return word;
}
#endif

template <Operator op>
void compare(const double* a, const double* b, bool repeated, std::int32_t count, std::uint64_t* words) {
  std::int32_t first = 0;
#if defined(__x86_64__)
  static const bool has_wide = __builtin_cpu_supports("avx512f"), has_middle = __builtin_cpu_supports("avx2");
  if (has_wide || has_middle) {
    for (; first + 64 <= count; first += 64) {
      const double* right = repeated ? b : b + first;
      words[first / 64] = has_wide ? wide<op>(a + first, right, repeated) : middle<op>(a + first, right, repeated);
    }
  }
#endif
  for (; first < count; first += 64) {
    const std::int32_t part = count - first < 64 ? count - first : 64;
    words[first / 64] = plain<op>(a + first, repeated ? b : b + first, part, repeated);
  }
}

}  // namespace

void compare_series(Operator op, const double* a, const double* b, double constant, std::int32_t count, std::uint64_t* words) {
  const bool repeated = b == nullptr;
  const double* right = repeated ? &constant : b;
  switch (op) {
    case Operator::less: return compare<Operator::less>(a, right, repeated, count, words);
    case Operator::less_equal: return compare<Operator::less_equal>(a, right, repeated, count, words);
    case Operator::greater: return compare<Operator::greater>(a, right, repeated, count, words);
    case Operator::greater_equal: return compare<Operator::greater_equal>(a, right, repeated, count, words);
    case Operator::equal: return compare<Operator::equal>(a, right, repeated, count, words);
    default: return compare<Operator::not_equal>(a, right, repeated, count, words);
  }
}

}  // namespace quern
