// Element types in C: conversions of half floats, lists for templates, and the checks every family begins with.
#ifndef DLC_TYPES_H
#define DLC_TYPES_H

#include <limits.h>
#include <string.h>

#include "include/dlc_kernel.h"

// X(name, C type, dlc_type, unsigned type of the same width) for every integer type.
#define DLC_FOR_EACH_INTEGER(X)                                                                                        \
  X(u8, uint8_t, DLC_U8, uint8_t)                                                                                      \
  X(i8, int8_t, DLC_I8, uint8_t)                                                                                       \
  X(u16, uint16_t, DLC_U16, uint16_t)                                                                                  \
  X(i16, int16_t, DLC_I16, uint16_t)                                                                                   \
  X(u32, uint32_t, DLC_U32, uint32_t)                                                                                  \
  X(i32, int32_t, DLC_I32, uint32_t)                                                                                   \
  X(u64, uint64_t, DLC_U64, uint64_t)                                                                                  \
  X(i64, int64_t, DLC_I64, uint64_t)

// Elements of a stack buffer through which types without arithmetic of their own are converted.
enum { DLC_CHUNK = 512 };

// A row function whose callees are all inlined, so that constants reach them.
#define DLC_FLATTEN __attribute__((flatten))

// Marks a loop whose iterations are independent although output and input may be the same memory (never partly
// overlapping).
#if defined(__clang__)
// Whether a loop is worth vectorizing is the compiler's to decide on each target.
#pragma clang diagnostic ignored "-Wpass-failed"
#define DLC_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define DLC_COMPACT _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define DLC_INDEPENDENT _Pragma("GCC ivdep")
#define DLC_COMPACT
#endif

// The row of the instruction set in use: `name` is declared for each as name__<isa>.
#if defined(__x86_64__)
#define DLC_DECLARE_ROWS(T, name) extern const T name##__scalar, name##__avx2, name##__avx512
#elif defined(__ARM_NEON)
#define DLC_DECLARE_ROWS(T, name) extern const T name##__scalar, name##__neon
#else
#define DLC_DECLARE_ROWS(T, name) extern const T name##__scalar
#endif
#if DLC_HAS_AVX512 && !DLC_HAS_SCALAR
#define DLC_ROWS(name) (dlc_float_isa(dlc_current_isa()) == DLC_ISA_AVX512 ? &name##__avx512 : &name##__avx2)
#elif DLC_HAS_AVX512
#define DLC_ROWS(name)                                                                                                 \
  (dlc_float_isa(dlc_current_isa()) == DLC_ISA_AVX512 ? &name##__avx512                                                \
   : dlc_float_isa(dlc_current_isa()) == DLC_ISA_AVX2 ? &name##__avx2                                                  \
                                                      : &name##__scalar)
#elif DLC_HAS_AVX2 && !DLC_HAS_SCALAR
#define DLC_ROWS(name) (&name##__avx2)
#elif DLC_HAS_AVX2
#define DLC_ROWS(name) (dlc_current_isa() == DLC_ISA_SCALAR ? &name##__scalar : &name##__avx2)
#elif DLC_HAS_NEON && DLC_HAS_SCALAR
#define DLC_ROWS(name) (dlc_current_isa() == DLC_ISA_SCALAR ? &name##__scalar : &name##__neon)
#elif DLC_HAS_NEON
#define DLC_ROWS(name) (&name##__neon)
#else
#define DLC_ROWS(name) (&name##__scalar)
#endif

static inline uint32_t dlc_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float dlc_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float dlc_f16_to_f32(uint16_t half) {
  // Read as a float, the shifted half has the exponent of 2^-112 times its value; that also scales subnormals right.
  uint32_t bits = dlc_bits(dlc_float((uint32_t)(half & 0x7fff) << 13) * 0x1p112f);
  if ((half & 0x7c00) == 0x7c00) bits |= 0x7f800000u;
  return dlc_float(bits | (uint32_t)(half & 0x8000) << 16);
}

// Rounds to nearest even; beyond 65504 gives infinity. Written without branches, so that loops of it become vectors.
static inline uint16_t dlc_f32_to_f16(float value) {
  uint32_t bits = dlc_bits(value), magnitude = bits & 0x7fffffffu;
  uint32_t normal = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - (112u << 23)) >> 13;
  // One ulp of [0.5, 1) is the smallest subnormal half: the addition rounds.
  uint32_t subnormal = dlc_bits(dlc_float(magnitude < 0x38800000u ? magnitude : 0) + 0.5f) - 0x3f000000u;
  uint32_t half = magnitude < 0x38800000u ? subnormal : normal;
  half = magnitude >= 0x477ff000u ? 0x7c00u : half;
  half = magnitude > 0x7f800000u ? 0x7e00u | ((magnitude >> 13) & 0x1ffu) : half;
  return (uint16_t)(half | (bits >> 16 & 0x8000u));
}

static inline float dlc_bf16_to_f32(uint16_t value) { return dlc_float((uint32_t)value << 16); }

// Rounds to nearest even.
static inline uint16_t dlc_f32_to_bf16(float value) {
  uint32_t bits = dlc_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// Rounds to odd, so that a second rounding to fewer bits gives what one rounding of the double would.
static inline float dlc_f64_to_f32_odd(double value) {
  float near = (float)value;
  uint32_t bits = dlc_bits(near);
  if ((double)near == value || value != value || (bits & 0x7f800000u) == 0x7f800000u || (bits & 1u)) return near;
  double magnitude = value < 0 ? -value : value, rounded = near < 0 ? -(double)near : (double)near;
  return dlc_float(rounded > magnitude ? bits - 1 : bits + 1);
}

static inline uint16_t dlc_f64_to_f16(double value) { return dlc_f32_to_f16(dlc_f64_to_f32_odd(value)); }
static inline uint16_t dlc_f64_to_bf16(double value) { return dlc_f32_to_bf16(dlc_f64_to_f32_odd(value)); }

static inline bool dlc_is_half(uint8_t type) { return type == DLC_F16 || type == DLC_BF16; }
static inline bool dlc_is_float(uint8_t type) { return type == DLC_F32 || type == DLC_F64 || dlc_is_half(type); }
static inline bool dlc_is_integer(uint8_t type) {
  return dlc_type_size(type) != 0 && !dlc_is_float(type) && type != DLC_BOOL;
}
static inline bool dlc_is_signed(uint8_t type) {
  return type == DLC_I8 || type == DLC_I16 || type == DLC_I32 || type == DLC_I64 || dlc_is_float(type);
}

// A present operand whose rank, dims and pitch are sound: neither its elements nor its pitched extent exceed 2^47.
static inline bool dlc_valid(const dlc_tensor *t) {
  const int64_t limit = (int64_t)1 << 47;
  if (dlc_type_size(t->type) == 0 || t->rank > DLC_MAX_RANK) return false;
  int64_t rows = 1;
  for (int i = 0; i < t->rank; i++) {
    int64_t dim = t->dims[i] > 1 ? t->dims[i] : 1;
    if (t->dims[i] < 0) return false;
    if (i == t->rank - 1) break;
    if (rows > limit / dim) return false;
    rows *= dim;
  }
  int64_t pitch = t->pitch > 1 ? t->pitch : 1;
  return t->pitch >= dlc_row_length(t) && rows <= limit / pitch;
}

// A valid operand of the given type.
static inline bool dlc_valid_type(const dlc_tensor *t, uint8_t type) { return dlc_valid(t) && t->type == type; }

// The number of operands and the size of the parameters fit the family.
static inline bool dlc_valid_call(const dlc_call *call, uint32_t minimum, uint32_t maximum, size_t params_bytes) {
  return call->operands && call->params && call->operand_count >= minimum && call->operand_count <= maximum &&
         call->params_bytes == params_bytes;
}

// An epilogue that kernels know.
static inline bool dlc_valid_epilogue(int32_t function) {
  return function >= DLC_FN_IDENTITY && function <= DLC_FN_SHRINK && DLC_HAS_FUNCTION(function);
}

// Parts worth having for `items` elements at `grain` elements each: 1...64.
static inline uint32_t dlc_parts_for(int64_t items, int64_t grain) {
  int64_t parts = items / grain;
  return parts < 1 ? 1u : parts > 64 ? 64u : (uint32_t)parts;
}

static inline int64_t dlc_min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t dlc_max64(int64_t a, int64_t b) { return a > b ? a : b; }

// Strides of every axis in elements.
static inline void dlc_strides(const dlc_tensor *t, int64_t strides[DLC_MAX_RANK]) {
  int64_t stride = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride = i == t->rank - 1 ? t->pitch : stride * t->dims[i];
  }
}

static inline const void *dlc_at(const void *base, int64_t bytes) { return (const char *)base + bytes; }
static inline void *dlc_at_mutable(void *base, int64_t bytes) { return (char *)base + bytes; }

#endif
