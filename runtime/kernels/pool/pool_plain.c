// Pooling of any type and kind: results accumulate in the output itself.
#include <math.h>

#include "pool/pool.h"

#define FOR_EACH_CELL(T)                                                                                               \
  for (int64_t d = 0; d < cells->counts[0]; d++)                                                                       \
    for (int64_t h = 0; h < cells->counts[1]; h++)                                                                     \
      for (int64_t w = 0; w < cells->counts[2]; w++) {                                                                 \
        const T *restrict v =                                                                                          \
            (const T *)cells->x + d * cells->strides[0] + h * cells->strides[1] + w * cells->strides[2];               \
        const int64_t at = cells->origin + d * cells->steps[0] + h * cells->steps[1] + w * cells->steps[2];            \
        (void)at;

// The first of equal maxima is the index; NaN is passed over, and a window of nothing else points to its first cell.
#define MAXIMUM(T, lowest)                                                                                             \
  static void maximum_##T(const dlc_pool_cells *cells, T *restrict y, int64_t *restrict indices) {                     \
    const int64_t channels = cells->channels;                                                                          \
    for (int64_t c = 0; c < channels; c++) y[c] = (T)(lowest);                                                         \
    for (int64_t c = 0; indices && c < channels; c++) indices[c] = cells->origin + c * cells->plane;                   \
    FOR_EACH_CELL(T)                                                                                                   \
    if (!indices) {                                                                                                    \
      for (int64_t c = 0; c < channels; c++) {                                                                         \
        T cell = v[c], best = y[c];                                                                                    \
        y[c] = cell > best ? cell : best;                                                                              \
      }                                                                                                                \
    } else {                                                                                                           \
      for (int64_t c = 0; c < channels; c++) {                                                                         \
        if (!(v[c] > y[c])) continue;                                                                                  \
        y[c] = v[c];                                                                                                   \
        indices[c] = at + c * cells->plane;                                                                            \
      }                                                                                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  }
MAXIMUM(float, -__builtin_inf())
MAXIMUM(double, -__builtin_inf())
MAXIMUM(int8_t, INT8_MIN)
MAXIMUM(int16_t, INT16_MIN)
MAXIMUM(uint8_t, 0)

#define SUMS(T, power)                                                                                                 \
  static void sums_##T(const dlc_pool_cells *cells, T *restrict y, int kind, int p) {                                  \
    const int64_t channels = cells->channels;                                                                          \
    for (int64_t c = 0; c < channels; c++) y[c] = 0;                                                                   \
    FOR_EACH_CELL(T)                                                                                                   \
    for (int64_t c = 0; c < channels; c++)                                                                             \
      y[c] += kind == DLC_POOL_AVERAGE ? v[c] : power(v[c] < 0 ? -v[c] : v[c], (T)p);                                  \
  }                                                                                                                    \
  for (int64_t c = 0; c < channels; c++)                                                                               \
    y[c] = kind == DLC_POOL_AVERAGE ? y[c] / (T)cells->divisor : power(y[c], (T)1 / (T)p);                             \
  }
SUMS(float, powf)
SUMS(double, pow)

void dlc_pool_plain(const dlc_pool_params *params, uint8_t type, const dlc_pool_cells *cells, void *y,
                    int64_t *indices) {
  if (params->kind == DLC_POOL_MAX) {
    switch (type) {
    case DLC_F32: maximum_float(cells, y, indices); return;
    case DLC_F64: maximum_double(cells, y, indices); return;
    case DLC_I8: maximum_int8_t(cells, y, indices); return;
    case DLC_I16: maximum_int16_t(cells, y, indices); return;
    default: maximum_uint8_t(cells, y, indices); return;
    }
  }
  if (type == DLC_F32)
    sums_float(cells, y, params->kind, params->p);
  else
    sums_double(cells, y, params->kind, params->p);
}
