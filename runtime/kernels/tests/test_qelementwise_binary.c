// Tests of qbinary and lookup.
#include "test_qelementwise.h"

extern const dlc_kernel dlc_qbinary_kernel, dlc_lookup_kernel;

// t of a SUM, from the values themselves.
static float sum_of(int64_t a, int64_t b, const dlc_qbinary_params *p) {
  volatile float product = p->b_scale * (float)p->b_zero; // stored, so that nothing else is fused
  volatile float shift = fmaf(p->a_scale, (float)p->a_zero, product);
  return fmaf((float)a, p->a_scale, fmaf((float)b, p->b_scale, (float)p->zero - shift));
}

static int64_t qbinary_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_qbinary_params *p = params;
  const int64_t a = get(&t[0], source_of(&t[0], y, flat)) - p->a_zero;
  const int64_t b = get(&t[1], source_of(&t[1], y, flat)) - p->b_zero;
  volatile float s = (float)a * p->a_scale, r = (float)b * p->b_scale; // stored, so that nothing is fused
  float v = p->op == DLC_BIN_ADD   ? s + r
            : p->op == DLC_BIN_SUB ? s - r
            : p->op == DLC_BIN_MUL ? (float)(a * b) * p->a_scale
            : p->op == DLC_BIN_MIN ? (s < r ? s : r)
                                   : (s > r ? s : r);
  if (y->type == DLC_F32) {
    v = v > p->low ? v : p->low;
    return dlc_bits(v < p->high ? v : p->high);
  }
  const bool is_sum = p->op == DLC_QBIN_SUM;
  if (is_sum) v = sum_of(a + p->a_zero, b + p->b_zero, p);
  const int64_t q = rounded(v, p->low, p->high, is_sum ? 0 : p->zero);
  return dlc_is_present(&t[2]) ? get(&t[2], q) : q;
}

static const int32_t operators[] = {DLC_BIN_ADD, DLC_BIN_SUB, DLC_BIN_MUL, DLC_BIN_MIN, DLC_BIN_MAX};

static void qbinary_case(int turn, int a_rank, const int32_t *a_dims, int b_rank, const int32_t *b_dims, int y_rank,
                         const int32_t *y_dims, int gap) {
  const bool is_s16 = turn / 5 % 3 == 1;
  const uint8_t type = is_s16 ? DLC_I16 : DLC_U8;
  dlc_qbinary_params p = {.op = operators[turn % 5], .a_zero = pick(0, 255), .b_zero = pick(0, 255)};
  p.zero = pick(60, 200);
  p.a_scale = (float)pick(1, 2000) * (p.op == DLC_BIN_MUL ? 1e-5f : 1e-3f);
  p.b_scale = (float)pick(1, 2000) * 1e-3f;
  p.low = turn % 3 ? (float)-p.zero : (float)-pick(0, 60);
  p.high = turn % 4 ? (float)(255 - p.zero) : (float)pick(1, 55) + 0.5f;
  if (turn % 17 == 5) p.a_scale = 1e36f;
  if (is_s16) {
    p.a_zero = p.b_zero = p.zero = 0;
    p.low = turn % 3 ? -32768.0f : 0;
    p.high = turn % 4 ? 32767.0f : 20000.25f;
  }
  const bool is_float = turn % 6 == 4;
  if (!is_s16 && !is_float && p.op == DLC_BIN_ADD && turn % 2) {
    p.op = DLC_QBIN_SUM;
    p.low += (float)p.zero, p.high += (float)p.zero;
    if (turn % 4 == 3) p.a_scale = p.b_scale = 0.5f; // ties
  }
  dlc_tensor t[] = {make(type, gap, a_rank, a_dims),
                    make(type, gap ? 2 : 0, b_rank, b_dims),
                    {0},
                    make(is_float ? DLC_F32 : type, gap ? 3 : 0, y_rank, y_dims)};
  if (!is_float && !is_s16 && turn % 4 == 2) t[2] = MAKE(DLC_U8, 0, 256);
  char label[64];
  snprintf(label, sizeof label, "op %d turn %d", p.op, turn);
  reference *const references[] = {qbinary_reference};
  run_case(&dlc_qbinary_kernel, t, 4, 3, &p, sizeof p, references, label);
  free_all(t, 4);
}

void test_qbinary(void) {
  for (int turn = 0; turn < 60; turn++) {
    const int32_t n = pick(1, 2), h = pick(1, 5), w = pick(1, 6), c = turn % 7 == 3 ? pick(500, 700) : pick(1, 80);
    const int32_t whole[] = {n, h, w, c}, squeezed[] = {n, 1, 1, c}, cells[] = {n, h, w, 1}, columns[] = {1, w, 1};
    const int gap = turn % 3;
    qbinary_case(turn, 4, whole, 4, whole, 4, whole, gap);
    qbinary_case(turn + 1, 4, whole, 4, squeezed, 4, whole, gap);
    qbinary_case(turn + 2, 4, squeezed, 4, whole, 4, whole, gap);
    qbinary_case(turn + 3, 4, whole, 1, &c, 4, whole, gap);
    qbinary_case(turn + 4, 4, whole, 0, NULL, 4, whole, gap);
    qbinary_case(turn + 5, 4, cells, 4, whole, 4, whole, gap);
    qbinary_case(turn + 6, 4, squeezed, 3, columns, 4, (int32_t[]){n, 1, w, c}, gap);
    qbinary_case(turn + 7, 4, cells, 4, cells, 4, cells, gap);
  }
  dlc_qbinary_params p = {DLC_BIN_ADD, 1, 2, 3, 0.5f, 0.25f, -3, 252};
  dlc_tensor t[] = {MAKE(DLC_U8, 0, 3, 8), MAKE(DLC_U8, 0, 8), MAKE(DLC_U8, 0, 256), MAKE(DLC_U8, 0, 3, 8)};
  expect(checked(&dlc_qbinary_kernel, t, 4, &p, sizeof p) == 0, "qbinary refuses a good call");
#define REFUSES(change, restore, what)                                                                                 \
  change;                                                                                                              \
  expect(checked(&dlc_qbinary_kernel, t, 4, &p, sizeof p) != 0, "qbinary accepts " what);                              \
  restore;
  REFUSES(p.op = DLC_BIN_DIV, p.op = DLC_BIN_ADD, "division")
  REFUSES(p.a_zero = -1, p.a_zero = 1, "a negative zero point")
  REFUSES(p.b_zero = 256, p.b_zero = 2, "a zero point of 256")
  REFUSES(p.low = -4, p.low = -3, "a bound below the byte")
  REFUSES(p.high = 253, p.high = 252, "a bound above the byte")
  REFUSES(p.high = NAN, p.high = 252, "a bound that is no number")
  REFUSES(t[0].type = DLC_I8, t[0].type = DLC_U8, "s8")
  REFUSES(t[3].type = DLC_F32, t[3].type = DLC_U8, "a table of floats")
  REFUSES(t[1].dims[0] = t[1].pitch = 7, t[1].dims[0] = t[1].pitch = 8, "shapes that do not broadcast")
  REFUSES(t[2].dims[0] = 9, t[2].dims[0] = 256, "a short table")
  p.op = DLC_QBIN_SUM, p.low = 0, p.high = 255;
  expect(checked(&dlc_qbinary_kernel, t, 4, &p, sizeof p) == 0, "qbinary refuses a good sum");
  REFUSES(p.low = -1, p.low = 0, "a sum below the byte")
  REFUSES(p.zero = 256, p.zero = 3, "a sum with a zero point of 256")

  const dlc_tensor table_of_sum = t[2];
  t[2] = (dlc_tensor){0};
  REFUSES(t[3].type = DLC_F32, t[3].type = DLC_U8, "a sum in floats")
  t[2] = table_of_sum;
  free_all(t, 4);
  dlc_tensor s[] = {MAKE(DLC_I16, 0, 3, 8), MAKE(DLC_I16, 0, 8), {0}, MAKE(DLC_I16, 0, 3, 8)};
  dlc_tensor table = MAKE(DLC_U8, 0, 256);
  p = (dlc_qbinary_params){DLC_BIN_ADD, 0, 0, 0, 0.5f, 0.25f, -32768, 32767};
  expect(checked(&dlc_qbinary_kernel, s, 4, &p, sizeof p) == 0, "qbinary refuses a good call of s16");
#undef REFUSES
#define REFUSES(change, restore, what)                                                                                 \
  change;                                                                                                              \
  expect(checked(&dlc_qbinary_kernel, s, 4, &p, sizeof p) != 0, "qbinary of s16 accepts " what);                       \
  restore;
  REFUSES(p.a_zero = 1, p.a_zero = 0, "a zero point")
  REFUSES(p.zero = 1, p.zero = 0, "a zero point of the result")
  REFUSES(p.low = -32769, p.low = -32768, "a bound below s16")
  REFUSES(p.high = NAN, p.high = 32767, "a bound that is no number")
  REFUSES(s[1].type = DLC_U16, s[1].type = DLC_I16, "u16")
  REFUSES(s[3].type = DLC_I8, s[3].type = DLC_I16, "a result of s8")
  REFUSES(s[2] = table, s[2] = (dlc_tensor){0}, "a table")
  free_all(s, 4);
  free_all(&table, 1);
}

static int64_t lookup_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  (void)params, (void)y;
  return get(&t[1], get(&t[0], flat));
}

void test_lookup(void) {
  const dlc_lookup_params p = {0};
  reference *const references[] = {lookup_reference};
  for (int turn = 0; turn < 60; turn++) {
    const int32_t rows = pick(1, 4), n = turn * 7;
    const uint8_t type = turn % 4 == 3 ? DLC_F32 : DLC_U8;
    dlc_tensor t[] = {MAKE(DLC_U8, turn % 3, rows, n), MAKE(type, 0, 256), MAKE(type, turn % 5, rows, n)};
    for (int64_t i = 0; turn % 2 && i < dlc_elements(&t[0]); i++) set(&t[0], i, i);
    run_case(&dlc_lookup_kernel, t, 3, 2, &p, sizeof p, references, "rows");
    free_all(t, 3);
  }
  dlc_tensor t[] = {MAKE(DLC_U8, 0, 3, 8), MAKE(DLC_U8, 0, 256), MAKE(DLC_U8, 0, 3, 8)};
  expect(checked(&dlc_lookup_kernel, t, 3, &p, sizeof p) == 0, "lookup refuses a good call");
  t[1].dims[0] = 255;
  expect(checked(&dlc_lookup_kernel, t, 3, &p, sizeof p) != 0, "lookup accepts a short table");
  t[1].dims[0] = 256, t[1].type = DLC_F32;
  expect(checked(&dlc_lookup_kernel, t, 3, &p, sizeof p) != 0, "lookup accepts a table of another type");
  t[1].type = DLC_U8, t[2].dims[0] = 2;
  expect(checked(&dlc_lookup_kernel, t, 3, &p, sizeof p) != 0, "lookup accepts another shape");
  free_all(t, 3);
}
