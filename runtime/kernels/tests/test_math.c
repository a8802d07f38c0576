// Tests of the math kernels against naive references in double.
#include "test_math.h"

#include <stdarg.h>

static int passed_count, failed_count;
static uint64_t random_state = 0x9e3779b97f4a7c15u;

void expect(bool passed, const char *format, ...) {
  if (passed) {
    passed_count++;
    return;
  }
  if (failed_count++ > 60) return;
  va_list arguments;
  va_start(arguments, format);
  printf("FAILED: ");
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

int64_t random_in(int64_t low, int64_t high) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return low + (int64_t)((random_state >> 33) % (uint64_t)(high - low + 1));
}

size_t tensor_bytes(const dlc_tensor *t) { return (size_t)dlc_rows(t) * (size_t)t->pitch * dlc_type_size(t->type); }

int64_t place(const dlc_tensor *t, int64_t flat) {
  int64_t length = dlc_row_length(t);
  return flat / length * t->pitch + flat % length;
}

double get(const dlc_tensor *t, int64_t flat) {
  const char *p = (const char *)t->data + place(t, flat) * (int64_t)dlc_type_size(t->type);
  switch (t->type) {
  case DLC_F32: return *(const float *)p;
  case DLC_F64: return *(const double *)p;
  case DLC_F16: return dlc_f16_to_f32(*(const uint16_t *)p);
  case DLC_BF16: return dlc_bf16_to_f32(*(const uint16_t *)p);
#define CASE(name, T, id, U)                                                                                           \
  case id: return (double)*(const T *)p;
    DLC_FOR_EACH_INTEGER(CASE)
#undef CASE
  default: return *(const uint8_t *)p;
  }
}

void set(dlc_tensor *t, int64_t flat, double value) {
  char *p = (char *)t->data + place(t, flat) * (int64_t)dlc_type_size(t->type);
  switch (t->type) {
  case DLC_F32: *(float *)p = (float)value; break;
  case DLC_F64: *(double *)p = value; break;
  case DLC_F16: *(uint16_t *)p = dlc_f32_to_f16((float)value); break;
  case DLC_BF16: *(uint16_t *)p = dlc_f32_to_bf16((float)value); break;
#define CASE(name, T, id, U)                                                                                           \
  case id: *(T *)p = (T)value; break;
    DLC_FOR_EACH_INTEGER(CASE)
#undef CASE
  default: *(uint8_t *)p = value != 0; break;
  }
}

dlc_tensor make_tensor(uint8_t type, int rank, const int32_t *dims, int gap) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank};
  for (int i = 0; i < rank; i++) t.dims[i] = dims[i];
  t.pitch = (int32_t)dlc_row_length(&t) + gap;
  t.data = malloc(tensor_bytes(&t) + (tensor_bytes(&t) == 0));
  memset(t.data, 0x5a, tensor_bytes(&t));
  for (int64_t i = 0; i < dlc_elements(&t); i++) {
    double value =
        dlc_is_float(type) ? (double)random_in(-3000, 3000) / 1000 : (double)random_in(dlc_is_signed(type) ? -9 : 0, 9);
    if (random_in(0, 7) == 0) value = (double)random_in(dlc_is_signed(type) ? -3 : 0, 3);
    set(&t, i, type == DLC_BOOL ? random_in(0, 1) : value);
  }
  return t;
}

int64_t source_of(const dlc_tensor *t, const dlc_tensor *y, int64_t flat) {
  int64_t index = 0, stride = 1;
  for (int i = y->rank - 1; i >= 0; i--) {
    int64_t at = flat % y->dims[i];
    flat /= y->dims[i];
    int own = i - y->rank + t->rank;
    if (own < 0) continue;
    if (t->dims[own] != 1) index += at * stride;
    stride *= t->dims[own];
  }
  return index;
}

double tolerance_of(uint8_t type) {
  return type == DLC_F32 ? 3e-6 : type == DLC_F64 ? 1e-12 : type == DLC_F16 ? 1e-3 : type == DLC_BF16 ? 8e-3 : 0;
}

void free_tensors(dlc_tensor *operands, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) free(operands[i].data);
}

int checked(const dlc_kernel *kernel, const dlc_tensor *operands, uint32_t count, const void *params,
            size_t params_bytes) {
  dlc_call call = {operands, params, NULL, count, (uint32_t)params_bytes};
  return kernel->check(&call);
}

static bool close_to(double got, double want, double tolerance, uint8_t type) {
  if (type == DLC_F32) want = (float)want;
  if (type == DLC_F16) want = dlc_f16_to_f32(dlc_f64_to_f16(want));
  if (type == DLC_BF16) want = dlc_bf16_to_f32(dlc_f64_to_bf16(want));
  if (got == want || (got != got && want != want)) return true;
  return fabs(got - want) <= tolerance * (1 + fabs(want));
}

static void run_parts(const dlc_kernel *kernel, const dlc_call *call, uint32_t parts) {
  for (uint32_t part = 0; part < parts; part++) {
    dlc_call own = *call;
    size_t bytes = kernel->scratch ? kernel->scratch(call) : 0;
    own.scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (bytes) memset(own.scratch, 0x7f, bytes);
    int fault = kernel->run(&own, part, parts);
    expect(fault == 0, "%s: run answers %d", kernel->name, fault);
    free(own.scratch);
  }
}

// Whether a call's f32 results are the same bits on every instruction set.
static bool is_exact(const dlc_kernel *kernel, const void *params) {
  if (kernel == &dlc_softmax_kernel) return true;
  if (kernel != &dlc_unary_kernel) return false;
  const int32_t function = ((const dlc_unary_params *)params)->function;
  return function != DLC_FN_ERF && function != DLC_FN_GELU;
}

// The first element of the f32 tensor y that differs from `other`, or -1. NaNs are equal, and numbers below 2^-126.
static int64_t first_difference(const dlc_tensor *y, const void *other) {
  dlc_tensor t = *y;
  t.data = (void *)(uintptr_t)other;
  for (int64_t e = 0; e < dlc_elements(y); e++) {
    double a = get(y, e), b = get(&t, e);
    if (a != b && (a == a || b == b) && (fabs(a) >= 0x1p-126 || fabs(b) >= 0x1p-126)) return e;
  }
  return -1;
}

void run_case(const dlc_kernel *kernel, dlc_tensor *operands, uint32_t count, uint32_t first_output, const void *params,
              size_t params_bytes, reference *const *references, double tolerance, const char *label) {
  static const dlc_isa isas[] = {DLC_ISA_SCALAR, DLC_ISA_AVX2, DLC_ISA_AVX512, DLC_ISA_NEON};
  dlc_call call = {operands, params, NULL, count, (uint32_t)params_bytes};
  int line = kernel->check(&call);
  expect(line == 0, "%s %s: check line %d", kernel->name, label, line);
  if (line) return;
  dlc_isa before = dlc_current_isa();
  void *scalar[8] = {0};
  for (int i = 0; i < 4; i++) {
    if (!dlc_set_isa(isas[i])) continue;
    expect(!kernel->parts || (kernel->parts(&call) >= 1 && kernel->parts(&call) <= 64), "%s %s: parts", kernel->name,
           label);
    void *first[8] = {0};
    for (uint32_t parts = 1; parts <= 4; parts++) {
      for (uint32_t k = first_output; k < count; k++)
        if (operands[k].data) memset(operands[k].data, 0x5a, tensor_bytes(&operands[k]));
      run_parts(kernel, &call, parts);
      for (uint32_t k = first_output; k < count; k++) {
        dlc_tensor *y = &operands[k];
        size_t bytes = tensor_bytes(y);
        if (!dlc_is_present(y)) continue;
        if (parts == 1) {
          first[k] = malloc(bytes + 1);
          memcpy(first[k], y->data, bytes);
          int64_t length = dlc_row_length(y), size = (int64_t)dlc_type_size(y->type), wrong = -1;
          for (int64_t e = 0; e < dlc_elements(y) && wrong < 0; e++)
            if (!close_to(get(y, e), references[k - first_output](operands, params, y, e), tolerance, y->type))
              wrong = e;
          expect(wrong < 0, "%s %s type %d on %s: output %u element %lld is %.9g, not %.9g", kernel->name, label,
                 operands[0].type, dlc_isa_name(isas[i]), k, (long long)wrong, wrong < 0 ? 0 : get(y, wrong),
                 wrong < 0 ? 0 : references[k - first_output](operands, params, y, wrong));
          bool clean = true;
          for (int64_t r = 0; r < dlc_rows(y); r++)
            for (int64_t b = length * size; b < y->pitch * size; b++)
              clean = clean && ((uint8_t *)y->data)[r * y->pitch * size + b] == 0x5a;
          expect(clean, "%s %s: wrote into a gap", kernel->name, label);
        } else {
          expect(memcmp(first[k], y->data, bytes) == 0, "%s %s on %s: %u parts differ", kernel->name, label,
                 dlc_isa_name(isas[i]), parts);
        }
      }
    }
    for (int k = 0; k < 8; k++) {
      int64_t wrong = -1;
      if (first[k] && scalar[k] && operands[k].type == DLC_F32 && is_exact(kernel, params))
        wrong = first_difference(&operands[k], scalar[k]);
      expect(wrong < 0, "%s %s on %s: element %lld is not the scalar row's", kernel->name, label, dlc_isa_name(isas[i]),
             (long long)wrong);
      if (scalar[k])
        free(first[k]);
      else
        scalar[k] = first[k];
    }
  }
  for (int k = 0; k < 8; k++) free(scalar[k]);
  dlc_set_isa(before);
}

int main(void) {
  test_conversions();
  test_unary();
  test_binary();
  test_select_cast();
  test_reduce();
  test_lines();
  test_pool();
  test_random_calls();
  printf("%d passed, %d failed\n", passed_count, failed_count);
  return failed_count != 0;
}
