// Untrusted calls: what `check` must refuse, and that whatever it accepts stays inside its operands.
#include <math.h>

#include "tests/movement_support.h"

static void refuse(const dlc_kernel *k, const dlc_tensor *operands, uint32_t n, const void *params, const char *what) {
  dlc_call call = call_of(operands, n, params, k->params_bytes);
  EXPECT(k->check(&call) != 0, what);
}

// Spoils each operand of a sound call in every way that no family may accept.
static void refuse_spoiled(const dlc_kernel *k, dlc_tensor *t, uint32_t n, const void *params) {
  dlc_call call = call_of(t, n, params, k->params_bytes);
  EXPECT(k->check(&call) == 0, "sound call");
  call.params_bytes -= 4;
  EXPECT(k->check(&call) != 0, "short parameters");
  call = call_of(t, n - 1, params, k->params_bytes);
  EXPECT(k->check(&call) != 0, "missing operand");
  call = call_of(t, n + 1, params, k->params_bytes);
  EXPECT(k->check(&call) != 0, "too many operands");
  call = call_of(t, n, NULL, k->params_bytes);
  EXPECT(k->check(&call) != 0, "no parameters");
  for (uint32_t i = 0; i < n; i++) {
    dlc_tensor sound = t[i];
    if (!dlc_is_present(&sound)) continue;
    t[i].type = 99, refuse(k, t, n, params, "unknown type"), t[i] = sound;
    t[i].type = DLC_ABSENT, refuse(k, t, n, params, "absent operand"), t[i] = sound;
    t[i].rank = 9, refuse(k, t, n, params, "rank 9"), t[i] = sound;
    t[i].pitch -= 1, refuse(k, t, n, params, "rows that overlap"), t[i] = sound;
    if (!sound.rank) continue;
    t[i].dims[0] = -1, refuse(k, t, n, params, "negative dim"), t[i] = sound;
    t[i].rank = 8;
    for (int a = 0; a < 8; a++) t[i].dims[a] = INT32_MAX;
    t[i].pitch = INT32_MAX, refuse(k, t, n, params, "overflowing size"), t[i] = sound;
  }
}

static void refuse_each(void) {
  dlc_tensor t[4];
  const int32_t d234[] = {2, 3, 4}, d243[] = {2, 4, 3}, d2[] = {2}, d3[] = {3}, d1[] = {1}, d13[] = {1, 3},
                d222[] = {2, 2, 4};
  {
    dlc_transpose_params p = {{0, 2, 1}};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_F32, 3, d243, 0);
    refuse_spoiled(&dlc_transpose_kernel, t, 2, &p);
    p.perm[2] = 2, refuse(&dlc_transpose_kernel, t, 2, &p, "axis twice");
    p.perm[2] = -1, refuse(&dlc_transpose_kernel, t, 2, &p, "axis -1");
    p.perm[2] = 3, refuse(&dlc_transpose_kernel, t, 2, &p, "axis 3");
  }
  {
    dlc_copy_params p = {.rank = 1, .dims = {24}, .x_strides = {1}, .y_strides = {1}};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_F32, 3, d243, 0);
    refuse_spoiled(&dlc_copy_kernel, t, 2, &p);
    p.rank = 9, refuse(&dlc_copy_kernel, t, 2, &p, "rank 9"), p.rank = 1;
    p.y_strides[0] = 0, refuse(&dlc_copy_kernel, t, 2, &p, "one place written twice"), p.y_strides[0] = 1;
    p.x_strides[0] = -1, refuse(&dlc_copy_kernel, t, 2, &p, "before x"), p.x_strides[0] = 1;
    p.dims[0] = INT32_MAX, p.x_strides[0] = 0, refuse(&dlc_copy_kernel, t, 2, &p, "beyond y");
    p = (dlc_copy_params){
        .rank = 8, .dims = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}};
    refuse(&dlc_copy_kernel, t, 2, &p, "overflowing count");
  }
  {
    dlc_pad_params p = {.mode = DLC_PAD_REFLECT, .before = {0, 0, 1}};
    const int32_t padded[] = {2, 3, 6};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = (dlc_tensor){0}, t[2] = shape_of(DLC_F32, 3, padded, 0);
    refuse_spoiled(&dlc_pad_kernel, t, 3, &p);
    p.mode = 4, refuse(&dlc_pad_kernel, t, 3, &p, "mode 4"), p.mode = DLC_PAD_EDGE;
    p.before[2] = -4, refuse(&dlc_pad_kernel, t, 3, &p, "nothing left to repeat");
    p.before[2] = INT32_MIN, refuse(&dlc_pad_kernel, t, 3, &p, "crop beyond the end");
  }
  {
    dlc_gather_params p = {.axis = 1};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_I64, 1, d2, 0), t[2] = shape_of(DLC_F32, 3, d222, 0);
    refuse_spoiled(&dlc_gather_kernel, t, 3, &p);
    p.axis = 3, refuse(&dlc_gather_kernel, t, 3, &p, "axis 3");
    p.axis = -1, refuse(&dlc_gather_kernel, t, 3, &p, "axis -1"), p.axis = 1;
    t[1].type = DLC_F32, refuse(&dlc_gather_kernel, t, 3, &p, "indices that are no integers"), t[1].type = DLC_I64;
    t[2].type = DLC_I32, refuse(&dlc_gather_kernel, t, 3, &p, "another type");
  }
  {
    dlc_gather_elements_params p = {.axis = 1};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_I32, 3, d222, 0), t[2] = shape_of(DLC_F32, 3, d222, 0);
    refuse_spoiled(&dlc_gather_elements_kernel, t, 3, &p);
    t[1] = shape_of(DLC_I32, 3, d243, 0), t[2] = shape_of(DLC_F32, 3, d243, 0), p.axis = 2;
    refuse(&dlc_gather_elements_kernel, t, 3, &p, "indices wider than x");
  }
  {
    dlc_gather_nd_params p = {.batch_dims = 0};
    const int32_t y[] = {1};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_I64, 2, d13, 0), t[2] = shape_of(DLC_F32, 1, y, 0);
    refuse_spoiled(&dlc_gather_nd_kernel, t, 3, &p);
    p.batch_dims = 1, refuse(&dlc_gather_nd_kernel, t, 3, &p, "batch axes that differ");
    p.batch_dims = -1, refuse(&dlc_gather_nd_kernel, t, 3, &p, "batch -1");
  }
  {
    dlc_scatter_elements_params p = {.axis = 1, .reduction = DLC_SCATTER_ADD};
    t[0] = t[3] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_I32, 3, d222, 0),
    t[2] = shape_of(DLC_F32, 3, d222, 0);
    refuse_spoiled(&dlc_scatter_elements_kernel, t, 4, &p);
    p.reduction = 5, refuse(&dlc_scatter_elements_kernel, t, 4, &p, "reduction 5");
    p.reduction = DLC_SCATTER_MAX, t[0].type = t[2].type = t[3].type = DLC_BOOL;
    refuse(&dlc_scatter_elements_kernel, t, 4, &p, "maximum of bool");
  }
  {
    dlc_scatter_nd_params p = {.reduction = DLC_SCATTER_MIN};
    t[0] = t[3] = shape_of(DLC_I8, 3, d234, 0), t[1] = shape_of(DLC_I64, 2, d13, 0), t[2] = shape_of(DLC_I8, 1, d1, 0);
    refuse_spoiled(&dlc_scatter_nd_kernel, t, 4, &p);
    t[1].dims[1] = t[1].pitch = 4, refuse(&dlc_scatter_nd_kernel, t, 4, &p, "tuples longer than the rank");
  }
  {
    dlc_resize_params p = {
        .mode = DLC_RESIZE_LINEAR, .antialias = 1, .cubic_a = -0.75f, .scales = {1, 4.0f / 3, 0.75f}};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_F32, 3, d243, 0);
    refuse_spoiled(&dlc_resize_kernel, t, 2, &p);
    p.scales[2] = NAN, refuse(&dlc_resize_kernel, t, 2, &p, "scale NaN");
    p.scales[2] = 0, refuse(&dlc_resize_kernel, t, 2, &p, "scale 0");
    p.scales[2] = 1e-30f, refuse(&dlc_resize_kernel, t, 2, &p, "filter without end"), p.scales[2] = 0.75f;
    t[0].type = t[1].type = DLC_U8, refuse(&dlc_resize_kernel, t, 2, &p, "linear resize of bytes");
  }
  {
    dlc_top_k_params p = {.axis = 1, .largest = 1};
    t[0] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_F32, 3, d222, 0), t[2] = shape_of(DLC_I64, 3, d222, 0);
    refuse_spoiled(&dlc_top_k_kernel, t, 3, &p);
    p.axis = 0, refuse(&dlc_top_k_kernel, t, 3, &p, "another axis");
    t[1] = shape_of(DLC_F32, 3, d243, 0), t[2] = shape_of(DLC_I64, 3, d243, 0), p.axis = 1;
    refuse(&dlc_top_k_kernel, t, 3, &p, "k beyond the axis");
  }
  {
    dlc_one_hot_params p = {.axis = 1};
    const int32_t y[] = {3, 4};
    t[0] = shape_of(DLC_I64, 1, d3, 0), t[1] = shape_of(DLC_F32, 1, d2, 0), t[2] = shape_of(DLC_F32, 2, y, 0);
    refuse_spoiled(&dlc_one_hot_kernel, t, 3, &p);
    p.axis = 2, refuse(&dlc_one_hot_kernel, t, 3, &p, "axis 2");
  }
  {
    dlc_trilu_params p = {.upper = 1};
    t[0] = t[1] = shape_of(DLC_F32, 3, d234, 0);
    refuse_spoiled(&dlc_trilu_kernel, t, 2, &p);
    t[0] = t[1] = shape_of(DLC_F32, 1, d2, 0), refuse(&dlc_trilu_kernel, t, 2, &p, "trilu of a vector");
  }
  {
    dlc_reverse_sequence_params p = {.time_axis = 1, .batch_axis = 0};
    t[0] = t[2] = shape_of(DLC_F32, 3, d234, 0), t[1] = shape_of(DLC_I64, 1, d2, 0);
    refuse_spoiled(&dlc_reverse_sequence_kernel, t, 3, &p);
    p.batch_axis = 1, refuse(&dlc_reverse_sequence_kernel, t, 3, &p, "one axis for time and batch");
  }
}

// Random calls of small shapes: most are refused, those accepted run on exactly sized memory with random indices.
static void fuzz(const dlc_kernel *k, int outputs) {
  int accepted = 0;
  bool sound = true;
  for (int round = 0; round < 20000; round++) {
    dlc_tensor t[5];
    int32_t params[40], base[8], rank = (int32_t)between(0, 3);
    uint8_t type = (uint8_t[]){DLC_F32, DLC_I64, DLC_U8}[between(0, 2)];
    for (int i = 0; i < 8; i++) base[i] = (int32_t)between(0, 3);
    for (int i = 0; i < 40; i++) params[i] = (int32_t)(between(0, 20) ? between(0, 2) : between(-3, 4));
    if (k == &dlc_resize_kernel)
      for (int i = 5; i < 31; i++) {
        float f = between(0, 3) ? (float)between(1, 8) / 4 : (float)between(-1, 40) * 1e-8f;
        memcpy(&params[i], &f, 4);
      }
    for (uint32_t i = 0; i < k->max_operands; i++) {
      int32_t r = between(0, 4) ? rank : (int32_t)between(0, 3), dims[8];
      for (int a = 0; a < 8; a++) dims[a] = between(0, 4) ? base[a] : (int32_t)between(0, 4);
      bool index = k->max_operands > 2 && i == 1 && between(0, 5);
      t[i] = shape_of(index ? DLC_I64 : type, r, dims, between(0, 5) ? 0 : (int)between(0, 2));
      if (k == &dlc_top_k_kernel && i == 2) t[i].type = DLC_I64;
      if (k == &dlc_reverse_sequence_kernel && i == 1) t[i].rank = 1, t[i].pitch = t[i].dims[0];
      if (k == &dlc_one_hot_kernel && i == 1) t[i] = shape_of(type, 1, (const int32_t[]){2}, 0);
      if (k == &dlc_pad_kernel && i == 1) t[i] = (dlc_tensor){0};
    }
    dlc_call call = call_of(t, k->max_operands, params, k->params_bytes);
    if (k->check(&call)) continue;
    accepted++;
    for (uint32_t i = 0; i < k->max_operands; i++) {
      if (!dlc_is_present(&t[i])) continue;
      allocate(&t[i]);
      if (t[i].type == DLC_I64 && dlc_is_dense(&t[i])) fill_indices(&t[i], -2, 2);
    }
    int answer;
    sound = run_in_parts(k, &call, outputs, &answer) && sound && (answer == 0 || answer == DLC_FAULT_INDEX);
    release(t, k->max_operands);
  }
  EXPECT(accepted > 20, k->name);
  EXPECT(sound, k->name);
}

static void test_refusals(void) {
  refuse_each();
#define FUZZ(name) fuzz(&dlc_##name##_kernel, &dlc_##name##_kernel == &dlc_top_k_kernel ? 2 : 1);
  FAMILIES(FUZZ)
}
