// Conversions by way of three wide types, with direct loops for the pairs that models use most.
#include "cast/cast.h"

// From an element to its wide type: i64 (all integers below u64, bool), u64, or f64 (exact for every float).
#define LOAD(name, T, wide, expression)                                                                                \
  static void load_##name(const T *x, int64_t sx, wide *w, int64_t n) {                                                \
    DLC_COMPACT                                                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      T v = x[i * sx];                                                                                                 \
      w[i] = (wide)(expression);                                                                                       \
    }                                                                                                                  \
  }
LOAD(u8, uint8_t, int64_t, v)
LOAD(i8, int8_t, int64_t, v)
LOAD(u16, uint16_t, int64_t, v)
LOAD(i16, int16_t, int64_t, v)
LOAD(u32, uint32_t, int64_t, v)
LOAD(i32, int32_t, int64_t, v)
LOAD(i64, int64_t, int64_t, v)
LOAD(boolean, uint8_t, int64_t, v != 0)
LOAD(u64, uint64_t, uint64_t, v)
LOAD(f32, float, double, v)
LOAD(f64, double, double, v)
LOAD(f16, uint16_t, double, dlc_f16_to_f32(v))
LOAD(bf16, uint16_t, double, dlc_bf16_to_f32(v))

#define STORE(name, suffix, wide, T, expression)                                                                       \
  static void store_##name##_##suffix(const wide *w, T *y, int64_t sy, int64_t n) {                                    \
    DLC_COMPACT                                                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      wide v = w[i];                                                                                                   \
      y[i * sy] = (T)(expression);                                                                                     \
    }                                                                                                                  \
  }

// Truncation of a double, saturated to lowest...highest; NaN gives 0.
#define SATURATE(T, lowest, highest)                                                                                   \
  (v != v ? (T)0 : v <= (double)(lowest) ? (T)(lowest) : v >= (double)(highest) ? (T)(highest) : (T)v)

#define STORE_INTEGER(name, T, lowest, highest)                                                                        \
  STORE(name, i64, int64_t, T, v)                                                                                      \
  STORE(name, u64, uint64_t, T, v)                                                                                     \
  STORE(name, f64, double, T, SATURATE(T, lowest, highest))
STORE_INTEGER(u8, uint8_t, 0, UINT8_MAX)
STORE_INTEGER(i8, int8_t, INT8_MIN, INT8_MAX)
STORE_INTEGER(u16, uint16_t, 0, UINT16_MAX)
STORE_INTEGER(i16, int16_t, INT16_MIN, INT16_MAX)
STORE_INTEGER(u32, uint32_t, 0, UINT32_MAX)
STORE_INTEGER(i32, int32_t, INT32_MIN, INT32_MAX)
STORE_INTEGER(u64, uint64_t, 0, UINT64_MAX)
STORE_INTEGER(i64, int64_t, INT64_MIN, INT64_MAX)
#define STORE_OTHER(name, T, expression)                                                                               \
  STORE(name, i64, int64_t, T, expression)                                                                             \
  STORE(name, u64, uint64_t, T, expression)                                                                            \
  STORE(name, f64, double, T, expression)
STORE_OTHER(boolean, uint8_t, v != 0)
STORE_OTHER(f32, float, (float)v)
STORE_OTHER(f64, double, (double)v)
STORE_OTHER(f16, uint16_t, dlc_f64_to_f16((double)v))
STORE_OTHER(bf16, uint16_t, dlc_f64_to_bf16((double)v))

typedef union wide_chunk {
  int64_t i64[DLC_CHUNK];
  uint64_t u64[DLC_CHUNK];
  double f64[DLC_CHUNK];
} wide_chunk;

static void load(uint8_t type, const void *x, int64_t sx, wide_chunk *w, int64_t n) {
  switch (type) {
  case DLC_U8:
    if (DLC_CASTS(DLC_U8)) load_u8(x, sx, w->i64, n);
    break;
  case DLC_I8:
    if (DLC_CASTS(DLC_I8)) load_i8(x, sx, w->i64, n);
    break;
  case DLC_U16:
    if (DLC_CASTS(DLC_U16)) load_u16(x, sx, w->i64, n);
    break;
  case DLC_I16:
    if (DLC_CASTS(DLC_I16)) load_i16(x, sx, w->i64, n);
    break;
  case DLC_U32:
    if (DLC_CASTS(DLC_U32)) load_u32(x, sx, w->i64, n);
    break;
  case DLC_I32:
    if (DLC_CASTS(DLC_I32)) load_i32(x, sx, w->i64, n);
    break;
  case DLC_I64:
    if (DLC_CASTS(DLC_I64)) load_i64(x, sx, w->i64, n);
    break;
  case DLC_BOOL:
    if (DLC_CASTS(DLC_BOOL)) load_boolean(x, sx, w->i64, n);
    break;
  case DLC_U64:
    if (DLC_CASTS(DLC_U64)) load_u64(x, sx, w->u64, n);
    break;
  case DLC_F32:
    if (DLC_CASTS(DLC_F32)) load_f32(x, sx, w->f64, n);
    break;
  case DLC_F64:
    if (DLC_CASTS(DLC_F64)) load_f64(x, sx, w->f64, n);
    break;
  case DLC_F16:
    if (DLC_CASTS(DLC_F16)) load_f16(x, sx, w->f64, n);
    break;
  case DLC_BF16:
    if (DLC_CASTS(DLC_BF16)) load_bf16(x, sx, w->f64, n);
    break;
  default: break;
  }
}

#define CASE(type, store)                                                                                              \
  case type:                                                                                                           \
    if (DLC_CASTS(type)) store;                                                                                        \
    break;
#define STORE_FROM(suffix)                                                                                             \
  static void store_from_##suffix(uint8_t type, const wide_chunk *w, void *y, int64_t sy, int64_t n) {                 \
    switch (type) {                                                                                                    \
      CASE(DLC_U8, store_u8_##suffix(w->suffix, y, sy, n))                                                             \
      CASE(DLC_I8, store_i8_##suffix(w->suffix, y, sy, n))                                                             \
      CASE(DLC_U16, store_u16_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_I16, store_i16_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_U32, store_u32_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_I32, store_i32_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_U64, store_u64_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_I64, store_i64_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_BOOL, store_boolean_##suffix(w->suffix, y, sy, n))                                                      \
      CASE(DLC_F32, store_f32_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_F64, store_f64_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_F16, store_f16_##suffix(w->suffix, y, sy, n))                                                           \
      CASE(DLC_BF16, store_bf16_##suffix(w->suffix, y, sy, n))                                                         \
    default: break;                                                                                                    \
    }                                                                                                                  \
  }
STORE_FROM(i64)
STORE_FROM(u64)
STORE_FROM(f64)

// Direct loops for dense runs; `v` is the element read.
#define DIRECT(from, to, T, U, expression)                                                                             \
  static void direct_##from##_##to(const void *xs, void *ys, int64_t n) {                                              \
    const T *x = xs;                                                                                                   \
    U *y = ys;                                                                                                         \
    DLC_INDEPENDENT                                                                                                    \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      T v = x[i];                                                                                                      \
      y[i] = (U)(expression);                                                                                          \
    }                                                                                                                  \
  }
DIRECT(u8, f32, uint8_t, float, v)
DIRECT(i8, f32, int8_t, float, v)
DIRECT(i32, f32, int32_t, float, v)
DIRECT(i64, f32, int64_t, float, v)
DIRECT(boolean, f32, uint8_t, float, v != 0)
DIRECT(f32, boolean, float, uint8_t, v != 0)
DIRECT(f32, u8, float, uint8_t, SATURATE(uint8_t, 0, UINT8_MAX))
DIRECT(f32, i64, float, int64_t, SATURATE(int64_t, INT64_MIN, INT64_MAX))
DIRECT(f32, i32, float, int32_t, SATURATE(int32_t, INT32_MIN, INT32_MAX))
DIRECT(i32, i64, int32_t, int64_t, v)
DIRECT(i64, i32, int64_t, int32_t, v)
DIRECT(u8, i64, uint8_t, int64_t, v)
DIRECT(boolean, i64, uint8_t, int64_t, v != 0)
DIRECT(f32, f64, float, double, v)
DIRECT(f64, f32, double, float, v)
DIRECT(f16, f32, uint16_t, float, dlc_f16_to_f32(v))
DIRECT(f32, f16, float, uint16_t, dlc_f32_to_f16(v))
DIRECT(bf16, f32, uint16_t, float, dlc_bf16_to_f32(v))
DIRECT(f32, bf16, float, uint16_t, dlc_f32_to_bf16(v))

typedef void direct_run(const void *x, void *y, int64_t n);
#define PAIR(from, to) ((from)*32 + (to))

static direct_run *direct(uint8_t from, uint8_t to) {
  switch (PAIR(from, to)) {
  case PAIR(DLC_U8, DLC_F32): return DLC_CASTS(DLC_U8) && DLC_CASTS(DLC_F32) ? direct_u8_f32 : NULL;
  case PAIR(DLC_I8, DLC_F32): return DLC_CASTS(DLC_I8) && DLC_CASTS(DLC_F32) ? direct_i8_f32 : NULL;
  case PAIR(DLC_I32, DLC_F32): return DLC_CASTS(DLC_I32) && DLC_CASTS(DLC_F32) ? direct_i32_f32 : NULL;
  case PAIR(DLC_I64, DLC_F32): return DLC_CASTS(DLC_I64) && DLC_CASTS(DLC_F32) ? direct_i64_f32 : NULL;
  case PAIR(DLC_BOOL, DLC_F32): return DLC_CASTS(DLC_BOOL) && DLC_CASTS(DLC_F32) ? direct_boolean_f32 : NULL;
  case PAIR(DLC_F32, DLC_BOOL): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_BOOL) ? direct_f32_boolean : NULL;
  case PAIR(DLC_F32, DLC_U8): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_U8) ? direct_f32_u8 : NULL;
  case PAIR(DLC_F32, DLC_I64): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_I64) ? direct_f32_i64 : NULL;
  case PAIR(DLC_F32, DLC_I32): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_I32) ? direct_f32_i32 : NULL;
  case PAIR(DLC_I32, DLC_I64): return DLC_CASTS(DLC_I32) && DLC_CASTS(DLC_I64) ? direct_i32_i64 : NULL;
  case PAIR(DLC_I64, DLC_I32): return DLC_CASTS(DLC_I64) && DLC_CASTS(DLC_I32) ? direct_i64_i32 : NULL;
  case PAIR(DLC_U8, DLC_I64): return DLC_CASTS(DLC_U8) && DLC_CASTS(DLC_I64) ? direct_u8_i64 : NULL;
  case PAIR(DLC_BOOL, DLC_I64): return DLC_CASTS(DLC_BOOL) && DLC_CASTS(DLC_I64) ? direct_boolean_i64 : NULL;
  case PAIR(DLC_F32, DLC_F64): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_F64) ? direct_f32_f64 : NULL;
  case PAIR(DLC_F64, DLC_F32): return DLC_CASTS(DLC_F64) && DLC_CASTS(DLC_F32) ? direct_f64_f32 : NULL;
  case PAIR(DLC_F16, DLC_F32): return DLC_CASTS(DLC_F16) && DLC_CASTS(DLC_F32) ? direct_f16_f32 : NULL;
  case PAIR(DLC_F32, DLC_F16): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_F16) ? direct_f32_f16 : NULL;
  case PAIR(DLC_BF16, DLC_F32): return DLC_CASTS(DLC_BF16) && DLC_CASTS(DLC_F32) ? direct_bf16_f32 : NULL;
  case PAIR(DLC_F32, DLC_BF16): return DLC_CASTS(DLC_F32) && DLC_CASTS(DLC_BF16) ? direct_f32_bf16 : NULL;
  default: return NULL;
  }
}

void dlc_cast_run(uint8_t from, const void *x, int64_t sx, uint8_t to, void *y, int64_t sy, int64_t n) {
  if (n <= 0) return;
  int64_t x_bytes = (int64_t)dlc_type_size(from), y_bytes = (int64_t)dlc_type_size(to);
  if (sx == 1 && sy == 1) {
    if (from == to && from != DLC_BOOL) {
      memmove(y, x, (size_t)(n * x_bytes));
      return;
    }
    direct_run *run = direct(from, to);
    if (run) {
      run(x, y, n);
      return;
    }
  }
  if (from == to && from != DLC_BOOL) { // bits survive, also those of a NaN
    for (int64_t i = 0; i < n; i++)
      memmove(dlc_at_mutable(y, i * sy * y_bytes), dlc_at(x, i * sx * x_bytes), (size_t)x_bytes);
    return;
  }
  wide_chunk wide;
  for (int64_t i = 0; i < n; i += DLC_CHUNK) {
    int64_t count = dlc_min64(DLC_CHUNK, n - i);
    load(from, dlc_at(x, i * sx * x_bytes), sx, &wide, count);
    void *to_place = dlc_at_mutable(y, i * sy * y_bytes);
    if (dlc_is_float(from))
      store_from_f64(to, &wide, to_place, sy, count);
    else if (from == DLC_U64)
      store_from_u64(to, &wide, to_place, sy, count);
    else
      store_from_i64(to, &wide, to_place, sy, count);
  }
}
