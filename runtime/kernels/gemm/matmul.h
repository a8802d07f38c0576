// matmul of the types that have no packed kernel.
#ifndef DLC_MATMUL_H
#define DLC_MATMUL_H

#include "dlc_kernel.h"

// f64, i32, i64, u32, u64, f16 and bf16.
bool dlc_matmul_type_supported(uint8_t type);

// Runs a checked call on plain operands. Integers wrap; f16 and bf16 sum in f32.
int dlc_matmul_plain(const dlc_call *call, uint32_t part, uint32_t parts);

#endif
