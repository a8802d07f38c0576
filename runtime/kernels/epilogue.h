// The function a kernel applies to its result, for kernels and their checks.
// A file that has included one vmath_<isa>.h before this gets the vector forms for that instruction set as well.
#ifndef DLC_EPILOGUE_H
#define DLC_EPILOGUE_H

#include <stdbool.h>
#include <stdint.h>

#include "dlc_config.h"
#include "dlc_params.h"

// Whether the epilogue names a function that kernels can apply.
static inline bool dlc_epilogue_valid(const dlc_epilogue *e) {
  return e->function >= 0 && e->function <= DLC_FN_SHRINK && DLC_HAS_FUNCTION(e->function);
}

// Identity, relu and clip as bounds: min(hi, max(lo, x)); false for other functions.
static inline bool dlc_epilogue_bounds(const dlc_epilogue *e, float *lo, float *hi) {
  *lo = -__builtin_inff();
  *hi = __builtin_inff();
  switch (e->function) {
  case DLC_FN_IDENTITY: return true;
  case DLC_FN_RELU: *lo = 0; return true;
  case DLC_FN_CLIP:
    *lo = e->alpha;
    *hi = e->beta;
    return true;
  default: return false;
  }
}

#ifdef DLC_V
// Applies the epilogue to `n` floats in place.
DLC_VOUTLINE void DLC_VF(epilogue_row)(float *row, int64_t n, const dlc_epilogue *e) {
  const int32_t function = e->function;
  const float alpha = e->alpha, beta = e->beta;
  int64_t i = 0;
  // Deep networks apply it to most of their elements: a loop without the choice overlaps its divisions.
  if (DLC_HAS_FUNCTION(DLC_FN_SILU) && function == DLC_FN_SILU)
    for (; i + DLC_VWIDTH <= n; i += DLC_VWIDTH)
      DLC_VF(store)(row + i, DLC_VF(apply)(DLC_FN_SILU, alpha, beta, DLC_VF(load)(row + i)));
  for (; i + DLC_VWIDTH <= n; i += DLC_VWIDTH)
    DLC_VF(store)(row + i, DLC_VF(apply)(function, alpha, beta, DLC_VF(load)(row + i)));
  if (i < n) DLC_VF(store_part)
  (row + i, DLC_VF(apply)(function, alpha, beta, DLC_VF(load_part)(row + i, (int)(n - i))), (int)(n - i));
}
#endif

#endif
