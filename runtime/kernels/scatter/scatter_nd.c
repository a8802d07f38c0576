#include "scatter/reduction.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 4, 4) && dlc_has_params(call, sizeof(dlc_scatter_nd_params)));
  const dlc_tensor *data = &call->operands[0], *indices = &call->operands[1];
  const dlc_tensor *updates = &call->operands[2], *y = &call->operands[3];
  int32_t reduction = ((const dlc_scatter_nd_params *)call->params)->reduction;
  DLC_REQUIRE(dlc_is_sound_dense(data) && dlc_is_sound_indices(indices));
  DLC_REQUIRE(dlc_is_sound_dense(updates) && dlc_is_sound_dense(y) && dlc_same_shape(data, y));
  DLC_REQUIRE(data->type == y->type && updates->type == y->type && dlc_scatter_reduces(reduction, y->type));
  DLC_REQUIRE(indices->rank >= 1);
  int32_t lead = indices->rank - 1, k = indices->dims[lead];
  DLC_REQUIRE(k >= 1 && k <= data->rank && updates->rank == lead + data->rank - k);
  for (int i = 0; i < updates->rank; i++)
    DLC_REQUIRE(updates->dims[i] == (i < lead ? indices->dims[i] : data->dims[k + i - lead]));
  return 0;
}

// Parts own ranges of y, as in scatter_elements; an index is read once a part but moves a whole slice.
static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *indices = &call->operands[1], *updates = &call->operands[2], *y = &call->operands[3];
  int64_t moved = dlc_elements(y) + dlc_elements(updates) - 8 * dlc_elements(indices);
  return dlc_parts_for_bytes(moved * (int64_t)dlc_type_size(y->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *data = &call->operands[0], *indices = &call->operands[1];
  const dlc_tensor *updates = &call->operands[2], *y = &call->operands[3];
  int32_t reduction = ((const dlc_scatter_nd_params *)call->params)->reduction;
  int64_t begin, end, size = (int64_t)dlc_type_size(y->type);
  dlc_split(dlc_elements(y), 64, part, parts, &begin, &end);
  dlc_scatter_start(data, y, begin, end);
  int32_t lead = indices->rank - 1, k = indices->dims[lead];
  int64_t slice = dlc_product(y, k, y->rank), count = dlc_product(indices, 0, lead);
  for (int64_t item = 0; item < count; item++) {
    int64_t at = 0;
    for (int32_t i = 0; i < k; i++) {
      int64_t index = dlc_index_at(indices, item * k + i), n = y->dims[i];
      if (!dlc_resolve_index(&index, n)) return DLC_FAULT_INDEX;
      at = at * n + index;
    }
    int64_t first = at * slice, last = first + slice;
    int64_t from = first < begin ? begin : first, to = last > end ? end : last;
    if (from >= to) continue;
    const char *update = (const char *)updates->data + (item * slice + from - first) * size;
    dlc_scatter_combine((char *)y->data + from * size, update, to - from, y->type, reduction);
  }
  return 0;
}

const dlc_kernel dlc_scatter_nd_kernel = {
    .name = "scatter_nd",
    .params_bytes = sizeof(dlc_scatter_nd_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = check,
    .parts = parts,
    .run = run,
};
