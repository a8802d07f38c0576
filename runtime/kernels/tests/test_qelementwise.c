// Tests of the integer elementwise kernels, bit for bit against plain loops.
#include "test_qelementwise.h"

#include <stdarg.h>

static int passed_count, failed_count;
static uint32_t seed = 11;

void expect(bool passed, const char *format, ...) {
  if (passed) {
    passed_count++;
    return;
  }
  if (failed_count++ > 30) return;
  va_list arguments;
  va_start(arguments, format);
  printf("FAILED: ");
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

int pick(int low, int high) {
  seed = seed * 1664525u + 1013904223u;
  return low + (int)((seed >> 8) % (uint32_t)(high - low + 1));
}

static size_t bytes_of(const dlc_tensor *t) {
  if (dlc_elements(t) == 0) return 0;
  return (size_t)((dlc_rows(t) - 1) * t->pitch + dlc_row_length(t)) * dlc_type_size(t->type);
}

dlc_tensor make(uint8_t type, int gap, int rank, const int32_t *dims) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank};
  for (int i = 0; i < rank; i++) t.dims[i] = dims[i];
  t.pitch = (int32_t)dlc_row_length(&t) + gap;
  const size_t bytes = bytes_of(&t);
  t.data = malloc(bytes + (bytes == 0));
  for (size_t i = 0; i < bytes; i++) ((uint8_t *)t.data)[i] = (uint8_t)pick(0, 255);
  for (int64_t i = 0; type == DLC_F32 && i < dlc_elements(&t); i++)
    set(&t, i, dlc_bits((float)pick(-8000, 8000) / 1000.0f));
  return t;
}

static void *place(const dlc_tensor *t, int64_t flat) {
  const int64_t length = dlc_row_length(t);
  return (char *)t->data + (flat / length * t->pitch + flat % length) * (int64_t)dlc_type_size(t->type);
}

int64_t get(const dlc_tensor *t, int64_t flat) {
  const void *p = place(t, flat);
  switch (t->type) {
  case DLC_U8: return *(const uint8_t *)p;
  case DLC_I8: return *(const int8_t *)p;
  case DLC_U16: return *(const uint16_t *)p;
  case DLC_I16: return *(const int16_t *)p;
  case DLC_I32: return *(const int32_t *)p;
  default: return *(const uint32_t *)p;
  }
}

void set(dlc_tensor *t, int64_t flat, int64_t value) { memcpy(place(t, flat), &value, dlc_type_size(t->type)); }

float get_float(const dlc_tensor *t, int64_t flat) { return dlc_float((uint32_t)get(t, flat)); }

int64_t source_of(const dlc_tensor *t, const dlc_tensor *y, int64_t flat) {
  int64_t index = 0, stride = 1;
  for (int i = y->rank - 1; i >= 0; i--) {
    const int64_t at = flat % y->dims[i];
    flat /= y->dims[i];
    const int own = i - y->rank + t->rank;
    if (own < 0) continue;
    if (t->dims[own] != 1) index += at * stride;
    stride *= t->dims[own];
  }
  return index;
}

int64_t rounded(float t, float low, float high, int32_t zero) {
  t = t > low ? t : low;
  t = t < high ? t : high;
  return (int64_t)rintf(t) + zero;
}

void free_all(dlc_tensor *t, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) free(t[i].data);
}

int checked(const dlc_kernel *kernel, const dlc_tensor *t, uint32_t count, const void *params, size_t params_bytes) {
  const dlc_call call = {t, params, NULL, count, (uint32_t)params_bytes};
  return kernel->check(&call);
}

static void run_parts(const dlc_kernel *kernel, const dlc_call *call, uint32_t parts) {
  for (uint32_t part = 0; part < parts; part++) {
    dlc_call own = *call;
    const size_t bytes = kernel->scratch ? kernel->scratch(call) : 0;
    own.scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (bytes) memset(own.scratch, 0x7f, bytes);
    expect(kernel->run(&own, part, parts) == 0, "%s: run fails", kernel->name);
    free(own.scratch);
  }
}

static bool gaps_are_clean(const dlc_tensor *t) {
  const int64_t size = (int64_t)dlc_type_size(t->type), end = (int64_t)bytes_of(t);
  const uint8_t *bytes = t->data;
  for (int64_t r = 0; r < dlc_rows(t); r++)
    for (int64_t b = dlc_row_length(t) * size; b < t->pitch * size && r * t->pitch * size + b < end; b++)
      if (bytes[r * t->pitch * size + b] != 0x5a) return false;
  return true;
}

void run_case(const dlc_kernel *kernel, dlc_tensor *t, uint32_t count, uint32_t first_output, const void *params,
              size_t params_bytes, reference *const *references, const char *label) {
  const dlc_call call = {t, params, NULL, count, (uint32_t)params_bytes};
  const int line = kernel->check(&call);
  expect(line == 0, "%s %s: check line %d", kernel->name, label, line);
  if (line) return;
  int64_t *want[2] = {0};
  for (uint32_t k = first_output; k < count; k++) {
    const int64_t n = dlc_elements(&t[k]);
    want[k - first_output] = malloc((size_t)n * sizeof(int64_t) + 1);
    for (int64_t i = 0; i < n; i++) want[k - first_output][i] = references[k - first_output](t, params, &t[k], i);
  }
  const dlc_isa before = dlc_current_isa();
  for (int isa = 0; isa <= DLC_ISA_NEON_I8MM; isa++) {
    if (!dlc_set_isa((dlc_isa)isa)) continue;
    const uint32_t useful = kernel->parts ? kernel->parts(&call) : 1;
    expect(useful >= 1 && useful <= 64, "%s %s: parts", kernel->name, label);
    for (uint32_t parts = 1; parts <= 4; parts++) {
      for (uint32_t k = first_output; k < count; k++) memset(t[k].data, 0x5a, bytes_of(&t[k]));
      run_parts(kernel, &call, parts);
      for (uint32_t k = first_output; k < count; k++) {
        const int64_t n = dlc_elements(&t[k]), *right = want[k - first_output];
        int64_t wrong = 0;
        while (wrong < n && get(&t[k], wrong) == right[wrong]) wrong++;
        expect(wrong == n, "%s %s on %s, %u parts: output %u element %lld is %lld, not %lld", kernel->name, label,
               dlc_isa_name((dlc_isa)isa), parts, k, (long long)wrong, wrong < n ? (long long)get(&t[k], wrong) : 0,
               wrong < n ? (long long)right[wrong] : 0);
        expect(gaps_are_clean(&t[k]), "%s %s: wrote into a gap", kernel->name, label);
      }
    }
  }
  free(want[0]);
  free(want[1]);
  dlc_set_isa(before);
}

int main(void) {
  test_quantize();
  test_qbinary();
  test_lookup();
  test_qpool();
  test_qreduce();
  test_qsoftmax();
  test_weights();
  printf("%d passed, %d failed\n", passed_count, failed_count);
  return failed_count != 0;
}
