// GOP/s of the integer layers of resnet50, mobilenet_v2, squeezenet, bert_mini and a few others beside the processor's
// measured peak. Usage: bench_qcontractions [threads]; the instruction set is that of DLC_ISA, or the best.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlc_kernel.h"
#include "dlc_pack.h"
#include "qgemm/tile.h"

extern const dlc_kernel dlc_qmatmul_kernel, dlc_qconv_kernel, dlc_qconv_transpose_kernel;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *bytes(size_t n) {
  uint8_t *data = aligned_alloc(64, (n + 64) & ~(size_t)63);
  for (size_t i = 0; i < n; i++) data[i] = (uint8_t)(i * 2654435761u >> 13);
  return data;
}

// A tile whose operands stay in the nearest cache: products and nothing else to wait for.
static double measure_peak(void) {
  const dlc_qtile_isa *isa = dlc_qtile_current(DLC_QTILE_MAX_ROWS, 64);
  enum { DEPTH = 256, REPEATS = 64, ROWS = DLC_QTILE_MAX_ROWS };
  uint8_t *a = bytes(DEPTH), *y = bytes(ROWS * 64);
  int8_t *b = bytes(DEPTH * 64);
  const uint8_t *rows[ROWS];
  static uint32_t taps[REPEATS];
  static int64_t shifts[REPEATS], y_row[ROWS];
  static int32_t start[64];
  static float scale[64];
  static uint32_t state;
  for (uint32_t i = 0; i < ROWS; i++) rows[i] = a;
  const dlc_qoutput out = {.y = y, .scale = scale, .y_pitch = 64, .requantize = {.high = 1}, .type = DLC_U8};
  const dlc_qtile t = {.a = rows,
                       .shift = shifts,
                       .tap = taps,
                       .b = b,
                       .panel_stride = DEPTH * 16,
                       .start = start,
                       .y_row = y_row,
                       .out = &out,
                       .m = isa->rows,
                       .n = isa->columns,
                       .taps = REPEATS,
                       .depth = DEPTH,
                       .state = &state};
  double best = 0;
  for (int i = 0; i < 60; i++) {
    const double from = now();
    for (int j = 0; j < 5; j++) isa->tile(&t);
    const double rate = 10.0 * isa->rows * isa->columns * DEPTH * REPEATS / (now() - from) * 1e-9;
    if (rate > best) best = rate;
  }
  if (isa->end) isa->end();
  free(a), free(b), free(y);
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
    const double from = now();
    j->kernel->run(&j->call, j->part, j->parts);
    if (j->barrier) pthread_barrier_wait(j->barrier);
    const double seconds = now() - from;
    if (seconds < j->seconds) j->seconds = seconds;
  }
  return NULL;
}

static double peak;
static uint32_t threads = 1;

static double time_call(const dlc_kernel *k, dlc_call call, double ops) {
  const int line = k->check(&call);
  if (line) {
    printf("refused at line %d\n", line);
    exit(1);
  }
  uint32_t parts = k->parts(&call);
  if (parts > threads) parts = threads;
  const int runs = (int)(0.02 / (ops / (peak * 1e9)));
  job jobs[64];
  pthread_t ids[64];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, parts);
  for (uint32_t i = 0; i < parts; i++) {
    call.scratch = aligned_alloc(64, (k->scratch(&call) + 64) & ~(size_t)63);
    jobs[i] = (job){k, call, i, parts, parts > 1 ? &barrier : NULL, runs < 8 ? 8 : runs > 3000 ? 3000 : runs, 1e9};
    if (i) pthread_create(&ids[i], NULL, work, &jobs[i]);
  }
  work(&jobs[0]);
  for (uint32_t i = 1; i < parts; i++) pthread_join(ids[i], NULL);
  for (uint32_t i = 0; i < parts; i++) free(jobs[i].call.scratch);
  pthread_barrier_destroy(&barrier);
  return jobs[0].seconds;
}

static dlc_tensor tensor(uint8_t type, int rank, const int32_t *dims) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank, .pitch = dims[rank - 1]};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.data = bytes((size_t)dlc_elements(&t) * dlc_type_size(type));
  return t;
}

static dlc_tensor scales(int32_t n) {
  dlc_tensor t = tensor(DLC_F32, 1, &n);
  for (int32_t i = 0; i < n; i++) ((float *)t.data)[i] = 1e-4f;
  return t;
}

static double report(const char *name, const dlc_kernel *k, dlc_tensor *ops, const void *params, uint32_t size,
                     double count) {
  const dlc_call call = {ops, params, NULL, 7, size};
  const double seconds = time_call(k, call, count);
  printf("%-48s %9.1f us %8.1f GOP/s %5.1f %%\n", name, seconds * 1e6, count / seconds * 1e-9,
         count / seconds * 1e-7 / (peak * threads));
  for (int i = 0; i < 7; i++) free(ops[i].data);
  return seconds;
}

static const dlc_requantize requantize = {.low = -3, .high = 252, .zero = 3};

static double grouped(const char *label, int size, int c, int o, int kernel, int stride, int groups, int repeat) {
  const int pad = kernel / 2, out = (size + 2 * pad - kernel) / stride + 1;
  const dlc_qconv_params p = {
      {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0, pad, pad}, {0, pad, pad}}, groups, 3, requantize};
  const dlc_qconv_pack_params pack = {p.window, groups};
  dlc_tensor ops[] = {tensor(DLC_U8, 5, (int32_t[]){1, 1, size, size, c}),
                      tensor(DLC_I8, 1, (int32_t[]){(int32_t)dlc_qconv_packed_bytes(&pack, c, o)}),
                      tensor(DLC_I32, 1, (int32_t[]){o}),
                      scales(o),
                      {0},
                      {0},
                      tensor(DLC_U8, 5, (int32_t[]){1, 1, out, out, o})};
  char name[96];
  snprintf(name, sizeof name, "%s conv %dx%d/%d %d>%d at %d", label, kernel, kernel, stride, c, o, size);
  if (groups > 1) snprintf(name + strlen(name), sizeof name - strlen(name), ", %d groups", groups);
  return repeat *
         report(name, &dlc_qconv_kernel, ops, &p, sizeof p, 2.0 * out * out * o * kernel * kernel * (c / groups));
}

static double conv(const char *label, int size, int c, int o, int kernel, int stride, int repeat) {
  return grouped(label, size, c, o, kernel, stride, 1, repeat);
}

static double matmul(const char *label, int m, int k, int n) {
  const dlc_qmatmul_params p = {n, 0, 0, requantize};
  dlc_tensor ops[] = {tensor(DLC_U8, 2, (int32_t[]){m, k}),
                      tensor(DLC_I8, 5, (int32_t[]){1, (n + 15) / 16, (k + 3) / 4, 16, 4}),
                      tensor(DLC_I32, 1, (int32_t[]){n}),
                      scales(n),
                      {0},
                      {0},
                      tensor(DLC_U8, 2, (int32_t[]){m, n})};
  char name[96];
  snprintf(name, sizeof name, "%s matmul %dx%dx%d", label, m, k, n);
  return report(name, &dlc_qmatmul_kernel, ops, &p, sizeof p, 2.0 * m * k * n);
}

static void transposed(const char *label, int size, int c, int o, int kernel, int stride, int pad) {
  const int out = stride * (size - 1) + kernel - 2 * pad;
  const dlc_qconv_transpose_params p = {
      {{1, kernel, kernel}, {1, stride, stride}, {1, 1, 1}, {0, pad, pad}, {0, pad, pad}}, 1, 3, requantize};
  const dlc_qconv_transpose_pack_params pack = {p.window, 1};
  dlc_tensor ops[] = {tensor(DLC_U8, 5, (int32_t[]){1, 1, size, size, c}),
                      tensor(DLC_I8, 1, (int32_t[]){(int32_t)dlc_qconv_transpose_packed_bytes(&pack, c, o)}),
                      tensor(DLC_I32, 1, (int32_t[]){o}),
                      scales(o),
                      {0},
                      {0},
                      tensor(DLC_U8, 5, (int32_t[]){1, 1, out, out, o})};
  char name[96];
  snprintf(name, sizeof name, "%s transposed %dx%d/%d %d>%d at %d", label, kernel, kernel, stride, c, o, size);
  report(name, &dlc_qconv_transpose_kernel, ops, &p, sizeof p, 2.0 * size * size * o * kernel * kernel * c);
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
  printf("resnet50 contractions: %.2f ms, %.1f GOP/s\n\n", s * 1e3, 8.18 / s);
}

// Depthwise layers belong to another family.
static void mobilenet_v2(void) {
  const char *m = "mobilenet_v2";
  double s = conv(m, 224, 3, 32, 3, 2, 1) + conv(m, 112, 32, 16, 1, 1, 1);
  static const struct {
    int size, in, out, stride, repeat;
  } blocks[] = {{112, 16, 24, 2, 1}, {56, 24, 24, 1, 1},  {56, 24, 32, 2, 1}, {28, 32, 32, 1, 2},
                {28, 32, 64, 2, 1},  {14, 64, 64, 1, 3},  {14, 64, 96, 1, 1}, {14, 96, 96, 1, 2},
                {14, 96, 160, 2, 1}, {7, 160, 160, 1, 2}, {7, 160, 320, 1, 1}};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    const int wide = blocks[i].in * 6, repeat = blocks[i].repeat;
    s += conv(m, blocks[i].size, blocks[i].in, wide, 1, 1, repeat) +
         conv(m, blocks[i].size / blocks[i].stride, wide, blocks[i].out, 1, 1, repeat);
  }
  s += conv(m, 7, 320, 1280, 1, 1, 1) + matmul(m, 1, 1280, 1000);
  printf("mobilenet_v2 contractions: %.2f ms, %.1f GOP/s\n\n", s * 1e3, 0.56 / s);
}

static void squeezenet(void) {
  const char *q = "squeezenet";
  double s = conv(q, 224, 3, 64, 3, 2, 1);
  static const struct {
    int size, in, squeeze, expand;
  } fires[] = {{55, 64, 16, 64},   {55, 128, 16, 64},  {27, 128, 32, 128}, {27, 256, 32, 128},
               {13, 256, 48, 192}, {13, 384, 48, 192}, {13, 384, 64, 256}, {13, 512, 64, 256}};
  for (size_t i = 0; i < sizeof fires / sizeof fires[0]; i++)
    s += conv(q, fires[i].size, fires[i].in, fires[i].squeeze, 1, 1, 1) +
         conv(q, fires[i].size, fires[i].squeeze, fires[i].expand, 1, 1, 1) +
         conv(q, fires[i].size, fires[i].squeeze, fires[i].expand, 3, 1, 1);
  s += conv(q, 13, 512, 1000, 1, 1, 1);
  printf("squeezenet contractions: %.2f ms\n\n", s * 1e3);
}

int main(int argc, char **argv) {
  if (argc > 1) threads = (uint32_t)atoi(argv[1]);
  if (threads < 1 || threads > 64) return 2;
  peak = measure_peak();
  printf("%s, %u threads; peak %.1f GOP/s a thread\n", dlc_isa_name(dlc_current_isa()), threads, peak);
  resnet50();
  mobilenet_v2();
  squeezenet();
  matmul("bert_mini", 128, 256, 256), matmul("bert_mini", 128, 256, 1024), matmul("bert_mini", 128, 1024, 256),
      matmul("attention", 128, 64, 128), matmul("attention", 128, 128, 64);
  const double mlp = matmul("mlp", 1, 64, 256) + matmul("mlp", 1, 256, 256) + matmul("mlp", 1, 256, 10);
  printf("mlp: %.2f us\n", mlp * 1e6);
  matmul("vgg", 1, 25088, 512), matmul("squeeze", 1, 96, 24);
  conv("mnist", 28, 1, 32, 3, 1, 1), conv("mnist", 26, 32, 64, 3, 1, 1);
  grouped("resnext", 56, 128, 128, 3, 1, 32, 1), grouped("resnext", 14, 512, 512, 3, 1, 32, 1),
      grouped("shufflenet", 28, 240, 60, 1, 1, 3, 1), conv("shufflenet_v2", 28, 58, 58, 1, 1, 1);
  transposed("unet", 32, 128, 64, 2, 2, 0), transposed("dcgan", 8, 256, 128, 4, 2, 1);
  return 0;
}
