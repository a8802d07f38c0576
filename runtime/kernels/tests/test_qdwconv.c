// qdwconv on every instruction set against plain loops, bit for bit: windows of one to three axes, strides, dilations,
// paddings, multipliers, tails of channels, views with a pitch, residuals, tables, every output type, parts, and checks
// that refuse.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dlc_pack.h"
#include "types.h"

extern const dlc_kernel dlc_qdwconv_kernel, dlc_qdwconv_pack_kernel;

static int passed, failed;
static uint32_t seed = 7;

static int pick(int low, int high) {
  seed = seed * 1664525u + 1013904223u;
  return low + (int)((seed >> 8) % (uint32_t)(high - low + 1));
}

static void expect(bool ok, const char *what) {
  if (ok) {
    passed++;
    return;
  }
  if (failed++ < 30) printf("FAILED: %s (%s)\n", what, dlc_isa_name(dlc_current_isa()));
}

static size_t bytes_of(const dlc_tensor *t) {
  if (dlc_elements(t) == 0) return 0;
  return (size_t)((dlc_rows(t) - 1) * t->pitch + dlc_row_length(t)) * dlc_type_size(t->type);
}

// Memory that ends exactly where the tensor does, so that a sanitizer sees any step beyond it; random bytes.
static dlc_tensor make(uint8_t type, int gap, int rank, const int32_t *dims) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.pitch = dims[rank - 1] + gap;
  uint8_t *data = malloc(bytes_of(&t) + (bytes_of(&t) == 0));
  for (size_t i = 0; i < bytes_of(&t); i++) data[i] = (uint8_t)pick(0, 255);
  t.data = data;
  return t;
}
#define MAKE(type, gap, ...)                                                                                           \
  make(type, gap, (int)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)), (int32_t[]){__VA_ARGS__})

enum { X, W, BIAS, SCALE, RESIDUAL, TABLE, Y, COUNT };

static int32_t bias_at(const dlc_tensor *t, int64_t c) {
  const int64_t at = t->dims[0] == 1 ? 0 : c;
  return t->type == DLC_I16 ? ((const int16_t *)t->data)[at] : ((const int32_t *)t->data)[at];
}

static float scale_at(const dlc_tensor *t, int64_t c) {
  const int64_t at = t->dims[0] == 1 ? 0 : c;
  return t->type == DLC_BF16 ? dlc_bf16_to_f32(((const uint16_t *)t->data)[at]) : ((const float *)t->data)[at];
}

// Biases and scales in lists of either type, for each channel or one for all.
static void fill_lists(dlc_tensor *bias, dlc_tensor *scale, int turn) {
  for (int i = 0; i < bias->dims[0]; i++) {
    const int b = pick(-30000, 30000);
    if (bias->type == DLC_I16)
      ((int16_t *)bias->data)[i] = (int16_t)b;
    else
      ((int32_t *)bias->data)[i] = b;
  }
  for (int i = 0; i < scale->dims[0]; i++) {
    float s = (float)pick(1, 1000) * 1e-5f;
    // Numbers that fit no byte, and none at all: bounds decide.
    if (turn % 6 == 1 && i == scale->dims[0] / 2) s = turn & 1 ? 1e30f : NAN;
    if (scale->type == DLC_BF16)
      ((uint16_t *)scale->data)[i] = dlc_f32_to_bf16(s);
    else
      ((float *)scale->data)[i] = s;
  }
}

// One element by its definition; its bits.
static uint32_t reference(const dlc_tensor *t, const int8_t *w, const dlc_qdwconv_params *p, const int64_t at[5]) {
  const dlc_window *v = &p->window;
  const int64_t o = at[4], c = o / p->multiplier;
  uint32_t acc = (uint32_t)bias_at(&t[BIAS], o);
  for (int64_t a = 0; a < v->kernel[0]; a++)
    for (int64_t b = 0; b < v->kernel[1]; b++)
      for (int64_t e = 0; e < v->kernel[2]; e++) {
        const int64_t tap[3] = {a, b, e};
        int64_t in[3];
        bool inside = true;
        for (int i = 0; i < 3; i++) {
          in[i] = at[1 + i] * v->stride[i] - v->pad_begin[i] + tap[i] * v->dilation[i];
          inside = inside && in[i] >= 0 && in[i] < t[X].dims[1 + i];
        }
        const int64_t cell = ((at[0] * t[X].dims[1] + in[0]) * t[X].dims[2] + in[1]) * t[X].dims[3] + in[2];
        const int32_t x = inside ? ((const uint8_t *)t[X].data)[cell * t[X].pitch + c] : p->x_zero;
        acc += (uint32_t)(x * w[((o * v->kernel[0] + a) * v->kernel[1] + b) * v->kernel[2] + e]);
      }
  if (t[Y].type == DLC_I32) return acc;
  const dlc_requantize *q = &p->requantize;
  float sum = (float)(int32_t)acc * scale_at(&t[SCALE], o);
  const int64_t row = ((at[0] * t[Y].dims[1] + at[1]) * t[Y].dims[2] + at[2]) * t[Y].dims[3] + at[3];
  if (dlc_is_present(&t[RESIDUAL])) {
    const int32_t r = ((const uint8_t *)t[RESIDUAL].data)[row * t[RESIDUAL].pitch + o];
    sum = sum + (float)(r - q->residual_zero) * q->residual_scale;
  }
  sum = sum > q->low ? sum : q->low;
  sum = sum < q->high ? sum : q->high;
  if (t[Y].type == DLC_F32) return dlc_bits(sum);
  const int32_t y = (int32_t)__builtin_rintf(sum) + q->zero;
  return dlc_is_present(&t[TABLE]) ? ((const uint8_t *)t[TABLE].data)[y] : (uint32_t)y;
}

static uint32_t element(const dlc_tensor *y, int64_t row, int64_t c) {
  const int64_t at = row * y->pitch + c;
  uint32_t bits;
  if (y->type == DLC_U8) return ((const uint8_t *)y->data)[at];
  memcpy(&bits, (const char *)y->data + at * 4, 4);
  return bits;
}

// Whether y is right everywhere and its gaps are as they were.
static bool is_right(const dlc_tensor *t, const uint32_t *want) {
  const int64_t rows = dlc_rows(&t[Y]), n = t[Y].dims[4], bytes = (int64_t)dlc_type_size(t[Y].type);
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = 0; c < n; c++)
      if (element(&t[Y], r, c) != want[r * n + c]) return false;
    for (int64_t b = n * bytes; r + 1 < rows && b < t[Y].pitch * bytes; b++)
      if (((const uint8_t *)t[Y].data)[r * t[Y].pitch * bytes + b] != 0x5a) return false;
  }
  return true;
}

// Runs a call on every instruction set with several parts.
static void run_everywhere(const dlc_tensor *t, const uint32_t *want, const dlc_qdwconv_params *p, const char *label) {
  const dlc_call call = {t, p, NULL, COUNT, sizeof *p};
  expect(dlc_qdwconv_kernel.check(&call) == 0, label);
  if (dlc_qdwconv_kernel.check(&call) != 0) return;
  const dlc_isa before = dlc_current_isa();
  for (int isa = 0; isa <= DLC_ISA_NEON_I8MM; isa++) {
    if (!dlc_set_isa((dlc_isa)isa)) continue;
    const uint32_t useful = dlc_qdwconv_kernel.parts(&call);
    expect(useful >= 1 && useful <= 64, "parts");
    for (uint32_t parts = 1; parts <= 3; parts++) {
      memset(t[Y].data, 0x5a, bytes_of(&t[Y]));
      for (uint32_t part = 0; part < parts; part++) {
        dlc_call own = call;
        const size_t bytes = dlc_qdwconv_kernel.scratch(&call);
        own.scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
        memset(own.scratch, 0x7f, bytes);
        expect(dlc_qdwconv_kernel.run(&own, part, parts) == 0, "run");
        free(own.scratch);
      }
      expect(is_right(t, want), label);
    }
  }
  dlc_set_isa(before);
}

static dlc_tensor pack(const dlc_tensor *w, const dlc_window *window) {
  const dlc_qdwconv_pack_params p = {*window};
  dlc_tensor t[2] = {*w, MAKE(DLC_I8, 0, (int32_t)dlc_qdwconv_packed_bytes(&p, w->dims[0]))};
  const dlc_call call = {t, &p, NULL, 2, sizeof p};
  expect(dlc_qdwconv_pack_kernel.check(&call) == 0, "pack check");
  dlc_qdwconv_pack_kernel.run(&call, 0, 2);
  dlc_qdwconv_pack_kernel.run(&call, 1, 2);
  t[1].dims[0]++;
  expect(dlc_qdwconv_pack_kernel.check(&call) != 0, "pack accepts another length");
  t[1].dims[0]--;
  return t[1];
}

static void one_case(dlc_window window, int images, int d, int h, int w, int c, int multiplier, int turn) {
  dlc_qdwconv_params p = {.window = window, .multiplier = multiplier, .x_zero = pick(0, 255)};
  int32_t out[3], in[3] = {d, h, w};
  for (int i = 0; i < 3; i++) {
    const int room = in[i] + window.pad_begin[i] + window.pad_end[i] - window.dilation[i] * (window.kernel[i] - 1) - 1;
    if (room < 0) return;
    out[i] = room / window.stride[i] + 1;
  }
  const int o = c * multiplier;
  const uint8_t type = turn % 5 == 3 ? DLC_F32 : turn % 5 == 4 ? DLC_I32 : DLC_U8;
  dlc_tensor weights = MAKE(DLC_I8, 0, o, window.kernel[0], window.kernel[1], window.kernel[2], 1);
  for (int64_t i = 0; i < dlc_elements(&weights); i++)
    if (((int8_t *)weights.data)[i] == -128 || turn % 7 == 0) ((int8_t *)weights.data)[i] = 127;
  dlc_tensor t[COUNT] = {MAKE(DLC_U8, turn % 3 ? turn % 11 : 0, images, d, h, w, c),
                         pack(&weights, &window),
                         MAKE(turn % 8 < 5 ? DLC_I32 : DLC_I16, 0, turn % 9 == 8 ? 1 : o),
                         MAKE(turn % 9 < 5 ? DLC_F32 : DLC_BF16, 0, turn % 8 == 7 ? 1 : o),
                         {0},
                         {0},
                         MAKE(type, turn % 4 ? turn % 6 : 0, images, out[0], out[1], out[2], o)};
  if (turn % 7 == 0) memset(t[X].data, 255, bytes_of(&t[X]));
  p.requantize = (dlc_requantize){-pick(0, 100), pick(0, 90), pick(100, 160), pick(0, 255), 0.37f};
  if (turn % 3 == 0) p.requantize.low = (float)-p.requantize.zero, p.requantize.high = (float)(255 - p.requantize.zero);
  fill_lists(&t[BIAS], &t[SCALE], type == DLC_U8 ? turn : 0);
  if (type == DLC_I32) {
    free(t[SCALE].data);
    t[SCALE] = (dlc_tensor){0};
  } else if (turn % 2) {
    t[RESIDUAL] = MAKE(DLC_U8, turn % 5, images, out[0], out[1], out[2], o);
  }
  if (type == DLC_U8 && turn % 4 == 1) t[TABLE] = MAKE(DLC_U8, 0, 256);
  const int64_t rows = dlc_rows(&t[Y]);
  uint32_t *want = malloc((size_t)(rows * o) * sizeof *want + 1);
  for (int64_t i = 0; i < rows * o; i++) {
    int64_t at[5], rest = i;
    for (int k = 4; k >= 0; k--) at[k] = rest % t[Y].dims[k], rest /= t[Y].dims[k];
    want[i] = reference(t, weights.data, &p, at);
  }
  char label[128];
  snprintf(label, sizeof label, "turn %d: %dx%dx%d/%d~%d, x %dx%dx%d, %d channels x %d, type %d", turn,
           window.kernel[0], window.kernel[1], window.kernel[2], window.stride[2], window.dilation[2], d, h, w, c,
           multiplier, type);
  run_everywhere(t, want, &p, label);
  free(want);
  free(weights.data);
  for (int i = 0; i < COUNT; i++) free(t[i].data);
}

static void test_windows(void) {
  static const int kernels[][2] = {{3, 1}, {3, 2}, {5, 1}, {5, 2}, {2, 1}, {7, 1}, {1, 1}, {4, 3}};
  static const int channels[] = {16, 1, 24, 35, 64, 3, 58, 100};
  for (int turn = 0; turn < 64; turn++) { // square ones
    const int k = kernels[turn % 8][0], s = kernels[turn % 8][1], before = pick(0, k / 2), after = pick(0, k / 2);
    dlc_window window = {{1, k, k}, {1, s, s}, {1, 1, 1}, {0, before, pick(0, k / 2)}, {0, after, pick(0, k / 2)}};
    one_case(window, 1 + turn % 2, 1, pick(k, 11), pick(k, 12), channels[(turn / 8 + turn) % 8], 1, turn);
  }
  for (int turn = 0; turn < 80; turn++) { // any
    dlc_window window;
    const int axes = turn % 3;
    for (int i = 0; i < 3; i++) {
      const bool flat = i < axes;
      window.kernel[i] = flat ? 1 : pick(1, 4);
      window.stride[i] = flat ? 1 : pick(1, 3);
      window.dilation[i] = flat ? 1 : pick(1, 3);
      window.pad_begin[i] = flat ? 0 : pick(0, 3);
      window.pad_end[i] = flat ? 0 : pick(0, 3);
    }
    one_case(window, pick(1, 2), axes > 0 ? 1 : pick(1, 5), axes > 1 ? 1 : pick(1, 7), pick(1, 14), pick(1, 40),
             turn % 4 == 3 ? pick(2, 5) : 1, turn);
  }
  // Strips of a long row, taps far apart, and a long window of one row.
  one_case((dlc_window){{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}, 1, 1, 5, 150, 20, 1, 2);
  one_case((dlc_window){{1, 2, 3}, {1, 1, 1}, {1, 1, 40}, {0, 0, 40}, {0, 0, 40}}, 1, 1, 4, 90, 17, 1, 5);
  one_case((dlc_window){{1, 1, 31}, {1, 1, 2}, {1, 1, 1}, {0, 0, 15}, {0, 0, 15}}, 2, 1, 1, 140, 33, 1, 11);
  one_case((dlc_window){{1, 3, 3}, {1, 2, 9}, {1, 1, 1}, {0, 3, 7}, {0, 3, 3}}, 1, 1, 9, 50, 18, 1, 8);
}

static void test_refusals(void) {
  const dlc_window window = {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}};
  dlc_qdwconv_params p = {window, 1, 3, {-10, 20, 100, 5, 0.5f}};
  dlc_tensor t[COUNT] = {MAKE(DLC_U8, 0, 1, 1, 5, 5, 20),
                         MAKE(DLC_I8, 0, 2 * 9 * 16),
                         MAKE(DLC_I32, 0, 20),
                         MAKE(DLC_F32, 0, 20),
                         MAKE(DLC_U8, 0, 1, 1, 5, 5, 20),
                         MAKE(DLC_U8, 0, 256),
                         MAKE(DLC_U8, 0, 1, 1, 5, 5, 20)};
  const dlc_call call = {t, &p, NULL, COUNT, sizeof p};
  expect(dlc_qdwconv_kernel.check(&call) == 0, "refuses a good call");
#define REFUSES(change, restore, what)                                                                                 \
  change;                                                                                                              \
  expect(dlc_qdwconv_kernel.check(&call) != 0, "accepts " what);                                                       \
  restore;
  REFUSES(p.multiplier = 0, p.multiplier = 1, "multiplier 0")
  REFUSES(p.multiplier = 2, p.multiplier = 1, "another multiplier")
  REFUSES(p.x_zero = 256, p.x_zero = 3, "a zero point of 256")
  REFUSES(p.requantize.zero = -1, p.requantize.zero = 100, "a negative zero point")
  REFUSES(p.requantize.low = -101, p.requantize.low = -10, "a bound below the byte")
  REFUSES(p.requantize.high = 156, p.requantize.high = 20, "a bound above the byte")
  REFUSES(p.requantize.high = NAN, p.requantize.high = 20, "a bound that is no number")
  REFUSES(p.requantize.high = -11, p.requantize.high = 20, "crossed bounds")
  REFUSES(p.requantize.residual_zero = 256, p.requantize.residual_zero = 5, "a residual zero point of 256")
  REFUSES(p.window.stride[2] = 0, p.window.stride[2] = 1, "stride 0")
  REFUSES(p.window.pad_begin[1] = -1, p.window.pad_begin[1] = 1, "a negative padding")
  REFUSES(p.window.kernel[1] = 2, p.window.kernel[1] = 3, "another window")
  REFUSES(t[X].type = DLC_I8, t[X].type = DLC_U8, "s8 inputs")
  REFUSES(t[Y].type = DLC_I8, t[Y].type = DLC_U8, "s8 outputs")
  REFUSES(t[Y].type = DLC_I32, t[Y].type = DLC_U8, "sums with scales")
  REFUSES(t[Y].type = DLC_F32, t[Y].type = DLC_U8, "a table of floats")
  REFUSES(t[Y].dims[3] = 4, t[Y].dims[3] = 5, "another output")
  REFUSES(t[Y].pitch = 19, t[Y].pitch = 20, "a short pitch")
  REFUSES(t[W].dims[0] = t[W].pitch = 9 * 16, t[W].dims[0] = t[W].pitch = 2 * 9 * 16, "short weights")
  REFUSES(t[BIAS].dims[0] = 19, t[BIAS].dims[0] = 20, "a short bias")
  REFUSES(t[BIAS].type = DLC_U16, t[BIAS].type = DLC_I32, "a bias of u16")
  REFUSES(t[SCALE].type = DLC_F16, t[SCALE].type = DLC_F32, "scales of f16")
  REFUSES(t[SCALE].dims[0] = 2, t[SCALE].dims[0] = 20, "two scales")
  REFUSES(t[BIAS].type = DLC_ABSENT, t[BIAS].type = DLC_I32, "no bias")
  REFUSES(t[SCALE].type = DLC_ABSENT, t[SCALE].type = DLC_F32, "no scales")
  REFUSES(t[RESIDUAL].dims[2] = 1, t[RESIDUAL].dims[2] = 5, "a small residual")
  REFUSES(t[TABLE].dims[0] = 255, t[TABLE].dims[0] = 256, "a short table")
  for (int i = 0; i < COUNT; i++) free(t[i].data);
}

int main(void) {
  test_windows();
  test_refusals();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
