// Averages of s16 over a window, written once for every instruction set.
#include "qvector/s16.h"

#define Q(name) DLC_Q(name)

DLC_QTARGET static void average_s16(const dlc_qpool_cells *cells, int16_t *y) {
  const DLC_QF factor = Q(splat)(cells->factor), low = Q(splat)(-32768.0f), high = Q(splat)(32767.0f);
  for (int64_t c = 0; c < cells->channels; c += DLC_QLANES) {
    const uint32_t count = cells->channels - c < DLC_QLANES ? (uint32_t)(cells->channels - c) : DLC_QLANES;
    DLC_QI sum = Q(splat_i)(0);
    for (int64_t d = 0; d < cells->counts[0]; d++)
      for (int64_t h = 0; h < cells->counts[1]; h++) {
        const uint8_t *p = cells->x + c * 2 + d * cells->strides[0] + h * cells->strides[1];
        for (int64_t w = 0; w < cells->counts[2]; w++, p += cells->strides[2]) {
          int16_t lanes[DLC_QLANES] = {0};
          const void *from = count == DLC_QLANES ? p : memcpy(lanes, p, count * sizeof *lanes);
          sum = Q(add_i)(sum, Q(load_i16)(from));
        }
      }
    const DLC_QF t = Q(mul)(Q(float)(sum), factor);
    s16_store(y, c, Q(min)(Q(max)(t, low), high), count, DLC_I16);
  }
}

#undef Q
