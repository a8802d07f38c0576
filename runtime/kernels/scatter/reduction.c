#include "scatter/reduction.h"

bool dlc_scatter_reduces(int32_t reduction, uint8_t type) {
  if (reduction == DLC_SCATTER_NONE) return true;
  if (reduction < DLC_SCATTER_NONE || reduction > DLC_SCATTER_MIN) return false;
  switch (type) {
  case DLC_F32:
  case DLC_F64:
  case DLC_F16:
  case DLC_BF16:
  case DLC_I32:
  case DLC_I64:
  case DLC_U8:
  case DLC_I8: return true;
  default: return false;
  }
}

static float float_of_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static uint32_t bits_of_float(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

static float from_half(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
  if (magnitude >= 0x7c00) return float_of_bits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  if (magnitude >= 0x400) return float_of_bits(sign | ((magnitude << 13) + 0x38000000));
  float f = (float)magnitude * 0x1p-24f;
  return sign ? -f : f;
}

// Rounds to nearest, ties to even.
static uint16_t to_half(float f) {
  uint32_t bits = bits_of_float(f), magnitude = bits & 0x7fffffff;
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and more
  if (magnitude < 0x38800000) {
    // Below 2^-14: adding 1/2 leaves the subnormal's bits, rounded, at the end of the sum.
    return sign | (uint16_t)(bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000);
  }
  return sign | (uint16_t)((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13);
}

static float from_brain(uint16_t h) { return float_of_bits((uint32_t)h << 16); }

static uint16_t to_brain(float f) {
  uint32_t bits = bits_of_float(f);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#define COMBINE(element, type, wide, load, store)                                                                      \
  do {                                                                                                                 \
    element *to = (element *)y;                                                                                        \
    const element *from = (const element *)updates;                                                                    \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      type a, b, r;                                                                                                    \
      load(a, to[i]);                                                                                                  \
      load(b, from[i]);                                                                                                \
      switch (reduction) {                                                                                             \
      case DLC_SCATTER_ADD: r = (type)((wide)a + (wide)b); break;                                                      \
      case DLC_SCATTER_MUL: r = (type)((wide)a * (wide)b); break;                                                      \
      case DLC_SCATTER_MAX: r = a >= b || a != a ? a : b; break;                                                       \
      default: r = a <= b || a != a ? a : b; break;                                                                    \
      }                                                                                                                \
      store(to[i], r);                                                                                                 \
    }                                                                                                                  \
  } while (0)
#define LOAD(value, place) memcpy(&(value), &(place), sizeof(value))
#define STORE(place, value) memcpy(&(place), &(value), sizeof(value))
#define LOAD_HALF(value, place) value = from_half(place)
#define STORE_HALF(place, value) place = to_half(value)
#define LOAD_BRAIN(value, place) value = from_brain(place)
#define STORE_BRAIN(place, value) place = to_brain(value)

void dlc_scatter_combine(void *y, const void *updates, int64_t n, uint8_t type, int32_t reduction) {
  if (reduction == DLC_SCATTER_NONE) {
    dlc_put(y, updates, (size_t)n * dlc_type_size(type));
    return;
  }
  switch (type) {
  case DLC_F32: COMBINE(dlc_e4, float, float, LOAD, STORE); break;
  case DLC_F64: COMBINE(dlc_e8, double, double, LOAD, STORE); break;
  case DLC_F16: COMBINE(dlc_e2, float, float, LOAD_HALF, STORE_HALF); break;
  case DLC_BF16: COMBINE(dlc_e2, float, float, LOAD_BRAIN, STORE_BRAIN); break;
  case DLC_I32: COMBINE(dlc_e4, int32_t, uint32_t, LOAD, STORE); break;
  case DLC_I64: COMBINE(dlc_e8, int64_t, uint64_t, LOAD, STORE); break;
  case DLC_U8: COMBINE(dlc_e1, uint8_t, uint32_t, LOAD, STORE); break;
  default: COMBINE(dlc_e1, int8_t, uint32_t, LOAD, STORE); break;
  }
}

void dlc_scatter_start(const dlc_tensor *data, const dlc_tensor *y, int64_t begin, int64_t end) {
  size_t size = dlc_type_size(y->type);
  if (data->data == y->data || begin >= end) return;
  memcpy((char *)y->data + begin * (int64_t)size, (const char *)data->data + begin * (int64_t)size,
         (size_t)(end - begin) * size);
}
