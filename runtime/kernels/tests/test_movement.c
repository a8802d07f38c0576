// The data-movement families against loops that follow their definitions element by element.
#include <math.h>

#include "tests/movement_support.h"

#define FAMILIES(X) \
  X(transpose) X(copy) X(pad) X(gather) X(gather_elements) X(gather_nd) X(scatter_elements) X(scatter_nd) X(resize) \
  X(top_k) X(one_hot) X(trilu) X(reverse_sequence)
#define DECLARE(name) extern const dlc_kernel dlc_##name##_kernel;
FAMILIES(DECLARE)

static bool same_element(const dlc_tensor *t, const void *a, const void *b) { return !memcmp(a, b, dlc_type_size(t->type)); }

static void test_transpose(uint8_t type, int rank, const int32_t *dims, const int32_t *perm, int gap_x, int gap_y) {
  dlc_transpose_params p = {{0}};
  int32_t y_dims[8];
  for (int i = 0; i < rank; i++) p.perm[i] = perm[i], y_dims[i] = dims[perm[i]];
  dlc_tensor t[2] = {make(type, rank, dims, gap_x), make(type, rank, y_dims, gap_y)};
  bool ok = runs(&dlc_transpose_kernel, t, 2, &p, 1);
  int64_t n = dlc_elements(&t[1]), at[8], from[8] = {0};
  for (int64_t i = 0; i < n && ok; i++) {
    index_of(&t[1], i, at);
    for (int a = 0; a < rank; a++) from[perm[a]] = at[a];
    ok = same_element(&t[1], place(&t[1], at), place(&t[0], from));
  }
  EXPECT(ok, "transpose");
  release(t, 2);
}

static void test_transposes(void) {
  for (int round = 0; round < 400; round++) {
    int rank = (int)between(0, 6);
    int32_t dims[8], perm[8];
    for (int i = 0; i < rank; i++) {
      dims[i] = (int32_t)(between(0, 30) ? between(1, 6) : 0);
      int j = (int)between(0, i);
      perm[i] = perm[j], perm[j] = i;
    }
    test_transpose(any_type(), rank, dims, perm, (int)between(0, 2), (int)between(0, 2));
  }
  static const int32_t shapes[][3] = {{1, 70, 131}, {2, 3, 400}, {2, 400, 3}, {1, 4, 300}, {1, 300, 4}, {3, 17, 33}, {1, 2, 9}, {1, 256, 64}, {2, 5, 5000}};
  static const int32_t swap[] = {0, 2, 1};
  for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
    test_transpose(DLC_U8, 3, shapes[s], swap, 0, 0);
    test_transpose(DLC_F16, 3, shapes[s], swap, 0, 0);
    test_transpose(DLC_F32, 3, shapes[s], swap, 0, 0);
    test_transpose(DLC_F64, 3, shapes[s], swap, 0, 0);
    test_transpose(DLC_F32, 3, shapes[s], swap, 5, 3);
  }
}

static void test_copies(void) {
  for (int round = 0; round < 400; round++) {
    dlc_copy_params p = {.rank = (int32_t)between(0, 5), .y_offset = (int32_t)between(0, 3)};
    int32_t stride = (int32_t)between(1, 2), x_low = 0, x_high = 0;
    for (int i = p.rank - 1; i >= 0; i--) {
      p.dims[i] = (int32_t)(between(0, 40) ? between(1, 7) : 0);
      p.y_strides[i] = stride;
      stride *= p.dims[i] + (int32_t)between(0, 1);
      p.x_strides[i] = (int32_t)(between(0, 2) ? between(-4, 4) : p.y_strides[i]);
      int32_t far = (p.dims[i] - 1) * p.x_strides[i];
      if (far < 0) x_low += far;
      else x_high += far;
      if (stride == 0) stride = 1;
    }
    if (round % 4 == 0 && p.rank >= 2) {  // a slice of columns of a pitched operand
      x_low = x_high = 0;
      for (int i = 0; i < p.rank; i++) p.x_strides[i] = p.y_strides[i] + (i < p.rank - 1 ? 3 : 0);
      for (int i = 0; i < p.rank; i++) x_high += (p.dims[i] ? p.dims[i] - 1 : 0) * p.x_strides[i];
    }
    p.x_offset = -x_low;
    int32_t y_last = p.y_offset;
    for (int i = 0; i < p.rank; i++) y_last += (p.dims[i] ? p.dims[i] - 1 : 0) * p.y_strides[i];
    uint8_t type = any_type();
    int32_t x_dims[] = {1, x_high - x_low + 1}, y_dims[] = {y_last + 1};
    dlc_tensor t[2] = {make(type, 2, x_dims, 0), make(type, 1, y_dims, 0)};
    dlc_tensor grid = shape_of(type, p.rank, p.dims, 0);
    bool ok = runs(&dlc_copy_kernel, t, 2, &p, 1);
    int64_t n = dlc_elements(&grid), at[8], size = (int64_t)dlc_type_size(type), untouched = dlc_extent(&t[1]) - n;
    for (int64_t i = 0; i < n && ok; i++) {
      int64_t x = p.x_offset, y = p.y_offset;
      index_of(&grid, i, at);
      for (int a = 0; a < p.rank; a++) x += at[a] * p.x_strides[a], y += at[a] * p.y_strides[a];
      ok = !memcmp((char *)t[1].data + y * size, (char *)t[0].data + x * size, (size_t)size);
      if (type == DLC_I64 && ok) ((int64_t *)t[1].data)[y] = (int64_t)0xa5a5a5a5a5a5a5a5;
    }
    if (type == DLC_I64 && ok) {
      for (int64_t i = 0; i < untouched + n; i++) ok = ok && ((uint64_t *)t[1].data)[i] == 0xa5a5a5a5a5a5a5a5;
    }
    EXPECT(ok, "copy");
    if (n > 0) {
      dlc_call call = call_of(t, 2, &p, sizeof p);
      p.x_offset += 1;
      t[0].dims[1] = t[0].pitch = x_high - x_low + 1;
      EXPECT(dlc_copy_kernel.check(&call) != 0, "copy beyond x");
      p.x_offset -= 1, p.y_offset += 1;
      EXPECT(dlc_copy_kernel.check(&call) != 0, "copy beyond y");
    }
    release(t, 2);
  }
}

// Walks from the kept part to `k` one step at a time, as a reflection, an edge or a repetition does; -1: constant.
static int64_t pad_walk(int32_t mode, int64_t n, int64_t k) {
  if (mode == DLC_PAD_CONSTANT) return k >= 0 && k < n ? k : -1;
  int64_t at = 0, step = k < 0 ? -1 : 1, way = step;
  for (int64_t i = 0; i != k; i += way) {
    if (at + step >= 0 && at + step < n) at += step;
    else if (mode == DLC_PAD_WRAP) at = step > 0 ? 0 : n - 1;
    else if (mode == DLC_PAD_REFLECT && n > 1) step = -step, at += step;
  }
  return at;
}

static void test_pads(void) {
  for (int round = 0; round < 500; round++) {
    dlc_pad_params p = {.mode = (int32_t)between(0, 3)};
    int rank = (int)between(0, 4);
    int32_t dims[8], y_dims[8], crop[8], kept[8];
    for (int i = 0; i < rank; i++) {
      dims[i] = (int32_t)between(1, 6);
      p.before[i] = (int32_t)(between(0, 2) ? between(-1, 4) : 0);
      int32_t after = (int32_t)(between(0, 2) ? between(-1, 4) : 0);
      if (p.before[i] + dims[i] <= 0) p.before[i] = 0;
      crop[i] = p.before[i] < 0 ? -p.before[i] : 0;
      if (dims[i] - crop[i] + (after < 0 ? after : 0) <= 0) after = 0;
      kept[i] = dims[i] - crop[i] + (after < 0 ? after : 0);
      y_dims[i] = dims[i] + p.before[i] + after;
    }
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, (int)between(0, 2)), make(type, 0, NULL, 0), make(type, rank, y_dims, (int)between(0, 2))};
    bool absent = between(0, 1);
    if (absent) free(t[1].data), t[1] = (dlc_tensor){0};
    bool ok = runs(&dlc_pad_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]), at[8], from[8] = {0};
    for (int64_t i = 0; i < n && ok; i++) {
      bool constant = false;
      index_of(&t[2], i, at);
      for (int a = 0; a < rank; a++) {
        int64_t s = pad_walk(p.mode, kept[a], at[a] - (p.before[a] > 0 ? p.before[a] : 0));
        if (s < 0) constant = true;
        from[a] = crop[a] + s;
      }
      static const char zero[8];
      const void *expected = !constant ? place(&t[0], from) : absent ? zero : t[1].data;
      ok = same_element(&t[2], place(&t[2], at), expected);
    }
    EXPECT(ok, "pad");
    release(t, 3);
  }
}

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
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(round & 1 ? DLC_I32 : DLC_I64, index_rank, index_dims, 0), make(type, rank + index_rank - 1, y_dims, 0)};
    fill_indices(&t[1], -dims[p.axis], dims[p.axis] - 1);
    bool ok = runs(&dlc_gather_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]), at[8], from[8] = {0};
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      int64_t index = dlc_index_at(&t[1], offset_of(&t[1], at + p.axis));
      for (int a = 0; a < rank; a++) from[a] = a < p.axis ? at[a] : a == p.axis ? (index + dims[a]) % dims[a] : at[a + index_rank - 1];
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
    for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 5), y_dims[i] = (int32_t)between(i == p.axis ? 0 : 1, dims[i]);
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(round & 1 ? DLC_I32 : DLC_I64, rank, y_dims, 0), make(type, rank, y_dims, 0)};
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
static void nd_shapes(int rank, int batch, int k, int32_t *dims, int32_t *index_dims, int *index_rank, int32_t *slice_dims, int *slice_rank) {
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
    int rank = (int)between(1, 4), batch = (int)between(0, rank - 1), k = (int)between(1, rank - batch), index_rank, y_rank;
    dlc_gather_nd_params p = {.batch_dims = batch};
    int32_t dims[8], index_dims[8], y_dims[8];
    nd_shapes(rank, batch, k, dims, index_dims, &index_rank, y_dims, &y_rank);
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(DLC_I64, index_rank, index_dims, 0), make(type, y_rank, y_dims, 0)};
    int64_t tuples = dlc_elements(&t[1]) / k, at[8], from[8] = {0};
    for (int64_t i = 0; i < tuples * k; i++) set_index(&t[1], i, between(-dims[batch + i % k], dims[batch + i % k] - 1));
    bool ok = runs(&dlc_gather_nd_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]);
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      int64_t tuple = i / (n / tuples);
      for (int a = 0; a < rank; a++)
        from[a] = a < batch ? at[a] : a < batch + k ? (dlc_index_at(&t[1], tuple * k + a - batch) + dims[a]) % dims[a] : at[index_rank - 1 + a - batch - k];
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
#define APPLY(type) \
  do { \
    type *a = (type *)y->data + to, b = ((type *)updates->data)[from]; \
    *a = (type)(reduction == 0 ? b : reduction == 1 ? *a + b : reduction == 2 ? *a * b : reduction == 3 ? (*a > b ? *a : b) : (*a < b ? *a : b)); \
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
    for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 6), index_dims[i] = (int32_t)between(i == p.axis ? 0 : 1, dims[i]);
    uint8_t type = types[between(0, 5)];
    dlc_tensor t[4] = {make(type, rank, dims, 0), make(round & 1 ? DLC_I32 : DLC_I64, rank, index_dims, 0), make(type, rank, index_dims, 0), make(type, rank, dims, 0)};
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
    dlc_tensor t[4] = {make(type, rank, dims, 0), make(DLC_I64, index_rank, index_dims, 0), make(type, update_rank, update_dims, 0), make(type, rank, dims, 0)};
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
  static const struct { uint8_t type; uint16_t a, b; int32_t reduction; uint16_t r; } cases[] = {
    {DLC_F16, 0x3c00, 0x3c00, DLC_SCATTER_ADD, 0x4000}, {DLC_F16, 0x7bff, 0x4b00, DLC_SCATTER_ADD, 0x7bff},
    {DLC_F16, 0x7bff, 0x4c00, DLC_SCATTER_ADD, 0x7c00}, {DLC_F16, 0x7bff, 0x7bff, DLC_SCATTER_ADD, 0x7c00},
    {DLC_F16, 0x0001, 0x0001, DLC_SCATTER_ADD, 0x0002}, {DLC_F16, 0x8001, 0x8001, DLC_SCATTER_ADD, 0x8002},
    {DLC_F16, 0x0400, 0x8001, DLC_SCATTER_ADD, 0x03ff}, {DLC_F16, 0x3c00, 0x1000, DLC_SCATTER_ADD, 0x3c00},
    {DLC_F16, 0x3c01, 0x1000, DLC_SCATTER_ADD, 0x3c02}, {DLC_F16, 0x0003, 0x3800, DLC_SCATTER_MUL, 0x0002},
    {DLC_F16, 0xbc00, 0x7c00, DLC_SCATTER_MAX, 0x7c00}, {DLC_F16, 0xbc00, 0x3c00, DLC_SCATTER_MIN, 0xbc00},
    {DLC_F16, 0x3c00, 0x7e00, DLC_SCATTER_MAX, 0x7e00}, {DLC_BF16, 0x3f80, 0x3f80, DLC_SCATTER_ADD, 0x4000},
    {DLC_BF16, 0x3f80, 0x3b80, DLC_SCATTER_ADD, 0x3f80}, {DLC_BF16, 0x3f81, 0x3b80, DLC_SCATTER_ADD, 0x3f82},
    {DLC_BF16, 0x7f7f, 0x7f7f, DLC_SCATTER_ADD, 0x7f80}, {DLC_BF16, 0x7fc0, 0x3f80, DLC_SCATTER_MIN, 0x7fc0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int32_t one[] = {1};
    dlc_scatter_elements_params p = {.axis = 0, .reduction = cases[i].reduction};
    dlc_tensor t[4] = {make(cases[i].type, 1, one, 0), make(DLC_I64, 1, one, 0), make(cases[i].type, 1, one, 0), make(cases[i].type, 1, one, 0)};
    *(uint16_t *)t[0].data = cases[i].a, *(uint16_t *)t[2].data = cases[i].b, *(int64_t *)t[1].data = 0;
    EXPECT(runs(&dlc_scatter_elements_kernel, t, 4, &p, 1) && *(uint16_t *)t[3].data == cases[i].r, "scatter of halves");
    release(t, 4);
  }
}

static double number_at(const dlc_tensor *t, int64_t i) {
  switch (t->type) {
  case DLC_F32: return ((float *)t->data)[i];
  case DLC_F64: return ((double *)t->data)[i];
  case DLC_I32: return ((int32_t *)t->data)[i];
  case DLC_I64: return (double)((int64_t *)t->data)[i];
  case DLC_U8: return ((uint8_t *)t->data)[i];
  default: return ((int8_t *)t->data)[i];
  }
}

static void test_top_k(void) {
  static const uint8_t types[] = {DLC_F32, DLC_F64, DLC_I32, DLC_I64, DLC_U8, DLC_I8};
  for (int round = 0; round < 300; round++) {
    int rank = (int)between(1, 3);
    dlc_top_k_params p = {.axis = (int32_t)between(0, rank - 1), .largest = round & 1, .sorted = 1};
    int32_t dims[8], y_dims[8];
    for (int i = 0; i < rank; i++) dims[i] = y_dims[i] = (int32_t)between(1, i == p.axis ? 40 : 5);
    y_dims[p.axis] = (int32_t)between(0, dims[p.axis]);
    uint8_t type = types[between(0, 5)];
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(type, rank, y_dims, 0), make(DLC_I64, rank, y_dims, 0)};
    fill_small(&t[0]);
    if (type == DLC_F32)
      for (int64_t i = 0, n = dlc_elements(&t[0]); i < n; i++)
        if (between(0, 4) == 0) ((float *)t[0].data)[i] = (const float[]){NAN, -0.0f, INFINITY, -INFINITY}[between(0, 3)];
    bool ok = runs(&dlc_top_k_kernel, t, 3, &p, 2);
    int64_t n = dlc_elements(&t[1]), at[8];
    for (int64_t i = 0; i < n && ok; i++) {
      // An element's position is the number of those that come before it.
      index_of(&t[1], i, at);
      int64_t position = at[p.axis], index = ((int64_t *)t[2].data)[i], before = 0;
      if (index < 0 || index >= dims[p.axis]) { ok = false; break; }
      at[p.axis] = index;
      double v = number_at(&t[0], offset_of(&t[0], at));
      ok = same_element(&t[1], (char *)t[1].data + i * (int64_t)dlc_type_size(type), place(&t[0], at));
      for (int64_t j = 0; j < dims[p.axis]; j++) {
        at[p.axis] = j;
        double w = number_at(&t[0], offset_of(&t[0], at));
        bool greater = isnan(w) ? !isnan(v) : w > v, less = isnan(v) ? !isnan(w) : w < v;
        before += (p.largest ? greater : less) || (!greater && !less && j < index);
      }
      ok = ok && before == position;
    }
    EXPECT(ok, "top_k");
    release(t, 3);
  }
  int32_t four[] = {4}, two[] = {2};
  dlc_top_k_params p = {.largest = 1};
  dlc_tensor t[3] = {make(DLC_F16, 1, four, 0), make(DLC_F16, 1, two, 0), make(DLC_I64, 1, two, 0)};
  memcpy(t[0].data, (const uint16_t[]){0xbc00, 0x3c00, 0x7c00, 0x0001}, 8);
  EXPECT(runs(&dlc_top_k_kernel, t, 3, &p, 2) && ((int64_t *)t[2].data)[0] == 2 && ((int64_t *)t[2].data)[1] == 1, "top_k of halves");
  release(t, 3);
}

static void test_one_hot(void) {
  for (int round = 0; round < 200; round++) {
    int rank = (int)between(0, 3);
    dlc_one_hot_params p = {.axis = (int32_t)between(0, rank)};
    int32_t dims[8], y_dims[8], two[] = {2};
    for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 5);
    for (int i = 0; i <= rank; i++) y_dims[i] = i < p.axis ? dims[i] : i == p.axis ? (int32_t)between(0, 5) : dims[i - 1];
    uint8_t type = any_type(), index_type = (uint8_t[]){DLC_I64, DLC_I32, DLC_I8, DLC_F32}[between(0, 3)];
    dlc_tensor t[3] = {make(index_type, rank, dims, 0), make(type, 1, two, 0), make(type, rank + 1, y_dims, 0)};
    int64_t count = dlc_elements(&t[0]), at[8], from[8] = {0};
    for (int64_t i = 0; i < count; i++) {
      int64_t v = between(-7, 7);
      if (index_type == DLC_I8) ((int8_t *)t[0].data)[i] = (int8_t)v;
      else if (index_type == DLC_F32) ((float *)t[0].data)[i] = between(0, 9) ? (float)v : NAN;
      else set_index(&t[0], i, v);
    }
    bool ok = runs(&dlc_one_hot_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]), depth = y_dims[p.axis];
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      for (int a = 0; a < rank; a++) from[a] = at[a < p.axis ? a : a + 1];
      double v = number_at(&t[0], offset_of(&t[0], from));
      bool on = v == (double)at[p.axis] || v + (double)depth == (double)at[p.axis];
      ok = same_element(&t[2], place(&t[2], at), (char *)t[1].data + (on ? dlc_type_size(type) : 0));
    }
    EXPECT(ok, "one_hot");
    release(t, 3);
  }
}

static void test_trilu_and_reversal(void) {
  static const char zero[8];
  for (int round = 0; round < 200; round++) {
    dlc_trilu_params p = {.upper = round & 1, .k = round % 20 == 0 ? INT32_MAX : round % 20 == 1 ? INT32_MIN : (int32_t)between(-6, 6)};
    int32_t dims[] = {(int32_t)between(1, 3), (int32_t)between(0, 5), (int32_t)between(0, 6)};
    uint8_t type = any_type();
    dlc_tensor t[2] = {make(type, 3, dims, (int)between(0, 2)), make(type, 3, dims, (int)between(0, 2))};
    bool ok = runs(&dlc_trilu_kernel, t, 2, &p, 1);
    int64_t n = dlc_elements(&t[1]), at[8];
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[1], i, at);
      bool kept = p.upper ? at[2] - at[1] >= p.k : at[2] - at[1] <= p.k;
      ok = same_element(&t[1], place(&t[1], at), kept ? place(&t[0], at) : zero);
    }
    EXPECT(ok, "trilu");
    release(t, 2);
  }
  for (int round = 0; round < 200; round++) {
    int rank = (int)between(2, 4);
    dlc_reverse_sequence_params p = {.time_axis = (int32_t)between(0, rank - 1)};
    p.batch_axis = (p.time_axis + (int32_t)between(1, rank - 1)) % rank;
    int32_t dims[8];
    for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 5);
    uint8_t type = any_type();
    dlc_tensor t[3] = {make(type, rank, dims, 0), make(DLC_I64, 1, &dims[p.batch_axis], 0), make(type, rank, dims, 0)};
    fill_indices(&t[1], 0, dims[p.time_axis]);
    bool ok = runs(&dlc_reverse_sequence_kernel, t, 3, &p, 1);
    int64_t n = dlc_elements(&t[2]), at[8], from[8] = {0};
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[2], i, at);
      memcpy(from, at, sizeof from);
      int64_t length = dlc_index_at(&t[1], at[p.batch_axis]);
      if (at[p.time_axis] < length) from[p.time_axis] = length - 1 - at[p.time_axis];
      ok = same_element(&t[2], place(&t[2], at), place(&t[0], from));
    }
    EXPECT(ok, "reverse_sequence");
    dlc_call call = call_of(t, 3, &p, sizeof p);
    set_index(&t[1], 0, dims[p.time_axis] + 1);
    EXPECT(dlc_reverse_sequence_kernel.run(&call, 0, 1) == DLC_FAULT_INDEX, "reverse_sequence beyond the end");
    release(t, 3);
  }
}

void test_resizes(void);
void test_refusals(void);

int main(void) {
  test_transposes();
  test_copies();
  test_pads();
  test_gathers();
  test_gather_elements();
  test_gather_nd();
  test_scatters();
  test_scatter_halves();
  test_top_k();
  test_one_hot();
  test_trilu_and_reversal();
  test_resizes();
  test_refusals();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

#include "tests/movement_refusals.h"
#include "tests/movement_resize.h"
