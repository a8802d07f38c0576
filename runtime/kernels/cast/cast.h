// Conversion of runs of elements, for the cast family and for kernels that compute in another type.
#ifndef DLC_CAST_H
#define DLC_CAST_H

#include "types.h"

// y[i * sy] = x[i * sx] converted, for i in 0..<n; strides in elements (0 repeats). The rules are those of
// dlc_cast_params.
void dlc_cast_run(uint8_t from, const void *x, int64_t sx, uint8_t to, void *y, int64_t sy, int64_t n);

#endif
