// Random calls: whatever `check` accepts must run inside its operands (an address sanitizer, and the guards, watch).
#include "test_math.h"

enum { GUARD = 256, CALLS = 20000 };

// A number that is often small, sometimes extreme.
static int32_t random_number(void) {
  static const int32_t extremes[] = {INT32_MAX, INT32_MIN, 1 << 30, -1, 1 << 16, 100, 8, 64};
  int64_t choice = random_in(0, 19);
  return choice < 1 ? extremes[random_in(0, 7)] : (int32_t)random_in(0, choice < 12 ? 2 : 9);
}

static uint8_t random_type(uint8_t usual) {
  static const uint8_t types[] = {DLC_F32,  DLC_F64,    DLC_F16, DLC_I64, DLC_I32, DLC_U8,
                                  DLC_BOOL, DLC_ABSENT, 15,      DLC_I8,  DLC_U64};
  return random_in(0, 5) ? usual : types[random_in(0, 10)];
}

// Operands that resemble one another, since unrelated ones are hardly ever accepted. Their data are not there yet.
static void random_operands(dlc_tensor *t, uint32_t count, uint8_t usual) {
  dlc_tensor model = {.rank = (uint8_t)random_in(0, 5)};
  for (int i = 0; i < DLC_MAX_RANK; i++) model.dims[i] = random_in(0, 40) ? (int32_t)random_in(1, 5) : random_number();
  if (model.rank && random_in(0, 1)) model.dims[model.rank - 1] = (int32_t)random_in(0, 40);
  for (uint32_t k = 0; k < count; k++) {
    t[k] = model;
    t[k].type = random_type(usual);
    if (random_in(0, 3) == 0) t[k].rank = (uint8_t)random_in(0, random_in(0, 30) ? 5 : 255);
    if (random_in(0, 2) == 0) t[k].dims[random_in(0, 4)] = random_in(0, 2) ? 1 : random_number();
    int32_t length = t[k].rank && t[k].rank <= DLC_MAX_RANK ? t[k].dims[t[k].rank - 1] : 1;
    t[k].pitch = random_in(0, 2) ? length : random_number();
    if (random_in(0, 4) == 0 && length < 1000) t[k].pitch = length + (int32_t)random_in(0, 3);
  }
}

// Runs an accepted call on buffers of exactly its size between guards; false when a guard was touched.
static bool run_guarded(const dlc_kernel *kernel, dlc_tensor *t, uint32_t count, const void *params, size_t bytes) {
  char *buffers[4] = {0};
  bool intact = true;
  for (uint32_t k = 0; k < count; k++) {
    size_t size = dlc_is_present(&t[k]) ? tensor_bytes(&t[k]) : 0;
    buffers[k] = malloc(size + 2 * GUARD);
    memset(buffers[k], 0x5a, size + 2 * GUARD);
    memset(buffers[k] + GUARD, t[k].type == DLC_BOOL ? 1 : 0x3c, size);
    t[k].data = dlc_is_present(&t[k]) ? buffers[k] + GUARD : NULL;
  }
  dlc_call call = {t, params, NULL, count, (uint32_t)bytes};
  size_t scratch = kernel->scratch ? kernel->scratch(&call) : 0;
  call.scratch = scratch ? aligned_alloc(64, (scratch + 63) / 64 * 64) : NULL;
  uint32_t parts = (uint32_t)random_in(1, 3);
  for (uint32_t part = 0; part < parts; part++) intact = kernel->run(&call, part, parts) == 0 && intact;
  intact = kernel->parts(&call) >= 1 && intact;
  free(call.scratch);
  for (uint32_t k = 0; k < count; k++) {
    size_t size = dlc_is_present(&t[k]) ? tensor_bytes(&t[k]) : 0;
    for (int i = 0; i < GUARD; i++)
      intact = intact && buffers[k][i] == 0x5a && buffers[k][GUARD + size + (size_t)i] == 0x5a;
    free(buffers[k]);
  }
  return intact;
}

void test_random_calls(void) {
  static const dlc_kernel *const kernels[] = {&dlc_unary_kernel,      &dlc_binary_kernel,  &dlc_select_kernel,
                                              &dlc_cast_kernel,       &dlc_reduce_kernel,  &dlc_arg_reduce_kernel,
                                              &dlc_cumulative_kernel, &dlc_softmax_kernel, &dlc_normalize_kernel,
                                              &dlc_lrn_kernel,        &dlc_pool_kernel};
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    int accepted = 0;
    for (int turn = 0; turn < CALLS; turn++) {
      int32_t params[32] = {0};
      for (size_t k = 0; k < kernels[i]->params_bytes / 4; k++) params[k] = random_number();
      if (kernels[i] == &dlc_pool_kernel && turn & 1) { // a window at random is hardly ever sound
        for (int k = 0; k < 9; k++) params[k] = random_in(0, 9) ? (int32_t)random_in(1, 3) : random_number();
        params[15] = turn >> 1 & 1;
      }
      dlc_tensor t[4];
      uint32_t count = kernels[i]->max_operands - (uint32_t)(random_in(0, 5) == 0);
      random_operands(t, count, turn % 3 ? DLC_F32 : random_type(DLC_I64));
      if (kernels[i] == &dlc_select_kernel && turn & 3) t[0].type = DLC_BOOL;
      if (kernels[i] == &dlc_arg_reduce_kernel && turn & 3) t[1].type = DLC_I64;
      if (kernels[i] == &dlc_pool_kernel && turn & 3 && count > 2) t[2] = (dlc_tensor){0};
      if (kernels[i] == &dlc_normalize_kernel && turn & 3) {
        t[3] = t[0];
        for (int k = 1; k < 3; k++)
          t[k].rank = 1,
          t[k].pitch = t[k].dims[0] = t[0].rank && t[0].rank <= DLC_MAX_RANK ? t[0].dims[t[0].rank - 1] : 1;
        if (turn & 4) t[1 + (turn >> 3 & 1)] = (dlc_tensor){0};
      }
      if (checked(kernels[i], t, count, params, kernels[i]->params_bytes)) continue;
      int64_t extent = 0;
      for (uint32_t k = 0; k < count; k++) {
        int64_t own = dlc_is_present(&t[k]) ? dlc_rows(&t[k]) * t[k].pitch : 0;
        extent = own > extent ? own : extent;
      }
      if (extent > 200000) continue;
      accepted++;
      expect(run_guarded(kernels[i], t, count, params, kernels[i]->params_bytes), "%s: random call %d",
             kernels[i]->name, turn);
    }
    expect(accepted > 100, "%s: only %d random calls were accepted", kernels[i]->name, accepted);
  }
}
