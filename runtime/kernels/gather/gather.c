#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_gather_params)));
  const dlc_tensor *x = &call->operands[0], *indices = &call->operands[1], *y = &call->operands[2];
  int32_t axis = ((const dlc_gather_params *)call->params)->axis;
  DLC_REQUIRE(dlc_is_sound_dense(x) && dlc_is_sound_indices(indices) && dlc_is_sound_dense(y) && x->type == y->type);
  DLC_REQUIRE(axis >= 0 && axis < x->rank && y->rank == x->rank + indices->rank - 1);
  for (int i = 0; i < y->rank; i++) {
    int32_t expected = i < axis                   ? x->dims[i]
                       : i < axis + indices->rank ? indices->dims[i - axis]
                                                  : x->dims[i - indices->rank + 1];
    DLC_REQUIRE(y->dims[i] == expected);
  }
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[2];
  return dlc_parts_for_bytes(dlc_elements(y) * (int64_t)dlc_type_size(y->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *indices = &call->operands[1], *y = &call->operands[2];
  int32_t axis = ((const dlc_gather_params *)call->params)->axis;
  int64_t n = x->dims[axis], count = dlc_elements(indices);
  int64_t slice = dlc_product(x, axis + 1, x->rank) * (int64_t)dlc_type_size(x->type);
  if (dlc_elements(y) == 0) return 0;
  // Long slices are cut so that a few of them can still be shared.
  int64_t piece = 65536, pieces = (slice + piece - 1) / piece, begin, end;
  dlc_split(dlc_product(x, 0, axis) * count * pieces, 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    int64_t at = item / pieces, offset = item % pieces * piece, index = dlc_index_at(indices, at % count);
    if (!dlc_resolve_index(&index, n)) return DLC_FAULT_INDEX;
    const char *from = (const char *)x->data + (at / count * n + index) * slice + offset;
    dlc_put((char *)y->data + at * slice + offset, from, (size_t)(slice - offset < piece ? slice - offset : piece));
  }
  return 0;
}

const dlc_kernel dlc_gather_kernel = {
    .name = "gather",
    .params_bytes = sizeof(dlc_gather_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
