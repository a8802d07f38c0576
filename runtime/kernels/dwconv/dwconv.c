// dwconv f32: every input channel has its own window; an output row at a time.
#include "dwconv/row.h"
#include "gemm/check.h"
#include "types.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 5 && call->params_bytes == sizeof(dlc_dwconv_params));
  const dlc_dwconv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *w = &call->operands[1], *y = &call->operands[4];
  DLC_REQUIRE(dlc_is_f32(x, 5) && dlc_is_f32(y, 5) && dlc_is_dense_f32(w, 4));
  DLC_REQUIRE(dlc_window_valid(&p->window) && dlc_window_fits(&p->window, x, y));
  DLC_REQUIRE(p->multiplier >= 1 && (int64_t)x->dims[4] * p->multiplier == y->dims[4]);
  DLC_REQUIRE(dlc_epilogue_valid(&p->epilogue));
  for (int i = 0; i < 3; i++) DLC_REQUIRE(w->dims[i] == p->window.kernel[i]);
  DLC_REQUIRE(w->dims[3] == y->dims[4]);
  // Expanded rows (see expand) are scratch: bounded, so that their bytes fit size_t everywhere.
  int64_t floats;
  DLC_REQUIRE(!__builtin_mul_overflow((int64_t)x->dims[3] * p->window.kernel[0] * p->window.kernel[1],
                                      (int64_t)y->dims[4], &floats));
  DLC_REQUIRE(p->multiplier == 1 || floats <= (int64_t)1 << 27);
  DLC_REQUIRE(dlc_is_bias(&call->operands[2], y->dims[4]));
  DLC_REQUIRE(dlc_is_residual(&call->operands[3], y));
  DLC_REQUIRE_BUILT(DLC_DWCONV_SHAPES >> dlc_dwconv_shape(p) & 1u);
  return 0;
}

static size_t align64(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static size_t pointer_bytes(const dlc_dwconv_params *p) {
  return align64((size_t)p->window.kernel[0] * (size_t)p->window.kernel[1] * 2 * sizeof(float *));
}

static size_t scratch(const dlc_call *call) {
  const dlc_dwconv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[4];
  size_t rows = (size_t)p->window.kernel[0] * (size_t)p->window.kernel[1];
  size_t expanded = p->multiplier == 1 ? 0 : rows * (size_t)x->dims[3] * (size_t)y->dims[4] * sizeof(float);
  return pointer_bytes(p) + expanded;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *w = &call->operands[1], *y = &call->operands[4];
  const int64_t rows = (int64_t)y->dims[0] * y->dims[1] * y->dims[2];
  const double work = (double)dlc_elements(y) * w->dims[0] * w->dims[1] * w->dims[2];
  int64_t parts = work > 64e5 ? 64 : (int64_t)(work / 1e5);
  if (parts > rows) parts = rows;
  return parts < 1 ? 1 : (uint32_t)parts;
}

// Repeats every channel `multiplier` times, so that a row with several outputs a channel runs as one without.
static void expand(const float *x, int64_t cells, int64_t pitch, int64_t channels, int64_t multiplier, float *to) {
  for (int64_t i = 0; i < cells; i++, x += pitch)
    for (int64_t c = 0; c < channels; c++)
      for (int64_t j = 0; j < multiplier; j++) *to++ = x[c];
}

static const dlc_dwconv_isa *current(void) { return DLC_ROWS(dlc_dwconv); }

// Channels handled at a time: few enough that the input rows of one output row stay in the nearest cache until the
// next. Images beyond the second cache are read in order instead, which is what prefetching wants.
static int64_t channels_at_once(const dlc_dwconv_params *p, const dlc_tensor *x, int64_t channels) {
  enum { CACHE_FLOATS = 6 << 10, SECOND_CACHE_FLOATS = 1 << 18, GRAIN = 32 };
  const int64_t width = x->dims[3];
  if (p->multiplier > 1 || p->window.kernel[1] == 1 || x->dims[2] * width * channels > SECOND_CACHE_FLOATS)
    return channels;
  int64_t most = CACHE_FLOATS / (width * p->window.kernel[1]) / GRAIN * GRAIN;
  if (most < GRAIN) most = GRAIN;
  if (most >= channels) return channels;
  int64_t blocks = (channels + most - 1) / most;
  return (channels / blocks + GRAIN - 1) / GRAIN * GRAIN;
}

// One output row of the channels from `first` on; r holds what rows have in common.
static void run_row(const dlc_call *call, const dlc_dwconv_row *common, const dlc_dwconv_isa *isa, int64_t row,
                    int64_t first) {
  const dlc_dwconv_params *p = call->params;
  const dlc_window *window = &p->window;
  const dlc_tensor *x = &call->operands[0], *w = &call->operands[1], *residual = &call->operands[3],
                   *y = &call->operands[4];
  const float **rows = call->scratch, **weights = rows + window->kernel[0] * window->kernel[1];
  float *expanded = (float *)((char *)call->scratch + pointer_bytes(p));
  const int64_t width = x->dims[3], channels = y->dims[4];
  const int64_t oh = row % y->dims[2], od = row / y->dims[2] % y->dims[1], image = row / y->dims[2] / y->dims[1];
  dlc_dwconv_row r = *common;
  r.x = rows;
  r.w = weights;
  for (int32_t kd = 0; kd < window->kernel[0]; kd++)
    for (int32_t kh = 0; kh < window->kernel[1]; kh++) {
      int64_t d = od * window->stride[0] - window->pad_begin[0] + (int64_t)kd * window->dilation[0];
      int64_t h = oh * window->stride[1] - window->pad_begin[1] + (int64_t)kh * window->dilation[1];
      if (d < 0 || d >= x->dims[1] || h < 0 || h >= x->dims[2]) continue;
      const float *from = (const float *)x->data + ((image * x->dims[1] + d) * x->dims[2] + h) * width * x->pitch;
      if (p->multiplier > 1) {
        float *to = expanded + r.rows * width * channels;
        expand(from, width, x->pitch, x->dims[4], p->multiplier, to);
        from = to;
      }
      rows[r.rows] = from + first;
      weights[r.rows++] =
          (const float *)w->data + ((int64_t)kd * window->kernel[1] + kh) * window->kernel[2] * channels + first;
    }
  if (r.bias) r.bias += first;
  r.y = (float *)y->data + row * y->dims[3] * y->pitch + first;
  if (residual->data) r.residual = (const float *)residual->data + row * y->dims[3] * residual->pitch + first;
  isa->row(&r);
}

// Output rows [begin, end) of all images in blocks.
static void run_blocks(const dlc_call *call, const dlc_dwconv_row *common, const dlc_dwconv_isa *isa, int64_t begin,
                       int64_t end) {
  const dlc_dwconv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *residual = &call->operands[3], *y = &call->operands[4];
  const int32_t kernel = p->window.kernel[1], stride = p->window.stride[1];
  const int64_t most = kernel == 3 && stride == 1 ? isa->rows : 2, input_row = (int64_t)x->dims[3] * x->pitch;
  const float *rows[DLC_DWCONV_MOST_INPUT_ROWS], *weights = call->operands[1].data;
  dlc_dwconv_block b = {
      .row = *common, .y_row = (int64_t)y->dims[3] * y->pitch, .residual_row = (int64_t)y->dims[3] * residual->pitch};
  b.row.x = rows;
  b.row.w = &weights;
  b.row.channels = y->dims[4];
  while (begin < end) {
    // Depth slices are images of their own: the window has one.
    const int64_t image = begin / y->dims[2], oh = begin % y->dims[2];
    int64_t keep = end - begin;
    if (keep > y->dims[2] - oh) keep = y->dims[2] - oh;
    if (keep > most) keep = most;
    for (int32_t i = 0; i < (most - 1) * stride + kernel; i++) {
      const int64_t h = oh * stride - p->window.pad_begin[1] + i;
      rows[i] = h < 0 || h >= x->dims[2] ? NULL : (const float *)x->data + (image * x->dims[2] + h) * input_row;
    }
    b.keep = (int32_t)keep;
    b.row.y = (float *)y->data + begin * b.y_row;
    if (residual->data) b.row.residual = (const float *)residual->data + begin * b.residual_row;
    isa->block(&b);
    begin += keep;
  }
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_dwconv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *residual = &call->operands[3], *y = &call->operands[4];
  if (dlc_elements(y) == 0) return 0;
  const int64_t channels = y->dims[4], step = channels_at_once(p, x, channels);
  dlc_dwconv_row r = {
      .kernel = p->window.kernel[2],
      .stride = p->window.stride[2],
      .dilation = p->window.dilation[2],
      .offset = -p->window.pad_begin[2],
      .in = x->dims[3],
      .out = y->dims[3],
      .x_pitch = p->multiplier == 1 ? x->pitch : channels,
      .w_pitch = channels,
      .y_pitch = y->pitch,
      .residual_pitch = residual->pitch,
      .bias = call->operands[2].data,
  };
  r.epilogue = dlc_epilogue_bounds(&p->epilogue, &r.lo, &r.hi) ? NULL : &p->epilogue;
  const dlc_dwconv_isa *isa = current();
  int64_t begin, end;
  dlc_split((int64_t)y->dims[0] * y->dims[1] * y->dims[2], 1, part, parts, &begin, &end);
  if (dlc_dwconv_shape(p) < 4) {
    run_blocks(call, &r, isa, begin, end);
    return 0;
  }
  for (int64_t first = 0; first < channels; first += step) {
    r.channels = channels - first < step ? channels - first : step;
    for (int64_t row = begin; row < end; row++) run_row(call, &r, isa, row, first);
  }
  return 0;
}

const dlc_kernel dlc_dwconv_kernel = {
    .name = "dwconv",
    .params_bytes = sizeof(dlc_dwconv_params),
    .min_operands = 5,
    .max_operands = 5,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
