// What the benchmarks of contractions share: a clock, a call timed on several threads, and the layers of two networks.
#ifndef DLC_BENCH_H
#define DLC_BENCH_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlc_kernel.h"
#include "dlc_pack.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// The best rate in 10^9 operations a second of `run(context)`, which does `operations`.
static double best_rate(void (*run)(const void *), const void *context, double operations) {
  double best = 0;
  for (int i = 0; i < 60; i++) {
    const double from = now();
    for (int j = 0; j < 5; j++) run(context);
    const double rate = 5 * operations / (now() - from) * 1e-9;
    if (rate > best) best = rate;
  }
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

// 10^9 operations a second and thread, as measured.
static double peak;
static uint32_t threads = 1;

// The least time of a call, in seconds, of runs that together take `budget` seconds at the peak.
static double time_call(const dlc_kernel *k, dlc_call call, double operations, double budget) {
  const int line = k->check(&call);
  if (line) {
    printf("refused at line %d\n", line);
    exit(1);
  }
  uint32_t parts = k->parts ? k->parts(&call) : 1;
  if (parts > threads) parts = threads;
  const int runs = (int)(budget / (operations / (peak * 1e9)));
  job jobs[64];
  pthread_t ids[64];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, parts);
  for (uint32_t i = 0; i < parts; i++) {
    call.scratch = aligned_alloc(64, ((k->scratch ? k->scratch(&call) : 0) + 64) & ~(size_t)63);
    jobs[i] = (job){k, call, i, parts, parts > 1 ? &barrier : NULL, runs < 8 ? 8 : runs > 20000 ? 20000 : runs, 1e9};
    if (i) pthread_create(&ids[i], NULL, work, &jobs[i]);
  }
  work(&jobs[0]);
  for (uint32_t i = 1; i < parts; i++) pthread_join(ids[i], NULL);
  for (uint32_t i = 0; i < parts; i++) free(jobs[i].call.scratch);
  pthread_barrier_destroy(&barrier);
  return jobs[0].seconds;
}

// Times a call on `count` operands, prints a line and frees the operands' data.
static double report(const char *name, const dlc_kernel *k, dlc_tensor *operands, uint32_t count, const void *params,
                     uint32_t bytes, double operations, double budget) {
  const double seconds = time_call(k, (dlc_call){operands, params, NULL, count, bytes}, operations, budget);
  printf("%-48s %9.1f us %8.1f G/s %5.1f %%\n", name, seconds * 1e6, operations / seconds * 1e-9,
         operations / seconds * 1e-7 / (peak * threads));
  for (uint32_t i = 0; i < count; i++) free(operands[i].data);
  return seconds;
}

// Seconds of `repeat` convolutions from c to o channels, of a product, and of a depthwise convolution or NULL.
typedef struct layers {
  double (*conv)(const char *label, int size, int c, int o, int kernel, int stride, int repeat);
  double (*matmul)(const char *label, int m, int k, int n);
  double (*depthwise)(const char *label, int size, int c, int kernel, int stride, int repeat);
} layers;

static void resnet50(const layers *of) {
  const char *r = "resnet50";
  double s = of->conv(r, 224, 3, 64, 7, 2, 1);
  s += of->conv(r, 56, 64, 64, 1, 1, 1) + of->conv(r, 56, 256, 64, 1, 1, 2) + of->conv(r, 56, 64, 64, 3, 1, 3) +
       of->conv(r, 56, 64, 256, 1, 1, 4);
  s += of->conv(r, 56, 256, 128, 1, 1, 1) + of->conv(r, 56, 128, 128, 3, 2, 1) + of->conv(r, 56, 256, 512, 1, 2, 1) +
       of->conv(r, 28, 512, 128, 1, 1, 3) + of->conv(r, 28, 128, 128, 3, 1, 3) + of->conv(r, 28, 128, 512, 1, 1, 4);
  s += of->conv(r, 28, 512, 256, 1, 1, 1) + of->conv(r, 28, 256, 256, 3, 2, 1) + of->conv(r, 28, 512, 1024, 1, 2, 1) +
       of->conv(r, 14, 1024, 256, 1, 1, 5) + of->conv(r, 14, 256, 256, 3, 1, 5) + of->conv(r, 14, 256, 1024, 1, 1, 6);
  s += of->conv(r, 14, 1024, 512, 1, 1, 1) + of->conv(r, 14, 512, 512, 3, 2, 1) + of->conv(r, 14, 1024, 2048, 1, 2, 1) +
       of->conv(r, 7, 2048, 512, 1, 1, 2) + of->conv(r, 7, 512, 512, 3, 1, 2) + of->conv(r, 7, 512, 2048, 1, 1, 3);
  s += of->matmul(r, 1, 2048, 1000);
  printf("resnet50 contractions: %.2f ms, %.1f G/s\n\n", s * 1e3, 8.18 / s);
}

// Depthwise layers where they are of the family.
static void mobilenet_v2(const layers *of) {
  const char *m = "mobilenet_v2";
  double s = of->conv(m, 224, 3, 32, 3, 2, 1) + of->conv(m, 112, 32, 16, 1, 1, 1);
  if (of->depthwise) s += of->depthwise(m, 112, 32, 3, 1, 1);
  static const struct {
    int size, in, out, stride, repeat;
  } blocks[] = {{112, 16, 24, 2, 1}, {56, 24, 24, 1, 1},  {56, 24, 32, 2, 1}, {28, 32, 32, 1, 2},
                {28, 32, 64, 2, 1},  {14, 64, 64, 1, 3},  {14, 64, 96, 1, 1}, {14, 96, 96, 1, 2},
                {14, 96, 160, 2, 1}, {7, 160, 160, 1, 2}, {7, 160, 320, 1, 1}};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    const int wide = blocks[i].in * 6, repeat = blocks[i].repeat;
    s += of->conv(m, blocks[i].size, blocks[i].in, wide, 1, 1, repeat) +
         of->conv(m, blocks[i].size / blocks[i].stride, wide, blocks[i].out, 1, 1, repeat);
    if (of->depthwise) s += of->depthwise(m, blocks[i].size, wide, 3, blocks[i].stride, repeat);
  }
  s += of->conv(m, 7, 320, 1280, 1, 1, 1) + of->matmul(m, 1, 1280, 1000);
  printf("mobilenet_v2 contractions: %.2f ms, %.1f G/s\n\n", s * 1e3, (of->depthwise ? 0.6 : 0.56) / s);
}

static void mlp(const layers *of) {
  const double s = of->matmul("mlp", 1, 64, 256) + of->matmul("mlp", 1, 256, 256) + of->matmul("mlp", 1, 256, 10);
  printf("mlp: %.2f us\n", s * 1e6);
}

// The thread count from the command line; false where it is none.
static bool take_threads(int argc, char **argv) {
  if (argc > 1) threads = (uint32_t)atoi(argv[1]);
  return threads >= 1 && threads <= 64;
}

#endif
