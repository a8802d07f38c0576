// qconv_transpose: one stride-1 integer convolution for each output phase, on tiles whose output cells lie a stride
// apart.
#include <string.h>

#include "dlc_pack.h"
#include "gemm/contraction.h"
#include "qconv/gather.h"
#include "qconv_transpose/geometry.h"
#include "qgemm/check.h"

enum { X, W, BIAS, SCALE, RESIDUAL, TABLE, Y, OPERANDS };

// y's extent along an axis lies between no output padding and less than the stride or dilation of it.
static bool output_fits(const dlc_window *w, int axis, int32_t in, int32_t out) {
  int64_t base = (int64_t)w->stride[axis] * ((int64_t)in - 1) + (int64_t)w->dilation[axis] * (w->kernel[axis] - 1) + 1 -
                 w->pad_begin[axis] - w->pad_end[axis];
  int64_t room = w->stride[axis] > w->dilation[axis] ? w->stride[axis] : w->dilation[axis];
  return in >= 1 && in <= 1 << 24 && out <= 1 << 28 && out >= base && out < base + room;
}

static uint64_t align64(uint64_t bytes) { return (bytes + 63) & ~(uint64_t)63; }

// What one part needs, for the phase that needs most of each.
typedef struct needs {
  uint64_t padding_bytes, start_bytes, total;
} needs;

static bool needs_of(const dlc_call *call, needs *n) {
  const dlc_qconv_transpose_params *p = call->params;
  const dlc_window *w = &p->window;
  int64_t taps = 1;
  for (int i = 0; i < 3; i++) taps *= (w->kernel[i] - 1) / dlc_phase_of(w, i, 0).cell_step + 1;
  dlc_qgeometry g;
  if (!dlc_qgeometry_of(taps, p->groups, call->operands[X].dims[4], call->operands[Y].dims[4], &g)) return false;
  n->padding_bytes = align64((uint64_t)g.inputs);
  n->start_bytes = align64((uint64_t)g.outputs * sizeof(int32_t));
  n->total = n->padding_bytes + n->start_bytes +
             dlc_qcontract_scratch((uint32_t)g.outputs, (uint32_t)taps,
                                   dlc_qcopies_rows(taps, g.inputs) ? dlc_qcopy_pitch(g.depth) : 0, 0);
  return true;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == OPERANDS && call->params_bytes == sizeof(dlc_qconv_transpose_params));
  const dlc_qconv_transpose_params *p = call->params;
  const dlc_tensor *o = call->operands, *x = &o[X], *y = &o[Y];
  DLC_REQUIRE(dlc_is_q(x, DLC_U8, 5) && y->rank == 5 && dlc_extent_valid(y) && dlc_is_dense_q(&o[W], DLC_I8, 1));
  DLC_REQUIRE(dlc_window_valid(&p->window) && x->dims[0] == y->dims[0]);
  for (int i = 0; i < 3; i++) DLC_REQUIRE(output_fits(&p->window, i, x->dims[1 + i], y->dims[1 + i]));
  DLC_REQUIRE(p->x_zero >= 0 && p->x_zero <= 255);
  const dlc_qconv_transpose_pack_params pack = {p->window, p->groups};
  const size_t packed = dlc_qconv_transpose_packed_bytes(&pack, x->dims[4], y->dims[4]);
  DLC_REQUIRE(packed != 0 && packed == (size_t)o[W].dims[0]);
  DLC_REQUIRE(dlc_is_qbiases(&o[BIAS], y->dims[4]));
  DLC_REQUIRE(dlc_check_requantize(&o[SCALE], &o[RESIDUAL], &o[TABLE], y, y->dims[4], &p->requantize) == 0);
  needs n;
  DLC_REQUIRE(needs_of(call, &n) && n.total <= DLC_QMOST_SCRATCH);
  return 0;
}

static size_t scratch(const dlc_call *call) {
  needs n;
  return needs_of(call, &n) ? (size_t)n.total : 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_qconv_transpose_params *p = call->params;
  const dlc_tensor *x = &call->operands[X], *y = &call->operands[Y];
  return dlc_contract_parts(dlc_rows(x), y->dims[4], (dlc_window_taps(&p->window) * (x->dims[4] / p->groups) + 3) / 4);
}

// One phase of one part: what run_phase needs beside the contraction of the first group.
typedef struct phase_call {
  const dlc_qgeometry *geometry;
  const uint8_t *sums; // i32 [groups, panels, 16]
  int64_t rows;
  int32_t *start; // room for a group's columns
  void *tables;
  uint32_t part, parts;
  int32_t x_zero;
} phase_call;

static void run_phase(const phase_call *f, dlc_qcontraction c, dlc_qgather *gather) {
  const dlc_qgeometry *g = f->geometry;
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(f->rows, c.n, (g->depth + 3) / 4, f->part, f->parts, &row_begin, &row_end, &column_begin,
                     &column_end);
  if (row_begin >= row_end || column_begin >= column_end) return;
  const uint8_t *x = gather->x;
  dlc_qchannels bias = c.start;
  const size_t y_bytes = (size_t)c.n * dlc_type_size(c.out.type);
  c.start = (dlc_qchannels){.data = f->start, .type = DLC_I32};
  for (int32_t group = 0; group < g->groups; group++) {
    const uint8_t *sums = f->sums + (size_t)group * (size_t)g->panels * DLC_QPANEL * sizeof(int32_t);
    dlc_qbiases(&bias, column_begin, column_end - column_begin, f->start + column_begin);
    for (uint32_t j = column_begin; j < column_end; j++) {
      uint32_t sum;
      memcpy(&sum, sums + j * sizeof sum, sizeof sum);
      f->start[j] = (int32_t)((uint32_t)f->start[j] - sum * (uint32_t)f->x_zero);
    }
    dlc_qcontract(&c, row_begin, row_end, column_begin, column_end, f->tables);
    gather->x += g->inputs;
    c.b += g->group_bytes;
    bias.first += c.n;
    c.scale.first += c.n;
    c.out.y = (char *)c.out.y + y_bytes;
    if (c.out.residual) c.out.residual += c.n;
  }
  gather->x = x;
}

// Sets the axes of a phase; answers its outputs.
static int64_t set_axes(dlc_qgather *g, const dlc_phase_axis axis[3], const dlc_window *w, const dlc_tensor *x,
                        const dlc_tensor *y) {
  int64_t rows = x->dims[0];
  for (int i = 0; i < 3; i++) {
    g->axis[i] = dlc_phase_window(&axis[i], w, i, x, y);
    rows *= g->axis[i].out;
  }
  return rows;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qconv_transpose_params *p = call->params;
  const dlc_window *window = &p->window;
  const dlc_tensor *x = &call->operands[X], *residual = &call->operands[RESIDUAL], *y = &call->operands[Y];
  needs n;
  if (dlc_elements(y) == 0 || !needs_of(call, &n)) return 0;
  uint8_t *padding = call->scratch;
  memset(padding, p->x_zero, (size_t)n.padding_bytes);
  phase_call f = {
      .start = (int32_t *)(padding + n.padding_bytes),
      .tables = padding + n.padding_bytes + n.start_bytes,
      .part = part,
      .parts = parts,
      .x_zero = p->x_zero,
  };
  dlc_qgather gather = {
      .x = x->data,
      .x_end = dlc_qbytes_end(x),
      .pitch = x->pitch,
      .row_pitch = (int64_t)x->dims[3] * x->pitch,
      .padding = padding,
      .x_zero = (uint8_t)p->x_zero,
  };
  dlc_qcontraction c = {
      .context = &gather,
      .b = call->operands[W].data,
      .start = dlc_qchannels_of(&call->operands[BIAS]),
      .scale = dlc_qchannels_of(&call->operands[SCALE]),
      .out = {.y = y->data,
              .residual = residual->data,
              .table = call->operands[TABLE].data,
              .y_pitch = y->pitch,
              .residual_pitch = residual->pitch,
              .requantize = p->requantize,
              .type = y->type},
      .columns = DLC_QPANEL,
      .skips = p->x_zero == 0,
  };
  int32_t at[3];
  for (at[0] = 0; at[0] < window->stride[0]; at[0]++)
    for (at[1] = 0; at[1] < window->stride[1]; at[1]++)
      for (at[2] = 0; at[2] < window->stride[2]; at[2]++) {
        dlc_phase_axis axis[3];
        dlc_qgeometry g;
        if (!dlc_qphase_of(window, p->groups, x->dims[4], y->dims[4], at, axis, &g)) return 0;
        const int64_t taps = (int64_t)axis[0].taps * axis[1].taps * axis[2].taps, bytes = g.group_bytes * g.groups;
        const bool copies = dlc_qcopies_rows(taps, g.inputs);
        c.source = dlc_qgather_rows;
        c.copier = copies ? dlc_qgather_copies : NULL;
        c.shifts = copies ? dlc_qno_shift : dlc_qgather_shifts;
        c.taps = copies ? 1 : (uint32_t)taps;
        c.depth = (uint32_t)(copies ? (g.depth + 3) / 4 * 4 : g.inputs);
        c.copy_pitch = copies ? (size_t)dlc_qcopy_pitch(g.depth) : 0;
        c.panel_stride = (size_t)g.panel_bytes;
        c.n = (uint32_t)g.outputs;
        gather.inputs = g.inputs;
        gather.copy_pitch = (int64_t)c.copy_pitch;
        f.geometry = &g;
        f.sums = (const uint8_t *)c.b + bytes;
        f.rows = set_axes(&gather, axis, window, x, y);
        if (f.rows > 0) run_phase(&f, c, &gather);
        c.b += bytes + dlc_qphase_sum_bytes(&g);
      }
  return 0;
}

const dlc_kernel dlc_qconv_transpose_kernel = {
    .name = "qconv_transpose",
    .params_bytes = sizeof(dlc_qconv_transpose_params),
    .min_operands = OPERANDS,
    .max_operands = OPERANDS,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
