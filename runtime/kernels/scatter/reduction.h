// What both scatter families do with an update once they know its place.
#ifndef DLC_SCATTER_REDUCTION_H
#define DLC_SCATTER_REDUCTION_H

#include "copy/movement.h"

// True when the reduction exists for the type: NONE for every type, the others for f32, f64, f16, bf16, i32, i64, u8
// and i8.
bool dlc_scatter_reduces(int32_t reduction, uint8_t type);

// y[0..<n] = reduction(y, update), in order. Integers wrap; MAX and MIN answer NaN when either side is one.
void dlc_scatter_combine(void *y, const void *updates, int64_t n, uint8_t type, int32_t reduction);

// Copies the elements [begin, end) of data to y unless y lies in data's place.
void dlc_scatter_start(const dlc_tensor *data, const dlc_tensor *y, int64_t begin, int64_t end);

#endif
