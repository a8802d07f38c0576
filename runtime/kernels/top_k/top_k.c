#include "copy/movement.h"

// A candidate: `rank` orders values so that greater ranks come first; among equal ranks the lower index does.
typedef struct candidate {
  uint64_t rank;
  int64_t index;
} candidate;

static bool precedes(candidate a, candidate b) { return a.rank != b.rank ? a.rank > b.rank : a.index < b.index; }

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_top_k_params)));
  const dlc_tensor *x = &call->operands[0], *values = &call->operands[1], *indices = &call->operands[2];
  int32_t axis = ((const dlc_top_k_params *)call->params)->axis;
  DLC_REQUIRE(dlc_is_sound_dense(x) && dlc_is_sound_dense(values) && dlc_is_sound_dense(indices));
  switch (x->type) {
  case DLC_F32:
  case DLC_F64:
  case DLC_F16:
  case DLC_I32:
  case DLC_I64:
  case DLC_U8:
  case DLC_I8: break;
  default: return __LINE__;
  }
  DLC_REQUIRE(values->type == x->type && indices->type == DLC_I64 && dlc_same_shape(values, indices));
  DLC_REQUIRE(values->rank == x->rank && axis >= 0 && axis < x->rank && values->dims[axis] <= x->dims[axis]);
  for (int i = 0; i < x->rank; i++) DLC_REQUIRE(i == axis || values->dims[i] == x->dims[i]);
  DLC_REQUIRE((uint64_t)values->dims[axis] <= PTRDIFF_MAX / sizeof(candidate));
  return 0;
}

static size_t scratch(const dlc_call *call) {
  int32_t axis = ((const dlc_top_k_params *)call->params)->axis;
  return (size_t)call->operands[1].dims[axis] * sizeof(candidate);
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *x = &call->operands[0];
  return dlc_parts_for_bytes(8 * dlc_elements(x));
}

// Maps the bits of a float to an integer in the order of the values: -0 as +0, every NaN above +infinity.
static uint64_t rank_of_float(uint64_t bits, uint64_t sign, uint64_t infinity) {
  if ((bits & ~sign) > infinity) return sign | (sign - 1);
  if (bits == sign) bits = 0;
  return bits & sign ? ~bits & (sign | (sign - 1)) : bits | sign;
}

static uint64_t rank_at(const char *x, uint8_t type) {
  switch (type) {
  case DLC_F32: return rank_of_float(*(const dlc_e4 *)x, 0x80000000u, 0x7f800000u);
  case DLC_F16: return rank_of_float(*(const dlc_e2 *)x, 0x8000u, 0x7c00u);
  case DLC_F64: return rank_of_float(*(const dlc_e8 *)x, 0x8000000000000000u, 0x7ff0000000000000u);
  case DLC_I32: return *(const dlc_e4 *)x ^ 0x80000000u;
  case DLC_I64: return *(const dlc_e8 *)x ^ 0x8000000000000000u;
  case DLC_I8: return *(const dlc_e1 *)x ^ 0x80u;
  default: return *(const dlc_e1 *)x;
  }
}

// Restores the heap below `at`: every parent comes after its children, so the last of the chosen is at the top.
static void sift_down(candidate *heap, int64_t n, int64_t at) {
  candidate moved = heap[at];
  for (int64_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && precedes(heap[child], heap[child + 1])) child++;
    if (!precedes(moved, heap[child])) break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *values = &call->operands[1], *indices = &call->operands[2];
  const dlc_top_k_params *p = (const dlc_top_k_params *)call->params;
  int64_t n = x->dims[p->axis], k = values->dims[p->axis], inner = dlc_product(x, p->axis + 1, x->rank);
  int64_t lanes = dlc_product(x, 0, p->axis) * inner, size = (int64_t)dlc_type_size(x->type), begin, end;
  uint64_t flip = p->largest ? 0 : UINT64_MAX;
  candidate *heap = (candidate *)call->scratch;
  if (lanes == 0 || k == 0) return 0;
  dlc_split(lanes, 1, part, parts, &begin, &end);
  for (int64_t lane = begin; lane < end; lane++) {
    int64_t outer = lane / inner, column = lane % inner;
    const char *from = (const char *)x->data + (outer * n * inner + column) * size;
    for (int64_t i = 0; i < k; i++) heap[i] = (candidate){rank_at(from + i * inner * size, x->type) ^ flip, i};
    for (int64_t i = k / 2 - 1; i >= 0; i--) sift_down(heap, k, i);
    for (int64_t i = k; i < n; i++) {
      // A later index never displaces an equal value.
      uint64_t rank = rank_at(from + i * inner * size, x->type) ^ flip;
      if (rank <= heap[0].rank) continue;
      heap[0] = (candidate){rank, i};
      sift_down(heap, k, 0);
    }
    for (int64_t i = k - 1; i >= 0; i--) {
      candidate last = heap[0];
      heap[0] = heap[i];
      sift_down(heap, i, 0);
      int64_t to = (outer * k + i) * inner + column;
      memcpy((char *)values->data + to * size, from + last.index * inner * size, (size_t)size);
      ((dlc_e8 *)indices->data)[to] = (uint64_t)last.index;
    }
  }
  return 0;
}

const dlc_kernel dlc_top_k_kernel = {
    .name = "top_k",
    .params_bytes = sizeof(dlc_top_k_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
