#include "scatter/reduction.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 4, 4) && dlc_has_params(call, sizeof(dlc_scatter_elements_params)));
  const dlc_tensor *data = &call->operands[0], *indices = &call->operands[1];
  const dlc_tensor *updates = &call->operands[2], *y = &call->operands[3];
  const dlc_scatter_elements_params *p = (const dlc_scatter_elements_params *)call->params;
  DLC_REQUIRE(dlc_is_sound_dense(data) && dlc_is_sound_indices(indices));
  DLC_REQUIRE(dlc_is_sound_dense(updates) && dlc_is_sound_dense(y));
  DLC_REQUIRE(data->type == y->type && updates->type == y->type && dlc_scatter_reduces(p->reduction, y->type));
  DLC_REQUIRE(dlc_same_shape(data, y) && dlc_same_shape(indices, updates) && indices->rank == data->rank);
  DLC_REQUIRE(p->axis >= 0 && p->axis < data->rank);
  for (int i = 0; i < data->rank; i++) DLC_REQUIRE(i == p->axis || indices->dims[i] <= data->dims[i]);
  return 0;
}

// Each part copies its range of y and applies the updates that fall in it, in order: the answer is that of one part.
// Every part reads all indices, so sharing pays only where the copy outweighs them.
static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *indices = &call->operands[1], *y = &call->operands[3];
  return dlc_parts_for_bytes((dlc_elements(y) - 8 * dlc_elements(indices)) * (int64_t)dlc_type_size(y->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *data = &call->operands[0], *indices = &call->operands[1];
  const dlc_tensor *updates = &call->operands[2], *y = &call->operands[3];
  const dlc_scatter_elements_params *p = (const dlc_scatter_elements_params *)call->params;
  int64_t strides[DLC_MAX_RANK], begin, end, size = (int64_t)dlc_type_size(y->type);
  dlc_split(dlc_elements(y), 64, part, parts, &begin, &end);
  dlc_scatter_start(data, y, begin, end);
  if (dlc_elements(indices) == 0) return 0;
  dlc_strides(y, strides);
  int64_t rows = dlc_rows(indices), length = dlc_row_length(indices), n = y->dims[p->axis];
  int64_t step = p->axis == y->rank - 1 ? 0 : 1;
  for (int64_t row = 0; row < rows; row++) {
    int64_t base = 0;
    for (int64_t i = y->rank - 2, rest = row; i >= 0; i--) {
      if (i != p->axis) base += rest % indices->dims[i] * strides[i];
      rest /= indices->dims[i];
    }
    for (int64_t j = 0; j < length; j++) {
      int64_t index = dlc_index_at(indices, row * length + j);
      if (!dlc_resolve_index(&index, n)) return DLC_FAULT_INDEX;
      int64_t to = base + j * step + index * strides[p->axis];
      if (to < begin || to >= end) continue;
      const char *update = (const char *)updates->data + (row * length + j) * size;
      dlc_scatter_combine((char *)y->data + to * size, update, 1, y->type, p->reduction);
    }
  }
  return 0;
}

const dlc_kernel dlc_scatter_elements_kernel = {
    .name = "scatter_elements",
    .params_bytes = sizeof(dlc_scatter_elements_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = check,
    .parts = parts,
    .run = run,
};
