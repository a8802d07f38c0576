// Tensors in exactly sized heap blocks, so that a sanitizer sees every access beyond them; and a seeded generator.
#ifndef DLC_TESTS_MOVEMENT_SUPPORT_H
#define DLC_TESTS_MOVEMENT_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include "copy/movement.h"

#define FAMILIES(X)                                                                                                    \
  X(transpose)                                                                                                         \
  X(copy)                                                                                                              \
  X(pad)                                                                                                               \
  X(gather)                                                                                                            \
  X(gather_elements)                                                                                                   \
  X(gather_nd) X(scatter_elements) X(scatter_nd) X(resize) X(top_k) X(one_hot) X(trilu) X(reverse_sequence)
#define DECLARE(name) extern const dlc_kernel dlc_##name##_kernel;
FAMILIES(DECLARE)

static int passed, failed;
static uint64_t seed = 88172645463325252u;

static inline void expect(bool ok, const char *what, int line) {
  if (ok)
    passed++;
  else {
    failed++;
    printf("FAILED line %d: %s\n", line, what);
  }
}
#define EXPECT(ok, what) expect(ok, what, __LINE__)

// xorshift64
static inline uint64_t next_random(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}
static inline int64_t between(int64_t low, int64_t high) {
  return low + (int64_t)(next_random() % (uint64_t)(high - low + 1));
}

static const uint8_t all_types[] = {DLC_F32,  DLC_U8,  DLC_I8,  DLC_U16, DLC_I16, DLC_I32, DLC_I64,
                                    DLC_BOOL, DLC_F16, DLC_F64, DLC_U32, DLC_U64, DLC_BF16};
static inline uint8_t any_type(void) { return all_types[between(0, sizeof(all_types) - 1)]; }

static inline dlc_tensor shape_of(uint8_t type, int rank, const int32_t *dims, int gap) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank};
  for (int i = 0; i < rank; i++) t.dims[i] = dims[i];
  t.pitch = (int32_t)dlc_row_length(&t) + (rank ? gap : 0);
  return t;
}

// Gives a sound tensor memory of exactly its extent, of random bytes.
static inline void allocate(dlc_tensor *t) {
  size_t bytes = (size_t)dlc_extent(t) * dlc_type_size(t->type);
  uint8_t *data = (uint8_t *)malloc(bytes ? bytes : 1);
  for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)(next_random() >> 24);
  t->data = data;
}

static inline dlc_tensor make(uint8_t type, int rank, const int32_t *dims, int gap) {
  dlc_tensor t = shape_of(type, rank, dims, gap);
  allocate(&t);
  return t;
}

static inline void set_index(dlc_tensor *t, int64_t i, int64_t value) {
  if (t->type == DLC_I32)
    ((int32_t *)t->data)[i] = (int32_t)value;
  else
    ((int64_t *)t->data)[i] = value;
}

static inline void fill_indices(dlc_tensor *t, int64_t low, int64_t high) {
  int64_t n = dlc_elements(t);
  for (int64_t i = 0; i < n; i++) set_index(t, i, between(low, high));
}

// Small whole numbers: every sum and product of a few is exact in every type.
static inline void fill_small(dlc_tensor *t) {
  int64_t n = dlc_extent(t);
  for (int64_t i = 0; i < n; i++) {
    int v = (int)between(-3, 3);
    switch (t->type) {
    case DLC_F32: ((float *)t->data)[i] = (float)v; break;
    case DLC_F64: ((double *)t->data)[i] = v; break;
    case DLC_I32: ((int32_t *)t->data)[i] = v; break;
    case DLC_I64: ((int64_t *)t->data)[i] = v; break;
    case DLC_I8: ((int8_t *)t->data)[i] = (int8_t)v; break;
    case DLC_U8: ((uint8_t *)t->data)[i] = (uint8_t)(v + 3); break;
    default: break;
    }
  }
}

// Element offset of a row-major index, and back.
static inline int64_t offset_of(const dlc_tensor *t, const int64_t *at) {
  int64_t strides[DLC_MAX_RANK], n = 0;
  dlc_strides(t, strides);
  for (int i = 0; i < t->rank; i++) n += at[i] * strides[i];
  return n;
}
static inline void index_of(const dlc_tensor *t, int64_t n, int64_t *at) {
  for (int i = t->rank - 1; i >= 0; i--) at[i] = n % t->dims[i], n /= t->dims[i];
}
static inline const char *place(const dlc_tensor *t, const int64_t *at) {
  return (const char *)t->data + offset_of(t, at) * (int64_t)dlc_type_size(t->type);
}

static inline bool same_element(const dlc_tensor *t, const void *a, const void *b) {
  return !memcmp(a, b, dlc_type_size(t->type));
}

static inline dlc_call call_of(const dlc_tensor *operands, uint32_t n, const void *params, uint32_t bytes) {
  return (dlc_call){.operands = operands, .params = params, .operand_count = n, .params_bytes = bytes};
}

// Runs a sound call in one to four parts, in reverse order of parts; true when every way answers the same and fills
// `outputs` last operands alike. Answers what run answered.
static inline bool run_in_parts(const dlc_kernel *k, dlc_call *call, int outputs, int *answer) {
  void *first[4] = {NULL};
  bool same = true;
  size_t scratch = k->scratch ? k->scratch(call) : 0;
  for (uint32_t parts = 1; parts <= 4; parts++) {
    for (int o = 0; o < outputs; o++) {
      const dlc_tensor *t = &call->operands[call->operand_count - 1 - o];
      size_t bytes = (size_t)dlc_extent(t) * dlc_type_size(t->type);
      memset(t->data, 0xa5, bytes);
    }
    int result = 0;
    for (uint32_t part = parts; part-- > 0;) {
      void *memory = NULL;
      if (posix_memalign(&memory, 64, scratch ? scratch : 1)) abort();
      call->scratch = memory;
      int r = k->run(call, part, parts);
      if (r) result = r;
      free(memory);
    }
    if (parts == 1)
      *answer = result;
    else if (*answer != result)
      same = false;
    for (int o = 0; o < outputs && result == 0; o++) {
      const dlc_tensor *t = &call->operands[call->operand_count - 1 - o];
      size_t bytes = (size_t)dlc_extent(t) * dlc_type_size(t->type);
      if (parts == 1) {
        first[o] = malloc(bytes ? bytes : 1);
        memcpy(first[o], t->data, bytes);
      } else if (first[o] && memcmp(first[o], t->data, bytes))
        same = false;
    }
  }
  for (int o = 0; o < outputs; o++) free(first[o]);
  return same;
}

// Checks and runs; true when the call is accepted, runs without fault and does not depend on parts.
static inline bool runs(const dlc_kernel *k, dlc_tensor *t, uint32_t n, const void *params, int outputs) {
  dlc_call call = call_of(t, n, params, k->params_bytes);
  int answer = -1;
  return k->check(&call) == 0 && run_in_parts(k, &call, outputs, &answer) && answer == 0 &&
         (!k->parts || k->parts(&call) >= 1);
}

static inline void release(dlc_tensor *t, int n) {
  for (int i = 0; i < n; i++) free(t[i].data), t[i].data = NULL;
}

#endif
