// conv f32: windows as tiles over gathered input rows; nothing is ever copied into matrix form.
#include <string.h>

#include "conv/gather.h"
#include "gemm/check.h"

// Bytes that the copied rows of a band (see run_banded) aim at, and the most that are copied at all.
enum { BAND_BYTES = 64 << 10, BAND_MOST_CHANNELS = 16, BAND_MOST_FLOATS = 1 << 23 };

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 5 && call->params_bytes == sizeof(dlc_conv_params));
  const dlc_conv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *w = &call->operands[1], *y = &call->operands[4];
  DLC_REQUIRE(dlc_is_f32(x, 5) && dlc_is_f32(y, 5) && dlc_is_dense_f32(w, 4));
  DLC_REQUIRE(dlc_window_valid(&p->window) && dlc_window_fits(&p->window, x, y));
  DLC_REQUIRE(p->groups >= 1 && x->dims[4] % p->groups == 0 && y->dims[4] % p->groups == 0);
  DLC_REQUIRE(dlc_epilogue_valid(&p->epilogue));
  int32_t outputs = y->dims[4] / p->groups;
  int64_t taps = (int64_t)p->window.kernel[0] * p->window.kernel[1] * p->window.kernel[2], depth;
  DLC_REQUIRE(!__builtin_mul_overflow(taps, (int64_t)(x->dims[4] / p->groups), &depth));
  DLC_REQUIRE(w->dims[0] == p->groups && w->dims[1] == outputs / DLC_PANEL + (outputs % DLC_PANEL != 0));
  DLC_REQUIRE(w->dims[2] == depth && w->dims[3] == DLC_PANEL);
  DLC_REQUIRE(dlc_is_bias(&call->operands[2], y->dims[4]));
  DLC_REQUIRE(dlc_is_residual(&call->operands[3], y));
  return 0;
}

static bool is_padded(const dlc_window *w) {
  for (int i = 0; i < 3; i++)
    if (w->pad_begin[i] || w->pad_end[i]) return true;
  return false;
}

// Whether a window's row is contiguous once the input's rows are dense: it is then one tap.
static bool has_row_taps(const dlc_conv_params *p) {
  return p->groups == 1 && p->window.kernel[2] > 1 && p->window.dilation[2] == 1;
}

// Row taps on the input as it lies.
static bool is_merged(const dlc_conv_params *p, const dlc_tensor *x) {
  return has_row_taps(p) && dlc_is_dense(x) && !p->window.pad_begin[2] && !p->window.pad_end[2];
}

typedef struct band {
  int64_t row_floats;           // a copied row with its padding
  int64_t out_rows, input_rows; // of a full band
} band;

static band band_of(const dlc_conv_params *p, const dlc_tensor *x, const dlc_tensor *y) {
  const dlc_window *w = &p->window;
  band b = {.row_floats = ((int64_t)x->dims[3] + w->pad_begin[2] + w->pad_end[2]) * x->dims[4]};
  int64_t reach = (int64_t)w->dilation[1] * (w->kernel[1] - 1) + 1;
  int64_t room = BAND_BYTES / (int64_t)sizeof(float) / (b.row_floats ? b.row_floats : 1);
  int64_t out_rows = room > reach ? (room - reach) / w->stride[1] + 1 : 1;
  // At least a tile or two of cells, so that short rows fill tiles.
  int64_t few = 2 * DLC_TILE_MAX_ROWS / (y->dims[3] ? y->dims[3] : 1) + 1;
  if (out_rows < few) out_rows = few;
  if (out_rows > y->dims[2]) out_rows = y->dims[2];
  b.out_rows = out_rows;
  b.input_rows = (out_rows - 1) * w->stride[1] + reach;
  return b;
}

// Row taps on copied input rows with their padding: few channels only, where taps are short.
static bool is_banded(const dlc_conv_params *p, const dlc_tensor *x, const dlc_tensor *y) {
  const dlc_window *w = &p->window;
  const band b = band_of(p, x, y);
  return has_row_taps(p) && !is_merged(p, x) && x->dims[4] <= BAND_MOST_CHANNELS && w->kernel[0] == 1 &&
         w->stride[0] == 1 && !w->pad_begin[0] && !w->pad_end[0] && b.input_rows * b.row_floats <= BAND_MOST_FLOATS;
}

static uint32_t listed_taps(const dlc_conv_params *p, const dlc_tensor *x, const dlc_tensor *y) {
  const dlc_window *w = &p->window;
  uint32_t rows = (uint32_t)w->kernel[0] * (uint32_t)w->kernel[1];
  return is_merged(p, x) || is_banded(p, x, y) ? rows : rows * (uint32_t)w->kernel[2];
}

static size_t align64(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

// A zero row for padding: the deepest tap.
static size_t zero_bytes(const dlc_conv_params *p, const dlc_tensor *x) {
  int64_t depth = x->dims[4] / p->groups * (int64_t)(is_merged(p, x) ? p->window.kernel[2] : 1);
  return align64((size_t)depth * sizeof(float));
}

static size_t scratch(const dlc_call *call) {
  const dlc_conv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[4];
  size_t bytes = dlc_contract_scratch(listed_taps(p, x, y)) + zero_bytes(p, x);
  if (is_banded(p, x, y)) {
    band b = band_of(p, x, y);
    bytes += align64((size_t)b.input_rows * (size_t)b.row_floats * sizeof(float));
  }
  return bytes;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *x = &call->operands[0], *w = &call->operands[1], *y = &call->operands[4];
  int64_t rows = dlc_rows(y);
  uint32_t parts = dlc_contract_parts(rows, y->dims[4], w->dims[2]);
  if (is_banded(call->params, x, y)) {
    int64_t units = (int64_t)y->dims[0] * y->dims[1] * y->dims[2];
    if (parts > units) parts = units ? (uint32_t)units : 1;
  }
  return parts;
}

static dlc_gather gather_of(const dlc_conv_params *p, const dlc_tensor *x, const dlc_tensor *y) {
  dlc_gather g = {.x = x->data, .pitch = x->pitch, .row_pitch = (int64_t)x->dims[3] * x->pitch};
  for (int i = 0; i < 3; i++) g.axis[i] = dlc_window_axis_of(&p->window, i, x, y);
  return g;
}

// Copies the input rows of `rows` output rows from `first` of image `image` into dense rows with zero borders.
static void copy_band(const dlc_conv_params *p, const dlc_tensor *x, const band *b, int64_t image, int32_t first,
                      int32_t rows, float *to) {
  const dlc_window *w = &p->window;
  const int64_t channels = x->dims[4], width = x->dims[3], left = w->pad_begin[2] * channels, middle = width * channels;
  const int64_t begin = (int64_t)first * w->stride[1] - w->pad_begin[1];
  const int64_t count = (int64_t)(rows - 1) * w->stride[1] + (int64_t)w->dilation[1] * (w->kernel[1] - 1) + 1;
  for (int64_t i = 0; i < count; i++, to += b->row_floats) {
    int64_t row = begin + i;
    if (row < 0 || row >= x->dims[2]) {
      memset(to, 0, (size_t)b->row_floats * sizeof(float));
      continue;
    }
    const float *from = (const float *)x->data + (image * x->dims[2] + row) * width * x->pitch;
    memset(to, 0, (size_t)left * sizeof(float));
    if (dlc_is_dense(x)) {
      memcpy(to + left, from, (size_t)middle * sizeof(float));
    } else {
      for (int64_t c = 0; c < width; c++)
        memcpy(to + left + c * channels, from + c * x->pitch, (size_t)channels * sizeof(float));
    }
    memset(to + left + middle, 0, (size_t)(b->row_floats - left - middle) * sizeof(float));
  }
}

// Few input channels and padding: bands of input rows are copied with their borders, so that each window row is one
// tap.
static void run_banded(const dlc_call *call, dlc_contraction *c, uint32_t part, uint32_t parts) {
  const dlc_conv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[4];
  const band b = band_of(p, x, y);
  float *copied = call->scratch;
  char *tables = (char *)call->scratch + align64((size_t)b.input_rows * (size_t)b.row_floats * sizeof(float));
  const int64_t width = y->dims[3], height = y->dims[2];
  int64_t begin, end;
  dlc_split((int64_t)y->dims[0] * y->dims[1] * height, 1, part, parts, &begin, &end);
  dlc_gather g = gather_of(p, x, y);
  g.x = copied;
  g.pitch = x->dims[4];
  g.row_pitch = b.row_floats;
  g.axis[0].in = g.axis[0].out = g.axis[0].y_size = 1;
  g.axis[1].offset = g.axis[2].offset = 0;
  g.axis[1].in = (int32_t)b.input_rows;
  g.axis[2].in = x->dims[3] + p->window.pad_begin[2] + p->window.pad_end[2];
  g.axis[2].taps = 1;
  c->context = &g;
  c->depth = (uint32_t)(x->dims[4] * p->window.kernel[2]);
  c->taps = (uint32_t)p->window.kernel[1];
  float *const out = c->y;
  const float *const residual = c->residual;
  while (begin < end) {
    const int64_t image = begin / height, first = begin % height;
    int64_t rows = end - begin;
    if (rows > height - first) rows = height - first;
    if (rows > b.out_rows) {
      int64_t bands = (rows + b.out_rows - 1) / b.out_rows;
      rows = (rows + bands - 1) / bands;
    }
    copy_band(p, x, &b, image, (int32_t)first, (int32_t)rows, copied);
    g.axis[1].out = g.axis[1].y_size = (int32_t)rows;
    c->y = out + begin * width * c->y_pitch;
    if (residual) c->residual = residual + begin * width * c->residual_pitch;
    dlc_contract(c, 0, rows * width, 0, c->n, tables);
    begin += rows;
  }
}

// A single output cell of a 1x1 window, as squeeze-and-excitation layers have it, is a row product.
static bool is_row_product(const dlc_conv_params *p, const dlc_tensor *y) {
  const int32_t *k = p->window.kernel;
  return dlc_rows(y) == 1 && k[0] == 1 && k[1] == 1 && k[2] == 1 && !is_padded(&p->window);
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_conv_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *w = &call->operands[1], *bias = &call->operands[2],
                   *residual = &call->operands[3], *y = &call->operands[4];
  if (dlc_elements(y) == 0) return 0;
  const uint32_t outputs = (uint32_t)(y->dims[4] / p->groups), inputs = (uint32_t)(x->dims[4] / p->groups);
  const int64_t rows = dlc_rows(y), depth = w->dims[2];
  dlc_gather g = gather_of(p, x, y);
  dlc_contraction c = {
      .source = dlc_gather_rows,
      .shifts = dlc_gather_shifts,
      .context = &g,
      .b = w->data,
      .panel_stride = (size_t)depth * DLC_PANEL,
      .bias = bias->data,
      .residual = residual->data,
      .y = y->data,
      .residual_pitch = residual->pitch,
      .y_pitch = y->pitch,
      .n = outputs,
      .taps = listed_taps(p, x, y),
      .depth = inputs,
      .epilogue = p->epilogue,
  };
  if (is_banded(p, x, y)) {
    run_banded(call, &c, part, parts);
    return 0;
  }
  if (is_merged(p, x)) {
    g.axis[2].taps = 1;
    c.depth = inputs * (uint32_t)p->window.kernel[2];
  }
  g.zeros = call->scratch;
  if (is_padded(&p->window)) memset(call->scratch, 0, zero_bytes(p, x));
  void *tables = (char *)call->scratch + zero_bytes(p, x);
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(rows, outputs, depth, part, parts, &row_begin, &row_end, &column_begin, &column_end);
  const size_t group_floats = (size_t)w->dims[1] * c.panel_stride;
  for (int32_t group = 0; group < p->groups; group++) {
    if (is_row_product(p, y)) {
      if (row_begin == row_end || column_begin == column_end) break;
      dlc_row_product r = {
          .a = g.x,
          .b = c.b + column_begin / DLC_PANEL * c.panel_stride,
          .panel_stride = c.panel_stride,
          .bias = c.bias ? c.bias + column_begin : NULL,
          .residual = c.residual ? c.residual + column_begin : NULL,
          .y = c.y + column_begin,
          .n = column_end - column_begin,
          .depth = c.depth,
      };
      r.epilogue = dlc_epilogue_bounds(&c.epilogue, &r.lo, &r.hi) ? NULL : &c.epilogue;
      dlc_tile_current()->row(&r);
    } else {
      dlc_contract(&c, row_begin, row_end, column_begin, column_end, tables);
    }
    g.x += inputs;
    c.b += group_floats;
    c.y += outputs;
    if (c.bias) c.bias += outputs;
    if (c.residual) c.residual += outputs;
  }
  return 0;
}

const dlc_kernel dlc_conv_kernel = {
    .name = "conv",
    .params_bytes = sizeof(dlc_conv_params),
    .min_operands = 5,
    .max_operands = 5,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
