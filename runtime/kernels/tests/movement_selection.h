// Top-k and one-hot.
#include <math.h>

#include "tests/movement_support.h"

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
        if (between(0, 4) == 0)
          ((float *)t[0].data)[i] = (const float[]){NAN, -0.0f, INFINITY, -INFINITY}[between(0, 3)];
    bool ok = runs(&dlc_top_k_kernel, t, 3, &p, 2);
    int64_t n = dlc_elements(&t[1]), at[8];
    for (int64_t i = 0; i < n && ok; i++) {
      // An element's position is the number of those that come before it.
      index_of(&t[1], i, at);
      int64_t position = at[p.axis], index = ((int64_t *)t[2].data)[i], before = 0;
      if (index < 0 || index >= dims[p.axis]) {
        ok = false;
        break;
      }
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
  EXPECT(runs(&dlc_top_k_kernel, t, 3, &p, 2) && ((int64_t *)t[2].data)[0] == 2 && ((int64_t *)t[2].data)[1] == 1,
         "top_k of halves");
  release(t, 3);
}

static void test_one_hot(void) {
  for (int round = 0; round < 200; round++) {
    int rank = (int)between(0, 3);
    dlc_one_hot_params p = {.axis = (int32_t)between(0, rank)};
    int32_t dims[8] = {0}, y_dims[8] = {0}, two[] = {2};
    for (int i = 0; i < rank; i++) dims[i] = (int32_t)between(1, 5);
    for (int i = 0; i <= rank; i++)
      y_dims[i] = i < p.axis ? dims[i] : i == p.axis ? (int32_t)between(0, 5) : dims[i - 1];
    uint8_t type = any_type(), index_type = (uint8_t[]){DLC_I64, DLC_I32, DLC_I8, DLC_F32}[between(0, 3)];
    dlc_tensor t[3] = {make(index_type, rank, dims, 0), make(type, 1, two, 0), make(type, rank + 1, y_dims, 0)};
    int64_t count = dlc_elements(&t[0]), at[8], from[8] = {0};
    for (int64_t i = 0; i < count; i++) {
      int64_t v = between(-7, 7);
      if (index_type == DLC_I8)
        ((int8_t *)t[0].data)[i] = (int8_t)v;
      else if (index_type == DLC_F32)
        ((float *)t[0].data)[i] = between(0, 9) ? (float)v : NAN;
      else
        set_index(&t[0], i, v);
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
