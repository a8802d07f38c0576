// Movements that shapes and parameters alone decide.
#include "tests/movement_support.h"

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
    int32_t dims[8] = {0}, perm[8] = {0};
    for (int i = 0; i < rank; i++) {
      dims[i] = (int32_t)(between(0, 30) ? between(1, 6) : 0);
      int j = (int)between(0, i);
      perm[i] = perm[j], perm[j] = i;
    }
    test_transpose(any_type(), rank, dims, perm, (int)between(0, 2), (int)between(0, 2));
  }
  static const int32_t shapes[][3] = {{1, 70, 131}, {2, 3, 400}, {2, 400, 3},  {1, 4, 300}, {1, 300, 4},
                                      {3, 17, 33},  {1, 2, 9},   {1, 256, 64}, {2, 5, 5000}};
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
      if (far < 0)
        x_low += far;
      else
        x_high += far;
      if (stride == 0) stride = 1;
    }
    if (round % 4 == 0 && p.rank >= 2) { // a slice of columns of a pitched operand
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
    if (at + step >= 0 && at + step < n)
      at += step;
    else if (mode == DLC_PAD_WRAP)
      at = step > 0 ? 0 : n - 1;
    else if (mode == DLC_PAD_REFLECT && n > 1)
      step = -step, at += step;
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
    dlc_tensor t[3] = {make(type, rank, dims, (int)between(0, 2)), make(type, 0, NULL, 0),
                       make(type, rank, y_dims, (int)between(0, 2))};
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

static void test_trilu_and_reversal(void) {
  static const char zero[8];
  for (int round = 0; round < 200; round++) {
    dlc_trilu_params p = {.upper = round & 1,
                          .k = round % 20 == 0   ? INT32_MAX
                               : round % 20 == 1 ? INT32_MIN
                                                 : (int32_t)between(-6, 6)};
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
