// A row of the depthwise convolution of s16, written once for every instruction set; the including file has included a
// qvector_<isa>.h and defines ISA_NAME.
#include "qdwconv/s16.h"
#include "qvector/s16.h"

#define Q(name) DLC_Q(name)
enum { CELLS = 4 };

// Sixteen s16 at p, of which those before `end` are there.
DLC_QINLINE DLC_QI s16_rest(const int16_t *p, const int16_t *end) {
  if (end - p >= DLC_QLANES) return Q(load_factor)(p);
  int16_t lanes[DLC_QLANES] = {0};
  memcpy(lanes, p, (size_t)(end - p) * sizeof *lanes);
  return Q(load_factor)(lanes);
}

// The sums of sixteen channels from c on of cells from input cell `at` on, all of them inside and 16 elements from any
// within memory.
DLC_QINLINE void sum_cells(const dlc_qdwconv_s16_job *j, const dlc_qdwconv_s16_lines *lines, const int8_t *weights,
                           int64_t c, int64_t at, DLC_QI acc[CELLS]) {
  const int64_t cell = (int64_t)j->stride * j->x_pitch, step = (int64_t)j->dilation * j->x_pitch;
  DLC_QI a0 = Q(splat_i)(0), a1 = a0, a2 = a0, a3 = a0;
  for (int32_t l = 0; l < lines->count; l++) {
    const int16_t *x = lines->at[l] + at * j->x_pitch + c;
    const int8_t *w = weights + (int64_t)lines->tap[l] * DLC_QLANES;
    for (int32_t k = 0; k < j->kernel; k++, x += step, w += DLC_QLANES) {
      const DLC_QI by = Q(load_i8)(w);
      a0 = Q(add_product)(a0, Q(load_factor)(x), by);
      a1 = Q(add_product)(a1, Q(load_factor)(x + cell), by);
      a2 = Q(add_product)(a2, Q(load_factor)(x + 2 * cell), by);
      a3 = Q(add_product)(a3, Q(load_factor)(x + 3 * cell), by);
    }
  }
  acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
}

// The same of one cell at an edge of the row, or of memory.
DLC_QINLINE DLC_QI sum_edge(const dlc_qdwconv_s16_job *j, const dlc_qdwconv_s16_lines *lines, const int8_t *weights,
                            int64_t c, int64_t at) {
  DLC_QI sum = Q(splat_i)(0);
  for (int32_t l = 0; l < lines->count; l++)
    for (int32_t k = 0; k < j->kernel; k++) {
      const int64_t column = at + (int64_t)k * j->dilation;
      if (column < 0 || column >= j->in_w) continue;
      sum = Q(add_product)(sum, s16_rest(lines->at[l] + column * j->x_pitch + c, j->x_end),
                           Q(load_i8)(weights + (int64_t)(lines->tap[l] + k) * DLC_QLANES));
    }
  return sum;
}

DLC_QTARGET static void run_row(const dlc_qdwconv_s16_job *j, const dlc_qdwconv_s16_lines *lines, int64_t row) {
  const DLC_QF low = Q(splat)(j->low), high = Q(splat)(j->high), by = Q(splat)(j->residual_scale);
  const int64_t reach = (int64_t)(CELLS - 1) * j->stride + (int64_t)(j->kernel - 1) * j->dilation;
  // Elements from where the last line begins to the end of memory.
  const int64_t room = lines->count ? j->x_end - lines->at[lines->count - 1] : 0;
  for (int64_t c = 0; c < j->channels; c += DLC_QLANES) {
    const uint32_t count = (uint32_t)dlc_min64(DLC_QLANES, j->channels - c);
    const int8_t *weights = j->weights + c * j->taps;
    int32_t first[DLC_QLANES] = {0};
    float scales[DLC_QLANES] = {0};
    memcpy(first, j->bias + c, count * sizeof *first);
    memcpy(scales, j->scale + c, count * sizeof *scales);
    const DLC_QI bias = Q(load_i32)(first), bias_high = Q(high)(bias), bias_low = Q(low)(bias);
    const DLC_QF scale = Q(load)(scales);
    for (int64_t q = 0; q < j->out_w;) {
      const int64_t at = j->first + q * j->stride;
      DLC_QI acc[CELLS];
      int32_t cells = 1;
      if (q + CELLS <= j->out_w && at >= 0 && at + reach < j->in_w &&
          (at + reach) * j->x_pitch + c + DLC_QLANES <= room) {
        cells = CELLS;
        sum_cells(j, lines, weights, c, at, acc);
      } else {
        acc[0] = sum_edge(j, lines, weights, c, at);
      }
      for (int32_t i = 0; i < cells; i++, q++) {
        const int64_t cell = row * j->out_w + q;
        DLC_QF v = Q(mul)(s16_sum(Q(add_i)(Q(high)(acc[i]), bias_high), Q(add_i)(Q(low)(acc[i]), bias_low)), scale);
        if (j->residual) v = Q(add)(v, Q(mul)(s16_load(j->residual + cell * j->residual_pitch + c, count), by));
        s16_store(j->y, cell * j->y_pitch + c, Q(min)(Q(max)(v, low), high), count, j->type);
      }
    }
  }
}

const dlc_qdwconv_s16_rows ISA_NAME = {run_row};

#undef Q
