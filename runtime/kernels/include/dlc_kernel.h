// The kernel interface: what a step of a plan calls, and what a kernel may assume.
//
// Every kernel family is one row of the table in table.c. A row is found by its id (dlc_kernel_ids.h);
// its parameters are one fixed-layout struct (dlc_params.h) stored in the plan byte for byte.
#ifndef DLC_KERNEL_H
#define DLC_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dlc_config.h"
#include "dlc_kernel_ids.h"
#include "dlc_params.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DLC_MAX_RANK = 8 };

// Element types; the numbers are those of ONNX TensorProto.DataType.
typedef enum dlc_type {
  DLC_ABSENT = 0,
  DLC_F32 = 1,
  DLC_U8 = 2,
  DLC_I8 = 3,
  DLC_U16 = 4,
  DLC_I16 = 5,
  DLC_I32 = 6,
  DLC_I64 = 7,
  DLC_BOOL = 9,
  DLC_F16 = 10,
  DLC_F64 = 11,
  DLC_U32 = 12,
  DLC_U64 = 13,
  DLC_BF16 = 16,
} dlc_type;

// One operand. `dims` are in elements, row-major; axis rank-1 is contiguous. Rows (the last axis) may lie
// `pitch` elements apart, so that a slice or concatenation of channels is a view: pitch >= dims[rank-1],
// equal when dense. An absent optional operand has type DLC_ABSENT, rank 0 and data NULL. Rank 0 with another type is a
// scalar. Arena and weight data are 64-byte aligned at their buffer's start; a view and a caller's buffer need not be.
typedef struct dlc_tensor {
  void *data;
  int32_t dims[DLC_MAX_RANK];
  int32_t pitch;
  uint8_t type;
  uint8_t rank;
} dlc_tensor;

// One call: operands in the order the family documents (inputs, then outputs), the family's parameter
// struct, and scratch memory private to the calling part (64-byte aligned, as many bytes as `scratch` asked for).
typedef struct dlc_call {
  const dlc_tensor *operands;
  const void *params;
  void *scratch;
  uint32_t operand_count;
  uint32_t params_bytes;
} dlc_call;

// A row of the kernel table.
typedef struct dlc_kernel {
  const char *name;
  uint32_t params_bytes; // exact size of the family's parameter struct
  uint16_t min_operands; // operands beyond the minimum are optional and may be DLC_ABSENT
  uint16_t max_operands;
  // Decides whether running the call stays inside its operands: types, ranks, shapes, pitches and every
  // parameter. Called once when a plan is opened, with `data` of every operand valid only for operands
  // in the weights (else NULL): never reads data unless the family says so. 0 when the call is sound, else a line
  // number.
  int (*check)(const dlc_call *call);
  // Bytes of scratch each part needs; NULL when none.
  size_t (*scratch)(const dlc_call *call);
  // Largest useful number of parts (1: not worth sharing). NULL means 1. Depends on shapes only.
  uint32_t (*parts)(const dlc_call *call);
  // Runs part `part` of `parts`. Parts write disjoint outputs and need no barrier. Results do not depend on `parts`.
  // 0, or DLC_FAULT_INDEX when a tensor of indices points outside its data (nothing is accessed there).
  int (*run)(const dlc_call *call, uint32_t part, uint32_t parts);
} dlc_kernel;

// The row of a kernel id, or NULL when this build has none.
const dlc_kernel *dlc_kernel_row(uint16_t id);

// How many of a call's operands, the last ones, are written; the others are only read.
uint32_t dlc_kernel_outputs(uint16_t id, uint32_t operand_count);

// What `run` may answer beside 0.
enum { DLC_FAULT_INDEX = 1 };

// Instruction sets a kernel row may be written for, in rising preference on their architecture.
// Each includes those before it: a family without a row for one uses the best row below. AVX512_VNNI has VNNI, VBMI not
// necessarily; AMX is AVX512_VNNI with tiles of s8.
typedef enum dlc_isa {
  DLC_ISA_SCALAR = 0,
  DLC_ISA_AVX2 = 1,
  DLC_ISA_AVX_VNNI = 2,
  DLC_ISA_AVX512 = 3,
  DLC_ISA_AVX512_VNNI = 4,
  DLC_ISA_AMX = 5,
  DLC_ISA_NEON = 16,
  DLC_ISA_NEON_DOTPROD = 17,
  DLC_ISA_NEON_I8MM = 18,
} dlc_isa;

// The instruction set in use: the best the processor has, or what dlc_set_isa chose.
dlc_isa dlc_current_isa(void);
// The best row of a family that has scalar, AVX2, AVX512 and NEON ones.
static inline dlc_isa dlc_float_isa(dlc_isa isa) {
  if (isa >= DLC_ISA_NEON) return DLC_ISA_NEON;
  if (isa >= DLC_ISA_AVX512) return DLC_ISA_AVX512;
  return isa >= DLC_ISA_AVX2 ? DLC_ISA_AVX2 : DLC_ISA_SCALAR;
}

// Chooses an instruction set; false when this processor or build lacks it. Not while a session runs.
bool dlc_set_isa(dlc_isa isa);
// False when a build without portable code meets a processor that has none of its instruction sets.
bool dlc_processor_suffices(void);
// x86-64: whether AVX-512 looks bytes up in whole registers (VBMI).
bool dlc_has_byte_permutations(void);
const char *dlc_isa_name(dlc_isa isa);
// The names of all that this build has rows for, separated by spaces, and of the processor family.
const char *dlc_isa_list(void);
const char *dlc_target_name(void);

// Whether this build has code for the type.
static inline bool dlc_has_type(uint8_t type) { return type < 32 && DLC_HAS_TYPE(type); }

// Bytes of one element, 0 for DLC_ABSENT or an unknown type.
static inline size_t dlc_type_size(uint8_t type) {
  switch (type) {
  case DLC_U8:
  case DLC_I8:
  case DLC_BOOL: return 1;
  case DLC_U16:
  case DLC_I16:
  case DLC_F16:
  case DLC_BF16: return 2;
  case DLC_F32:
  case DLC_I32:
  case DLC_U32: return 4;
  case DLC_I64:
  case DLC_U64:
  case DLC_F64: return 8;
  default: return 0;
  }
}

// Product of all dims; the caller of a kernel has checked that it fits 2^47.
static inline int64_t dlc_elements(const dlc_tensor *t) {
  int64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= t->dims[i];
  return n;
}

// Length of the last axis (1 for a scalar), and the number of such rows.
static inline int64_t dlc_row_length(const dlc_tensor *t) { return t->rank ? t->dims[t->rank - 1] : 1; }
static inline int64_t dlc_rows(const dlc_tensor *t) {
  int64_t n = 1;
  for (int i = 0; i + 1 < t->rank; i++) n *= t->dims[i];
  return n;
}

static inline bool dlc_is_dense(const dlc_tensor *t) { return t->pitch == dlc_row_length(t); }
static inline bool dlc_is_present(const dlc_tensor *t) { return t->type != DLC_ABSENT; }
static inline bool dlc_same_shape(const dlc_tensor *a, const dlc_tensor *b) {
  if (a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return true;
}

// The operand at `index`, or an absent one when the call is shorter.
static inline const dlc_tensor *dlc_operand(const dlc_call *call, uint32_t index) {
  static const dlc_tensor absent;
  return index < call->operand_count ? &call->operands[index] : &absent;
}

// Half-open range of `count` items that part `part` of `parts` handles, in multiples of `grain`.
static inline void dlc_split(int64_t count, int64_t grain, uint32_t part, uint32_t parts, int64_t *begin,
                             int64_t *end) {
  int64_t blocks = (count + grain - 1) / grain;
  int64_t first = blocks * part / parts, last = blocks * (part + 1) / parts;
  *begin = first * grain < count ? first * grain : count;
  *end = last * grain < count ? last * grain : count;
}

// A family's `check` reads as a list of conditions; the line that failed is the answer.
#define DLC_REQUIRE(condition)                                                                                         \
  do {                                                                                                                 \
    if (!(condition)) return __LINE__;                                                                                 \
  } while (0)

// What a check returns where the call is sound, but this build leaves out what serves it.
enum { DLC_NOT_BUILT = -1 };
#define DLC_REQUIRE_BUILT(condition)                                                                                   \
  do {                                                                                                                 \
    if (!(condition)) return DLC_NOT_BUILT;                                                                            \
  } while (0)

#ifdef __cplusplus
}
#endif
#endif
