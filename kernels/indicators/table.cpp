// The table of functions: one line of the list for each header, sorted by name.
#include <cstring>

#include "kernels/indicators/adx.hpp"
#include "kernels/indicators/aroon.hpp"
#include "kernels/indicators/atr.hpp"
#include "kernels/indicators/bars_since.hpp"
#include "kernels/indicators/bbands.hpp"
#include "kernels/indicators/cci.hpp"
#include "kernels/indicators/change.hpp"
#include "kernels/indicators/dema.hpp"
#include "kernels/indicators/donchian.hpp"
#include "kernels/indicators/ema.hpp"
#include "kernels/indicators/falling.hpp"
#include "kernels/indicators/function.hpp"
#include "kernels/indicators/highest.hpp"
#include "kernels/indicators/keltner.hpp"
#include "kernels/indicators/linearreg.hpp"
#include "kernels/indicators/lowest.hpp"
#include "kernels/indicators/macd.hpp"
#include "kernels/indicators/mean.hpp"
#include "kernels/indicators/mfi.hpp"
#include "kernels/indicators/minus_di.hpp"
#include "kernels/indicators/mom.hpp"
#include "kernels/indicators/natr.hpp"
#include "kernels/indicators/obv.hpp"
#include "kernels/indicators/percentile_rank.hpp"
#include "kernels/indicators/plus_di.hpp"
#include "kernels/indicators/realized_vol.hpp"
#include "kernels/indicators/rising.hpp"
#include "kernels/indicators/roc.hpp"
#include "kernels/indicators/rsi.hpp"
#include "kernels/indicators/sar.hpp"
#include "kernels/indicators/sma.hpp"
#include "kernels/indicators/stddev.hpp"
#include "kernels/indicators/stoch.hpp"
#include "kernels/indicators/stochrsi.hpp"
#include "kernels/indicators/sum.hpp"
#include "kernels/indicators/supertrend.hpp"
#include "kernels/indicators/tema.hpp"
#include "kernels/indicators/trange.hpp"
#include "kernels/indicators/var.hpp"
#include "kernels/indicators/vwap.hpp"
#include "kernels/indicators/willr.hpp"
#include "kernels/indicators/wma.hpp"
#include "kernels/indicators/zscore.hpp"

namespace quern {
namespace {

constexpr const FunctionInfo* functions[] = {
    &adx_info,
    &aroon_info,
    &atr_info,
    &bars_since_info,
    &bbands_info,
    &cci_info,
    &change_info,
    &dema_info,
    &donchian_info,
    &ema_info,
    &falling_info,
    &highest_info,
    &keltner_info,
    &linearreg_info,
    &lowest_info,
    &macd_info,
    &mean_info,
    &mfi_info,
    &minus_di_info,
    &mom_info,
    &natr_info,
    &obv_info,
    &percentile_rank_info,
    &plus_di_info,
    &realized_vol_info,
    &rising_info,
    &roc_info,
    &rsi_info,
    &sar_info,
    &sma_info,
    &stddev_info,
    &stoch_info,
    &stochrsi_info,
    &sum_info,
    &supertrend_info,
    &tema_info,
    &trange_info,
    &var_info,
    &vwap_info,
    &willr_info,
    &wma_info,
    &zscore_info,
};
constexpr int function_count = static_cast<int>(sizeof functions / sizeof functions[0]);

constexpr bool comes_before(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return static_cast<unsigned char>(*a) < static_cast<unsigned char>(*b);
}
constexpr bool is_sorted() {
  for (int i = 1; i < function_count; ++i) {
    if (!comes_before(functions[i - 1]->name, functions[i]->name)) return false;
  }
  return true;
}
static_assert(is_sorted(), "the table is sorted by name, each name once");

}  // namespace

FunctionTable function_table() { return {functions, function_count}; }

const FunctionInfo* find_function(const char* name) {
  for (const FunctionInfo* function : functions) {
    if (std::strcmp(function->name, name) == 0) return function;
  }
  return nullptr;
}

}  // namespace quern
