// Tiles of one row by 16 columns in plain C, and the end of a tile of any instruction set.
#include <string.h>

#include "qgemm/requantize.h"
#include "qgemm/tile.h"

void dlc_qfinish__scalar(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                         const int32_t *sums, uint32_t stride) {
  const dlc_requantize q = o->requantize;
  for (uint32_t i = 0; i < m; i++, sums += stride) {
    const int64_t at = y_row[i] * o->y_pitch + column;
    if (o->type == DLC_I32) {
      memcpy((int32_t *)o->y + at, sums, n * sizeof(int32_t));
      continue;
    }
    const float *scale = o->scale + column;
    const uint8_t *residual = o->residual ? o->residual + y_row[i] * o->residual_pitch + column : NULL;
    for (uint32_t j = 0; j < n; j++) {
      float t = (float)sums[j] * scale[j];
      if (residual) t = t + (float)(residual[j] - q.residual_zero) * q.residual_scale;
      t = dlc_qbound(t, q.low, q.high);
      if (o->type == DLC_F32) {
        ((float *)o->y)[at + j] = t;
      } else {
        uint8_t code = (uint8_t)(dlc_qround(t) + q.zero);
        ((uint8_t *)o->y)[at + j] = o->table ? o->table[code] : code;
      }
    }
  }
}

// Adds one group of depths; sums wrap, as they do in vectors.
static inline void add_group(uint32_t *sums, uint32_t x, const int8_t *b) {
  const int32_t a0 = (int32_t)(x & 255), a1 = (int32_t)(x >> 8 & 255), a2 = (int32_t)(x >> 16 & 255),
                a3 = (int32_t)(x >> 24);
  for (int j = 0; j < DLC_QPANEL; j++, b += DLC_QGROUP)
    sums[j] += (uint32_t)(a0 * b[0] + a1 * b[1] + a2 * b[2] + a3 * b[3]);
}

static inline uint32_t lane_of(const uint8_t *a) {
  return a[0] | (uint32_t)a[1] << 8 | (uint32_t)a[2] << 16 | (uint32_t)a[3] << 24;
}

static void any_tile(const dlc_qtile *t) {
  const uint32_t rest = t->depth % DLC_QGROUP, full = t->depth / DLC_QGROUP;
  const size_t tap_bytes = ((size_t)full + (rest != 0)) * DLC_QPANEL_GROUP_BYTES;
  for (uint32_t i = 0; i < t->m; i++) {
    uint32_t sums[DLC_QPANEL];
    memcpy(sums, t->start, sizeof sums);
    for (uint32_t tap = 0; tap < t->taps; tap++) {
      const int8_t *b = t->b + t->tap[tap] * tap_bytes;
      const uint8_t *a = t->shift ? t->a[i] + t->shift[tap] : t->a[tap * t->m + i];
      for (uint32_t g = 0; g < full; g++, b += DLC_QPANEL_GROUP_BYTES)
        add_group(sums, lane_of(a + (size_t)g * DLC_QGROUP), b);
      if (!rest) continue;
      uint32_t x = 0;
      for (uint32_t k = 0; k < rest; k++) x |= (uint32_t)a[(size_t)full * DLC_QGROUP + k] << (8 * k);
      add_group(sums, x, b);
    }
    int32_t signed_sums[DLC_QPANEL];
    memcpy(signed_sums, sums, sizeof sums);
    dlc_qadd_row_start(t->out, t->y_row + i, 1, DLC_QPANEL, signed_sums, DLC_QPANEL);
    dlc_qfinish__scalar(t->out, t->y_row + i, 1, t->column, t->n, signed_sums, DLC_QPANEL);
  }
}

const dlc_qtile_isa dlc_qtile__scalar = {DLC_QTILE_MAX_ROWS, DLC_QPANEL, 0, 0, any_tile, NULL, NULL};
