// Microseconds of the integer kernels beside GEMM next to their f32 twins, on one thread.
// Usage: bench_qelementwise; the instruction set is that of DLC_ISA, or the best.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dlc_pack.h"
#include "types.h"

#define X(id, family) extern const dlc_kernel dlc_##family##_kernel;
DLC_KERNEL_LIST(X)
#undef X

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static dlc_tensor make(uint8_t type, int rank, const int32_t *dims) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.pitch = (int32_t)dlc_row_length(&t);
  const size_t bytes = (size_t)dlc_elements(&t) * dlc_type_size(type);
  uint8_t *data = aligned_alloc(64, (bytes + 64) & ~(size_t)63);
  for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)(i * 2654435761u >> 13);
  for (size_t i = 0; type == DLC_F32 && i < bytes / 4; i++)
    ((float *)(void *)data)[i] = (float)(i % 997) * 1e-3f - 0.4f;
  t.data = data;
  return t;
}
#define MAKE(type, ...) make(type, (int)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)), (int32_t[]){__VA_ARGS__})

// Best seconds of a call; frees its operands.
static double measure(const dlc_kernel *k, dlc_tensor *t, uint32_t count, const void *params, uint32_t bytes) {
  dlc_call call = {t, params, NULL, count, bytes};
  const int line = k->check(&call);
  if (line) {
    printf("%s refused at line %d\n", k->name, line);
    exit(1);
  }
  call.scratch = aligned_alloc(64, ((k->scratch ? k->scratch(&call) : 0) + 127) & ~(size_t)63);
  double best = 1e9, begin = now();
  while (now() - begin < 0.02) {
    const double start = now();
    k->run(&call, 0, 1);
    const double seconds = now() - start;
    if (seconds < best) best = seconds;
  }
  free(call.scratch);
  for (uint32_t i = 0; i < count; i++) free(t[i].data);
  return best;
}

static void report(const char *name, double integer, double floating) {
  printf("%-36s %9.1f us %9.1f us f32 %6.2f x\n", name, integer * 1e6, floating * 1e6, floating / integer);
}

static void depthwise(int size, int c, int kernel, int stride) {
  const int pad = kernel / 2, out = (size + 2 * pad - kernel) / stride + 1;
  const dlc_window window = {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0, pad, pad}, {0, pad, pad}};
  const dlc_dwconv_params f = {window, 1, {DLC_FN_CLIP, 0, 6}};
  dlc_tensor ft[] = {MAKE(DLC_F32, 1, 1, size, size, c),
                     MAKE(DLC_F32, 1, kernel, kernel, c),
                     MAKE(DLC_F32, c),
                     {0},
                     MAKE(DLC_F32, 1, 1, out, out, c)};
  const dlc_qdwconv_params q = {window, 1, 3, {-100, 155, 100, 0, 0}};
  const dlc_qdwconv_pack_params pack = {window};
  dlc_tensor qt[] = {MAKE(DLC_U8, 1, 1, size, size, c),
                     MAKE(DLC_I8, (int32_t)dlc_qdwconv_packed_bytes(&pack, c)),
                     MAKE(DLC_I32, c),
                     MAKE(DLC_F32, c),
                     {0},
                     {0},
                     MAKE(DLC_U8, 1, 1, out, out, c)};
  char name[64];
  snprintf(name, sizeof name, "depthwise %dx%d/%d %d at %d", kernel, kernel, stride, c, size);
  report(name, measure(&dlc_qdwconv_kernel, qt, 7, &q, sizeof q), measure(&dlc_dwconv_kernel, ft, 5, &f, sizeof f));
}

static void elementwise(int size, int c) {
  char name[64];
  const dlc_quantize_params quantize = {-1, 0.02f, 7};
  dlc_tensor a[] = {MAKE(DLC_F32, 1, size, size, c), {0}, {0}, MAKE(DLC_U8, 1, size, size, c)};
  dlc_tensor b[] = {MAKE(DLC_U8, 1, size, size, c), {0}, {0}, MAKE(DLC_F32, 1, size, size, c)};
  const double quantized = measure(&dlc_quantize_kernel, a, 4, &quantize, sizeof quantize);
  const dlc_unary_params relu = {DLC_FN_RELU, 0, 0}, silu = {DLC_FN_SILU, 1, 0};
  dlc_tensor r[] = {MAKE(DLC_F32, 1, size, size, c), MAKE(DLC_F32, 1, size, size, c)};
  const double copied = measure(&dlc_unary_kernel, r, 2, &relu, sizeof relu);
  snprintf(name, sizeof name, "quantize (relu) %d at %d", c, size);
  report(name, quantized, copied);
  snprintf(name, sizeof name, "dequantize (relu) %d at %d", c, size);
  report(name, measure(&dlc_dequantize_kernel, b, 4, &quantize, sizeof quantize), copied);
  const dlc_lookup_params lookup = {0};
  dlc_tensor l[] = {MAKE(DLC_U8, 1, size, size, c), MAKE(DLC_U8, 256), MAKE(DLC_U8, 1, size, size, c)};
  dlc_tensor s[] = {MAKE(DLC_F32, 1, size, size, c), MAKE(DLC_F32, 1, size, size, c)};
  snprintf(name, sizeof name, "lookup (silu) %d at %d", c, size);
  report(name, measure(&dlc_lookup_kernel, l, 3, &lookup, sizeof lookup),
         measure(&dlc_unary_kernel, s, 2, &silu, sizeof silu));
}

static void binary(const char *what, int op, int size, int c, int rank, const int32_t *b_dims) {
  const dlc_qbinary_params q = {op, 5, 9, 20, 0.01f, 0.3f, -20, 235};
  const dlc_binary_params f = {op, {DLC_FN_IDENTITY, 0, 0}};
  dlc_tensor qt[] = {MAKE(DLC_U8, 1, size, size, c), make(DLC_U8, rank, b_dims), {0}, MAKE(DLC_U8, 1, size, size, c)};
  dlc_tensor ft[] = {MAKE(DLC_F32, 1, size, size, c), make(DLC_F32, rank, b_dims), MAKE(DLC_F32, 1, size, size, c)};
  char name[64];
  snprintf(name, sizeof name, "%s %d at %d", what, c, size);
  report(name, measure(&dlc_qbinary_kernel, qt, 4, &q, sizeof q), measure(&dlc_binary_kernel, ft, 3, &f, sizeof f));
}

static void pooling(int size, int c, int kernel, int stride) {
  const int out = (size - kernel) / stride + 1;
  const dlc_window window = {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0}, {0}};
  const dlc_qpool_params q = {window, 0, 3, 4, 0.7f};
  const dlc_pool_params average = {window, DLC_POOL_AVERAGE, 0, 0, 0}, maximum = {window, DLC_POOL_MAX, 0, 0, 0};
  char name[64];
  dlc_tensor a[] = {MAKE(DLC_U8, 1, size, size, c), MAKE(DLC_U8, 1, out, out, c)};
  dlc_tensor b[] = {MAKE(DLC_F32, 1, size, size, c), MAKE(DLC_F32, 1, out, out, c)};
  snprintf(name, sizeof name, "average pool %d/%d %d at %d", kernel, stride, c, size);
  report(name, measure(&dlc_qpool_kernel, a, 2, &q, sizeof q),
         measure(&dlc_pool_kernel, b, 2, &average, sizeof average));
  dlc_tensor d[] = {MAKE(DLC_U8, 1, size, size, c), MAKE(DLC_U8, 1, out, out, c)};
  dlc_tensor e[] = {MAKE(DLC_F32, 1, size, size, c), MAKE(DLC_F32, 1, out, out, c)};
  snprintf(name, sizeof name, "maximum pool %d/%d %d at %d", kernel, stride, c, size);
  report(name, measure(&dlc_pool_kernel, d, 2, &maximum, sizeof maximum),
         measure(&dlc_pool_kernel, e, 2, &maximum, sizeof maximum));
}

static void rest(void) {
  const dlc_qreduce_params q = {2 | 4, 3, 4, 0.01f};
  const dlc_reduce_params f = {DLC_REDUCE_MEAN, 2 | 4, {DLC_FN_IDENTITY, 0, 0}};
  dlc_tensor a[] = {MAKE(DLC_U8, 1, 7, 7, 1280), MAKE(DLC_U8, 1, 1, 1, 1280)};
  dlc_tensor b[] = {MAKE(DLC_F32, 1, 7, 7, 1280), MAKE(DLC_F32, 1, 1, 1, 1280)};
  report("global average 1280 at 7", measure(&dlc_qreduce_kernel, a, 2, &q, sizeof q),
         measure(&dlc_reduce_kernel, b, 2, &f, sizeof f));
  const dlc_qsoftmax_params s = {256, 0};
  const dlc_softmax_params t = {0, 1};
  dlc_tensor c[] = {MAKE(DLC_U8, 512, 128), MAKE(DLC_I32, 256), MAKE(DLC_U8, 512, 128)};
  for (int i = 0; i < 256; i++) ((int32_t *)c[1].data)[i] = (1 << 23) >> i / 12;
  dlc_tensor d[] = {MAKE(DLC_F32, 512, 128), MAKE(DLC_F32, 512, 128)};
  report("softmax 512 x 128", measure(&dlc_qsoftmax_kernel, c, 3, &s, sizeof s),
         measure(&dlc_softmax_kernel, d, 2, &t, sizeof t));
  // Movements of bytes: channels last and back, a strided copy (as concatenation), nearest resize.
  const dlc_transpose_params last = {{0, 2, 3, 1}}, first = {{0, 3, 1, 2}};
  const dlc_copy_params copy = {3, 0, 32, {56, 56, 64}, {56 * 64, 64, 1}, {56 * 128, 128, 1}};
  dlc_resize_params resize = {
      .mode = DLC_RESIZE_NEAREST, .coordinate = DLC_COORD_ASYMMETRIC, .nearest = DLC_NEAREST_FLOOR};
  for (int i = 0; i < 8; i++) resize.scales[i] = i == 1 || i == 2 ? 2 : 1;
  const dlc_pad_params pad = {DLC_PAD_CONSTANT, {0, 1, 1, 0}};
  double seconds[5][2];
  for (int k = 0; k < 2; k++) {
    const uint8_t type = k ? DLC_F32 : DLC_U8;
    dlc_tensor u[] = {MAKE(type, 1, 64, 56, 56), MAKE(type, 1, 56, 56, 64)};
    seconds[0][k] = measure(&dlc_transpose_kernel, u, 2, &last, sizeof last);
    dlc_tensor v[] = {MAKE(type, 1, 56, 56, 64), MAKE(type, 1, 64, 56, 56)};
    seconds[1][k] = measure(&dlc_transpose_kernel, v, 2, &first, sizeof first);
    dlc_tensor w[] = {MAKE(type, 56, 56, 64), MAKE(type, 56, 56, 128)};
    seconds[2][k] = measure(&dlc_copy_kernel, w, 2, &copy, sizeof copy);
    dlc_tensor x[] = {MAKE(type, 1, 28, 28, 64), MAKE(type, 1, 56, 56, 64)};
    seconds[3][k] = measure(&dlc_resize_kernel, x, 2, &resize, sizeof resize);
    dlc_tensor y[] = {MAKE(type, 1, 56, 56, 64), {0}, MAKE(type, 1, 58, 58, 64)};
    seconds[4][k] = measure(&dlc_pad_kernel, y, 3, &pad, sizeof pad);
  }
  const char *names[] = {"to channels last", "to channels first", "copy into columns", "nearest resize", "pad"};
  for (int i = 0; i < 5; i++) report(names[i], seconds[i][0], seconds[i][1]);
}

int main(void) {
  printf("%s\n", dlc_isa_name(dlc_current_isa()));
  depthwise(112, 32, 3, 1), depthwise(112, 96, 3, 2), depthwise(56, 144, 3, 1), depthwise(56, 144, 3, 2);
  depthwise(28, 192, 3, 1), depthwise(28, 58, 3, 1), depthwise(14, 384, 3, 1), depthwise(14, 576, 3, 2);
  depthwise(7, 960, 3, 1), depthwise(28, 120, 5, 1), depthwise(14, 672, 5, 2);
  elementwise(56, 64), elementwise(14, 96);
  binary("add", DLC_BIN_ADD, 56, 64, 4, (int32_t[]){1, 56, 56, 64});
  binary("multiply by channels", DLC_BIN_MUL, 28, 120, 4, (int32_t[]){1, 1, 1, 120});
  binary("multiply by channels", DLC_BIN_MUL, 56, 24, 4, (int32_t[]){1, 1, 1, 24});
  binary("multiply by a scalar", DLC_BIN_MUL, 28, 120, 0, NULL);
  pooling(112, 64, 3, 2), pooling(56, 24, 2, 2), pooling(35, 192, 3, 1);
  rest();
  return 0;
}
