// weights_unpack: q, scales, index?, y f32.
#include "weights/weights.h"

static bool is_dense_list(const dlc_tensor *t, uint8_t type, uint8_t rank) {
  return dlc_valid_type(t, type) && t->rank == rank && dlc_is_dense(t);
}

int dlc_weights_check(const dlc_tensor *q, const dlc_tensor *scales, const dlc_tensor *index,
                      const dlc_stored_weights *p) {
  DLC_REQUIRE(p->bits == 4 || p->bits == 8);
  DLC_REQUIRE(is_dense_list(q, p->bits == 4 ? DLC_U8 : DLC_I8, 2));
  DLC_REQUIRE(p->depth >= 1 && p->groups >= 1 && q->dims[0] % p->depth == 0);
  DLC_REQUIRE(is_dense_list(scales, DLC_F32, 2) && scales->dims[1] == dlc_weights_width(q, p));
  DLC_REQUIRE(scales->dims[0] == (int64_t)(q->dims[0] / p->depth) * p->groups);
  if (dlc_is_present(index))
    DLC_REQUIRE(is_dense_list(index, DLC_I32, 1) && index->dims[0] == p->depth);
  else
    DLC_REQUIRE(p->depth % p->groups == 0);
  return 0;
}

dlc_weights dlc_weights_of(const dlc_tensor *q, const dlc_tensor *scales, const dlc_tensor *index,
                           const dlc_stored_weights *p) {
  return (dlc_weights){q->data,
                       scales->data,
                       dlc_is_present(index) ? index->data : NULL,
                       q->dims[0],
                       dlc_weights_width(q, p),
                       p->depth,
                       p->groups,
                       p->bits == 4};
}

static int weights_unpack_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 4, 4, sizeof(dlc_weights_unpack_params)));
  const dlc_weights_unpack_params *params = call->params;
  const dlc_tensor *q = dlc_operand(call, 0), *y = dlc_operand(call, 3);
  int line = dlc_weights_check(q, dlc_operand(call, 1), dlc_operand(call, 2), &params->weights);
  if (line) return line;
  DLC_REQUIRE(dlc_valid_type(y, DLC_F32) && dlc_is_dense(y));
  DLC_REQUIRE(dlc_elements(y) == (int64_t)q->dims[0] * dlc_weights_width(q, &params->weights));
  return 0;
}

static uint32_t weights_unpack_parts(const dlc_call *call) {
  return dlc_parts_for(dlc_elements(dlc_operand(call, 3)), 1 << 15);
}

static int weights_unpack_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_weights_unpack_params *params = call->params;
  const dlc_weights w =
      dlc_weights_of(dlc_operand(call, 0), dlc_operand(call, 1), dlc_operand(call, 2), &params->weights);
  int64_t begin, end;
  dlc_split(w.rows, 1, part, parts, &begin, &end);
  if (begin == end || w.width == 0) return 0;
  return DLC_ROWS(dlc_weights_rows)->unpack(&w, begin, end, (float *)dlc_operand(call, 3)->data + begin * w.width);
}

const dlc_kernel dlc_weights_unpack_kernel = {
    .name = "weights_unpack",
    .params_bytes = sizeof(dlc_weights_unpack_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = weights_unpack_check,
    .parts = weights_unpack_parts,
    .run = weights_unpack_run,
};
