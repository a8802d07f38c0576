// The cast family: x, y of one shape.
#include "cast/cast.h"

static int cast_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_cast_params)));
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid(x) && dlc_valid(y));
  DLC_REQUIRE(dlc_same_shape(x, y));
  return 0;
}

static uint32_t cast_parts(const dlc_call *call) { return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 16384); }

static int cast_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int64_t rows = dlc_rows(x), length = dlc_row_length(x), begin, end;
  if (rows == 0 || length == 0) return 0;
  int64_t x_bytes = (int64_t)dlc_type_size(x->type), y_bytes = (int64_t)dlc_type_size(y->type);
  if (dlc_is_dense(x) && dlc_is_dense(y)) {
    dlc_split(rows * length, 64, part, parts, &begin, &end);
    if (begin < end)
      dlc_cast_run(x->type, dlc_at(x->data, begin * x_bytes), 1, y->type, dlc_at_mutable(y->data, begin * y_bytes), 1,
                   end - begin);
    return 0;
  }
  dlc_split(rows, 1, part, parts, &begin, &end);
  for (int64_t r = begin; r < end; r++)
    dlc_cast_run(x->type, dlc_at(x->data, r * x->pitch * x_bytes), 1, y->type,
                 dlc_at_mutable(y->data, r * y->pitch * y_bytes), 1, length);
  return 0;
}

const dlc_kernel dlc_cast_kernel = {
    .name = "cast",
    .params_bytes = sizeof(dlc_cast_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = cast_check,
    .parts = cast_parts,
    .run = cast_run,
};
