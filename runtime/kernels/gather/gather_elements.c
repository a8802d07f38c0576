#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_gather_elements_params)));
  const dlc_tensor *x = &call->operands[0], *indices = &call->operands[1], *y = &call->operands[2];
  int32_t axis = ((const dlc_gather_elements_params *)call->params)->axis;
  DLC_REQUIRE(dlc_is_sound_dense(x) && dlc_is_sound_indices(indices) && dlc_is_sound_dense(y) && x->type == y->type);
  DLC_REQUIRE(x->rank == indices->rank && dlc_same_shape(indices, y) && axis >= 0 && axis < x->rank);
  for (int i = 0; i < x->rank; i++) DLC_REQUIRE(i == axis || indices->dims[i] <= x->dims[i]);
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[2];
  return dlc_parts_for_bytes(dlc_elements(y) * 8);
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *indices = &call->operands[1], *y = &call->operands[2];
  int32_t axis = ((const dlc_gather_elements_params *)call->params)->axis;
  int64_t strides[DLC_MAX_RANK], begin, end, n = x->dims[axis], length = dlc_row_length(y);
  size_t size = dlc_type_size(x->type);
  if (dlc_elements(y) == 0) return 0;
  dlc_strides(x, strides);
  // Elements of x between neighbours of one row of y, before the index is added.
  int64_t step = axis == x->rank - 1 ? 0 : 1;
  dlc_split(dlc_rows(y), 1, part, parts, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    int64_t base = 0;
    for (int64_t i = y->rank - 2, rest = row; i >= 0; i--) {
      if (i != axis) base += rest % y->dims[i] * strides[i];
      rest /= y->dims[i];
    }
    for (int64_t j = 0; j < length; j++) {
      int64_t index = dlc_index_at(indices, row * length + j);
      if (!dlc_resolve_index(&index, n)) return DLC_FAULT_INDEX;
      int64_t from = base + j * step + index * strides[axis], to = row * length + j;
      switch (size) {
      case 1: ((dlc_e1 *)y->data)[to] = ((const dlc_e1 *)x->data)[from]; break;
      case 2: ((dlc_e2 *)y->data)[to] = ((const dlc_e2 *)x->data)[from]; break;
      case 4: ((dlc_e4 *)y->data)[to] = ((const dlc_e4 *)x->data)[from]; break;
      default: ((dlc_e8 *)y->data)[to] = ((const dlc_e8 *)x->data)[from]; break;
      }
    }
  }
  return 0;
}

const dlc_kernel dlc_gather_elements_kernel = {
    .name = "gather_elements",
    .params_bytes = sizeof(dlc_gather_elements_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
