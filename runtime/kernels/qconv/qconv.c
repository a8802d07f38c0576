// qconv: windows of u8 or s16 as integer tiles over gathered input rows; rows are copied only where a cell has few
// channels.
#include <string.h>

#include "dlc_pack.h"
#include "gemm/contraction.h"
#include "qconv/gather.h"
#include "qconv/geometry.h"
#include "qgemm/check.h"

enum { X, W, BIAS, SCALE, RESIDUAL, TABLE, Y, OPERANDS };

static uint64_t align64(uint64_t bytes) { return (bytes + 63) & ~(uint64_t)63; }

// What follows from a call's shapes. The geometry's group may span 2^31 bytes, so 64-bit sizes cannot overflow.
typedef struct layout {
  dlc_qgeometry g;
  bool copies, pointwise;
  uint32_t taps, depth; // of a tile's rows
  uint32_t x_size;      // bytes of an element
  uint64_t copy_pitch, padding_bytes;
  uint32_t columns;      // of a panel as the weights hold it
  int64_t group_weights; // bytes of a group's weights
} layout;

// A window of one cell at every input cell: rows are the input's.
static bool is_pointwise(const dlc_window *w) {
  for (int i = 0; i < 3; i++)
    if (w->kernel[i] != 1 || w->stride[i] != 1 || w->pad_begin[i] || w->pad_end[i]) return false;
  return true;
}

static bool layout_of(const dlc_call *call, layout *l) {
  const dlc_qconv_params *p = call->params;
  const int64_t taps = dlc_window_taps(&p->window);
  if (!dlc_qgeometry_of(taps, p->groups, call->operands[X].dims[4], call->operands[Y].dims[4], &l->g)) return false;
  l->pointwise = is_pointwise(&p->window);
  l->copies = dlc_qcopies_rows(taps, l->g.inputs);
  l->taps = l->copies ? 1 : (uint32_t)taps;
  l->depth = (uint32_t)(l->copies ? (l->g.depth + 3) / 4 * 4 : l->g.inputs);
  l->x_size = (uint32_t)dlc_type_size(call->operands[X].type);
  l->copy_pitch = l->copies ? dlc_qcopy_pitch(l->g.depth * l->x_size) : 0;
  // What `check` has compared with the weights of whole panels, or of narrow ones.
  const int64_t whole = l->g.group_bytes * l->g.groups;
  l->columns = call->operands[W].dims[0] == whole ? DLC_QPANEL : (uint32_t)l->g.outputs;
  l->group_weights = l->g.group_bytes / DLC_QPANEL * l->columns;
  l->padding_bytes = l->copies || l->pointwise ? 0 : align64((uint64_t)l->g.inputs * l->x_size);
  return true;
}

static uint64_t scratch_bytes(const layout *l) {
  return l->padding_bytes + dlc_qcontract_scratch((uint32_t)l->g.outputs, l->taps, l->copy_pitch,
                                                  l->columns < DLC_QPANEL ? (uint64_t)l->g.panel_bytes : 0);
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == OPERANDS && call->params_bytes == sizeof(dlc_qconv_params));
  const dlc_qconv_params *p = call->params;
  const dlc_tensor *o = call->operands, *x = &o[X], *y = &o[Y];
  const bool is_s16 = x->type == DLC_I16;
  DLC_REQUIRE(dlc_is_q(x, is_s16 ? DLC_I16 : DLC_U8, 5) && y->rank == 5 && dlc_extent_valid(y) &&
              dlc_is_dense_q(&o[W], DLC_I8, 1));
  DLC_REQUIRE(dlc_window_valid(&p->window) && dlc_window_fits(&p->window, x, y));
  DLC_REQUIRE(p->x_zero >= 0 && p->x_zero <= (is_s16 ? 0 : 255));
  const dlc_qconv_pack_params pack = {p->window, p->groups};
  const size_t packed = dlc_qconv_packed_bytes(&pack, x->dims[4], y->dims[4]);
  layout l;
  DLC_REQUIRE(packed != 0 && layout_of(call, &l));
  DLC_REQUIRE(packed == (size_t)o[W].dims[0] ||
              (l.g.outputs < DLC_QPANEL && l.group_weights * l.g.groups == o[W].dims[0]));
  DLC_REQUIRE(dlc_is_qbiases(&o[BIAS], y->dims[4]));
  DLC_REQUIRE((is_s16 ? dlc_check_requantize_s16 : dlc_check_requantize)(&o[SCALE], &o[RESIDUAL], &o[TABLE], y,
                                                                         y->dims[4], &p->requantize) == 0);
  DLC_REQUIRE(scratch_bytes(&l) <= DLC_QMOST_SCRATCH);
  DLC_REQUIRE(!is_s16 || l.g.depth / l.g.merged <= DLC_QS16_MOST_PRODUCTS);
  return 0;
}

static size_t scratch(const dlc_call *call) {
  layout l;
  return layout_of(call, &l) ? (size_t)scratch_bytes(&l) : 0;
}

// Products come in fours, so a quarter of the depth is what the work compares with in f32.
static int64_t work_depth(const layout *l) { return (l->g.depth + 3) / 4; }

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[Y];
  layout l;
  return layout_of(call, &l) ? dlc_contract_parts(dlc_rows(y), y->dims[4], work_depth(&l)) : 1;
}

static dlc_qgather gather_of(const dlc_qconv_params *p, const layout *l, const dlc_tensor *x, const dlc_tensor *y) {
  dlc_qgather g = {
      .x = x->data,
      .x_end = dlc_qbytes_end(x),
      .pitch = (int64_t)x->pitch * l->x_size,
      .row_pitch = (int64_t)x->dims[3] * x->pitch * l->x_size,
      .copy_pitch = (int64_t)l->copy_pitch,
      .inputs = l->g.inputs * (int64_t)l->x_size,
      .x_zero = (uint8_t)p->x_zero,
  };
  for (int i = 0; i < 3; i++) g.axis[i] = dlc_window_axis_of(&p->window, i, x, y);
  return g;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qconv_params *p = call->params;
  const dlc_tensor *x = &call->operands[X], *residual = &call->operands[RESIDUAL], *y = &call->operands[Y];
  layout l;
  if (dlc_elements(y) == 0 || !layout_of(call, &l)) return 0;
  const int64_t rows = dlc_rows(y);
  dlc_qgather g = gather_of(p, &l, x, y);
  dlc_qrows affine = {x->data, (int64_t)x->pitch * l.x_size};
  dlc_qcontraction c = {
      .source = l.pointwise ? dlc_qaffine_rows : dlc_qgather_rows,
      .copier = l.copies ? dlc_qgather_copies : NULL,
      .shifts = l.pointwise || l.copies ? dlc_qno_shift : dlc_qgather_shifts,
      .context = l.pointwise ? (const void *)&affine : &g,
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
      .panel_stride = (size_t)l.g.panel_bytes,
      .copy_pitch = (size_t)l.copy_pitch,
      .columns = l.columns,
      .n = (uint32_t)l.g.outputs,
      .taps = l.taps,
      .depth = l.depth,
      .is_s16 = x->type == DLC_I16,
      .skips = p->x_zero == 0,
  };
  g.padding = call->scratch;
  if (l.padding_bytes) memset(call->scratch, p->x_zero, (size_t)l.padding_bytes);
  void *tables = (char *)call->scratch + l.padding_bytes;
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(rows, c.n, work_depth(&l), part, parts, &row_begin, &row_end, &column_begin, &column_end);
  const size_t y_bytes = (size_t)l.g.outputs * dlc_type_size(y->type);
  for (int32_t group = 0; group < l.g.groups; group++) {
    dlc_qcontract(&c, row_begin, row_end, column_begin, column_end, tables);
    g.x += g.inputs;
    affine.a += g.inputs;
    c.b += l.group_weights;
    c.start.first += l.g.outputs;
    c.scale.first += l.g.outputs;
    c.out.y = (char *)c.out.y + y_bytes;
    if (c.out.residual) c.out.residual += (size_t)l.g.outputs * l.x_size;
  }
  return 0;
}

const dlc_kernel dlc_qconv_kernel = {
    .name = "qconv",
    .params_bytes = sizeof(dlc_qconv_params),
    .min_operands = OPERANDS,
    .max_operands = OPERANDS,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
