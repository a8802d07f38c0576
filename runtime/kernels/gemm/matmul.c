// matmul: f32 on packed panels; other types in gemm/matmul_types.c.
#include "gemm/matmul.h"

#include "gemm/check.h"
#include "gemm/contraction.h"

static int64_t batches(const dlc_tensor *t) { return t->rank == 3 ? t->dims[0] : 1; }
static int32_t rows_of(const dlc_tensor *t) { return t->dims[t->rank - 2]; }
static int32_t columns_of(const dlc_tensor *t) { return t->dims[t->rank - 1]; }

static int check_f32(const dlc_call *call) {
  const dlc_matmul_params *p = call->params;
  const dlc_tensor *a = &call->operands[0], *b = &call->operands[1], *y = &call->operands[4];
  DLC_REQUIRE(dlc_is_f32(a, 2) || dlc_is_f32(a, 3));
  DLC_REQUIRE(dlc_is_f32(y, 2) || dlc_is_f32(y, 3));
  DLC_REQUIRE(dlc_is_dense_f32(b, 4) && b->dims[3] == DLC_PANEL);
  DLC_REQUIRE(dlc_epilogue_valid(&p->epilogue));
  DLC_REQUIRE(p->n >= 0 && p->n == columns_of(y));
  DLC_REQUIRE(b->dims[1] == p->n / DLC_PANEL + (p->n % DLC_PANEL != 0));
  DLC_REQUIRE(b->dims[2] == columns_of(a));
  DLC_REQUIRE(rows_of(a) == rows_of(y));
  int64_t g = batches(y);
  DLC_REQUIRE(batches(a) == g || batches(a) == 1);
  DLC_REQUIRE(b->dims[0] == g || b->dims[0] == 1);
  DLC_REQUIRE(dlc_is_bias(&call->operands[2], p->n));
  DLC_REQUIRE(dlc_is_residual(&call->operands[3], y));
  return 0;
}

static int check_plain(const dlc_call *call) {
  const dlc_matmul_params *p = call->params;
  const dlc_tensor *a = &call->operands[0], *b = &call->operands[1], *y = &call->operands[4];
  DLC_REQUIRE(dlc_matmul_type_supported(a->type) && b->type == a->type && y->type == a->type);
  const dlc_tensor *all[] = {a, b, y};
  for (int i = 0; i < 3; i++) DLC_REQUIRE((all[i]->rank == 2 || all[i]->rank == 3) && dlc_extent_valid(all[i]));
  DLC_REQUIRE(!dlc_is_present(&call->operands[2]) && !dlc_is_present(&call->operands[3]));
  DLC_REQUIRE(p->epilogue.function == DLC_FN_IDENTITY);
  DLC_REQUIRE(p->n == columns_of(y) && columns_of(b) == p->n);
  DLC_REQUIRE(rows_of(b) == columns_of(a) && rows_of(a) == rows_of(y));
  int64_t g = batches(y);
  DLC_REQUIRE((batches(a) == g || batches(a) == 1) && (batches(b) == g || batches(b) == 1));
  return 0;
}

// Whether all batches are one matrix: shared weights, and a batch of a for each of y.
static bool is_flat(const dlc_tensor *a, const dlc_tensor *b, const dlc_tensor *y) {
  return b->dims[0] == 1 && batches(a) == batches(y);
}

// Rows of one matrix.
static int64_t matrix_rows(const dlc_tensor *a, const dlc_tensor *b, const dlc_tensor *y) {
  return is_flat(a, b, y) ? dlc_rows(y) : rows_of(y);
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 5 && call->params_bytes == sizeof(dlc_matmul_params));
  if (call->operands[0].type != DLC_F32) return check_plain(call);
  const int line = check_f32(call);
  if (line) return line;
  DLC_REQUIRE_BUILT(!DLC_SINGLE_ROWS || matrix_rows(&call->operands[0], &call->operands[1], &call->operands[4]) == 1);
  return 0;
}

static size_t scratch(const dlc_call *call) { return call->operands[0].type == DLC_F32 ? dlc_contract_scratch(1) : 0; }

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *a = &call->operands[0], *y = &call->operands[4];
  return dlc_contract_parts(dlc_rows(y), columns_of(y), columns_of(a));
}

typedef struct row_layout {
  const float *a;
  int64_t pitch;
} row_layout;

static void list_rows(const void *context, int64_t row, dlc_tile_rows *rows) {
  const row_layout *l = context;
  const float *a = l->a + row * l->pitch;
  for (uint32_t i = 0; i < rows->m; i++) {
    rows->a[i] = a + i * l->pitch;
    rows->y_row[i] = row + i;
  }
  rows->taps = 1;
  rows->shifted = true;
}

static void list_shift(const void *context, int64_t *shift) {
  (void)context;
  shift[0] = 0;
}

// Rows [row_begin, row_end) and columns [column_begin, column_end) of one batch.
static void run_matrix(const dlc_contraction *c, int64_t row_begin, int64_t row_end, uint32_t column_begin,
                       uint32_t column_end, void *scratch) {
  if (DLC_SINGLE_ROWS && (row_end - row_begin != 1 || column_begin >= column_end)) return;
  if (row_end - row_begin != 1 || column_begin >= column_end) {
    dlc_contract(c, row_begin, row_end, column_begin, column_end, scratch);
    return;
  }
  const row_layout *l = c->context;
  dlc_row_product p = {
      .a = l->a + row_begin * l->pitch,
      .b = c->b + column_begin / DLC_PANEL * c->panel_stride,
      .panel_stride = c->panel_stride,
      .bias = c->bias ? c->bias + column_begin : NULL,
      .residual = c->residual ? c->residual + row_begin * c->residual_pitch + column_begin : NULL,
      .y = c->y + row_begin * c->y_pitch + column_begin,
      .n = column_end - column_begin,
      .depth = c->depth,
  };
  p.epilogue = dlc_epilogue_bounds(&c->epilogue, &p.lo, &p.hi) ? NULL : &c->epilogue;
  dlc_tile_current()->row(&p);
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  if (call->operands[0].type != DLC_F32) return dlc_matmul_plain(call, part, parts);
  const dlc_matmul_params *params = call->params;
  const dlc_tensor *a = &call->operands[0], *b = &call->operands[1], *bias = &call->operands[2],
                   *residual = &call->operands[3], *y = &call->operands[4];
  const int64_t depth = columns_of(a), all_rows = dlc_rows(y);
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(all_rows, (uint32_t)params->n, depth, part, parts, &row_begin, &row_end, &column_begin,
                     &column_end);
  row_layout layout = {a->data, a->pitch};
  dlc_contraction c = {
      .source = list_rows,
      .shifts = list_shift,
      .context = &layout,
      .b = b->data,
      .panel_stride = (size_t)depth * DLC_PANEL,
      .bias = bias->data,
      .residual = residual->data,
      .y = y->data,
      .residual_pitch = residual->pitch,
      .y_pitch = y->pitch,
      .n = (uint32_t)params->n,
      .taps = 1,
      .depth = (uint32_t)depth,
      .epilogue = params->epilogue,
  };
  if (all_rows == 0 || params->n == 0) return 0;
  // A row is summed as a row product exactly when its matrix has one row, so that sharing does not change results.
  const int64_t rows = matrix_rows(a, b, y);
  if (rows == all_rows) {
    if (DLC_SINGLE_ROWS || rows == 1)
      run_matrix(&c, row_begin, row_end, column_begin, column_end, call->scratch);
    else
      dlc_contract(&c, row_begin, row_end, column_begin, column_end, call->scratch);
    return 0;
  }
  const size_t a_step = batches(a) == 1 ? 0 : (size_t)(rows * a->pitch);
  const size_t b_step = b->dims[0] == 1 ? 0 : (size_t)b->dims[1] * c.panel_stride;
  for (int64_t g = row_begin / rows; g * rows < row_end; g++) {
    dlc_contraction one = c;
    layout.a = (const float *)a->data + (size_t)g * a_step;
    one.b = c.b + (size_t)g * b_step;
    one.y = c.y + g * rows * c.y_pitch;
    if (c.residual) one.residual = c.residual + g * rows * c.residual_pitch;
    int64_t first = row_begin > g * rows ? row_begin - g * rows : 0;
    int64_t last = row_end < (g + 1) * rows ? row_end - g * rows : rows;
    if (DLC_SINGLE_ROWS || rows == 1)
      run_matrix(&one, first, last, column_begin, column_end, call->scratch);
    else
      dlc_contract(&one, first, last, column_begin, column_end, call->scratch);
  }
  return 0;
}

const dlc_kernel dlc_matmul_kernel = {
    .name = "matmul",
    .params_bytes = sizeof(dlc_matmul_params),
    .min_operands = 5,
    .max_operands = 5,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
