// The tile of gemm/tile.h for one instruction set, written once. The including file has included a vmath_<isa>.h and
// sets TILE_ROWS (at most 12), TILE_VECTORS (vectors across), TILE_SPLITS (partial sums of a row product),
// TILE_ROW_PANELS (panels of a row product at a time), TILE_ISA (suffix) and TILE_NAME(rows, vectors), and calls
// TILE_DEFINE for each size.
#include "epilogue.h"
#include "gemm/tile.h"

#if defined(__clang__)
#define TILE_UNROLL _Pragma("clang loop unroll(full)")
#define TILE_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define TILE_UNROLL _Pragma("GCC unroll 64")
#define TILE_ROLLED
#endif

#define V DLC_V
#define F(name) DLC_VF(name)
enum { W = DLC_VWIDTH, PANEL_VECTORS = DLC_PANEL / W };

// Applies a function that is not a pair of bounds to a tile that has just been written, and so lies in the nearest
// cache.
DLC_VOUTLINE void apply_function(float *const *c, size_t column, uint32_t m, uint32_t n, const dlc_epilogue *e) {
  if (DLC_HAS_FUNCTION(DLC_FN_HARD_SWISH) && e->function == DLC_FN_HARD_SWISH && n % W == 0) {
    const V third = F(splat)(1.0f / 6), half = F(splat)(0.5f), zero = F(splat)(0), one = F(splat)(1);
    for (uint32_t i = 0; i < m; i++)
      for (uint32_t j = 0; j < n; j += W) {
        V x = F(load)(c[i] + column + j);
        F(store)(c[i] + column + j, x * F(min)(one, F(max)(zero, F(fma)(x, third, half))));
      }
    return;
  }
  if (DLC_HAS_FUNCTION(DLC_FN_SILU) && e->function == DLC_FN_SILU && n % W == 0) {
    for (uint32_t i = 0; i < m; i++)
      for (uint32_t j = 0; j < n; j += W) {
        float *at = c[i] + column + j;
        F(store)(at, F(apply)(DLC_FN_SILU, e->alpha, e->beta, F(load)(at)));
      }
    return;
  }
  if (e->function == DLC_FN_LEAKY_RELU && n % W == 0) {
    const V alpha = F(splat)(e->alpha), zero = F(splat)(0);
    for (uint32_t i = 0; i < m; i++)
      for (uint32_t j = 0; j < n; j += W) {
        V x = F(load)(c[i] + column + j);
        F(store)(c[i] + column + j, F(select)(F(lt)(x, zero), alpha * x, x));
      }
    return;
  }
  for (uint32_t i = 0; i < m; i++) F(epilogue_row)(c[i] + column, n, e);
}

// Lanes of vector j that are among the first n columns.
static inline int lanes(uint32_t n, int j) {
  int left = (int)n - j * W;
  return left < 0 ? 0 : left > W ? W : left;
}

#if DLC_VWIDTH == 16
// Masked moves cost what plain ones do.
#define TILE_LOAD(p, j) F(load_part)((p) + (j)*W, count[j])
#define TILE_STORE(p, v, j) F(store_part)((p) + (j)*W, v, count[j])
#else
#define TILE_LOAD(p, j) F(load)((p) + (j)*W)
#define TILE_STORE(p, v, j) F(store)((p) + (j)*W, v)

// The end of a tile whose columns do not fill its vectors; `sums` is [m][vectors].
DLC_VOUTLINE void finish_part(const dlc_tile *t, uint32_t m, int vectors, const V *sums) {
  const V lo = F(splat)(t->lo), hi = F(splat)(t->hi);
  for (uint32_t i = 0; i < m; i++)
    for (int j = 0; j < vectors; j++) {
      size_t at = t->column + (size_t)(j * W);
      V x = sums[i * (uint32_t)vectors + (uint32_t)j];
      if (t->residual) x = x + F(load_part)(t->residual[i] + at, lanes(t->n, j));
      F(store_part)(t->c[i] + at, F(min)(hi, F(max)(lo, x)), lanes(t->n, j));
    }
}
#endif

DLC_VTARGET __attribute__((always_inline)) void tile(const dlc_tile *t, const int M, const int N) {
  V acc[TILE_ROWS][TILE_VECTORS];
  const uint32_t n = t->n;
#if DLC_VWIDTH == 16
  int count[TILE_VECTORS];
  TILE_UNROLL for (int j = 0; j < N; j++) count[j] = lanes(n, j);
#endif
  TILE_UNROLL for (int j = 0; j < N; j++) {
    V b = t->bias ? F(load_part)(t->bias + j * W, lanes(n, j)) : F(splat)(0);
    TILE_UNROLL for (int i = 0; i < M; i++) acc[i][j] = b;
  }
  const size_t depth = t->depth, stride = t->panel_stride;
  const float *const *rows = t->a;
  const int64_t *shift = t->shift;
  for (uint32_t tap = 0; tap < t->taps; tap++, rows += shift ? 0 : M) {
    const float *b = t->b + t->tap[tap] * depth * DLC_PANEL;
    const int64_t by = shift ? shift[tap] : 0;
    const float *a[TILE_ROWS];
    TILE_UNROLL for (int i = 0; i < M; i++) a[i] = rows[i] + by;
    TILE_ROLLED for (size_t k = 0; k < depth; k++) {
      V column[TILE_VECTORS];
      TILE_UNROLL for (int j = 0; j < N; j++) column[j] =
          F(load)(b + (size_t)(j / PANEL_VECTORS) * stride + (size_t)(j % PANEL_VECTORS) * W);
      TILE_UNROLL for (int i = 0; i < M; i++) {
        V x = F(splat)(a[i][k]);
        TILE_UNROLL for (int j = 0; j < N; j++) acc[i][j] = F(fma)(x, column[j], acc[i][j]);
      }
      b += DLC_PANEL;
    }
  }
  const size_t at = t->column;
#if DLC_VWIDTH != 16
  if (n != (uint32_t)(N * W)) {
    V sums[TILE_ROWS * TILE_VECTORS];
    TILE_UNROLL for (int i = 0; i < M; i++) TILE_UNROLL for (int j = 0; j < N; j++) sums[i * N + j] = acc[i][j];
    finish_part(t, (uint32_t)M, N, sums);
    if (t->epilogue) apply_function(t->c, at, (uint32_t)M, n, t->epilogue);
    return;
  }
#endif
  if (t->residual) {
    TILE_UNROLL for (int i = 0; i < M; i++) {
      const float *r = t->residual[i] + at;
      TILE_UNROLL for (int j = 0; j < N; j++) acc[i][j] = acc[i][j] + TILE_LOAD(r, j);
    }
  }
  const V lo = F(splat)(t->lo), hi = F(splat)(t->hi);
  TILE_UNROLL for (int i = 0; i < M; i++) {
    float *c = t->c[i] + at;
    TILE_UNROLL for (int j = 0; j < N; j++) TILE_STORE(c, F(min)(hi, F(max)(lo, acc[i][j])), j);
  }
  if (t->epilogue) apply_function(t->c, at, (uint32_t)M, n, t->epilogue);
}

#define TILE_DEFINE(M, N)                                                                                              \
  DLC_VOUTLINE void TILE_NAME(M, N)(const dlc_tile *t) { tile(t, M, N); }

// Bias, residual and bounds for `vectors` sums of columns from `first` on. Apart, and rolled: it runs once for all of a
// depth.
DLC_VOUTLINE void finish_row(const dlc_row_product *p, uint32_t first, const V *sums, int vectors) {
  const V lo = F(splat)(p->lo), hi = F(splat)(p->hi);
  TILE_ROLLED for (int j = 0; j < vectors; j++, first += W) {
    const int count = lanes(p->n - first, 0);
    if (first >= p->n) return;
    V x = sums[j];
    const bool whole = count == W;
    if (p->bias) x = x + (whole ? F(load)(p->bias + first) : F(load_part)(p->bias + first, count));
    if (p->residual) x = x + (whole ? F(load)(p->residual + first) : F(load_part)(p->residual + first, count));
    x = F(min)(hi, F(max)(lo, x));
    if (whole)
      F(store)(p->y + first, x);
    else
      F(store_part)(p->y + first, x, count);
  }
}

// P panels of a row product. Sums run over k modulo TILE_SPLITS, to hide the latency of an addition, then pairwise.
DLC_VTARGET __attribute__((always_inline)) void row_panels(const dlc_row_product *p, const float *b, uint32_t first,
                                                           const int P) {
  enum { S = TILE_SPLITS };
  V acc[S][TILE_ROW_PANELS * PANEL_VECTORS];
  const int N = P * PANEL_VECTORS;
  const size_t stride = p->panel_stride, depth = p->depth;
  const float *a = p->a;
  TILE_UNROLL for (int s = 0; s < S; s++) TILE_UNROLL for (int j = 0; j < N; j++) acc[s][j] = F(splat)(0);
  size_t k = 0;
  TILE_ROLLED for (; k + S <= depth; k += S, b += S * DLC_PANEL) {
    TILE_UNROLL for (int s = 0; s < S; s++) {
      V x = F(splat)(a[k + (size_t)s]);
      TILE_UNROLL for (int j = 0; j < N; j++) acc[s][j] = F(fma)(
          x, F(load)(b + s * DLC_PANEL + (size_t)(j / PANEL_VECTORS) * stride + (j % PANEL_VECTORS) * W), acc[s][j]);
    }
  }
  // What is left goes to the sums in turn, by moving them on; pairs stay pairs, so the result is the same.
  TILE_ROLLED for (; k < depth; k++, b += DLC_PANEL) {
    V x = F(splat)(a[k]);
    TILE_UNROLL for (int j = 0; j < N; j++) {
      V sum = F(fma)(x, F(load)(b + (size_t)(j / PANEL_VECTORS) * stride + (j % PANEL_VECTORS) * W), acc[0][j]);
      TILE_UNROLL for (int s = 0; s < S - 1; s++) acc[s][j] = acc[s + 1][j];
      acc[S - 1][j] = sum;
    }
  }
  V sums[TILE_ROW_PANELS * PANEL_VECTORS];
  // Written out: halving in a loop would keep the sums in memory.
  TILE_UNROLL for (int j = 0; j < N; j++) {
#if TILE_SPLITS == 4
    sums[j] = (acc[0][j] + acc[2][j]) + (acc[1][j] + acc[3][j]);
#elif TILE_SPLITS == 2
    sums[j] = acc[0][j] + acc[1][j];
#else
    sums[j] = acc[0][j];
#endif
  }
  finish_row(p, first, sums, N);
}

DLC_VTARGET void row_product(const dlc_row_product *p) {
  const float *b = p->b;
  uint32_t first = 0;
  for (; first + (TILE_ROW_PANELS - 1) * DLC_PANEL < p->n; first += TILE_ROW_PANELS * DLC_PANEL) {
    row_panels(p, b, first, TILE_ROW_PANELS);
    b += TILE_ROW_PANELS * p->panel_stride;
  }
#if TILE_ROW_PANELS > 2
  if (first + DLC_PANEL < p->n) {
    row_panels(p, b, first, 2);
    first += 2 * DLC_PANEL;
    b += 2 * p->panel_stride;
  }
#endif
#if TILE_ROW_PANELS > 1
  if (first < p->n) row_panels(p, b, first, 1);
#endif
  if (p->epilogue) F(epilogue_row)(p->y, p->n, p->epilogue);
}
