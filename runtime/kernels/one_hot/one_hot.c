#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_one_hot_params)));
  const dlc_tensor *indices = &call->operands[0], *values = &call->operands[1], *y = &call->operands[2];
  int32_t axis = ((const dlc_one_hot_params *)call->params)->axis;
  DLC_REQUIRE(dlc_is_sound_dense(indices) && dlc_is_sound_dense(values) && dlc_is_sound_dense(y));
  switch (indices->type) {
  case DLC_U8:
  case DLC_I8:
  case DLC_U16:
  case DLC_I16:
  case DLC_U32:
  case DLC_I32:
  case DLC_U64:
  case DLC_I64:
  case DLC_F32: break;
  default: return __LINE__;
  }
  DLC_REQUIRE(values->type == y->type && values->rank == 1 && values->dims[0] == 2);
  DLC_REQUIRE(y->rank == indices->rank + 1 && axis >= 0 && axis < y->rank);
  for (int i = 0; i < indices->rank; i++) DLC_REQUIRE(y->dims[i < axis ? i : i + 1] == indices->dims[i]);
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[2];
  return dlc_parts_for_bytes(dlc_elements(y) * (int64_t)dlc_type_size(y->type));
}

// The class index `i` names, or -1 when it lies outside [-depth, depth). A float truncates.
static int64_t class_at(const dlc_tensor *t, int64_t i, int64_t depth) {
  int64_t c = -1;
  switch (t->type) {
  case DLC_U8: c = ((const uint8_t *)t->data)[i]; break;
  case DLC_I8: c = ((const int8_t *)t->data)[i]; break;
  case DLC_U16: c = ((const dlc_e2 *)t->data)[i]; break;
  case DLC_I16: c = (int16_t)((const dlc_e2 *)t->data)[i]; break;
  case DLC_U32: c = ((const dlc_e4 *)t->data)[i]; break;
  case DLC_F32: {
    float f = ((const float *)t->data)[i];
    if (!(f > -2147483904.0f && f < 2147483648.0f)) return -1;
    c = (int64_t)f;
    break;
  }
  case DLC_U64: {
    uint64_t u = ((const dlc_e8 *)t->data)[i];
    if (u > INT64_MAX) return -1;
    c = (int64_t)u;
    break;
  }
  default: c = dlc_index_at(t, i); break;
  }
  return dlc_resolve_index(&c, depth) ? c : -1;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *indices = &call->operands[0], *values = &call->operands[1], *y = &call->operands[2];
  int32_t axis = ((const dlc_one_hot_params *)call->params)->axis;
  int64_t size = (int64_t)dlc_type_size(y->type), depth = y->dims[axis], inner = dlc_product(y, axis + 1, y->rank);
  if (dlc_elements(y) == 0) return 0;
  const char *off = (const char *)values->data, *on = off + size;
  // Items are pairs (outer, j): one column of `depth` elements, `inner` apart. Items of one outer lie together.
  int64_t begin, end;
  dlc_split(dlc_elements(indices), 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end;) {
    int64_t outer = item / inner, j = item % inner, n = inner - j < end - item ? inner - j : end - item;
    char *block = (char *)y->data + (outer * depth * inner + j) * size;
    if (n == inner)
      dlc_fill(block, off, (size_t)size, depth * inner);
    else
      for (int64_t c = 0; c < depth; c++) dlc_fill(block + c * inner * size, off, (size_t)size, n);
    for (int64_t i = 0; i < n; i++) {
      int64_t c = class_at(indices, item + i, depth);
      if (c >= 0) memcpy(block + (c * inner + i) * size, on, (size_t)size);
    }
    item += n;
  }
  return 0;
}

const dlc_kernel dlc_one_hot_kernel = {
    .name = "one_hot",
    .params_bytes = sizeof(dlc_one_hot_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
