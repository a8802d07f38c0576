#include "copy/movement.h"

// Adds the reach of one side's strides to [low, high]; false when it leaves the range offsets are kept in.
static bool reach(const dlc_copy_params *p, const int32_t *strides, int64_t *low, int64_t *high) {
  for (int i = 0; i < p->rank; i++) {
    int64_t far = (int64_t)(p->dims[i] - 1) * strides[i]; // below 2^62 in magnitude
    if (far > DLC_MAX_ELEMENTS || far < -DLC_MAX_ELEMENTS) return false;
    if (far < 0)
      *low += far;
    else
      *high += far;
  }
  return true;
}

// True when no two indices share a place in y: each axis steps over all that the axes of smaller stride cover.
static bool is_injective(const dlc_copy_params *p) {
  int order[DLC_MAX_RANK], n = 0;
  for (int i = 0; i < p->rank; i++) {
    if (p->dims[i] == 1) continue;
    int j = n++;
    for (; j > 0 && p->y_strides[order[j - 1]] > p->y_strides[i]; j--) order[j] = order[j - 1];
    order[j] = i;
  }
  int64_t covered = 0;
  for (int j = 0; j < n; j++) {
    int64_t stride = p->y_strides[order[j]];
    if (stride <= covered) return false;
    covered += (p->dims[order[j]] - 1) * stride;
  }
  return true;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 2, 2) && dlc_has_params(call, sizeof(dlc_copy_params)));
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const dlc_copy_params *p = (const dlc_copy_params *)call->params;
  DLC_REQUIRE(dlc_is_sound(x) && dlc_is_sound(y) && x->type == y->type);
  DLC_REQUIRE(p->rank >= 0 && p->rank <= DLC_MAX_RANK && p->x_offset >= 0 && p->y_offset >= 0);
  bool empty = false;
  int64_t count = 1;
  for (int i = 0; i < p->rank; i++) {
    DLC_REQUIRE(p->dims[i] >= 0);
    if (p->dims[i] == 0)
      empty = true;
    else {
      DLC_REQUIRE(count <= DLC_MAX_ELEMENTS / p->dims[i]);
      count *= p->dims[i];
    }
  }
  if (empty) return 0;
  int64_t x_low = p->x_offset, x_high = p->x_offset, y_low = p->y_offset, y_high = p->y_offset;
  DLC_REQUIRE(reach(p, p->x_strides, &x_low, &x_high) && reach(p, p->y_strides, &y_low, &y_high));
  DLC_REQUIRE(x_low >= 0 && x_high < dlc_extent(x));
  DLC_REQUIRE(y_low >= 0 && y_high < dlc_extent(y));
  DLC_REQUIRE(is_injective(p));
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_copy_params *p = (const dlc_copy_params *)call->params;
  int64_t n = (int64_t)dlc_type_size(call->operands[0].type);
  for (int i = 0; i < p->rank; i++)
    if (p->dims[i] == 0) return 1;
  for (int i = 0; i < p->rank; i++) n *= p->dims[i];
  return dlc_parts_for_bytes(n);
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const dlc_copy_params *p = (const dlc_copy_params *)call->params;
  dlc_movement m = {.rank = p->rank, .size = dlc_type_size(x->type)};
  for (int i = 0; i < p->rank; i++) {
    if (p->dims[i] == 0) return 0;
    m.dims[i] = p->dims[i];
    m.x_strides[i] = p->x_strides[i];
    m.y_strides[i] = p->y_strides[i];
  }
  dlc_move(&m, (const char *)x->data + p->x_offset * (int64_t)m.size, (char *)y->data + p->y_offset * (int64_t)m.size,
           part, parts);
  return 0;
}

const dlc_kernel dlc_copy_kernel = {
    .name = "copy",
    .params_bytes = sizeof(dlc_copy_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .parts = parts,
    .run = run,
};
