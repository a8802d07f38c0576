// What the tiles of ARM share: unrolling, and bytes of rows as vectors of s8 (x - 128) or u8.
#ifndef DLC_QGEMM_ARM_TILE_H
#define DLC_QGEMM_ARM_TILE_H

#include <arm_neon.h>

#include "qgemm/tile.h"

#if defined(__clang__)
#define QUNROLL _Pragma("clang loop unroll(full)")
#else
#define QUNROLL _Pragma("GCC unroll 64")
#endif

// Rows of a tap: pointers shared by all taps are shifted, others are listed tap by tap.
#define QTAP_ROWS(t, tap, M, a)                                                                                        \
  QUNROLL for (int i = 0; i < (M); i++)(a)[i] = (t)->shift ? (t)->a[i] + (t)->shift[tap] : (t)->a[(tap) * (M) + i]

// Sums 128 times each column of a panel of `groups` into start, by plain additions of bytes.
static inline void qcompensate_plain(const int8_t *panel, size_t groups, int32_t *start) {
  int32x4_t sums[4];
  for (int j = 0; j < 4; j++) sums[j] = vdupq_n_s32(0);
  for (size_t g = 0; g < groups; g++, panel += DLC_QPANEL_GROUP_BYTES)
    for (int j = 0; j < 4; j++) sums[j] = vpadalq_s16(sums[j], vpaddlq_s8(vld1q_s8(panel + 16 * j)));
  for (int j = 0; j < 4; j++) vst1q_s32(start + 4 * j, vaddq_s32(vld1q_s32(start + 4 * j), vshlq_n_s32(sums[j], 7)));
}

#endif
