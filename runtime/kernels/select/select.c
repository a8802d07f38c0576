// The select family: y = condition ? a : b, broadcast to y. Elements are moved by width; their type does not matter.
#include "binary/broadcast.h"

static int select_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 4, 4, sizeof(dlc_select_params)));
  const dlc_tensor *condition = dlc_operand(call, 0), *a = dlc_operand(call, 1), *b = dlc_operand(call, 2);
  const dlc_tensor *y = dlc_operand(call, 3);
  DLC_REQUIRE(dlc_valid_type(condition, DLC_BOOL) && dlc_valid(y));
  DLC_REQUIRE(dlc_valid_type(a, y->type) && dlc_valid_type(b, y->type));
  DLC_REQUIRE(dlc_broadcasts(condition, y) && dlc_broadcasts(a, y) && dlc_broadcasts(b, y));
  return 0;
}

static uint32_t select_parts(const dlc_call *call) { return dlc_parts_for(dlc_elements(dlc_operand(call, 3)), 16384); }

#define SELECT(T)                                                                                                      \
  static void select_##T(const uint8_t *c, const T *a, const T *b, T *y, const int64_t s[4], int64_t n) {              \
    if (s[0] == 1 && s[1] == 1 && s[2] == 1 && s[3] == 1) {                                                            \
      DLC_INDEPENDENT                                                                                                  \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        T p = a[i], q = b[i];                                                                                          \
        y[i] = c[i] ? p : q;                                                                                           \
      }                                                                                                                \
    } else if (s[0] == 1 && s[1] == 1 && s[2] == 0 && s[3] == 1) {                                                     \
      T q = b[0];                                                                                                      \
      DLC_INDEPENDENT                                                                                                  \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        T p = a[i];                                                                                                    \
        y[i] = c[i] ? p : q;                                                                                           \
      }                                                                                                                \
    } else if (s[0] == 1 && s[1] == 0 && s[2] == 1 && s[3] == 1) {                                                     \
      T p = a[0];                                                                                                      \
      DLC_INDEPENDENT                                                                                                  \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        T q = b[i];                                                                                                    \
        y[i] = c[i] ? p : q;                                                                                           \
      }                                                                                                                \
    } else {                                                                                                           \
      DLC_COMPACT                                                                                                      \
      for (int64_t i = 0; i < n; i++) y[i * s[3]] = c[i * s[0]] ? a[i * s[1]] : b[i * s[2]];                           \
    }                                                                                                                  \
  }
SELECT(uint8_t)
SELECT(uint16_t)
SELECT(uint32_t)
SELECT(uint64_t)

static int select_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *tensors[4];
  for (uint32_t i = 0; i < 4; i++) tensors[i] = dlc_operand(call, i);
  const dlc_tensor *a = tensors[1], *b = tensors[2], *y = tensors[3];
  if (dlc_elements(y) == 0) return 0;
  dlc_loop loop;
  dlc_loop_broadcast(&loop, tensors, 4);
  int64_t begin, end, bytes = (int64_t)dlc_type_size(y->type), strides[4];
  for (int k = 0; k < 4; k++) strides[k] = loop.strides[k][loop.rank - 1];
  dlc_split(dlc_loop_elements(&loop), 64, part, parts, &begin, &end);
  dlc_cursor c;
  for (dlc_cursor_start(&c, &loop, begin, end); c.left > 0; dlc_cursor_next(&c, &loop)) {
    const uint8_t *condition = (const uint8_t *)tensors[0]->data + c.offsets[0];
    const void *p = dlc_at(a->data, c.offsets[1] * bytes), *q = dlc_at(b->data, c.offsets[2] * bytes);
    void *to = dlc_at_mutable(y->data, c.offsets[3] * bytes);
    switch (bytes) {
    case 1: select_uint8_t(condition, p, q, to, strides, c.run); break;
    case 2: select_uint16_t(condition, p, q, to, strides, c.run); break;
    case 4: select_uint32_t(condition, p, q, to, strides, c.run); break;
    default: select_uint64_t(condition, p, q, to, strides, c.run); break;
    }
  }
  return 0;
}

const dlc_kernel dlc_select_kernel = {
    .name = "select",
    .params_bytes = sizeof(dlc_select_params),
    .min_operands = 4,
    .max_operands = 4,
    .check = select_check,
    .parts = select_parts,
    .run = select_run,
};
