// Movements that tensors of indices decide.
#include "tests/movement_support.h"

static void test_gathers(void) {
  for (int round = 0; round < 300; round++) {
    int rank = (int)between(1, 4), index_rank = (int)between(0, 3);
    dlc_gather_params p = {.axis = (int32_t)between(0, rank - 1)};
    int32_t dims[8], index_dims[8], y_dims[8];
    for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 5);
    for (int i = 0; i < index_rank; i++) index_dims[i] = (int32_t)between(0, 4);
    for (int i = 0; i < rank + index_rank - 1; i++)
      y_dims[i] = i < p.axis ? dims[i] : i < p.axis + index_rank ? index_dims[i - p.axis] : dims[i - index_rank + 1];
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(round & 1 ? DLC_I32 : DLC_I64, index_rank, index_dims, 0),
                       make(type, rank + index_rank - 1, y_dims, 0)};
    fill_indices(&t[1], -dims[p.axis], dims[p.axis] - 1);
    bool ok = runs(&dlc_gather_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]), at[8], from[8] = {0};
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      int64_t index = dlc_index_at(&t[1], offset_of(&t[1], at + p.axis));
      for (int a = 0; a < rank; a++)
        from[a] = a < p.axis ? at[a] : a == p.axis ? (index + dims[a]) % dims[a] : at[a + index_rank - 1];
      ok = same_element(&t[2], place(&t[2], at), place(&t[0], from));
    }
    EXPECT(ok, "gather");
    if (n > 0) {
      dlc_call call = call_of(t, 3, &p, sizeof p);
      set_index(&t[1], dlc_elements(&t[1]) - 1, round & 2 ? dims[p.axis] : -dims[p.axis] - 1);
      EXPECT(dlc_gather_kernel.run(&call, 0, 1) == DLC_FAULT_INDEX, "gather of a bad index");
    }
    release(t, 3);
  }
}

static void test_gather_elements(void) {
  for (int round = 0; round < 200; round++) {
    int rank = (int)between(1, 4);
    dlc_gather_elements_params p = {.axis = (int32_t)between(0, rank - 1)};
    int32_t dims[8], y_dims[8];
    for (int i = 0; i < rank; i++)
      dims[i] = (int32_t)between(1, 5), y_dims[i] = (int32_t)between(i == p.axis ? 0 : 1, dims[i]);
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(round & 1 ? DLC_I32 : DLC_I64, rank, y_dims, 0),
                       make(type, rank, y_dims, 0)};
    fill_indices(&t[1], -dims[p.axis], dims[p.axis] - 1);
    bool ok = runs(&dlc_gather_elements_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]), at[8], from[8] = {0};
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      memcpy(from, at, sizeof from);
      from[p.axis] = (dlc_index_at(&t[1], i) + dims[p.axis]) % dims[p.axis];
      ok = same_element(&t[2], place(&t[2], at), place(&t[0], from));
    }
    EXPECT(ok, "gather_elements");
    if (n > 0) {
      dlc_call call = call_of(t, 3, &p, sizeof p);
      set_index(&t[1], n / 2, INT32_MIN);
      EXPECT(dlc_gather_elements_kernel.run(&call, 0, 1) == DLC_FAULT_INDEX, "gather_elements of a bad index");
    }
    release(t, 3);
  }
}

// Shapes of gather_nd and scatter_nd: tensor, tuples of k indices, slices they name.
static void nd_shapes(int rank, int batch, int k, int32_t *dims, int32_t *index_dims, int *index_rank,
                      int32_t *slice_dims, int *slice_rank) {
  *index_rank = batch + (int)between(1, 2);
  for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 4);
  for (int i = 0; i < *index_rank; i++) index_dims[i] = i < batch ? dims[i] : (int32_t)between(1, 4);
  index_dims[*index_rank - 1] = k;
  *slice_rank = 0;
  for (int i = 0; i + 1 < *index_rank; i++) slice_dims[(*slice_rank)++] = index_dims[i];
  for (int i = batch + k; i < rank; i++) slice_dims[(*slice_rank)++] = dims[i];
}

static void test_gather_nd(void) {
  for (int round = 0; round < 200; round++) {
    int rank = (int)between(1, 4), batch = (int)between(0, rank - 1), k = (int)between(1, rank - batch), index_rank,
        y_rank;
    dlc_gather_nd_params p = {.batch_dims = batch};
    int32_t dims[8], index_dims[8], y_dims[8];
    nd_shapes(rank, batch, k, dims, index_dims, &index_rank, y_dims, &y_rank);
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(DLC_I64, index_rank, index_dims, 0),
                       make(type, y_rank, y_dims, 0)};
    int64_t tuples = dlc_elements(&t[1]) / k, at[8], from[8] = {0};
    for (int64_t i = 0; i < tuples * k; i++)
      set_index(&t[1], i, between(-dims[batch + i % k], dims[batch + i % k] - 1));
    bool ok = runs(&dlc_gather_nd_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]);
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      int64_t tuple = i / (n / tuples);
      for (int a = 0; a < rank; a++)
        from[a] = a < batch       ? at[a]
                  : a < batch + k ? (dlc_index_at(&t[1], tuple * k + a - batch) + dims[a]) % dims[a]
                                  : at[index_rank - 1 + a - batch - k];
      ok = same_element(&t[2], place(&t[2], at), place(&t[0], from));
    }
    EXPECT(ok, "gather_nd");
    dlc_call call = call_of(t, 3, &p, sizeof p);
    set_index(&t[1], 0, dims[batch]);
    EXPECT(dlc_gather_nd_kernel.run(&call, 0, 1) == DLC_FAULT_INDEX, "gather_nd of a bad index");
    release(t, 3);
  }
}

// One update by the definition, on types whose small whole numbers doubles hold.
static void apply(const dlc_tensor *y, int64_t to, const dlc_tensor *updates, int64_t from, int32_t reduction) {
#define APPLY(type)                                                                                                    \
  do {                                                                                                                 \
    type *a = (type *)y->data + to, b = ((type *)updates->data)[from];                                                 \
    type max = *a > b ? *a : b, min = *a < b ? *a : b;                                                                 \
    *a = (type)(reduction == 0 ? b : reduction == 1 ? *a + b : reduction == 2 ? *a * b : reduction == 3 ? max : min);  \
  } while (0)
  switch (y->type) {
  case DLC_F32: APPLY(float); break;
  case DLC_F64: APPLY(double); break;
  case DLC_I32: APPLY(int32_t); break;
  case DLC_I64: APPLY(int64_t); break;
  case DLC_U8: APPLY(uint8_t); break;
  default: APPLY(int8_t); break;
  }
}

static bool equals_copy(const dlc_tensor *y, const dlc_tensor *expected) {
  return !memcmp(y->data, expected->data, (size_t)dlc_elements(y) * dlc_type_size(y->type));
}

static void test_scatters(void) {
  static const uint8_t types[] = {DLC_F32, DLC_F64, DLC_I32, DLC_I64, DLC_U8, DLC_I8};
  for (int round = 0; round < 300; round++) {
    int rank = (int)between(1, 4);
    dlc_scatter_elements_params p = {.axis = (int32_t)between(0, rank - 1), .reduction = (int32_t)between(0, 4)};
    int32_t dims[8], index_dims[8];
    for (int i = 0; i < rank; i++)
      dims[i] = (int32_t)between(1, 6), index_dims[i] = (int32_t)between(i == p.axis ? 0 : 1, dims[i]);
    uint8_t type = types[between(0, 5)];
    dlc_tensor t[4] = {make(type, rank, dims, 0), make(round & 1 ? DLC_I32 : DLC_I64, rank, index_dims, 0),
                       make(type, rank, index_dims, 0), make(type, rank, dims, 0)};
    dlc_tensor expected = make(type, rank, dims, 0);
    fill_small(&t[0]), fill_small(&t[2]);
    fill_indices(&t[1], -dims[p.axis], dims[p.axis] - 1);
    memcpy(expected.data, t[0].data, (size_t)dlc_elements(&t[0]) * dlc_type_size(type));
    int64_t n = dlc_elements(&t[1]), at[8];
    for (int64_t i = 0; i < n; i++) {
      index_of(&t[1], i, at);
      at[p.axis] = (dlc_index_at(&t[1], i) + dims[p.axis]) % dims[p.axis];
      apply(&expected, offset_of(&expected, at), &t[2], i, p.reduction);
    }
    EXPECT(runs(&dlc_scatter_elements_kernel, t, 4, &p, 1) && equals_copy(&t[3], &expected), "scatter_elements");
    if (n > 0) {
      dlc_call call = call_of(t, 4, &p, sizeof p);
      set_index(&t[1], n - 1, dims[p.axis]);
      EXPECT(dlc_scatter_elements_kernel.run(&call, 0, 1) == DLC_FAULT_INDEX, "scatter_elements to a bad index");
    }
    release(t, 4), release(&expected, 1);
  }
  for (int round = 0; round < 300; round++) {
    int rank = (int)between(1, 4), k = (int)between(1, rank), index_rank, update_rank;
    dlc_scatter_nd_params p = {.reduction = (int32_t)between(0, 4)};
    int32_t dims[8], index_dims[8], update_dims[8];
    nd_shapes(rank, 0, k, dims, index_dims, &index_rank, update_dims, &update_rank);
    uint8_t type = types[between(0, 5)];
    dlc_tensor t[4] = {make(type, rank, dims, 0), make(DLC_I64, index_rank, index_dims, 0),
                       make(type, update_rank, update_dims, 0), make(type, rank, dims, 0)};
    dlc_tensor expected = make(type, rank, dims, 0);
    fill_small(&t[0]), fill_small(&t[2]);
    memcpy(expected.data, t[0].data, (size_t)dlc_elements(&t[0]) * dlc_type_size(type));
    int64_t tuples = dlc_elements(&t[1]) / k, slice = dlc_elements(&t[2]) / tuples;
    for (int64_t i = 0; i < tuples * k; i++) set_index(&t[1], i, between(-dims[i % k], dims[i % k] - 1));
    for (int64_t i = 0; i < tuples * slice; i++) {
      int64_t to = 0;
      for (int a = 0; a < k; a++) to = to * dims[a] + (dlc_index_at(&t[1], i / slice * k + a) + dims[a]) % dims[a];
      apply(&expected, to * slice + i % slice, &t[2], i, p.reduction);
    }
    EXPECT(runs(&dlc_scatter_nd_kernel, t, 4, &p, 1) && equals_copy(&t[3], &expected), "scatter_nd");
    dlc_call call = call_of(t, 4, &p, sizeof p);
    set_index(&t[1], 0, INT64_MIN);
    EXPECT(dlc_scatter_nd_kernel.run(&call, 0, 1) == DLC_FAULT_INDEX, "scatter_nd to a bad index");
    release(t, 4), release(&expected, 1);
  }
}

// Sums in half precision: a half and a bfloat16 round to even, subnormals and overflow included.
static void test_scatter_halves(void) {
  static const struct {
    uint8_t type;
    uint16_t a, b;
    int32_t reduction;
    uint16_t r;
  } cases[] = {
      {DLC_F16, 0x3c00, 0x3c00, DLC_SCATTER_ADD, 0x4000},  {DLC_F16, 0x7bff, 0x4b00, DLC_SCATTER_ADD, 0x7bff},
      {DLC_F16, 0x7bff, 0x4c00, DLC_SCATTER_ADD, 0x7c00},  {DLC_F16, 0x7bff, 0x7bff, DLC_SCATTER_ADD, 0x7c00},
      {DLC_F16, 0x0001, 0x0001, DLC_SCATTER_ADD, 0x0002},  {DLC_F16, 0x8001, 0x8001, DLC_SCATTER_ADD, 0x8002},
      {DLC_F16, 0x0400, 0x8001, DLC_SCATTER_ADD, 0x03ff},  {DLC_F16, 0x3c00, 0x1000, DLC_SCATTER_ADD, 0x3c00},
      {DLC_F16, 0x3c01, 0x1000, DLC_SCATTER_ADD, 0x3c02},  {DLC_F16, 0x0003, 0x3800, DLC_SCATTER_MUL, 0x0002},
      {DLC_F16, 0xbc00, 0x7c00, DLC_SCATTER_MAX, 0x7c00},  {DLC_F16, 0xbc00, 0x3c00, DLC_SCATTER_MIN, 0xbc00},
      {DLC_F16, 0x3c00, 0x7e00, DLC_SCATTER_MAX, 0x7e00},  {DLC_BF16, 0x3f80, 0x3f80, DLC_SCATTER_ADD, 0x4000},
      {DLC_BF16, 0x3f80, 0x3b80, DLC_SCATTER_ADD, 0x3f80}, {DLC_BF16, 0x3f81, 0x3b80, DLC_SCATTER_ADD, 0x3f82},
      {DLC_BF16, 0x7f7f, 0x7f7f, DLC_SCATTER_ADD, 0x7f80}, {DLC_BF16, 0x7fc0, 0x3f80, DLC_SCATTER_MIN, 0x7fc0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int32_t one[] = {1};
    dlc_scatter_elements_params p = {.axis = 0, .reduction = cases[i].reduction};
    dlc_tensor t[4] = {make(cases[i].type, 1, one, 0), make(DLC_I64, 1, one, 0), make(cases[i].type, 1, one, 0),
                       make(cases[i].type, 1, one, 0)};
    *(uint16_t *)t[0].data = cases[i].a, *(uint16_t *)t[2].data = cases[i].b, *(int64_t *)t[1].data = 0;
    EXPECT(runs(&dlc_scatter_elements_kernel, t, 4, &p, 1) && *(uint16_t *)t[3].data == cases[i].r,
           "scatter of halves");
    release(t, 4);
  }
}
