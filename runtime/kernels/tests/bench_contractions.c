// GFLOP/s of the layers of resnet50, mobilenet_v2 and a few others beside the processor's measured multiply-add peak.
// Usage: bench_contractions [threads]; the instruction set is that of DLC_ISA, or the best.
#include "bench.h"
#include "gemm/tile.h"

extern const dlc_kernel dlc_matmul_kernel, dlc_conv_kernel, dlc_dwconv_kernel, dlc_conv_transpose_kernel;

static float *floats(size_t n) {
  float *data = aligned_alloc(64, (n * sizeof(float) + 63) & ~(size_t)63);
  for (size_t i = 0; i < n; i++) data[i] = (float)(i * 2654435761u % 1000) * 1e-3f - 0.5f;
  return data;
}

static void run_tile(const void *tile) { dlc_tile_current()->tile(tile); }

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
  const double best = best_rate(run_tile, &t, 2.0 * isa->rows * isa->columns * DEPTH * REPEATS);
  free(a), free(b), free(c);
  return best;
}

static dlc_tensor tensor(int rank, const int32_t *dims) {
  dlc_tensor t = {.type = DLC_F32, .rank = (uint8_t)rank, .pitch = dims[rank - 1]};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.data = floats((size_t)dlc_elements(&t));
  return t;
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
  return repeat * report(name, &dlc_conv_kernel, ops, 5, &p, sizeof p, 2.0 * out * out * o * kernel * kernel * c, 0.08);
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
  return repeat * report(name, &dlc_dwconv_kernel, ops, 5, &p, sizeof p, 2.0 * out * out * c * kernel * kernel, 0.08);
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
  return report(name, &dlc_matmul_kernel, ops, 5, &p, sizeof p, 2.0 * m * k * n, 0.08);
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
  report(name, &dlc_conv_transpose_kernel, ops, 5, &p, sizeof p, 2.0 * size * size * o * kernel * kernel * c, 0.08);
}

int main(int argc, char **argv) {
  if (!take_threads(argc, argv)) return 2;
  peak = measure_peak();
  printf("%s, %u threads; peak %.1f G/s a thread\n", dlc_isa_name(dlc_current_isa()), threads, peak);
  const layers of = {conv, matmul, depthwise};
  resnet50(&of);
  mobilenet_v2(&of);
  mlp(&of);
  matmul("bert", 128, 768, 768), matmul("bert", 128, 768, 3072), matmul("bert", 128, 3072, 768),
      matmul("attention", 128, 64, 128);
  matmul("vgg", 1, 25088, 512), matmul("narrow", 3136, 16, 96);
  conv("mnist", 28, 1, 32, 3, 1, 1), conv("mnist", 26, 32, 64, 3, 1, 1), depthwise("mobilenet_v3", 28, 120, 5, 1, 1),
      depthwise("mobilenet_v3", 14, 672, 5, 2, 1);
  transposed("unet", 32, 128, 64, 2, 2, 0), transposed("dcgan", 8, 256, 128, 4, 2, 1);
  return 0;
}
