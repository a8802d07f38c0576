#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_gather_nd_params)));
  const dlc_tensor *x = &call->operands[0], *indices = &call->operands[1], *y = &call->operands[2];
  int32_t batch = ((const dlc_gather_nd_params *)call->params)->batch_dims;
  DLC_REQUIRE(dlc_is_sound_dense(x) && dlc_is_sound_indices(indices) && dlc_is_sound_dense(y) && x->type == y->type);
  DLC_REQUIRE(indices->rank >= 1 && batch >= 0 && batch < indices->rank && batch < x->rank);
  int32_t k = indices->dims[indices->rank - 1], lead = indices->rank - 1;
  DLC_REQUIRE(k >= 1 && k <= x->rank - batch && y->rank == lead + x->rank - batch - k);
  for (int i = 0; i < batch; i++) DLC_REQUIRE(x->dims[i] == indices->dims[i]);
  for (int i = 0; i < y->rank; i++)
    DLC_REQUIRE(y->dims[i] == (i < lead ? indices->dims[i] : x->dims[batch + k + i - lead]));
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[2];
  return dlc_parts_for_bytes(dlc_elements(y) * (int64_t)dlc_type_size(y->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *indices = &call->operands[1], *y = &call->operands[2];
  int32_t batch = ((const dlc_gather_nd_params *)call->params)->batch_dims, lead = indices->rank - 1;
  int32_t k = indices->dims[lead];
  if (dlc_elements(y) == 0) return 0;
  int64_t slice = dlc_product(x, batch + k, x->rank) * (int64_t)dlc_type_size(x->type), begin, end;
  int64_t per_batch = dlc_product(indices, batch, lead);
  dlc_split(dlc_product(indices, 0, lead), 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    int64_t from = item / per_batch;
    for (int32_t i = 0; i < k; i++) {
      int64_t index = dlc_index_at(indices, item * k + i), n = x->dims[batch + i];
      if (!dlc_resolve_index(&index, n)) return DLC_FAULT_INDEX;
      from = from * n + index;
    }
    dlc_put((char *)y->data + item * slice, (const char *)x->data + from * slice, (size_t)slice);
  }
  return 0;
}

const dlc_kernel dlc_gather_nd_kernel = {
    .name = "gather_nd",
    .params_bytes = sizeof(dlc_gather_nd_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
