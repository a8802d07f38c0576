#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_reverse_sequence_params)));
  const dlc_tensor *x = &call->operands[0], *lengths = &call->operands[1], *y = &call->operands[2];
  const dlc_reverse_sequence_params *p = (const dlc_reverse_sequence_params *)call->params;
  DLC_REQUIRE(dlc_is_sound_dense(x) && dlc_is_sound_dense(y) && x->type == y->type && dlc_same_shape(x, y));
  DLC_REQUIRE(p->time_axis >= 0 && p->time_axis < x->rank && p->batch_axis >= 0 && p->batch_axis < x->rank);
  DLC_REQUIRE(p->time_axis != p->batch_axis);
  DLC_REQUIRE(dlc_is_sound_dense(lengths) && lengths->type == DLC_I64 && lengths->rank == 1);
  DLC_REQUIRE(lengths->dims[0] == x->dims[p->batch_axis]);
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *x = &call->operands[0];
  return dlc_parts_for_bytes(dlc_elements(x) * (int64_t)dlc_type_size(x->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *lengths = &call->operands[1], *y = &call->operands[2];
  const dlc_reverse_sequence_params *p = (const dlc_reverse_sequence_params *)call->params;
  int near = p->time_axis < p->batch_axis ? p->time_axis : p->batch_axis;
  int far = p->time_axis < p->batch_axis ? p->batch_axis : p->time_axis;
  int64_t steps = x->dims[p->time_axis], size = (int64_t)dlc_type_size(x->type), begin, end;
  for (int64_t b = 0; b < lengths->dims[0]; b++) {
    int64_t length = dlc_index_at(lengths, b);
    if (length < 0 || length > steps) return DLC_FAULT_INDEX;
  }
  if (dlc_elements(x) == 0) return 0;
  // x is [outer, near, middle, far, inner]; time is one of near and far, batch the other.
  int64_t inner = dlc_product(x, far + 1, x->rank) * size, middle = dlc_product(x, near + 1, far);
  int64_t time_stride = dlc_product(x, p->time_axis + 1, x->rank) * size;
  dlc_split(dlc_product(x, 0, far + 1), 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    int64_t i = item / x->dims[far] / middle % x->dims[near], j = item % x->dims[far];
    int64_t time = near == p->time_axis ? i : j, batch = near == p->time_axis ? j : i;
    int64_t length = dlc_index_at(lengths, batch), source = time < length ? length - 1 - time : time;
    const char *from = (const char *)x->data + item * inner + (source - time) * time_stride;
    dlc_put((char *)y->data + item * inner, from, (size_t)inner);
  }
  return 0;
}

const dlc_kernel dlc_reverse_sequence_kernel = {
    .name = "reverse_sequence",
    .params_bytes = sizeof(dlc_reverse_sequence_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
