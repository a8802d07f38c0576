// qmatmul, qconv and qconv_transpose on every instruction set against plain loops, bit for bit: tails, strides,
// dilations, paddings, groups, views with a pitch, residuals, tables, types of y, parts, and checks that refuse.
#include "test_qcontractions.h"

#include "types.h"

static int passed, failed;
static uint32_t seed = 1;
const dlc_tensor absent;

uint32_t draw(void) { return (seed = seed * 1664525u + 1013904223u) >> 8; }
int pick(int low, int high) { return low + (int)(draw() % (uint32_t)(high - low + 1)); }

void expect(bool ok, const char *what) {
  if (ok) {
    passed++;
    return;
  }
  failed++;
  if (failed < 30) printf("FAIL %s (%s)\n", what, dlc_isa_name(dlc_current_isa()));
}

enum { MOST_BLOCKS = 64 };
static void *blocks[MOST_BLOCKS];
static int block_count;

void release_all(void) {
  while (block_count) free(blocks[--block_count]);
}

dlc_tensor make(uint8_t type, int pitch_more, int rank, const int32_t *dims) {
  dlc_tensor t = {.type = type, .rank = (uint8_t)rank};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.pitch = dims[rank - 1] + pitch_more;
  const size_t size = dlc_type_size(type), shift = (size_t)pick(0, 3) * (size == 1 ? 1 : 4);
  const size_t n = ((size_t)(dlc_rows(&t) * t.pitch) - (size_t)(dlc_rows(&t) ? pitch_more : 0)) * size;
  uint8_t *data = malloc(n + shift ? n + shift : 1);
  if (!data || block_count == MOST_BLOCKS) abort();
  blocks[block_count++] = data;
  t.data = data + shift;
  // Some operands hold extremes alone, where sums of 16 bits would saturate.
  const int kind = pick(0, 4), extreme = type == DLC_U8 && pick(0, 1) ? 0 : 255;
  for (size_t i = 0; i < n; i++)
    ((uint8_t *)t.data)[i] = (uint8_t)(kind ? draw() : type == DLC_I8 ? (draw() & 1 ? 127 : 129) : (uint32_t)extreme);
  return t;
}

// A list of n elements or one, of either type.
static dlc_tensor any_list(uint8_t wide, uint8_t narrow, int32_t n) {
  const int32_t dims[] = {pick(0, 4) ? n : 1};
  return make(pick(0, 2) ? wide : narrow, 0, 1, dims);
}

dlc_tensor any_biases(int32_t n, int32_t most) {
  const dlc_tensor t = any_list(DLC_I32, DLC_I16, n);
  for (int i = 0; i < t.dims[0]; i++) {
    if (t.type == DLC_I16)
      ((int16_t *)t.data)[i] = (int16_t)(pick(0, 9) ? pick(-20000, 20000) : pick(0, 1) ? INT16_MIN : INT16_MAX);
    else
      ((int32_t *)t.data)[i] = pick(-most, most);
  }
  return t;
}

dlc_tensor any_scales(int32_t n, float unit, float tie) {
  const dlc_tensor t = any_list(DLC_F32, DLC_BF16, n);
  for (int i = 0; i < t.dims[0]; i++) {
    const float scale = pick(0, 9) == 0 ? tie : pick(0, 30) == 0 ? 1e8f : unit * (float)pick(500, 1500) / 1e3f;
    if (t.type == DLC_BF16)
      ((uint16_t *)t.data)[i] = dlc_f32_to_bf16(scale);
    else
      ((float *)t.data)[i] = scale;
  }
  return t;
}

int32_t bias_at(const dlc_tensor *list, int64_t channel) {
  const int64_t at = list->rank == 1 && list->dims[0] == 1 ? 0 : channel;
  return list->type == DLC_I16 ? ((const int16_t *)list->data)[at] : ((const int32_t *)list->data)[at];
}

float scale_at(const dlc_tensor *list, int64_t channel) {
  const int64_t at = list->dims[0] == 1 ? 0 : channel;
  return list->type == DLC_BF16 ? dlc_bf16_to_f32(((const uint16_t *)list->data)[at]) : ((const float *)list->data)[at];
}

dlc_tensor any_narrow(const dlc_tensor *packed, int n, int rank) {
  if (n >= 16 || n == 0 || pick(0, 1)) return *packed;
  int32_t dims[5];
  memcpy(dims, packed->dims, sizeof dims);
  if (rank == 1) dims[0] = dims[0] / 16 * n;
  if (rank == 5) dims[3] = n;
  const dlc_tensor t = make(DLC_I8, 0, rank, dims);
  for (int64_t i = 0; i < dlc_elements(packed) / 64; i++)
    memcpy((int8_t *)t.data + i * n * 4, (const int8_t *)packed->data + i * 64, (size_t)n * 4);
  return t;
}

ending any_ending(int rank, const int32_t *ydims, int64_t depth) {
  static const uint8_t types[] = {DLC_U8, DLC_U8, DLC_U8, DLC_F32, DLC_I32};
  const int32_t n[] = {ydims[rank - 1]}, entries[] = {256};
  ending e = {.bias = any_biases(n[0], 20000)};
  const uint8_t type = types[pick(0, 4)];
  e.y = make(type, pick(0, 2) ? 0 : 5, rank, ydims);
  e.q = (dlc_requantize){.zero = pick(0, 255), .residual_zero = pick(0, 255), .residual_scale = 0.37f};
  e.q.low = type == DLC_U8 ? (float)-e.q.zero : -50.25f;
  e.q.high = type == DLC_U8 ? (float)(255 - e.q.zero) : 90.5f;
  if (pick(0, 3) == 0) {
    // As relu and clip make them.
    e.q.low += 20.25f;
    e.q.high -= 10.75f;
  }
  if (type == DLC_I32) return e;
  // Sums of ordinary depth spread over the whole range; some channels overflow it by far, some are ties.
  e.scale = any_scales(n[0], 40.0f / (9000.0f * sqrtf((float)depth + 1)), 0x1p-7f);
  if (pick(0, 1)) e.residual = make(DLC_U8, pick(0, 1) ? 0 : 3, rank, ydims);
  if (type == DLC_U8 && pick(0, 2) == 0) e.table = make(DLC_U8, 0, 1, entries);
  return e;
}

bool matches(const ending *e, int64_t row, int32_t channel, int32_t sum, int32_t bias) {
  const int32_t acc = (int32_t)((uint32_t)sum + (uint32_t)bias);
  const int64_t at = row * e->y.pitch + channel;
  if (e->y.type == DLC_I32) return ((int32_t *)e->y.data)[at] == acc;
  float t = (float)acc * scale_at(&e->scale, channel);
  if (e->residual.data) {
    const float r = (float)(u8_at(&e->residual, row, channel) - e->q.residual_zero) * e->q.residual_scale;
    t = t + r;
  }
  t = fminf(fmaxf(t, e->q.low), e->q.high);
  if (e->y.type == DLC_F32) return ((float *)e->y.data)[at] == t;
  const int32_t code = (int32_t)rintf(t) + e->q.zero;
  return u8_at(&e->y, row, channel) == (e->table.data ? ((uint8_t *)e->table.data)[code] : code);
}

bool run_all_parts(const dlc_kernel *k, dlc_call *call, int out) {
  const int line = k->check(call);
  if (line) {
    printf("%s refused at line %d\n", k->name, line);
    return false;
  }
  const dlc_tensor *y = &call->operands[out];
  const size_t size = dlc_type_size(y->type), row_bytes = (size_t)dlc_row_length(y) * size,
               pitch_bytes = (size_t)y->pitch * size;
  const size_t rows = (size_t)dlc_rows(y), bytes = rows && row_bytes ? (rows - 1) * pitch_bytes + row_bytes : 0;
  uint8_t *first = malloc(bytes + 1), *data = y->data;
  bool same = true;
  for (uint32_t parts = 1; parts <= 4; parts++) {
    const size_t need = k->scratch ? k->scratch(call) : 0;
    memset(data, 0x55, bytes);
    for (uint32_t part = parts; part-- > 0;) {
      call->scratch = need ? aligned_alloc(64, (need + 63) & ~(size_t)63) : NULL;
      if (need) memset(call->scratch, 0xff, need);
      same &= k->run(call, part, parts) == 0;
      free(call->scratch);
    }
    if (parts == 1) memcpy(first, data, bytes);
    for (size_t row = 0; row < rows && bytes; row++) {
      same &= memcmp(first + row * pitch_bytes, data + row * pitch_bytes, row_bytes) == 0;
      for (size_t b = row_bytes; row + 1 < rows && b < pitch_bytes; b++) same &= data[row * pitch_bytes + b] == 0x55;
    }
  }
  free(first);
  return same;
}

geometry any_geometry(void) {
  geometry g = {.n = pick(1, 2)};
  const int first = pick(0, 5) ? pick(1, 2) : 0;
  for (int i = 0; i < 3; i++) {
    const bool used = i >= first;
    g.in[i] = used ? pick(1, i == 2 ? 24 : i == 1 ? 9 : 4) : 1;
    g.w.kernel[i] = used ? pick(1, pick(0, 3) ? 3 : 7) : 1;
    g.w.stride[i] = used ? pick(1, 3) : 1;
    g.w.dilation[i] = used && !pick(0, 2) ? pick(1, 4) : 1;
    g.w.pad_begin[i] = used ? pick(0, 3) : 0;
    g.w.pad_end[i] = used ? pick(0, 3) : 0;
  }
  static const int group_choices[] = {1, 1, 1, 2, 3, 8};
  g.groups = group_choices[pick(0, 5)];
  g.c = g.groups * pick(1, pick(0, 1) ? 5 : 30);
  g.o = g.groups * pick(1, pick(0, 1) ? 5 : 40);
  if (pick(0, 2) == 0) g.c = g.groups * 4 * pick(1, 8);
  return g;
}

void describe(char *what, size_t size, const char *family, const geometry *g, const ending *e) {
  const dlc_window *w = &g->w;
  snprintf(what, size,
           "%s n%d in %d,%d,%d c%d o%d groups %d kernel %d,%d,%d stride %d,%d,%d dilation %d,%d,%d pads %d,%d,%d "
           "%d,%d,%d y type %d%s%s",
           family, g->n, g->in[0], g->in[1], g->in[2], g->c, g->o, g->groups, w->kernel[0], w->kernel[1], w->kernel[2],
           w->stride[0], w->stride[1], w->stride[2], w->dilation[0], w->dilation[1], w->dilation[2], w->pad_begin[0],
           w->pad_begin[1], w->pad_begin[2], w->pad_end[0], w->pad_end[1], w->pad_end[2], e->y.type,
           e->residual.data ? " residual" : "", e->table.data ? " table" : "");
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 100;
  static const dlc_isa isas[] = {DLC_ISA_SCALAR, DLC_ISA_AVX2,         DLC_ISA_AVX_VNNI,
                                 DLC_ISA_AVX512, DLC_ISA_AVX512_VNNI,  DLC_ISA_AMX,
                                 DLC_ISA_NEON,   DLC_ISA_NEON_DOTPROD, DLC_ISA_NEON_I8MM};
  for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
    if (!dlc_set_isa(isas[i])) continue;
    const int before = failed;
    test_qmatmul(rounds);
    test_qconv(rounds);
    test_qconv_transpose(rounds);
    test_s16(rounds / 2);
    printf("%s: %s\n", dlc_isa_name(isas[i]), failed == before ? "ok" : "failures");
  }
  test_qrefusals();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
