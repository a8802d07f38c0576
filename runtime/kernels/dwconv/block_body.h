// Blocks of adjacent output rows and cells of a depthwise convolution with a square window, for one instruction set.
// The including file has included a vmath_<isa>.h and dwconv/row_body.h, and sets BLOCK_ROWS and BLOCK_NAME.
// Inputs are loaded once for all outputs of the block that share them; every output is summed in the order of
// row_body.h.

enum { BLOCK_CELLS = 4 };

// The channels c...c+count-1 (count = W but for the last vector) of a block at output cell q; R rows for window K and
// stride S. edge: some of the block's inputs or outputs lie outside the row, and it has `keep` rows.
DLC_VTARGET __attribute__((always_inline)) void block(const dlc_dwconv_block *b, int32_t q, int64_t c, int count,
                                                      const int R, const int K, const int S, const bool edge,
                                                      const bool part) {
  enum { P = BLOCK_CELLS };
  const dlc_dwconv_row *r = &b->row;
  V acc[BLOCK_ROWS][P], tap[5 * 5];
  const int64_t pitch = r->x_pitch, tap_pitch = r->w_pitch;
  V bias = F(splat)(0);
  if (r->bias) bias = part ? F(load_part)(r->bias + c, count) : F(load)(r->bias + c);
  ROW_UNROLL for (int k = 0; k < R; k++) ROW_UNROLL for (int i = 0; i < P; i++) acc[k][i] = bias;
  const float *w = r->w[0] + c;
  ROW_UNROLL for (int t = 0; t < K * K; t++) tap[t] =
      part ? F(load_part)(w + t * tap_pitch, count) : F(load)(w + t * tap_pitch);
  const int32_t begin = q * S + r->offset;
  ROW_UNROLL for (int h = 0; h < (R - 1) * S + K; h++) {
    if (!r->x[h]) continue;
    const float *x = r->x[h] + begin * pitch + c;
    ROW_UNROLL for (int j = 0; j < (P - 1) * S + K; j++) {
      if (edge && (uint32_t)(begin + j) >= (uint32_t)r->in) continue;
      V cell = part ? F(load_part)(x + j * pitch, count) : F(load)(x + j * pitch);
      ROW_UNROLL for (int k = 0; k < R; k++) ROW_UNROLL for (int i = 0; i < P; i++) {
        const int th = h - k * S, t = j - i * S;
        if (th >= 0 && th < K && t >= 0 && t < K) acc[k][i] = F(fma)(cell, tap[th * K + t], acc[k][i]);
      }
    }
  }
  const V lo = F(splat)(r->lo), hi = F(splat)(r->hi);
  ROW_UNROLL for (int k = 0; k < R; k++) {
    if (k >= b->keep) break;
    ROW_UNROLL for (int i = 0; i < P; i++) {
      if (edge && q + i >= r->out) break;
      V sum = acc[k][i];
      if (r->residual) {
        const float *residual = r->residual + k * b->residual_row + (q + i) * r->residual_pitch + c;
        sum = sum + (part ? F(load_part)(residual, count) : F(load)(residual));
      }
      sum = F(min)(hi, F(max)(lo, sum));
      float *y = r->y + k * b->y_row + (q + i) * r->y_pitch + c;
      if (part)
        F(store_part)(y, sum, count);
      else
        F(store)(y, sum);
    }
  }
}

// What serves shapes that the build leaves out goes away.
#define SHAPE(bit, function) (DLC_DWCONV_SHAPES >> (bit)&1u ? (function) : NULL)

#define BLOCK_RUN(name, R, K, S, edge)                                                                                 \
  DLC_VOUTLINE void name(const dlc_dwconv_block *b, int32_t q) {                                                       \
    const int64_t channels = b->row.channels;                                                                          \
    int64_t c = 0;                                                                                                     \
    for (; c + W <= channels; c += W) block(b, q, c, W, R, K, S, edge, false);                                         \
    if (c < channels) block(b, q, c, (int)(channels - c), R, K, S, edge, true);                                        \
  }
BLOCK_RUN(inner_3x1, BLOCK_ROWS, 3, 1, false)
BLOCK_RUN(inner_3x2, 2, 3, 2, false)
BLOCK_RUN(inner_5x1, 2, 5, 1, false)
BLOCK_RUN(inner_5x2, 2, 5, 2, false)
BLOCK_RUN(edge_3x1, BLOCK_ROWS, 3, 1, true)
BLOCK_RUN(edge_3x2, 2, 3, 2, true)
BLOCK_RUN(edge_5x1, 2, 5, 1, true)
BLOCK_RUN(edge_5x2, 2, 5, 2, true)

#if defined(DLC_TARGET_AVX512) && DLC_VWIDTH == 16
DLC_TARGET_AVX512
#elif defined(DLC_TARGET_AVX2) && DLC_VWIDTH == 8
DLC_TARGET_AVX2
#endif
static void run_block(const dlc_dwconv_block *b) {
  typedef void (*run)(const dlc_dwconv_block *, int32_t);
  const dlc_dwconv_row *r = &b->row;
  const bool three = r->kernel == 3, one = r->stride == 1;
  const run inner = three ? one ? SHAPE(0, inner_3x1) : SHAPE(1, inner_3x2)
                    : one ? SHAPE(2, inner_5x1)
                          : SHAPE(3, inner_5x2);
  const run edge = three ? one ? SHAPE(0, edge_3x1) : SHAPE(1, edge_3x2)
                   : one ? SHAPE(2, edge_5x1)
                         : SHAPE(3, edge_5x2);
  for (int32_t q = 0; q < r->out; q += BLOCK_CELLS) {
    const int64_t begin = (int64_t)q * r->stride + r->offset, end = begin + (BLOCK_CELLS - 1) * r->stride + r->kernel;
    (begin < 0 || end > r->in || q + BLOCK_CELLS > r->out ? edge : inner)(b, q);
    if (!r->epilogue) continue;
    for (int32_t k = 0; k < b->keep; k++)
      for (int32_t i = q; i < q + BLOCK_CELLS && i < r->out; i++)
        F(epilogue_row)(r->y + k * b->y_row + i * r->y_pitch, r->channels, r->epilogue);
  }
}

const dlc_dwconv_isa BLOCK_NAME = {SHAPE(4, ROW_NAME), DLC_DWCONV_SHAPES & 0xFu ? run_block : NULL, BLOCK_ROWS};
#undef SHAPE
