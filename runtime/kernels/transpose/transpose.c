#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 2, 2) && dlc_has_params(call, sizeof(dlc_transpose_params)));
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const int32_t *perm = ((const dlc_transpose_params *)call->params)->perm;
  DLC_REQUIRE(dlc_is_sound(x) && dlc_is_sound(y) && x->type == y->type && x->rank == y->rank);
  uint32_t seen = 0;
  for (int i = 0; i < y->rank; i++) {
    DLC_REQUIRE(perm[i] >= 0 && perm[i] < x->rank && !(seen >> perm[i] & 1));
    seen |= 1u << perm[i];
    DLC_REQUIRE(y->dims[i] == x->dims[perm[i]]);
  }
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *x = &call->operands[0];
  return dlc_parts_for_bytes(dlc_elements(x) * (int64_t)dlc_type_size(x->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const int32_t *perm = ((const dlc_transpose_params *)call->params)->perm;
  int64_t x_strides[DLC_MAX_RANK];
  dlc_movement m = {.rank = y->rank, .size = dlc_type_size(x->type)};
  dlc_strides(x, x_strides);
  dlc_strides(y, m.y_strides);
  for (int i = 0; i < y->rank; i++) {
    m.dims[i] = y->dims[i];
    m.x_strides[i] = x_strides[perm[i]];
  }
  dlc_move(&m, x->data, y->data, part, parts);
  return 0;
}

const dlc_kernel dlc_transpose_kernel = {
    .name = "transpose",
    .params_bytes = sizeof(dlc_transpose_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .parts = parts,
    .run = run,
};
