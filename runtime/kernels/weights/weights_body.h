// Rows of stored weights as f32, for the target that DLC_WEIGHTS_TARGET names: plain loops that become vectors.
#include "weights/weights.h"

enum { PANEL = 16 };

DLC_WEIGHTS_TARGET static inline void bytes_row(const int8_t *restrict q, const float *restrict scale,
                                                float *restrict y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = (float)q[i] * scale[i];
}

DLC_WEIGHTS_TARGET static inline void nibbles_row(const uint8_t *restrict q, const float *restrict scale,
                                                  float *restrict y, int64_t half) {
  // The sign bit of a half is worth -8.
  for (int64_t i = 0; i < half; i++) y[i] = (float)((int32_t)((q[i] & 15) ^ 8) - 8) * scale[i];
  for (int64_t i = 0; i < half; i++) y[half + i] = (float)((int32_t)((q[i] >> 4) ^ 8) - 8) * scale[half + i];
}

DLC_WEIGHTS_TARGET static int unpack(const dlc_weights *w, int64_t begin, int64_t end, float *y) {
  const int64_t run = w->depth / w->groups, half = w->width / 2;
  int64_t block = begin / w->depth, at = begin % w->depth;
  int64_t group = w->index ? 0 : at / run, left = w->index ? 0 : run - at % run;
  for (int64_t r = begin; r < end; r++, y += w->width) {
    if (w->index) {
      group = w->index[at];
      if (group < 0 || group >= w->groups) return DLC_FAULT_INDEX;
    }
    const float *scale = w->scales + (block * w->groups + group) * w->width;
    if (w->nibbles) {
      if (w->width == PANEL)
        nibbles_row(w->q + r * (PANEL / 2), scale, y, PANEL / 2);
      else
        nibbles_row(w->q + r * half, scale, y, half);
    } else {
      if (w->width == PANEL)
        bytes_row((const int8_t *)w->q + r * PANEL, scale, y, PANEL);
      else
        bytes_row((const int8_t *)w->q + r * w->width, scale, y, w->width);
    }
    if (!w->index && --left == 0) {
      group++;
      left = run;
    }
    if (++at == w->depth) {
      at = group = 0;
      block++;
    }
  }
  return 0;
}

const dlc_weights_rows DLC_ROWS_NAME = {.unpack = unpack};
