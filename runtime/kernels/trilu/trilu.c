#include "copy/movement.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 2, 2) && dlc_has_params(call, sizeof(dlc_trilu_params)));
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  DLC_REQUIRE(dlc_is_sound(x) && dlc_is_sound(y) && x->type == y->type && dlc_same_shape(x, y) && x->rank >= 2);
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *x = &call->operands[0];
  return dlc_parts_for_bytes(dlc_elements(x) * (int64_t)dlc_type_size(x->type));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const dlc_trilu_params *p = (const dlc_trilu_params *)call->params;
  int64_t columns = dlc_row_length(x), height = x->dims[x->rank - 2], size = (int64_t)dlc_type_size(x->type), begin,
          end;
  if (dlc_elements(x) == 0) return 0;
  dlc_split(dlc_rows(x), 1, part, parts, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    // Columns from `first` on belong to the upper triangle; one more diagonal to the lower.
    int64_t first = row % height + p->k + (p->upper ? 0 : 1);
    first = first < 0 ? 0 : first > columns ? columns : first;
    const char *from = (const char *)x->data + row * x->pitch * size;
    char *to = (char *)y->data + row * y->pitch * size;
    if (p->upper) {
      dlc_fill(to, NULL, (size_t)size, first);
      dlc_put(to + first * size, from + first * size, (size_t)((columns - first) * size));
    } else {
      dlc_put(to, from, (size_t)(first * size));
      dlc_fill(to + first * size, NULL, (size_t)size, columns - first);
    }
  }
  return 0;
}

const dlc_kernel dlc_trilu_kernel = {
    .name = "trilu",
    .params_bytes = sizeof(dlc_trilu_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .parts = parts,
    .run = run,
};
