// matmul_weights: f32 product whose weights are integers in the plan. A few panels at a time become f32 in scratch and are
// multiplied while they are in cache.
#include "gemm/check.h"
#include "gemm/contraction.h"
#include "weights/weights.h"

// MOST_DEPTH keeps the bytes of scratch within 32 bits.
enum { BLOCK_PANELS = 2, DEEP = 2048, MOST_DEPTH = 1 << 24 };

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 7, 7, sizeof(dlc_matmul_weights_params)));
  const dlc_matmul_weights_params *p = call->params;
  const dlc_tensor *a = &call->operands[0], *q = &call->operands[1], *y = &call->operands[6];
  int line = dlc_weights_check(q, &call->operands[2], &call->operands[3], &p->weights);
  if (line) return line;
  DLC_REQUIRE(dlc_is_f32(a, 2) && dlc_is_f32(y, 2) && a->dims[0] == y->dims[0]);
  DLC_REQUIRE(dlc_weights_width(q, &p->weights) == DLC_PANEL && p->weights.depth == a->dims[1] &&
              p->weights.depth <= MOST_DEPTH);
  DLC_REQUIRE(p->n >= 1 && p->n == y->dims[1]);
  DLC_REQUIRE(q->dims[0] == (int64_t)(p->n / DLC_PANEL + (p->n % DLC_PANEL != 0)) * a->dims[1]);
  DLC_REQUIRE(dlc_is_bias(&call->operands[4], p->n) && dlc_is_residual(&call->operands[5], y));
  DLC_REQUIRE(dlc_epilogue_valid(&p->epilogue));
  return 0;
}

// Panels that are f32 at once.
static int64_t block_panels(int64_t depth) { return depth > DEEP ? 1 : BLOCK_PANELS; }

static size_t panel_bytes(const dlc_call *call) {
  const int64_t depth = call->operands[0].dims[1];
  return (size_t)(block_panels(depth) * depth) * DLC_PANEL * sizeof(float);
}

static size_t scratch(const dlc_call *call) { return panel_bytes(call) + dlc_contract_scratch(1); }

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *a = &call->operands[0], *y = &call->operands[6];
  return dlc_contract_parts(y->dims[0], y->dims[1], a->dims[1]);
}

static void list_rows(const void *context, int64_t row, dlc_tile_rows *rows) {
  const dlc_tensor *a = context;
  for (uint32_t i = 0; i < rows->m; i++) {
    rows->a[i] = (const float *)a->data + (row + i) * a->pitch;
    rows->y_row[i] = row + i;
  }
  rows->taps = 1;
  rows->shifted = true;
}

static void list_shift(const void *context, int64_t *shift) {
  (void)context;
  shift[0] = 0;
}

// A single row is summed as matmul sums it.
static void multiply_row(const dlc_contraction *c) {
  const dlc_tensor *a = c->context;
  dlc_row_product r = {
      .a = a->data,
      .b = c->b,
      .panel_stride = c->panel_stride,
      .bias = c->bias,
      .residual = c->residual,
      .y = c->y,
      .n = c->n,
      .depth = c->depth,
  };
  r.epilogue = dlc_epilogue_bounds(&c->epilogue, &r.lo, &r.hi) ? NULL : &c->epilogue;
  dlc_tile_current()->row(&r);
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_matmul_weights_params *p = call->params;
  const dlc_tensor *a = &call->operands[0], *bias = &call->operands[4], *residual = &call->operands[5],
                   *y = &call->operands[6];
  const dlc_weights w = dlc_weights_of(&call->operands[1], &call->operands[2], &call->operands[3], &p->weights);
  const int64_t depth = a->dims[1], step = block_panels(depth) * DLC_PANEL;
  int64_t row_begin, row_end;
  uint32_t column_begin, column_end;
  dlc_contract_share(y->dims[0], (uint32_t)p->n, depth, part, parts, &row_begin, &row_end, &column_begin, &column_end);
  if (row_begin == row_end) return 0;
  float *panels = call->scratch;
  void *tables = (char *)call->scratch + panel_bytes(call);
  for (int64_t column = column_begin; column < column_end; column += step) {
    const int64_t columns = dlc_min64(step, column_end - column);
    const int64_t first = column / DLC_PANEL, last = (column + columns + DLC_PANEL - 1) / DLC_PANEL;
    const int fault = DLC_ROWS(dlc_weights_rows)->unpack(&w, first * depth, last * depth, panels);
    if (fault) return fault;
    dlc_contraction c = {
        .source = list_rows,
        .shifts = list_shift,
        .context = a,
        .b = panels,
        .panel_stride = (size_t)depth * DLC_PANEL,
        .bias = bias->data ? (const float *)bias->data + column : NULL,
        .residual = residual->data ? (const float *)residual->data + column : NULL,
        .y = (float *)y->data + column,
        .residual_pitch = residual->pitch,
        .y_pitch = y->pitch,
        .n = (uint32_t)columns,
        .taps = 1,
        .depth = (uint32_t)depth,
        .epilogue = p->epilogue,
    };
    if (y->dims[0] == 1)
      multiply_row(&c);
    else
      dlc_contract(&c, row_begin, row_end, 0, c.n, tables);
  }
  return 0;
}

const dlc_kernel dlc_matmul_weights_kernel = {
    .name = "matmul_weights",
    .params_bytes = sizeof(dlc_matmul_weights_params),
    .min_operands = 7,
    .max_operands = 7,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
