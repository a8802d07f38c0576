// qbinary: a, b u8, table?, y u8 or f32, or a, b s16, y s16 or f32, with numpy broadcasting.
#include "qbinary/qbinary.h"

#include "binary/broadcast.h"
#include "lookup/lookup.h"
#include "qvector/bounds.h"

// Longest row that is repeated in a buffer, and the buffer's length.
enum { SHORT_ROW = 512, PATTERN = 2048 };

static bool is_known(int32_t op) {
  return op == DLC_BIN_ADD || op == DLC_BIN_SUB || op == DLC_BIN_MUL || op == DLC_BIN_MIN || op == DLC_BIN_MAX;
}

// What is asked of s16.
static int s16_check(const dlc_call *call) {
  const dlc_qbinary_params *params = call->params;
  const dlc_tensor *y = dlc_operand(call, 3);
  DLC_REQUIRE(dlc_valid_type(dlc_operand(call, 0), DLC_I16) && dlc_valid_type(dlc_operand(call, 1), DLC_I16));
  DLC_REQUIRE(dlc_valid(y) && (y->type == DLC_I16 || y->type == DLC_F32) && !dlc_is_present(dlc_operand(call, 2)));
  DLC_REQUIRE(dlc_broadcasts(dlc_operand(call, 0), y) && dlc_broadcasts(dlc_operand(call, 1), y));
  DLC_REQUIRE(is_known(params->op) && params->a_zero == 0 && params->b_zero == 0 && params->zero == 0);
  DLC_REQUIRE(params->low <= params->high);
  return y->type == DLC_F32 || (params->low >= -32768.0f && params->high <= 32767.0f) ? 0 : __LINE__;
}

static int qbinary_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 4, 4, sizeof(dlc_qbinary_params)));
  const dlc_qbinary_params *params = call->params;
  const dlc_tensor *a = dlc_operand(call, 0), *b = dlc_operand(call, 1), *table = dlc_operand(call, 2),
                   *y = dlc_operand(call, 3);
  if (DLC_HAS_TYPE(DLC_I16) && a->type == DLC_I16) return s16_check(call);
  DLC_REQUIRE(dlc_valid_type(a, DLC_U8) && dlc_valid_type(b, DLC_U8) && dlc_valid(y));
  DLC_REQUIRE(y->type == DLC_U8 || y->type == DLC_F32);
  DLC_REQUIRE(dlc_broadcasts(a, y) && dlc_broadcasts(b, y));
  const bool is_sum = params->op == DLC_QBIN_SUM;
  DLC_REQUIRE(is_sum ? y->type == DLC_U8 : is_known(params->op));
  DLC_REQUIRE(params->a_zero >= 0 && params->a_zero <= 255 && params->b_zero >= 0 && params->b_zero <= 255);
  DLC_REQUIRE(dlc_is_table(table));
  DLC_REQUIRE(!is_sum || (params->zero >= 0 && params->zero <= 255));
  if (y->type == DLC_U8) return dlc_bounds_valid(params->low, params->high, is_sum ? 0 : params->zero) ? 0 : __LINE__;
  DLC_REQUIRE(params->low <= params->high && !dlc_is_present(table));
  return 0;
}

static uint32_t qbinary_parts(const dlc_call *call) { return dlc_parts_for(dlc_elements(dlc_operand(call, 3)), 16384); }

// The side (0 or 1) that repeats a short row over the axis before the last while the rest is contiguous; -1 when none.
static int repeated_side(const dlc_loop *loop) {
  const int inner = loop->rank - 1, outer = loop->rank - 2;
  if (outer < 0 || loop->dims[inner] > SHORT_ROW) return -1;
  bool packed[3];
  for (int k = 0; k < 3; k++) packed[k] = loop->strides[k][inner] == 1 && loop->strides[k][outer] == loop->dims[inner];
  if (!packed[2] || packed[0] == packed[1]) return -1;
  const int side = packed[0] ? 1 : 0;
  return loop->strides[side][inner] == 1 && loop->strides[side][outer] == 0 ? side : -1;
}

// The loop of s16, run by run.
static void s16_run(const dlc_call *call, const dlc_loop *loop, uint32_t part, uint32_t parts) {
  const dlc_tensor *y = dlc_operand(call, 3);
  const int16_t *a = dlc_operand(call, 0)->data, *b = dlc_operand(call, 1)->data;
  const int64_t bytes = (int64_t)dlc_type_size(y->type);
  const int last = loop->rank - 1;
  const int64_t sa = loop->strides[0][last], sb = loop->strides[1][last], sy = loop->strides[2][last];
  const bool whole = sa <= 1 && sb <= 1 && sy == 1;
  int64_t begin, end;
  dlc_split(dlc_loop_elements(loop), 64, part, parts, &begin, &end);
  dlc_cursor c;
  for (dlc_cursor_start(&c, loop, begin, end); c.left > 0; dlc_cursor_next(&c, loop))
    for (int64_t i = 0; i < (whole ? 1 : c.run); i++) // columns of pitched views are taken one by one
      DLC_ROWS(dlc_qbinary_rows)
          ->s16(call->params, a + c.offsets[0] + i * sa, whole ? sa : 0, b + c.offsets[1] + i * sb, whole ? sb : 0,
                dlc_at_mutable(y->data, (c.offsets[2] + i * sy) * bytes), y->type, whole ? c.run : 1);
}

static int qbinary_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qbinary_params *params = call->params;
  const dlc_tensor *tensors[3] = {dlc_operand(call, 0), dlc_operand(call, 1), dlc_operand(call, 3)};
  const dlc_tensor *table = dlc_operand(call, 2), *y = tensors[2];
  if (dlc_elements(y) == 0) return 0;
  const int64_t bytes = (int64_t)dlc_type_size(y->type);
  const dlc_qbinary_rows *rows = DLC_ROWS(dlc_qbinary_rows);
  dlc_qbinary_row *row = y->type == DLC_F32 ? rows->f32 : rows->u8;
  dlc_loop loop;
  dlc_loop_broadcast(&loop, tensors, 3);
  if (DLC_HAS_TYPE(DLC_I16) && tensors[0]->type == DLC_I16) {
    s16_run(call, &loop, part, parts);
    return 0;
  }
  const int side = repeated_side(&loop);
  const int64_t length = loop.dims[loop.rank - 1];
  if (side >= 0) { // the two inner axes are walked as one; the repeated side stays at its beginning
    loop.rank--;
    const int last = loop.rank - 1;
    loop.dims[last] *= length;
    for (int k = 0; k < 3; k++) loop.strides[k][last] = k == side ? 0 : 1;
  }
  const int last = loop.rank - 1;
  int64_t begin, end;
  dlc_split(dlc_loop_elements(&loop), side >= 0 ? length * (1 + 64 / length) : 64, part, parts, &begin, &end);
  dlc_cursor c;
  for (dlc_cursor_start(&c, &loop, begin, end); c.left > 0; dlc_cursor_next(&c, &loop)) {
    const uint8_t *a = (const uint8_t *)tensors[0]->data + c.offsets[0],
                  *b = (const uint8_t *)tensors[1]->data + c.offsets[1];
    void *to = dlc_at_mutable(y->data, c.offsets[2] * bytes);
    if (side >= 0) {
      uint8_t pattern[PATTERN];
      const int64_t whole = PATTERN / length * length, used = dlc_min64(whole, c.run);
      for (int64_t i = 0; i < used; i += length) memcpy(pattern + i, side ? b : a, (size_t)length);
      for (int64_t i = 0; i < c.run; i += whole)
        row(params, side ? a + i : pattern, 1, side ? pattern : b + i, 1, dlc_at_mutable(to, i * bytes),
            dlc_min64(whole, c.run - i));
    } else if (loop.strides[0][last] <= 1 && loop.strides[1][last] <= 1 && loop.strides[2][last] == 1) {
      row(params, a, loop.strides[0][last], b, loop.strides[1][last], to, c.run);
    } else { // columns of pitched views
      for (int64_t i = 0; i < c.run; i++)
        row(params, a + i * loop.strides[0][last], 0, b + i * loop.strides[1][last], 0,
            dlc_at_mutable(to, i * loop.strides[2][last] * bytes), 1);
    }
    if (!dlc_is_present(table)) continue;
    if (loop.strides[2][last] == 1)
      dlc_lookup_rows(table->data, to, 1, c.run, c.run);
    else
      dlc_lookup_rows(table->data, to, c.run, loop.strides[2][last], 1);
  }
  return 0;
}

const dlc_kernel dlc_qbinary_kernel = {
    .name = "qbinary",
    .params_bytes = sizeof(dlc_qbinary_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = qbinary_check,
    .parts = qbinary_parts,
    .run = qbinary_run,
};
