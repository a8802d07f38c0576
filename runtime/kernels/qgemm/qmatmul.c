// qmatmul: u8 or s16 rows as they lie times packed s8 panels.
#include "gemm/contraction.h"
#include "qgemm/check.h"
#include "qgemm/contraction.h"

enum { A, B, BIAS, SCALE, RESIDUAL, TABLE, Y, OPERANDS };

static int64_t batches(const dlc_tensor *t) { return t->rank == 3 ? t->dims[0] : 1; }
static int32_t rows_of(const dlc_tensor *t) { return t->dims[t->rank - 2]; }
static int32_t columns_of(const dlc_tensor *t) { return t->dims[t->rank - 1]; }

// Shared weights and a batch of a for each of y are one matrix.
static int64_t rows_of_product(const dlc_call *call) {
  const dlc_tensor *a = &call->operands[A], *b = &call->operands[B], *y = &call->operands[Y];
  return b->dims[0] == 1 && batches(a) == batches(y) ? dlc_rows(y) : rows_of(y);
}

// Bytes of what the rows of one product begin with.
static uint64_t start_bytes(const dlc_call *call) {
  const dlc_qmatmul_params *p = call->params;
  return p->b_zero == 0 ? 0 : ((uint64_t)rows_of_product(call) * sizeof(int32_t) + 63) & ~(uint64_t)63;
}

// Bytes of a panel once it is whole.
static uint64_t panel_bytes(const dlc_tensor *b) { return (uint64_t)b->dims[2] * DLC_QPANEL_GROUP_BYTES; }

static uint64_t scratch_bytes(const dlc_call *call) {
  const dlc_qmatmul_params *p = call->params;
  const dlc_tensor *b = &call->operands[B];
  return start_bytes(call) + dlc_qcontract_scratch((uint32_t)p->n, 1, 0, b->dims[3] < DLC_QPANEL ? panel_bytes(b) : 0);
}

// What b's zero point adds to the rows first...last: -b_zero * (sum over k of a[m][k] - K a_zero), wrapping.
static void add_up_rows(const dlc_qmatmul_params *p, const uint8_t *a, int64_t pitch, int64_t depth, int64_t first,
                        int64_t last, int32_t *start) {
  for (int64_t row = first; row < last; row++) {
    const uint8_t *from = a + row * pitch;
    uint32_t sum = 0;
    for (int64_t k = 0; k < depth; k++) sum += from[k];
    start[row] = (int32_t)((uint32_t)-p->b_zero * (sum - (uint32_t)depth * (uint32_t)p->a_zero));
  }
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == OPERANDS && call->params_bytes == sizeof(dlc_qmatmul_params));
  const dlc_qmatmul_params *p = call->params;
  const dlc_tensor *o = call->operands, *a = &o[A], *b = &o[B], *bias = &o[BIAS], *y = &o[Y];
  const bool is_s16 = a->type == DLC_I16;
  DLC_REQUIRE(dlc_is_q(a, is_s16 ? DLC_I16 : DLC_U8, 2) || dlc_is_q(a, is_s16 ? DLC_I16 : DLC_U8, 3));
  DLC_REQUIRE((y->rank == 2 || y->rank == 3) && dlc_extent_valid(y));
  DLC_REQUIRE(dlc_is_dense_q(b, DLC_I8, 5) && b->dims[4] == DLC_QGROUP);
  DLC_REQUIRE(p->n >= 0 && p->n == columns_of(y));
  DLC_REQUIRE(b->dims[3] == DLC_QPANEL || (p->n > 0 && p->n < DLC_QPANEL && b->dims[3] == p->n));
  DLC_REQUIRE(b->dims[1] == p->n / DLC_QPANEL + (p->n % DLC_QPANEL != 0));
  const int32_t depth = columns_of(a);
  DLC_REQUIRE(b->dims[2] == depth / DLC_QGROUP + (depth % DLC_QGROUP != 0));
  DLC_REQUIRE(rows_of(a) == rows_of(y));
  const int64_t g = batches(y);
  DLC_REQUIRE((batches(a) == g || batches(a) == 1) && (b->dims[0] == g || b->dims[0] == 1));
  DLC_REQUIRE(dlc_is_qbiases(bias, p->n) ||
              (dlc_is_dense_q(bias, DLC_I32, 2) && bias->dims[0] == b->dims[0] && bias->dims[1] == p->n));
  if (is_s16) {
    DLC_REQUIRE(dlc_check_requantize_s16(&o[SCALE], &o[RESIDUAL], &o[TABLE], y, p->n, &p->requantize) == 0);
    DLC_REQUIRE(p->a_zero == 0 && p->b_zero == 0 && depth <= DLC_QS16_MOST_PRODUCTS);
  } else {
    DLC_REQUIRE(dlc_check_requantize(&o[SCALE], &o[RESIDUAL], &o[TABLE], y, p->n, &p->requantize) == 0);
    DLC_REQUIRE(p->a_zero >= 0 && p->a_zero <= 255 && p->b_zero >= -128 && p->b_zero <= 127);
  }
  DLC_REQUIRE(scratch_bytes(call) <= DLC_QMOST_SCRATCH);
  return 0;
}

static size_t scratch(const dlc_call *call) { return (size_t)scratch_bytes(call); }

// Products come in fours, so a quarter of the depth is what the work compares with in f32.
static int64_t work_depth(const dlc_call *call) { return call->operands[B].dims[2]; }

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[Y];
  return dlc_contract_parts(dlc_rows(y), columns_of(y), work_depth(call));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qmatmul_params *p = call->params;
  const dlc_tensor *a = &call->operands[A], *b = &call->operands[B], *bias = &call->operands[BIAS],
                   *residual = &call->operands[RESIDUAL], *y = &call->operands[Y];
  const int64_t all_rows = dlc_rows(y);
  if (all_rows == 0 || p->n == 0) return 0;
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(all_rows, (uint32_t)p->n, work_depth(call), part, parts, &row_begin, &row_end, &column_begin,
                     &column_end);
  const size_t x_size = dlc_type_size(a->type);
  dlc_qrows layout = {a->data, (int64_t)x_size * a->pitch};
  dlc_qcontraction c = {
      .source = dlc_qaffine_rows,
      .shifts = dlc_qno_shift,
      .context = &layout,
      .b = b->data,
      .start = dlc_qchannels_of(bias),
      .scale = dlc_qchannels_of(&call->operands[SCALE]),
      .out = {.y = y->data,
              .residual = residual->data,
              .table = call->operands[TABLE].data,
              .y_pitch = y->pitch,
              .residual_pitch = residual->pitch,
              .requantize = p->requantize,
              .type = y->type},
      .panel_stride = (size_t)panel_bytes(b),
      .columns = (uint32_t)b->dims[3],
      .n = (uint32_t)p->n,
      .taps = 1,
      .depth = (uint32_t)columns_of(a),
      .is_s16 = a->type == DLC_I16,
  };
  const int64_t rows = rows_of_product(call);
  int32_t *row_start = call->scratch;
  void *workspace = (char *)call->scratch + start_bytes(call);
  const size_t a_step = batches(a) == 1 ? 0 : (size_t)rows * (size_t)layout.pitch;
  const size_t b_step = b->dims[0] == 1 ? 0 : (size_t)b->dims[1] * (size_t)b->dims[2] * (size_t)b->dims[3] * DLC_QGROUP;
  const int64_t bias_step = bias->rank == 1 || b->dims[0] == 1 ? 0 : p->n;
  const size_t y_size = dlc_type_size(y->type);
  for (int64_t g = row_begin / rows; g * rows < row_end; g++) {
    dlc_qcontraction one = c;
    layout.a = (const uint8_t *)a->data + (size_t)g * a_step;
    one.b = c.b + (size_t)g * b_step;
    one.start.first = g * bias_step;
    one.out.y = (char *)y->data + (size_t)(g * rows * y->pitch) * y_size;
    if (c.out.residual) one.out.residual = c.out.residual + g * rows * residual->pitch * (int64_t)x_size;
    const int64_t first = row_begin > g * rows ? row_begin - g * rows : 0;
    const int64_t last = row_end < (g + 1) * rows ? row_end - g * rows : rows;
    if (p->b_zero != 0) {
      add_up_rows(p, layout.a, a->pitch, c.depth, first, last, row_start);
      one.out.row_start = row_start;
    }
    dlc_qcontract(&one, first, last, column_begin, column_end, workspace);
  }
  return 0;
}

const dlc_kernel dlc_qmatmul_kernel = {
    .name = "qmatmul",
    .params_bytes = sizeof(dlc_qmatmul_params),
    .min_operands = OPERANDS,
    .max_operands = OPERANDS,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
