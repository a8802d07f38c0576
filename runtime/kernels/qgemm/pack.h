// What packing does to one weight.
#ifndef DLC_QGEMM_PACK_H
#define DLC_QGEMM_PACK_H

#include <stdint.h>

// Weights lie in [-127, 127]; -128 counts as -127, so that two products of any bytes fit 16 bits (see
// qdwconv/arm_neon.c), and 512 products with s16 fit 32.
static inline int8_t dlc_qweight(int8_t w) { return w < -127 ? -127 : w; }

#endif
