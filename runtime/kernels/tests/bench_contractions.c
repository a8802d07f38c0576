// GFLOP/s of the layers of resnet50, mobilenet_v2 and a few others beside the processor's measured multiply-add peak.
// Usage: bench_contractions [threads]; the instruction set is that of DLC_ISA, or the best.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlc_kernel.h"
#include "dlc_pack.h"
#include "gemm/tile.h"

extern const dlc_kernel dlc_matmul_kernel, dlc_conv_kernel, dlc_dwconv_kernel, dlc_conv_transpose_kernel;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(size_t n) {
  float *data = aligned_alloc(64, (n * sizeof(float) + 63) & ~(size_t)63);
  for (size_t i = 0; i < n; i++) data[i] = (float)(i * 2654435761u % 1000) * 1e-3f - 0.5f;
  return data;
}

// A tile whose operands stay in the nearest cache: multiply-adds and nothing else to wait for.
static double measure_peak(void) {
  const dlc_tile_isa *isa = dlc_tile_current();
  enum { DEPTH = 64, REPEATS = 256 };
  float *a = floats(DEPTH), *b = floats(DEPTH * 32), *c = floats(DLC_TILE_MAX_ROWS * 32);
  const float *rows[DLC_TILE_MAX_ROWS * REPEATS];
  float *out[DLC_TILE_MAX_ROWS];
  static uint32_t taps[REPEATS];
  for (uint32_t i = 0; i < isa->rows * REPEATS; i++) rows[i] = a;
  for (uint32_t i = 0; i < isa->rows; i++) out[i] = c + i * 32;
  dlc_tile t = {.a = rows,
                .tap = taps,
                .b = b,
                .panel_stride = DEPTH * 16,
                .c = out,
                .m = isa->rows,
                .n = isa->columns,
                .taps = REPEATS,
                .depth = DEPTH,
                .lo = -1e30f,
                .hi = 1e30f};
  double best = 0;
  for (int i = 0; i < 60; i++) {
    double start = now();
    for (int j = 0; j < 5; j++) isa->tile(&t);
    double rate = 10.0 * isa->rows * isa->columns * DEPTH * REPEATS / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  free(a), free(b), free(c);
  return best;
}

typedef struct job {
  const dlc_kernel *kernel;
  dlc_call call;
  uint32_t part, parts;
  pthread_barrier_t *barrier;
  int runs;
  double seconds;
} job;

static void *work(void *context) {
  job *j = context;
  for (int i = 0; i < j->runs; i++) {
    if (j->barrier) pthread_barrier_wait(j->barrier);
    double start = now();
    j->kernel->run(&j->call, j->part, j->parts);
    if (j->barrier) pthread_barrier_wait(j->barrier);
    double seconds = now() - start;
    if (seconds < j->seconds) j->seconds = seconds;
  }
  return NULL;
}

static double peak;
static uint32_t threads = 1;

static double time_call(const dlc_kernel *k, dlc_call call, double flops) {
  int line = k->check(&call);
  if (line) {
    printf("refused at line %d\n", line);
    exit(1);
  }
  uint32_t parts = k->parts ? k->parts(&call) : 1;
  if (parts > threads) parts = threads;
  int runs = (int)(0.08 / (flops / (peak * 1e9)));
  job jobs[64];
  pthread_t ids[64];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, parts);
  for (uint32_t i = 0; i < parts; i++) {
    size_t need = k->scratch ? k->scratch(&call) : 0;
    call.scratch = aligned_alloc(64, (need + 64) & ~(size_t)63);
    jobs[i] = (job){k, call, i, parts, parts > 1 ? &barrier : NULL, runs < 5 ? 5 : runs > 20000 ? 20000 : runs, 1e9};
    if (i) pthread_create(&ids[i], NULL, work, &jobs[i]);
  }
  work(&jobs[0]);
  for (uint32_t i = 1; i < parts; i++) pthread_join(ids[i], NULL);
  for (uint32_t i = 0; i < parts; i++) free(jobs[i].call.scratch);
  pthread_barrier_destroy(&barrier);
  return jobs[0].seconds;
}

static dlc_tensor tensor(int rank, const int32_t *dims) {
  dlc_tensor t = {.type = DLC_F32, .rank = (uint8_t)rank, .pitch = dims[rank - 1]};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.data = floats((size_t)dlc_elements(&t));
  return t;
}

static double report(const char *name, const dlc_kernel *k, dlc_tensor *ops, const void *params, uint32_t bytes,
                     double flops) {
  dlc_call call = {ops, params, NULL, 5, bytes};
  double seconds = time_call(k, call, flops);
  printf("%-44s %9.1f us %8.1f GFLOP/s %5.1f %%\n", name, seconds * 1e6, flops / seconds * 1e-9,
         flops / seconds * 1e-7 / (peak * threads));
  for (int i = 0; i < 5; i++) free(ops[i].data);
  return seconds;
}

static double conv(const char *label, int size, int c, int o, int kernel, int stride, int repeat) {
  int pad = kernel / 2, out = (size + 2 * pad - kernel) / stride + 1;
  dlc_conv_params p = {
      {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0, pad, pad}, {0, pad, pad}}, 1, {DLC_FN_RELU, 0, 0}};
  dlc_tensor ops[] = {tensor(5, (int32_t[]){1, 1, size, size, c}),
                      tensor(4, (int32_t[]){1, (o + 15) / 16, kernel * kernel * c, 16}),
                      tensor(1, (int32_t[]){o}),
                      {0},
                      tensor(5, (int32_t[]){1, 1, out, out, o})};
  char name[96];
  snprintf(name, sizeof name, "%s conv %dx%d/%d %d>%d at %d", label, kernel, kernel, stride, c, o, size);
  return repeat * report(name, &dlc_conv_kernel, ops, &p, sizeof p, 2.0 * out * out * o * kernel * kernel * c);
}

static double depthwise(const char *label, int size, int c, int kernel, int stride, int repeat) {
  int pad = kernel / 2, out = (size + 2 * pad - kernel) / stride + 1;
  dlc_dwconv_params p = {
      {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0, pad, pad}, {0, pad, pad}}, 1, {DLC_FN_CLIP, 0, 6}};
  dlc_tensor ops[] = {tensor(5, (int32_t[]){1, 1, size, size, c}),
                      tensor(4, (int32_t[]){1, kernel, kernel, c}),
                      tensor(1, (int32_t[]){c}),
                      {0},
                      tensor(5, (int32_t[]){1, 1, out, out, c})};
  char name[96];
  snprintf(name, sizeof name, "%s depthwise %dx%d/%d %d at %d", label, kernel, kernel, stride, c, size);
  return repeat * report(name, &dlc_dwconv_kernel, ops, &p, sizeof p, 2.0 * out * out * c * kernel * kernel);
}

static double matmul(const char *label, int m, int k, int n) {
  dlc_matmul_params p = {n, {DLC_FN_RELU, 0, 0}};
  dlc_tensor ops[] = {tensor(2, (int32_t[]){m, k}),
                      tensor(4, (int32_t[]){1, (n + 15) / 16, k, 16}),
                      tensor(1, (int32_t[]){n}),
                      {0},
                      tensor(2, (int32_t[]){m, n})};
  char name[96];
  snprintf(name, sizeof name, "%s matmul %dx%dx%d", label, m, k, n);
  return report(name, &dlc_matmul_kernel, ops, &p, sizeof p, 2.0 * m * k * n);
}

static void transposed(const char *label, int size, int c, int o, int kernel, int stride, int pad) {
  int out = stride * (size - 1) + kernel - 2 * pad;
  dlc_conv_transpose_params p = {
      {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0, pad, pad}, {0, pad, pad}}, 1, {DLC_FN_RELU, 0, 0}};
  dlc_conv_transpose_pack_params pack = {p.window, 1};
  dlc_tensor ops[] = {tensor(5, (int32_t[]){1, 1, size, size, c}),
                      tensor(1, (int32_t[]){(int32_t)dlc_conv_transpose_packed_elements(&pack, c, o)}),
                      tensor(1, (int32_t[]){o}),
                      {0},
                      tensor(5, (int32_t[]){1, 1, out, out, o})};
  char name[96];
  snprintf(name, sizeof name, "%s transposed %dx%d/%d %d>%d at %d", label, kernel, kernel, stride, c, o, size);
  report(name, &dlc_conv_transpose_kernel, ops, &p, sizeof p, 2.0 * size * size * o * kernel * kernel * c);
}

static void resnet50(void) {
  const char *r = "resnet50";
  double s = conv(r, 224, 3, 64, 7, 2, 1);
  s += conv(r, 56, 64, 64, 1, 1, 1) + conv(r, 56, 256, 64, 1, 1, 2) + conv(r, 56, 64, 64, 3, 1, 3) +
       conv(r, 56, 64, 256, 1, 1, 4);
  s += conv(r, 56, 256, 128, 1, 1, 1) + conv(r, 56, 128, 128, 3, 2, 1) + conv(r, 56, 256, 512, 1, 2, 1) +
       conv(r, 28, 512, 128, 1, 1, 3) + conv(r, 28, 128, 128, 3, 1, 3) + conv(r, 28, 128, 512, 1, 1, 4);
  s += conv(r, 28, 512, 256, 1, 1, 1) + conv(r, 28, 256, 256, 3, 2, 1) + conv(r, 28, 512, 1024, 1, 2, 1) +
       conv(r, 14, 1024, 256, 1, 1, 5) + conv(r, 14, 256, 256, 3, 1, 5) + conv(r, 14, 256, 1024, 1, 1, 6);
  s += conv(r, 14, 1024, 512, 1, 1, 1) + conv(r, 14, 512, 512, 3, 2, 1) + conv(r, 14, 1024, 2048, 1, 2, 1) +
       conv(r, 7, 2048, 512, 1, 1, 2) + conv(r, 7, 512, 512, 3, 1, 2) + conv(r, 7, 512, 2048, 1, 1, 3);
  s += matmul(r, 1, 2048, 1000);
  printf("resnet50 contractions: %.2f ms, %.1f GFLOP/s\n\n", s * 1e3, 8.18 / s);
}

static void mobilenet_v2(void) {
  const char *m = "mobilenet_v2";
  double s = conv(m, 224, 3, 32, 3, 2, 1) + depthwise(m, 112, 32, 3, 1, 1) + conv(m, 112, 32, 16, 1, 1, 1);
  static const struct {
    int size, in, out, stride, repeat;
  } blocks[] = {{112, 16, 24, 2, 1}, {56, 24, 24, 1, 1},  {56, 24, 32, 2, 1}, {28, 32, 32, 1, 2},
                {28, 32, 64, 2, 1},  {14, 64, 64, 1, 3},  {14, 64, 96, 1, 1}, {14, 96, 96, 1, 2},
                {14, 96, 160, 2, 1}, {7, 160, 160, 1, 2}, {7, 160, 320, 1, 1}};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    int wide = blocks[i].in * 6, repeat = blocks[i].repeat;
    s += conv(m, blocks[i].size, blocks[i].in, wide, 1, 1, repeat) +
         depthwise(m, blocks[i].size, wide, 3, blocks[i].stride, repeat) +
         conv(m, blocks[i].size / blocks[i].stride, wide, blocks[i].out, 1, 1, repeat);
  }
  s += conv(m, 7, 320, 1280, 1, 1, 1) + matmul(m, 1, 1280, 1000);
  printf("mobilenet_v2 contractions: %.2f ms, %.1f GFLOP/s\n\n", s * 1e3, 0.6 / s);
}

int main(int argc, char **argv) {
  if (argc > 1) threads = (uint32_t)atoi(argv[1]);
  if (threads < 1 || threads > 64) return 2;
  peak = measure_peak();
  printf("%s, %u threads; peak %.1f GFLOP/s a thread\n", dlc_isa_name(dlc_current_isa()), threads, peak);
  resnet50();
  mobilenet_v2();
  double mlp = matmul("mlp", 1, 64, 256) + matmul("mlp", 1, 256, 256) + matmul("mlp", 1, 256, 10);
  printf("mlp: %.2f us\n", mlp * 1e6);
  matmul("bert", 128, 768, 768), matmul("bert", 128, 768, 3072), matmul("bert", 128, 3072, 768),
      matmul("attention", 128, 64, 128);
  matmul("vgg", 1, 25088, 512), matmul("narrow", 3136, 16, 96);
  conv("mnist", 28, 1, 32, 3, 1, 1), conv("mnist", 26, 32, 64, 3, 1, 1), depthwise("mobilenet_v3", 28, 120, 5, 1, 1),
      depthwise("mobilenet_v3", 14, 672, 5, 2, 1);
  transposed("unet", 32, 128, 64, 2, 2, 0), transposed("dcgan", 8, 256, 128, 4, 2, 1);
  return 0;
}
