// GOP/s of the integer layers of resnet50, mobilenet_v2, squeezenet, bert_mini and a few others beside the processor's
// measured peak. Usage: bench_qcontractions [threads]; the instruction set is that of DLC_ISA, or the best.
#include "bench.h"
#include "qgemm/tile.h"

extern const dlc_kernel dlc_qmatmul_kernel, dlc_qconv_kernel, dlc_qconv_transpose_kernel;

static void *bytes(size_t n) {
  uint8_t *data = aligned_alloc(64, (n + 64) & ~(size_t)63);
  for (size_t i = 0; i < n; i++) data[i] = (uint8_t)(i * 2654435761u >> 13);
  return data;
}

static void run_tile(const void *tile) { dlc_qtile_current(DLC_QTILE_MAX_ROWS, 64)->tile(tile); }

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
  const double best = best_rate(run_tile, &t, 2.0 * isa->rows * isa->columns * DEPTH * REPEATS);
  if (isa->end) isa->end();
  free(a), free(b), free(y);
  return best;
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
  return repeat * report(name, &dlc_qconv_kernel, ops, 7, &p, sizeof p,
                         2.0 * out * out * o * kernel * kernel * (c / groups), 0.02);
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
  return report(name, &dlc_qmatmul_kernel, ops, 7, &p, sizeof p, 2.0 * m * k * n, 0.02);
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
  report(name, &dlc_qconv_transpose_kernel, ops, 7, &p, sizeof p, 2.0 * size * size * o * kernel * kernel * c, 0.02);
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
  if (!take_threads(argc, argv)) return 2;
  peak = measure_peak();
  printf("%s, %u threads; peak %.1f G/s a thread\n", dlc_isa_name(dlc_current_isa()), threads, peak);
  const layers of = {conv, matmul, NULL};
  resnet50(&of);
  mobilenet_v2(&of);
  squeezenet();
  matmul("bert_mini", 128, 256, 256), matmul("bert_mini", 128, 256, 1024), matmul("bert_mini", 128, 1024, 256),
      matmul("attention", 128, 64, 128), matmul("attention", 128, 128, 64);
  mlp(&of);
  matmul("vgg", 1, 25088, 512), matmul("squeeze", 1, 96, 24);
  conv("mnist", 28, 1, 32, 3, 1, 1), conv("mnist", 26, 32, 64, 3, 1, 1);
  grouped("resnext", 56, 128, 128, 3, 1, 32, 1), grouped("resnext", 14, 512, 512, 3, 1, 32, 1),
      grouped("shufflenet", 28, 240, 60, 1, 1, 3, 1), conv("shufflenet_v2", 28, 58, 58, 1, 1, 1);
  transposed("unet", 32, 128, 64, 2, 2, 0), transposed("dcgan", 8, 256, 128, 4, 2, 1);
  return 0;
}
