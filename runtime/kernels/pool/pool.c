// The pool family: x [N, (D, (H,)) W, C], y, indices?; channels last, up to three spatial axes.
#include "pool/pool.h"

#include "qpool/qpool.h"

// One spatial axis.
typedef struct axis {
  int64_t input, output, kernel, stride, dilation, pad_begin, pad_end;
} axis;

// Axis `i` of depth, height, width; axes that x lacks have one cell and one position.
static axis get_axis(const dlc_call *call, int i) {
  const dlc_pool_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  const dlc_window *window = &params->window;
  int at = i - 4 + x->rank;
  if (at < 1) return (axis){1, 1, 1, 1, 1, 0, 0};
  return (axis){x->dims[at],         y->dims[at],          window->kernel[i], window->stride[i],
                window->dilation[i], window->pad_begin[i], window->pad_end[i]};
}

static int pool_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 3, sizeof(dlc_pool_params)));
  const dlc_pool_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1), *indices = dlc_operand(call, 2);
  DLC_REQUIRE(params->kind >= DLC_POOL_MAX && params->kind <= DLC_POOL_LP);
  DLC_REQUIRE(dlc_valid(x) && dlc_valid_type(y, x->type) && x->rank == y->rank && x->rank >= 3 && x->rank <= 5);
  bool is_float = x->type == DLC_F32 || x->type == DLC_F64,
       is_code = x->type == DLC_I8 || x->type == DLC_U8 || x->type == DLC_I16;
  DLC_REQUIRE(is_float || (is_code && params->kind == DLC_POOL_MAX));
  DLC_REQUIRE(params->kind != DLC_POOL_LP || params->p >= 1);
  DLC_REQUIRE(x->dims[0] == y->dims[0] && x->dims[x->rank - 1] == y->dims[x->rank - 1]);
  for (int i = 0; i < 3; i++) {
    axis a = get_axis(call, i);
    DLC_REQUIRE(a.kernel >= 1 && a.stride >= 1 && a.dilation >= 1 && a.pad_begin >= 0 && a.pad_end >= 0);
    // Every window begins inside the padded input.
    DLC_REQUIRE(a.output == 0 || (a.output - 1) * a.stride < a.input + a.pad_begin + a.pad_end);
    // The axes that x lacks are described as such.
    if (i - 4 + x->rank < 1) DLC_REQUIRE(params->window.kernel[i] == 1 && params->window.pad_begin[i] == 0);
  }
  if (dlc_is_present(indices)) {
    DLC_REQUIRE(params->kind == DLC_POOL_MAX);
    DLC_REQUIRE(dlc_valid_type(indices, DLC_I64) && dlc_same_shape(indices, y));
  }
  return 0;
}

static int64_t positions(const dlc_call *call) {
  const dlc_tensor *y = dlc_operand(call, 1);
  return dlc_row_length(y) ? dlc_rows(y) : 0;
}

static uint32_t pool_parts(const dlc_call *call) {
  const dlc_pool_params *params = call->params;
  int64_t work = dlc_min64(dlc_elements(dlc_operand(call, 1)), (int64_t)1 << 31);
  for (int i = 0; i < 3; i++) {
    axis a = get_axis(call, i);
    work *= dlc_max64(1, dlc_min64(params->window.kernel[i], a.input));
    if (work > (int64_t)1 << 31) break;
  }
  return (uint32_t)dlc_max64(1, dlc_min64(dlc_parts_for(work, 32768), positions(call)));
}

// Taps k in 0..<kernel with start + k * dilation < limit, for start < limit.
static int64_t taps_below(const axis *a, int64_t start, int64_t limit) {
  if (limit <= start) return 0;
  return dlc_min64(a->kernel, a->dilation == 1 ? limit - start : (limit - start + a->dilation - 1) / a->dilation);
}

// A call whose geometry is worked out.
typedef struct plan {
  const dlc_pool_params *params;
  axis axes[3];
  int64_t bytes;
  int64_t strides[3]; // of x's cells
  int64_t steps[3];   // of the channels-first index
  int64_t plane;
} plan;

static void make_plan(plan *p, const dlc_call *call) {
  const dlc_tensor *x = dlc_operand(call, 0);
  p->params = call->params;
  p->bytes = (int64_t)dlc_type_size(x->type);
  int64_t stride = x->pitch;
  for (int i = 2; i >= 0; i--) {
    p->axes[i] = get_axis(call, i);
    p->strides[i] = stride;
    stride *= p->axes[i].input;
  }
  int64_t height = p->axes[1].input, width = p->axes[2].input;
  p->plane = p->axes[0].input * height * width;
  p->steps[0] = height * width;
  p->steps[1] = p->params->column_major ? 1 : width;
  p->steps[2] = p->params->column_major ? height : 1;
}

// The cells of output position `at` (of N, D, H, W).
static void find_cells(const plan *p, const dlc_tensor *x, int64_t at, dlc_pool_cells *cells) {
  int64_t offset = 0, origin = 0, index;
  double divisor = 1;
  cells->channels = dlc_row_length(x);
  cells->plane = p->plane;
  for (int i = 2; i >= 0; i--, at = index) {
    const axis *a = &p->axes[i];
    index = at / a->output;
    int64_t start = (at - index * a->output) * a->stride - a->pad_begin;
    int64_t first = start < 0 ? (-start + a->dilation - 1) / a->dilation : 0;
    int64_t inside = taps_below(a, start, a->input);
    cells->counts[i] = dlc_max64(0, inside - first);
    // With two cells the dilation is less than the input, so that products stay inside the tensor.
    bool moves = cells->counts[i] > 1;
    cells->strides[i] = moves ? a->dilation * p->strides[i] : 0;
    cells->steps[i] = moves ? a->dilation * p->steps[i] : 0;
    if (cells->counts[i] > 0) {
      offset += (start + first * a->dilation) * p->strides[i];
      origin += (start + first * a->dilation) * p->steps[i];
    }
    divisor *= (double)(p->params->count_include_pad ? taps_below(a, start, a->input + a->pad_end) : cells->counts[i]);
  }
  int64_t image = p->plane * x->pitch, cells_inside = cells->counts[0] * cells->counts[1] * cells->counts[2];
  cells->x = cells_inside > 0 ? dlc_at(x->data, (at * image + offset) * p->bytes) : NULL;
  cells->origin = at * cells->channels * p->plane + origin;
  cells->divisor = divisor > 1 ? divisor : 1;
}

static dlc_pool_f32 *vector_row(const plan *p, uint8_t type, bool indexed) {
  if (type != DLC_F32 || indexed) return NULL;
  const dlc_pool_rows *rows = DLC_ROWS(dlc_pool_rows);
  switch (p->params->kind) {
  case DLC_POOL_MAX: return rows->maximum;
  case DLC_POOL_AVERAGE: return rows->average;
  default: return p->params->p == 1 ? rows->norm1 : p->params->p == 2 ? rows->norm2 : NULL;
  }
}

static int pool_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1), *indices = dlc_operand(call, 2);
  bool indexed = dlc_is_present(indices);
  plan p;
  make_plan(&p, call);
  dlc_pool_f32 *row = vector_row(&p, x->type, indexed);
  int64_t begin, end;
  dlc_split(positions(call), 1, part, parts, &begin, &end);
  for (int64_t at = begin; at < end; at++) {
    dlc_pool_cells cells;
    find_cells(&p, x, at, &cells);
    void *to = dlc_at_mutable(y->data, at * y->pitch * p.bytes);
    if (cells.x == NULL) cells.counts[0] = 0;
    if (row) {
      row(&cells, to);
    } else if (x->type == DLC_U8 && !indexed) {
      dlc_qpool_cells bytes = {.x = cells.x, .channels = cells.channels};
      memcpy(bytes.counts, cells.counts, sizeof bytes.counts);
      memcpy(bytes.strides, cells.strides, sizeof bytes.strides);
      if (!bytes.x) bytes.x = x->data;
      DLC_ROWS(dlc_qpool_rows)->maximum(&bytes, to);
    } else
      dlc_pool_plain(p.params, x->type, &cells, to, indexed ? (int64_t *)indices->data + at * indices->pitch : NULL);
  }
  return 0;
}

const dlc_kernel dlc_pool_kernel = {
    .name = "pool",
    .params_bytes = sizeof(dlc_pool_params),
    .min_operands = 2,
    .max_operands = 3,
    .check = pool_check,
    .parts = pool_parts,
    .run = pool_run,
};
