// conv_transpose f32: one stride-1 convolution for each output phase, on tiles whose output cells lie a stride apart.
#include <string.h>

#include "conv/gather.h"
#include "conv_transpose/phase.h"
#include "dlc_pack.h"
#include "gemm/check.h"

// y's extent along an axis lies between no output padding and less than the stride or dilation of it.
static bool output_fits(const dlc_window *w, int axis, int32_t in, int32_t out) {
  int64_t base = (int64_t)w->stride[axis] * ((int64_t)in - 1) + (int64_t)w->dilation[axis] * (w->kernel[axis] - 1) + 1 -
                 w->pad_begin[axis] - w->pad_end[axis];
  int64_t room = w->stride[axis] > w->dilation[axis] ? w->stride[axis] : w->dilation[axis];
  return in >= 1 && in <= 1 << 24 && out <= 1 << 28 && out >= base && out < base + room;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 5 && call->params_bytes == sizeof(dlc_conv_transpose_params));
  const dlc_conv_transpose_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *w = &call->operands[1], *y = &call->operands[4];
  DLC_REQUIRE(dlc_is_f32(x, 5) && dlc_is_f32(y, 5) && dlc_is_dense_f32(w, 1));
  DLC_REQUIRE(dlc_window_valid(&p->window) && x->dims[0] == y->dims[0]);
  for (int i = 0; i < 3; i++) DLC_REQUIRE(output_fits(&p->window, i, x->dims[1 + i], y->dims[1 + i]));
  DLC_REQUIRE(dlc_epilogue_valid(&p->epilogue));
  const dlc_conv_transpose_pack_params pack = {p->window, p->groups};
  DLC_REQUIRE(x->dims[4] >= 1 && y->dims[4] >= 1);
  size_t packed = dlc_conv_transpose_packed_elements(&pack, x->dims[4], y->dims[4]);
  DLC_REQUIRE(packed != 0 && packed == (size_t)w->dims[0]);
  DLC_REQUIRE(dlc_is_bias(&call->operands[2], y->dims[4]));
  DLC_REQUIRE(dlc_is_residual(&call->operands[3], y));
  return 0;
}

static size_t align64(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static uint32_t all_taps(const dlc_window *w) {
  return (uint32_t)w->kernel[0] * (uint32_t)w->kernel[1] * (uint32_t)w->kernel[2];
}

// Most taps of a phase.
static uint32_t phase_taps(const dlc_window *w) {
  uint32_t taps = 1;
  for (int i = 0; i < 3; i++) {
    int32_t apart = dlc_phase_of(w, i, 0).cell_step;
    taps *= (uint32_t)((w->kernel[i] - 1) / apart + 1);
  }
  return taps;
}

static size_t zero_bytes(const dlc_call *call) {
  const dlc_conv_transpose_params *p = call->params;
  return align64((size_t)(call->operands[0].dims[4] / p->groups) * sizeof(float));
}

static size_t scratch(const dlc_call *call) {
  const dlc_conv_transpose_params *p = call->params;
  return zero_bytes(call) + dlc_contract_scratch(phase_taps(&p->window));
}

static uint32_t parts(const dlc_call *call) {
  const dlc_conv_transpose_params *p = call->params;
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[4];
  return dlc_contract_parts(dlc_rows(x), y->dims[4], (int64_t)all_taps(&p->window) * (x->dims[4] / p->groups));
}

// Runs one phase for all groups.
static void run_phase(const dlc_conv_transpose_params *p, dlc_contraction c, dlc_gather *g, int64_t rows,
                      size_t group_floats, uint32_t part, uint32_t parts, void *tables) {
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(rows, c.n, (int64_t)c.taps * c.depth, part, parts, &row_begin, &row_end, &column_begin,
                     &column_end);
  const float *x = g->x;
  for (int32_t group = 0; group < p->groups; group++) {
    dlc_contract(&c, row_begin, row_end, column_begin, column_end, tables);
    g->x += c.depth;
    c.b += group_floats;
    c.y += c.n;
    if (c.bias) c.bias += c.n;
    if (c.residual) c.residual += c.n;
  }
  g->x = x;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_conv_transpose_params *p = call->params;
  const dlc_window *window = &p->window;
  const dlc_tensor *x = &call->operands[0], *bias = &call->operands[2], *residual = &call->operands[3],
                   *y = &call->operands[4];
  if (dlc_elements(y) == 0) return 0;
  const uint32_t outputs = (uint32_t)(y->dims[4] / p->groups), inputs = (uint32_t)(x->dims[4] / p->groups);
  const size_t panels = (outputs + DLC_PANEL - 1) / DLC_PANEL;
  memset(call->scratch, 0, zero_bytes(call));
  dlc_gather g = {.x = x->data, .pitch = x->pitch, .row_pitch = (int64_t)x->dims[3] * x->pitch, .zeros = call->scratch};
  dlc_contraction c = {
      .source = dlc_gather_rows,
      .shifts = dlc_gather_shifts,
      .context = &g,
      .b = call->operands[1].data,
      .bias = bias->data,
      .residual = residual->data,
      .y = y->data,
      .residual_pitch = residual->pitch,
      .y_pitch = y->pitch,
      .n = outputs,
      .depth = inputs,
      .epilogue = p->epilogue,
  };
  int32_t at[3];
  for (at[0] = 0; at[0] < window->stride[0]; at[0]++)
    for (at[1] = 0; at[1] < window->stride[1]; at[1]++)
      for (at[2] = 0; at[2] < window->stride[2]; at[2]++) {
        int64_t rows = x->dims[0];
        c.taps = 1;
        for (int i = 0; i < 3; i++) {
          const dlc_phase_axis a = dlc_phase_of(window, i, at[i]);
          g.axis[i] = dlc_phase_window(&a, window, i, x, y);
          rows *= g.axis[i].out;
          c.taps *= (uint32_t)a.taps;
        }
        c.panel_stride = (size_t)c.taps * inputs * DLC_PANEL;
        if (rows > 0)
          run_phase(p, c, &g, rows, panels * c.panel_stride, part, parts, (char *)call->scratch + zero_bytes(call));
        c.b += panels * c.panel_stride * (size_t)p->groups;
      }
  return 0;
}

const dlc_kernel dlc_conv_transpose_kernel = {
    .name = "conv_transpose",
    .params_bytes = sizeof(dlc_conv_transpose_params),
    .min_operands = 5,
    .max_operands = 5,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
