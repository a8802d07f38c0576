#include <string.h>

#include "gemm/matmul.h"

// Types beside f32 that the build knows.
#define OTHER_TYPES (DLC_TYPE_SET & ~(1u << DLC_F32))

bool dlc_matmul_type_supported(uint8_t type) {
  switch (type) {
  case DLC_F64:
  case DLC_I32:
  case DLC_I64:
  case DLC_U32:
  case DLC_U64:
  case DLC_F16:
  case DLC_BF16: return true;
  default: return false;
  }
}

static float bits_to_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint32_t float_to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float from_bf16(uint16_t h) { return bits_to_float((uint32_t)h << 16); }

// Rounds half to even.
static uint16_t to_bf16(float x) {
  uint32_t bits = float_to_bits(x);
  if (x != x) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 31) return bits_to_float(sign | 0x7f800000 | fraction << 13);
  if (exponent) return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
  float x = (float)fraction * 0x1p-24f;
  return sign ? -x : x;
}

// Rounds half to even.
static uint16_t to_f16(float x) {
  uint32_t bits = float_to_bits(x), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
  if (size > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (size >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (size < 0x38800000) {
    // Subnormal: adding 0.5 leaves the value in units of 2^-24 in the low bits, rounded by the addition.
    return (uint16_t)(sign | (float_to_bits(bits_to_float(size) + 0.5f) - 0x3f000000));
  }
  return (uint16_t)(sign | (size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13);
}

#define KEEP(x) (x)
// SUM is the type summed in, LOAD and SAVE convert between it and the stored type.
#define PLAIN(name, STORED, SUM, LOAD, SAVE)                                                                           \
  static void name(const void *a, const void *b, int64_t b_pitch, int64_t depth, int64_t n, void *y) {                 \
    const STORED *left = a, *right = b;                                                                                \
    STORED *out = y;                                                                                                   \
    for (int64_t j = 0; j < n; j++) {                                                                                  \
      SUM sum = 0;                                                                                                     \
      for (int64_t k = 0; k < depth; k++) sum += (SUM)LOAD(left[k]) * (SUM)LOAD(right[k * b_pitch + j]);               \
      out[j] = SAVE(sum);                                                                                              \
    }                                                                                                                  \
  }
PLAIN(row_f64, double, double, KEEP, KEEP)
PLAIN(row_u32, uint32_t, uint32_t, KEEP, KEEP)
PLAIN(row_u64, uint64_t, uint64_t, KEEP, KEEP)
PLAIN(row_f16, uint16_t, float, from_f16, to_f16)
PLAIN(row_bf16, uint16_t, float, from_bf16, to_bf16)

int dlc_matmul_plain(const dlc_call *call, uint32_t part, uint32_t parts) {
  if (!OTHER_TYPES) return 0; // refused when the plan was opened
  const dlc_tensor *a = &call->operands[0], *b = &call->operands[1], *y = &call->operands[4];
  const size_t size = dlc_type_size(y->type);
  const int64_t m = y->dims[y->rank - 2], n = y->dims[y->rank - 1], depth = a->dims[a->rank - 1];
  const bool shared_a = a->rank == 2 || a->dims[0] == 1, shared_b = b->rank == 2 || b->dims[0] == 1;
  int64_t begin, end;
  dlc_split(dlc_rows(y), 1, part, parts, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    const char *left = (const char *)a->data + (size_t)((shared_a ? row % m : row) * a->pitch) * size;
    const char *right = (const char *)b->data + (shared_b ? 0 : (size_t)(row / m * depth * b->pitch) * size);
    char *out = (char *)y->data + (size_t)(row * y->pitch) * size;
    switch (y->type) {
    case DLC_F64: row_f64(left, right, b->pitch, depth, n, out); break;
    case DLC_I32:
    case DLC_U32: row_u32(left, right, b->pitch, depth, n, out); break; // two's complement wraps alike
    case DLC_I64:
    case DLC_U64: row_u64(left, right, b->pitch, depth, n, out); break;
    case DLC_F16: row_f16(left, right, b->pitch, depth, n, out); break;
    default: row_bf16(left, right, b->pitch, depth, n, out); break;
    }
  }
  return 0;
}
