// dlc_qdwconv_isa for one instruction set, written once. The including file has included a qvector_<isa>.h and sets
// ISA_NAME, ISA_FLIP, ISA_ROWS (output rows summed at once), ISA_HELD (weights that fit registers), QX and QW (quads of
// inputs and of weights), and inline functions load_x, load_w, dot (sum + quad * weights) and interleave_one, and the
// function weigh.
#include "qdwconv/qdwconv.h"

#define Q(name) DLC_Q(name)
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static const int8_t no_weights[DLC_QLANES];

DLC_QINLINE void interleave_all(const uint8_t *const from[4], const int64_t step[4], int64_t n, const uint8_t *spread,
                                uint8_t flip, uint8_t *to) {
  const uint8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3];
  const int64_t a_step = step[0], b_step = step[1], c_step = step[2], d_step = step[3];
  for (int64_t i = 0; i < n; i++, to += DLC_QUAD) {
    interleave_one(a, b, c, d, spread, flip, to);
    a += a_step, b += b_step, c += c_step, d += d_step;
  }
}

DLC_QTARGET static void interleave(const uint8_t *const from[4], const int64_t step[4], int64_t n,
                                   const uint8_t *spread, uint8_t flip, uint8_t *to) {
  if (spread)
    interleave_all(from, step, n, spread, flip, to);
  else
    interleave_all(from, step, n, NULL, flip, to);
}

// Sixteen bytes at p of which memory before `end` may be read.
DLC_QINLINE DLC_QI load_residual(const uint8_t *p, const uint8_t *end) {
  if (end - p >= DLC_QLANES) return Q(load_u8)(p);
  uint8_t buffer[DLC_QLANES] = {0};
  memcpy(buffer, p, (size_t)(end - p));
  return Q(load_u8)(buffer);
}

// Four cells of output row r from cell q on.
DLC_QTARGET static __attribute__((noinline)) void finish(const dlc_qdwconv_job *j, int32_t r, int32_t q,
                                                         const int32_t (*sums)[DLC_QLANES]) {
  enum { P = DLC_QDWCONV_CELLS };
  const int32_t cells = j->cells - q < P ? j->cells - q : P;
  const size_t channels = (size_t)j->channels;
  uint8_t *y = j->y + r * j->y_row + q * j->y_pitch;
  if (j->type == DLC_I32) {
    for (int i = 0; i < cells; i++) memcpy(y + i * j->y_pitch, sums[i], channels * sizeof **sums);
    return;
  }
  const DLC_QF scale = Q(load)(j->scale);
  DLC_QF t[P];
  UNROLL for (int i = 0; i < P; i++) t[i] = Q(mul)(Q(float)(Q(load_i32)(sums[i])), scale);
  if (j->residual) {
    const DLC_QF zero = Q(splat)(j->residual_zero), by = Q(splat)(j->residual_scale);
    UNROLL for (int i = 0; i < P; i++) {
      if (i >= cells) break;
      const uint8_t *residual = j->residual + r * j->residual_row + (q + i) * j->residual_pitch;
      t[i] = Q(add)(t[i], Q(mul)(Q(sub)(Q(float)(load_residual(residual, j->residual_end)), zero), by));
    }
  }
  if (j->type == DLC_F32) {
    const DLC_QF low = Q(splat)(j->bounds.low), high = Q(splat)(j->bounds.high);
    UNROLL for (int i = 0; i < P; i++) {
      float lanes[DLC_QLANES];
      if (i >= cells) break;
      Q(store)(lanes, Q(min)(Q(max)(t[i], low), high));
      memcpy(y + i * j->y_pitch, lanes, channels * sizeof *lanes);
    }
    return;
  }
  const DLC_QB bytes = Q(bytes)(t[0], t[1], t[2], t[3], j->bounds);
  if (channels == DLC_QLANES && cells == P) {
    UNROLL for (int i = 0; i < P; i++) Q(store_quarter)(y + i * j->y_pitch, bytes, i);
    return;
  }
  uint8_t all[DLC_QBYTES];
  Q(store_bytes)(all, bytes);
  for (int32_t i = 0; i < cells; i++) {
    uint8_t *to = y + i * j->y_pitch;
    const uint8_t *from = all + i * DLC_QLANES;
    if (channels == DLC_QLANES) {
      memcpy(to, from, DLC_QLANES);
    } else if (channels >= 8) { // two stores that overlap
      memcpy(to, from, 8);
      memcpy(to + channels - 8, from + channels - 8, 8);
    } else if (channels >= 4) {
      memcpy(to, from, 4);
      memcpy(to + channels - 4, from + channels - 4, 4);
    } else {
      for (size_t k = 0; k < channels; k++) to[k] = from[k];
    }
  }
}

// Sums of four cells of N output rows from row r on. K > 0 fixes groups, kernel and stride, with a dilation of 1: a
// column is then loaded once for all that share it.
DLC_QINLINE void sum_block(const dlc_qdwconv_job *j, const uint8_t *x, const uint8_t *w, const QW *held, DLC_QI bias,
                           DLC_QI acc[ISA_ROWS][DLC_QDWCONV_CELLS], int64_t group_bytes, const int N, const int G,
                           const int K, const int S) {
  enum { P = DLC_QDWCONV_CELLS };
  UNROLL for (int n = 0; n < N; n++) UNROLL for (int i = 0; i < P; i++) acc[n][i] = bias;
  if (K > 0) {
    UNROLL for (int g = 0; g < G; g++, x += group_bytes) {
      UNROLL for (int c = 0; c < (P - 1) * S + K; c++) {
        const QX quad = load_x(x + c * DLC_QUAD);
        UNROLL for (int k = 0; k < K; k++) {
          if (c < k || (c - k) % S != 0 || (c - k) / S >= P) continue;
          const int i = (c - k) / S;
          UNROLL for (int n = 0; n < N; n++) {
            const int at = (n * G + g) * K + k;
            acc[n][i] = dot(acc[n][i], quad, N * G * K <= ISA_HELD ? held[at] : load_w(w + at * DLC_QUAD_WEIGHTS));
          }
        }
      }
    }
  } else {
    for (int32_t g = 0; g < j->groups; g++)
      for (int32_t k = 0; k < j->kernel; k++, w += DLC_QUAD_WEIGHTS) {
        const uint8_t *from = x + g * group_bytes + (int64_t)k * j->dilation * DLC_QUAD;
        UNROLL for (int i = 0; i < P; i++) acc[0][i] =
            dot(acc[0][i], load_x(from + (int64_t)i * j->stride * DLC_QUAD), load_w(w));
      }
  }
}

// The first `cells` of four cells of an output row, as bytes of sixteen channels.
DLC_QINLINE void store_cells(const DLC_QI *acc, DLC_QF scale, dlc_qbounds bounds, uint8_t *y, int64_t y_pitch,
                             int32_t cells) {
  enum { P = DLC_QDWCONV_CELLS };
  DLC_QF t[P];
  UNROLL for (int i = 0; i < P; i++) t[i] = Q(mul)(Q(float)(acc[i]), scale);
  const DLC_QB bytes = Q(bytes)(t[0], t[1], t[2], t[3], bounds);
  UNROLL for (int i = 0; i < P; i++) {
    if (i < cells) Q(store_quarter)(y + i * y_pitch, bytes, i);
  }
}

// N output rows from row r on. What the loop needs stands in locals: stores of bytes may change any memory.
DLC_QINLINE void run_rows(const dlc_qdwconv_job *j, int32_t r, const int N, const int G, const int K, const int S) {
  enum { P = DLC_QDWCONV_CELLS };
  const int32_t quads = K > 0 ? G * K : j->groups * j->kernel, stride = K > 0 ? S : j->stride, cells = j->cells;
  const uint8_t *x = j->columns, *w = j->weights + (int64_t)r * quads * DLC_QUAD_WEIGHTS;
  const int64_t group_bytes = j->group_bytes, y_pitch = j->y_pitch, y_row = j->y_row, x_step = P * stride * DLC_QUAD;
  const DLC_QI bias = Q(load_i32)(j->bias);
  const DLC_QF scale = Q(load)(j->scale);
  const dlc_qbounds bounds = j->bounds;
  QW held[ISA_HELD + 1];
  if (K > 0 && N * G * K <= ISA_HELD) {
    UNROLL for (int i = 0; i < N * G * K; i++) held[i] = load_w(w + i * DLC_QUAD_WEIGHTS);
  }
  DLC_QI acc[ISA_ROWS][P];
  int32_t q = 0;
  if (j->type == DLC_U8 && !j->residual && j->channels == DLC_QLANES && r + N <= j->keep) {
    uint8_t *y = j->y + r * y_row;
    for (; q + P <= cells; q += P, x += x_step, y += P * y_pitch) {
      sum_block(j, x, w, held, bias, acc, group_bytes, N, G, K, S);
      UNROLL for (int n = 0; n < N; n++) store_cells(acc[n], scale, bounds, y + n * y_row, y_pitch, P);
    }
    if (q < cells) {
      sum_block(j, x, w, held, bias, acc, group_bytes, N, G, K, S);
      UNROLL for (int n = 0; n < N; n++) store_cells(acc[n], scale, bounds, y + n * y_row, y_pitch, cells - q);
    }
    return;
  }
  for (; q < cells; q += P, x += x_step) {
    int32_t sums[ISA_ROWS][P][DLC_QLANES];
    sum_block(j, x, w, held, bias, acc, group_bytes, N, G, K, S);
    UNROLL for (int n = 0; n < N; n++) UNROLL for (int i = 0; i < P; i++) Q(store_i32)(sums[n][i], acc[n][i]);
    for (int n = 0; n < N && r + n < j->keep; n++) finish(j, r + n, q, sums[n]);
  }
}

#define BLOCKS(name, N, G, K, S)                                                                                       \
  DLC_QTARGET static __attribute__((noinline)) void name(const dlc_qdwconv_job *j) {                                   \
    for (int32_t r = 0; r < j->keep; r += N) run_rows(j, r, N, G, K, S);                                               \
  }
BLOCKS(run_3x1, ISA_ROWS, 1, 3, 1)
BLOCKS(run_3x2, 1, 1, 3, 2)
BLOCKS(run_5x1, ISA_ROWS, 2, 5, 1)
BLOCKS(run_5x2, ISA_ROWS, 2, 5, 2)
BLOCKS(run_any, 1, 0, 0, 0)

DLC_QTARGET static void weigh_all(const int8_t *const from[4], int64_t n, int64_t step, uint8_t *to) {
  for (int64_t i = 0; i < n; i++, to += DLC_QUAD_WEIGHTS) {
    uint8_t quads[DLC_QUAD];
    const uint8_t *rows[4];
    for (int s = 0; s < 4; s++) rows[s] = (const uint8_t *)(from[s] ? from[s] + i * step : no_weights);
    interleave_one(rows[0], rows[1], rows[2], rows[3], NULL, 0, quads);
    weigh((const int8_t *)quads, 1, to);
  }
}

static void run(const dlc_qdwconv_job *j) {
  const bool three = j->kernel == 3 && j->groups == 1, five = j->kernel == 5 && j->groups == 2;
  if (j->dilation == 1 && j->stride == 1 && three && j->rows % ISA_ROWS == 0)
    run_3x1(j);
  else if (j->dilation == 1 && j->stride == 2 && three)
    run_3x2(j);
  else if (j->dilation == 1 && j->stride == 1 && five && j->rows % ISA_ROWS == 0)
    run_5x1(j);
  else if (j->dilation == 1 && j->stride == 2 && five && j->rows % ISA_ROWS == 0)
    run_5x2(j);
  else
    run_any(j);
}

const dlc_qdwconv_isa ISA_NAME = {interleave, weigh_all, run, ISA_FLIP};

#undef Q
