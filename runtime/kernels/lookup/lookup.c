// lookup: x u8, table [256] of y's type, y = table[x].
#include "lookup/lookup.h"

void dlc_lookup__scalar(const uint8_t *x, const uint8_t *table, uint8_t *y, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) { // one store for eight bytes
    uint64_t from, to = 0;
    memcpy(&from, x + i, sizeof from);
    for (int k = 0; k < 64; k += 8) to |= (uint64_t)table[from >> k & 0xff] << k;
    memcpy(y + i, &to, sizeof to);
  }
  for (; i < n; i++) y[i] = table[x[i]];
}

dlc_lookup_row *dlc_lookup_bytes(void) {
  switch (dlc_float_isa(dlc_current_isa())) {
#if DLC_HAS_AVX512
  case DLC_ISA_AVX512: return dlc_has_byte_permutations() ? dlc_lookup__avx512_vbmi : dlc_lookup__avx512;
#endif
#if DLC_HAS_AVX2
  case DLC_ISA_AVX2: return dlc_lookup__avx2;
#endif
#if DLC_HAS_NEON && defined(__aarch64__)
  case DLC_ISA_NEON: return dlc_lookup__neon;
#endif
  default: return dlc_lookup__scalar; // armv7's tables of 32 bytes are no faster than loads
  }
}

static int lookup_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 3, 3, sizeof(dlc_lookup_params)));
  const dlc_tensor *x = dlc_operand(call, 0), *table = dlc_operand(call, 1), *y = dlc_operand(call, 2);
  DLC_REQUIRE(dlc_valid_type(x, DLC_U8) && dlc_valid(y) && dlc_same_shape(x, y));
  DLC_REQUIRE(y->type == DLC_U8 || y->type == DLC_F32);
  DLC_REQUIRE(dlc_valid_type(table, y->type) && table->rank == 1 && table->dims[0] == 256 && dlc_is_dense(table));
  return 0;
}

static uint32_t lookup_parts(const dlc_call *call) { return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 32768); }

static void lookup_f32(const uint8_t *x, const float *table, float *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = table[x[i]];
}

static int lookup_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = dlc_operand(call, 0), *table = dlc_operand(call, 1), *y = dlc_operand(call, 2);
  int64_t rows = dlc_rows(x), length = dlc_row_length(x), begin, end;
  if (rows == 0 || length == 0) return 0;
  const bool dense = dlc_is_dense(x) && dlc_is_dense(y);
  if (dense) { // one row, which is shared by elements
    length *= rows;
    dlc_split(length, 64, part, parts, &begin, &end);
    if (begin == end) return 0;
    length = end - begin;
  } else {
    dlc_split(rows, 1, part, parts, &begin, &end);
  }
  const int64_t count = dense ? 1 : end - begin;
  const uint8_t *from = (const uint8_t *)x->data + begin * (dense ? 1 : x->pitch);
  const int64_t first = begin * (dense ? 1 : y->pitch);
  dlc_lookup_row *row = dlc_lookup_bytes();
  for (int64_t r = 0; r < count; r++, from += x->pitch) {
    if (y->type == DLC_F32)
      lookup_f32(from, table->data, (float *)y->data + first + r * y->pitch, length);
    else
      row(from, table->data, (uint8_t *)y->data + first + r * y->pitch, length);
  }
  return 0;
}

const dlc_kernel dlc_lookup_kernel = {
    .name = "lookup",
    .params_bytes = sizeof(dlc_lookup_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = lookup_check,
    .parts = lookup_parts,
    .run = lookup_run,
};
