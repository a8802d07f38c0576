// qpool: the average of x u8 or s16 [N, (D, (H,)) W, C] over windows, y as x; channels last, up to three spatial axes.
#include "qpool/qpool.h"

// One spatial axis.
typedef struct axis {
  int64_t input, output, kernel, stride, dilation, pad_begin, pad_end;
} axis;

// Most cells of a window inside x: their sum fits s32.
#define MOST_CELLS ((int64_t)1 << 23)
#define MOST_CELLS_S16 ((int64_t)1 << 16)

static bool is_s16(const dlc_call *call) { return DLC_HAS_TYPE(DLC_I16) && dlc_operand(call, 0)->type == DLC_I16; }

// Axis `i` of depth, height, width; axes that x lacks have one cell and one position.
static axis get_axis(const dlc_call *call, int i) {
  const dlc_qpool_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  const dlc_window *window = &params->window;
  const int at = i - 4 + x->rank;
  if (at < 1) return (axis){1, 1, 1, 1, 1, 0, 0};
  return (axis){x->dims[at],         y->dims[at],          window->kernel[i], window->stride[i],
                window->dilation[i], window->pad_begin[i], window->pad_end[i]};
}

static int qpool_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_qpool_params)));
  const dlc_qpool_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  const uint8_t type = is_s16(call) ? DLC_I16 : DLC_U8;
  const int32_t most_zero = is_s16(call) ? 0 : 255;
  DLC_REQUIRE(dlc_valid_type(x, type) && dlc_valid_type(y, type));
  DLC_REQUIRE(x->rank == y->rank && x->rank >= 3 && x->rank <= 5);
  DLC_REQUIRE(x->dims[0] == y->dims[0] && x->dims[x->rank - 1] == y->dims[x->rank - 1]);
  DLC_REQUIRE(params->x_zero >= 0 && params->x_zero <= most_zero && params->zero >= 0 && params->zero <= most_zero);
  int64_t cells = 1;
  for (int i = 0; i < 3; i++) {
    const axis a = get_axis(call, i);
    DLC_REQUIRE(a.kernel >= 1 && a.stride >= 1 && a.dilation >= 1 && a.pad_begin >= 0 && a.pad_end >= 0);
    // Every window begins inside the padded input.
    DLC_REQUIRE(a.output == 0 || (a.output - 1) * a.stride < a.input + a.pad_begin + a.pad_end);
    // The axes that x lacks are described as such.
    if (i - 4 + x->rank < 1) DLC_REQUIRE(params->window.kernel[i] == 1 && params->window.pad_begin[i] == 0);
    cells *= dlc_max64(1, dlc_min64(a.kernel, a.input));
    DLC_REQUIRE(cells <= (is_s16(call) ? MOST_CELLS_S16 : MOST_CELLS));
  }
  return 0;
}

static int64_t positions(const dlc_call *call) {
  const dlc_tensor *y = dlc_operand(call, 1);
  return dlc_row_length(y) ? dlc_rows(y) : 0;
}

static uint32_t qpool_parts(const dlc_call *call) {
  int64_t work = dlc_min64(dlc_elements(dlc_operand(call, 1)), (int64_t)1 << 31);
  for (int i = 0; i < 3; i++) {
    const axis a = get_axis(call, i);
    work = dlc_min64(work * dlc_max64(1, dlc_min64(a.kernel, a.input)), (int64_t)1 << 31);
  }
  return (uint32_t)dlc_max64(1, dlc_min64(dlc_parts_for(work, 65536), positions(call)));
}

// Taps k in 0..<kernel with start + k * dilation < limit.
static int64_t taps_below(const axis *a, int64_t start, int64_t limit) {
  if (limit <= start) return 0;
  return dlc_min64(a->kernel, a->dilation == 1 ? limit - start : (limit - start + a->dilation - 1) / a->dilation);
}

// The cells of output position `at` (of N, D, H, W).
static dlc_qpool_cells find_cells(const dlc_call *call, const axis axes[3], const int64_t strides[3], int64_t at) {
  const dlc_qpool_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0);
  dlc_qpool_cells cells = {.channels = dlc_row_length(x)};
  const int64_t size = (int64_t)dlc_type_size(x->type);
  cells.end = (const uint8_t *)x->data + ((dlc_rows(x) - 1) * x->pitch + cells.channels) * size;
  int64_t offset = 0, index, counted = 1, inside = 1;
  for (int i = 2; i >= 0; i--, at = index) {
    const axis *a = &axes[i];
    index = at / a->output;
    const int64_t start = (at - index * a->output) * a->stride - a->pad_begin;
    const int64_t first = start < 0 ? (-start + a->dilation - 1) / a->dilation : 0;
    cells.counts[i] = dlc_max64(0, taps_below(a, start, a->input) - first);
    // With two cells the dilation is less than the input, so that products stay inside the tensor.
    cells.strides[i] = cells.counts[i] > 1 ? a->dilation * strides[i] : 0;
    if (cells.counts[i] > 0) offset += (start + first * a->dilation) * strides[i];
    inside *= cells.counts[i];
    const int64_t own = params->count_include_pad ? taps_below(a, start, a->input + a->pad_end) : cells.counts[i];
    // Bounded, so that no product of padding overflows.
    counted = dlc_min64(counted, INT32_MAX) * dlc_max64(own, 0);
  }
  const int64_t image = strides[0] * axes[0].input;
  cells.x = inside > 0 ? (const uint8_t *)x->data + at * image + offset : x->data;
  if (inside == 0) cells.counts[0] = 0;
  cells.offset = (int32_t)inside * params->x_zero;
  cells.factor = params->scale / (float)dlc_max64(counted, 1);
  return cells;
}

static int qpool_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qpool_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  const dlc_qbounds bounds = dlc_bounds_of((float)-params->zero, (float)(255 - params->zero), params->zero);
  const dlc_qpool_rows *rows = DLC_ROWS(dlc_qpool_rows);
  axis axes[3];
  int64_t strides[3], stride = x->pitch * (int64_t)dlc_type_size(x->type), begin, end;
  for (int i = 2; i >= 0; i--) {
    axes[i] = get_axis(call, i);
    strides[i] = stride;
    stride *= axes[i].input;
  }
  dlc_split(positions(call), 1, part, parts, &begin, &end);
  for (int64_t at = begin; at < end; at++) {
    const dlc_qpool_cells cells = find_cells(call, axes, strides, at);
    if (is_s16(call))
      rows->average_s16(&cells, (int16_t *)y->data + at * y->pitch);
    else
      rows->average(&cells, &bounds, (uint8_t *)y->data + at * y->pitch);
  }
  return 0;
}

const dlc_kernel dlc_qpool_kernel = {
    .name = "qpool",
    .params_bytes = sizeof(dlc_qpool_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = qpool_check,
    .parts = qpool_parts,
    .run = qpool_run,
};
