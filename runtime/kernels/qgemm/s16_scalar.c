// Tiles of s16 rows in plain C, a row by 16 columns at a time.
#include "qvector/qvector_scalar.h"

#include "qgemm/s16_finish.h"

static void add_group(int32_t *sums, const uint8_t *a, uint32_t depths, const int8_t *b) {
  int16_t x[DLC_QGROUP] = {0};
  memcpy(x, a, depths * sizeof *x);
  for (int j = 0; j < DLC_QPANEL; j++, b += DLC_QGROUP)
    sums[j] += x[0] * b[0] + x[1] * b[1] + x[2] * b[2] + x[3] * b[3];
}

static void any_tile(const dlc_qtile *t) {
  const uint32_t groups = (t->depth + DLC_QGROUP - 1) / DLC_QGROUP;
  const size_t tap_bytes = (size_t)groups * DLC_QPANEL_GROUP_BYTES;
  for (uint32_t i = 0; i < t->m; i++) {
    int32_t sums[DLC_QPANEL] = {0}, high[DLC_QPANEL], low[DLC_QPANEL], left = DLC_QS16_BLOCK;
    bool is_first = true;
    for (uint32_t tap = 0; tap < t->taps; tap++) {
      const int8_t *b = t->b + t->tap[tap] * tap_bytes;
      const uint8_t *a = t->shift ? t->a[i] + t->shift[tap] : t->a[tap * t->m + i];
      for (uint32_t g = 0; g < groups; g++, a += 2 * DLC_QGROUP, b += DLC_QPANEL_GROUP_BYTES) {
        const uint32_t depths = t->depth - g * DLC_QGROUP;
        add_group(sums, a, depths < DLC_QGROUP ? depths : DLC_QGROUP, b);
        if (--left) continue;
        s16_add(sums, DLC_QPANEL, is_first, high, low);
        memset(sums, 0, sizeof sums);
        left = DLC_QS16_BLOCK;
        is_first = false;
      }
    }
    dlc_qtile row = *t;
    row.y_row += i;
    row.m = 1;
    s16_finish(&row, sums, is_first ? NULL : high, low, DLC_QPANEL);
  }
}

const dlc_qtile_isa dlc_qtile_s16__scalar = {DLC_QTILE_MAX_ROWS, DLC_QPANEL, 0, 0, any_tile, NULL, NULL};
