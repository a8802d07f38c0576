// qdwconv: x u8, w packed, bias i32, scale? f32, residual? u8, table? u8, y u8, f32 or i32. Sixteen channels of a strip
// of output cells at a time: their inputs are interleaved into quads in scratch, where padding already stands.
#include "gemm/check.h"
#include "lookup/lookup.h"
#include "qdwconv/plan.h"
#include "qdwconv/s16.h"
#include "qgemm/channels.h"

// Bytes of weights held ready at a time, when one block of channels needs no more.
enum { WEIGHTS_CACHE = 16 << 10 };

// Quads of sources that are found once for all blocks of channels.
enum { FOUND = 4 };

static int64_t rows_of(const dlc_tensor *y) { return (int64_t)y->dims[0] * y->dims[1]; }

static dlc_qdwconv_plan plan_of(const dlc_call *call) {
  const dlc_qdwconv_params *p = call->params;
  const dlc_tensor *y = dlc_operand(call, 6);
  return dlc_qdwconv_plan_of(&p->window, y->dims[2], y->dims[3]);
}

// What is said here of quads is of u8; s16 has its own way.
static bool is_s16(const dlc_call *call) {
  return DLC_HAS_TYPE(DLC_I16) && (dlc_operand(call, 0)->type == DLC_I16 || !DLC_HAS_TYPE(DLC_U8));
}

static int requantize_check(const dlc_call *call, const dlc_requantize *q) {
  const dlc_tensor *scale = dlc_operand(call, 3), *residual = dlc_operand(call, 4), *table = dlc_operand(call, 5),
                   *y = dlc_operand(call, 6);
  DLC_REQUIRE(y->type == DLC_U8 || y->type == DLC_F32 || y->type == DLC_I32);
  DLC_REQUIRE(dlc_is_table(table) && (y->type == DLC_U8 || !dlc_is_present(table)));
  if (y->type == DLC_I32) return dlc_is_present(scale) || dlc_is_present(residual) ? __LINE__ : 0;
  DLC_REQUIRE(dlc_is_qscales(scale, y->dims[4]));
  if (dlc_is_present(residual)) {
    DLC_REQUIRE(dlc_valid_type(residual, DLC_U8) && dlc_same_shape(residual, y));
    DLC_REQUIRE(q->residual_zero >= 0 && q->residual_zero <= 255);
  }
  DLC_REQUIRE(y->type == DLC_U8 ? dlc_bounds_valid(q->low, q->high, q->zero) : q->low <= q->high);
  return 0;
}

static int qdwconv_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 7, 7, sizeof(dlc_qdwconv_params)));
  if (is_s16(call)) return dlc_qdwconv_s16_check(call);
  const dlc_qdwconv_params *p = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *w = dlc_operand(call, 1), *y = dlc_operand(call, 6);
  DLC_REQUIRE(dlc_valid_type(x, DLC_U8) && x->rank == 5 && dlc_valid(y) && y->rank == 5);
  DLC_REQUIRE(dlc_window_valid(&p->window) && dlc_window_fits(&p->window, x, y));
  DLC_REQUIRE(p->multiplier >= 1 && (int64_t)x->dims[4] * p->multiplier == y->dims[4]);
  DLC_REQUIRE(p->x_zero >= 0 && p->x_zero <= 255);
  const int32_t *kernel = p->window.kernel;
  DLC_REQUIRE(dlc_valid_type(w, DLC_I8) && w->rank == 1 && dlc_is_dense(w));
  DLC_REQUIRE(w->dims[0] == dlc_qdwconv_blocks(y->dims[4]) * kernel[0] * kernel[1] * kernel[2] * DLC_QLANES);
  DLC_REQUIRE(dlc_is_qbiases(dlc_operand(call, 2), y->dims[4]));
  return requantize_check(call, &p->requantize);
}

// Scratch: columns of two blocks of channels, then for each block of channels in work its weights, bias and scales.
static int64_t columns_bytes(const dlc_qdwconv_plan *p) { return (int64_t)p->groups * p->columns * DLC_QUAD; }
static int64_t block_bytes(const dlc_qdwconv_plan *p) {
  return (int64_t)p->rows * p->groups * p->kernel * DLC_QUAD_WEIGHTS + DLC_QLANES * 8;
}
static int64_t blocks_at_once(const dlc_qdwconv_plan *p, int64_t blocks) {
  const int64_t most = dlc_max64(1, WEIGHTS_CACHE / block_bytes(p));
  return dlc_min64(most, dlc_max64(blocks, 1));
}

static size_t qdwconv_scratch(const dlc_call *call) {
  if (is_s16(call)) return dlc_qdwconv_s16_scratch(call);
  const dlc_qdwconv_plan p = plan_of(call);
  const int64_t blocks = blocks_at_once(&p, dlc_qdwconv_blocks(dlc_operand(call, 6)->dims[4]));
  return (size_t)(2 * columns_bytes(&p) + blocks * block_bytes(&p));
}

static uint32_t qdwconv_parts(const dlc_call *call) {
  const dlc_tensor *y = dlc_operand(call, 6);
  const dlc_qdwconv_plan p = plan_of(call);
  const int64_t rows = is_s16(call) ? 1 : p.rows, items = rows_of(y) * ((y->dims[2] + rows - 1) / rows);
  const double work = (double)dlc_elements(y) * p.taps;
  const int64_t parts = work > 64 * 3e5 ? 64 : (int64_t)(work / 3e5);
  return (uint32_t)dlc_max64(1, dlc_min64(parts, items));
}

static const dlc_qdwconv_isa *current(void) {
  switch (dlc_current_isa()) {
#if DLC_HAS_AVX512
  case DLC_ISA_AMX:
  case DLC_ISA_AVX512_VNNI: return &dlc_qdwconv__avx512_vnni;
  case DLC_ISA_AVX512: return &dlc_qdwconv__avx512;
#endif
#if DLC_HAS_AVX2
  case DLC_ISA_AVX_VNNI: return &dlc_qdwconv__avx_vnni;
  case DLC_ISA_AVX2: return &dlc_qdwconv__avx2;
#endif
#if DLC_HAS_NEON && defined(__aarch64__)
  case DLC_ISA_NEON_I8MM:
  case DLC_ISA_NEON_DOTPROD: return &dlc_qdwconv__neon_dotprod;
#endif
#if DLC_HAS_NEON
  case DLC_ISA_NEON: return &dlc_qdwconv__neon;
#endif
#if DLC_HAS_SCALAR
  default: return &dlc_qdwconv__scalar;
#elif DLC_HAS_AVX2
  default: return &dlc_qdwconv__avx2;
#else
  default: return &dlc_qdwconv__neon;
#endif
  }
}

// One call as a part runs it.
typedef struct work {
  const dlc_call *call;
  const dlc_qdwconv_params *params;
  const dlc_qdwconv_isa *isa;
  dlc_qdwconv_plan plan;
  const dlc_tensor *x, *y, *residual;
  const uint8_t *x_end;
  uint8_t *columns, *blocks;
  uint8_t zeros[DLC_QLANES]; // x's zero point, where there is no input
  uint8_t padding;           // the same as quads hold it
} work;

// Weights, bias and scales of a block of channels into its place in scratch. Unused lanes are zero.
static void prepare_block(const work *w, int64_t block, uint8_t *to) {
  const dlc_qdwconv_plan *p = &w->plan;
  const dlc_window *window = &w->params->window;
  const int8_t *packed = (const int8_t *)dlc_operand(w->call, 1)->data + block * p->taps * DLC_QLANES;
  uint8_t *at = to;
  for (int32_t row = 0; row < p->rows; row++)
    for (int32_t g = 0; g < p->groups; g++, at += p->kernel * DLC_QUAD_WEIGHTS) {
      const int8_t *from[4];
      for (int32_t s = 0; s < 4; s++) {
        const int32_t tap = dlc_qdwconv_tap(p, window, row, 4 * g + s, 0);
        from[s] = tap < 0 ? NULL : packed + (int64_t)tap * DLC_QLANES;
      }
      w->isa->weigh(from, p->kernel, DLC_QLANES, at);
    }
  const int64_t first = block * DLC_QLANES, count = dlc_min64(DLC_QLANES, w->y->dims[4] - first);
  const dlc_qchannels biases = dlc_qchannels_of(dlc_operand(w->call, 2)),
                      scales = dlc_qchannels_of(dlc_operand(w->call, 3));
  uint32_t sums[DLC_QLANES] = {0};
  for (int32_t t = 0; w->isa->flip && t < p->taps; t++)
    for (int i = 0; i < DLC_QLANES; i++) sums[i] += (uint32_t)packed[(int64_t)t * DLC_QLANES + i];
  int32_t bias[DLC_QLANES] = {0};
  float scale[DLC_QLANES] = {0};
  dlc_qbiases(&biases, first, count, bias);
  if (scales.data) dlc_qscales(&scales, first, count, scale);
  // What the flip takes from each input comes back as a part of the bias.
  for (int i = 0; i < DLC_QLANES; i++) bias[i] = (int32_t)((uint32_t)bias[i] + sums[i] * w->isa->flip);
  memcpy(at, bias, sizeof bias);
  memcpy(at + sizeof bias, scale, sizeof scale);
}

// Where a source of quads begins: input row (NULL outside the image) and column of its first column.
typedef struct source {
  const uint8_t *row;
  int64_t column;
} source;

// The sources of one strip: output rows from oh on, cells from q on.
static source find_source(const work *w, int64_t image, int64_t od, int64_t oh, int64_t q, int32_t index) {
  const dlc_qdwconv_plan *p = &w->plan;
  const dlc_window *window = &w->params->window;
  const dlc_tensor *x = w->x;
  source s = {NULL, q * window->stride[2] - window->pad_begin[2]};
  if (index >= p->sources) return s;
  int32_t line = index;
  if (!p->by_row) {
    s.column += (int64_t)(index % window->kernel[2]) * window->dilation[2];
    line = index / window->kernel[2];
  }
  // Rows beyond the window of the first output row follow on without a dilation, in images of one slice.
  const int32_t slice = p->rows > 1 ? 0 : line / window->kernel[1], in_slice = line - slice * window->kernel[1];
  const int64_t d = od * window->stride[0] - window->pad_begin[0] + (int64_t)slice * window->dilation[0];
  const int64_t h = oh * window->stride[1] - window->pad_begin[1] + (int64_t)in_slice * window->dilation[1];
  if (d < 0 || d >= x->dims[1] || h < 0 || h >= x->dims[2]) return s;
  s.row = (const uint8_t *)x->data + ((image * x->dims[1] + d) * x->dims[2] + h) * x->dims[3] * x->pitch;
  return s;
}

// Steps that a distance takes.
static int64_t steps_to(int64_t distance, int64_t step) { return step == 1 ? distance : (distance + step - 1) / step; }

// All columns of one group, for the sixteen channels whose inputs begin at channel c.
static void interleave_columns(const work *w, const source sources[4], int64_t c, const uint8_t *spread, uint8_t *to) {
  const dlc_qdwconv_plan *p = &w->plan;
  const int64_t step = p->by_row ? 1 : w->params->window.stride[2], width = w->x->dims[3], pitch = w->x->pitch;
  int64_t columns = p->columns;
  int64_t at = 0;
  if (p->by_row) { // columns of padding are the same for all sources
    for (; at < p->columns && sources[0].column + at < 0; at++) memset(to + at * DLC_QUAD, w->padding, DLC_QUAD);
    const int64_t inside = dlc_max64(at, dlc_min64(p->columns, width - sources[0].column));
    for (int64_t i = inside; i < p->columns; i++) memset(to + i * DLC_QUAD, w->padding, DLC_QUAD);
    columns = inside;
  }
  while (at < columns) {
    // The longest run over which every source is inside, or outside, the image, and may be read sixteen bytes at a
    // time.
    int64_t run = columns - at, steps[4];
    const uint8_t *from[4];
    uint8_t rest[4][DLC_QLANES];
    for (int s = 0; s < 4; s++) {
      const int64_t column = sources[s].column + at * step;
      from[s] = w->zeros;
      steps[s] = 0;
      if (!sources[s].row || column >= width) continue;
      if (column < 0) {
        run = dlc_min64(run, steps_to(-column, step));
        continue;
      }
      run = dlc_min64(run, steps_to(width - column, step));
      from[s] = sources[s].row + column * pitch + c;
      steps[s] = step * pitch;
      const int64_t room = w->x_end - from[s];
      if (room < DLC_QLANES) { // the last bytes of the image
        memset(rest[s], 0, DLC_QLANES);
        memcpy(rest[s], from[s], (size_t)room);
        from[s] = rest[s];
        run = 1;
      } else {
        // Most runs end far before the image does, and a division takes as long as several columns.
        if ((run - 1) * steps[s] + DLC_QLANES > room) run = (room - DLC_QLANES) / steps[s] + 1;
      }
    }
    w->isa->interleave(from, steps, run, spread, w->isa->flip, to + at * DLC_QUAD);
    at += run;
  }
}

// A strip of output cells: rows from oh on, cells from q on, and where the first sources begin.
typedef struct strip {
  int64_t image, od, oh, q;
  source sources[FOUND][4];
} strip;

static strip make_strip(const work *w, int64_t image, int64_t od, int64_t oh, int64_t q) {
  strip t = {.image = image, .od = od, .oh = oh, .q = q};
  for (int32_t g = 0; g < w->plan.groups && g < FOUND; g++)
    for (int32_t s = 0; s < 4; s++) t.sources[g][s] = find_source(w, image, od, oh, q, 4 * g + s);
  return t;
}

// All columns of a strip for the block of channels from c on.
static void interleave_block(const work *w, const strip *t, int64_t c, uint8_t *to) {
  const int64_t channels = w->y->dims[4], multiplier = w->params->multiplier;
  const int64_t x_channel = multiplier > 1 ? c / multiplier : c;
  uint8_t spread[DLC_QLANES];
  for (int i = 0; multiplier > 1 && i < DLC_QLANES; i++)
    spread[i] = (uint8_t)(dlc_min64(c + i, channels - 1) / multiplier - x_channel);
  for (int32_t g = 0; g < w->plan.groups; g++, to += (int64_t)w->plan.columns * DLC_QUAD) {
    source more[4];
    for (int32_t s = 0; s < 4 && g >= FOUND; s++) more[s] = find_source(w, t->image, t->od, t->oh, t->q, 4 * g + s);
    interleave_columns(w, g < FOUND ? t->sources[g] : more, x_channel, multiplier > 1 ? spread : NULL, to);
  }
}

// Output rows oh..<oh + keep of the blocks in scratch.
static void run_rows(const work *w, int64_t image, int64_t od, int64_t oh, int32_t keep, int64_t first_block,
                     int64_t blocks) {
  const dlc_qdwconv_plan *p = &w->plan;
  const dlc_tensor *y = w->y, *residual = w->residual, *table = dlc_operand(w->call, 5);
  const dlc_requantize *rq = &w->params->requantize;
  const int64_t bytes = (int64_t)dlc_type_size(y->type), channels = y->dims[4], out_w = y->dims[3];
  const int64_t row = ((image * y->dims[1] + od) * y->dims[2] + oh) * out_w;
  const bool has_residual = dlc_is_present(residual);
  dlc_qdwconv_job job = {
      .group_bytes = (int64_t)p->columns * DLC_QUAD,
      .rows = p->rows,
      .keep = keep,
      .groups = p->groups,
      .kernel = p->kernel,
      .stride = p->stride,
      .dilation = p->dilation,
      .type = y->type,
      .residual_zero = (float)rq->residual_zero,
      .residual_scale = rq->residual_scale,
      .residual_row = out_w * residual->pitch,
      .residual_pitch = residual->pitch,
      .y_row = out_w * y->pitch * bytes,
      .y_pitch = y->pitch * bytes,
  };
  // Without a sign, so that bounds of zero give the same zero everywhere.
  job.bounds = y->type == DLC_U8 ? dlc_bounds_of(rq->low, rq->high, rq->zero)
                                 : (dlc_qbounds){.low = rq->low + 0.0f, .high = rq->high + 0.0f};
  if (has_residual)
    job.residual_end = (const uint8_t *)residual->data + (dlc_rows(residual) - 1) * residual->pitch + channels;
  for (int64_t q = 0; q < out_w; q += p->cells) {
    const strip t = make_strip(w, image, od, oh, q);
    job.cells = (int32_t)dlc_min64(p->cells, out_w - q);
    // One block ahead: columns are read in longer pieces than they are written, which has to wait for the cache.
    interleave_block(w, &t, first_block * DLC_QLANES, w->columns);
    for (int64_t b = 0; b < blocks; b++) {
      const int64_t c = (first_block + b) * DLC_QLANES;
      if (b + 1 < blocks) interleave_block(w, &t, c + DLC_QLANES, w->columns + (b + 1) % 2 * columns_bytes(p));
      job.columns = w->columns + b % 2 * columns_bytes(p);
      job.weights = w->blocks + b * block_bytes(p);
      job.bias = (const int32_t *)(const void *)(job.weights + block_bytes(p) - DLC_QLANES * 8);
      job.scale = (const float *)(job.bias + DLC_QLANES);
      job.channels = (int32_t)dlc_min64(DLC_QLANES, channels - c);
      job.y = (uint8_t *)y->data + ((row + q) * y->pitch + c) * bytes;
      if (has_residual) job.residual = (const uint8_t *)residual->data + (row + q) * residual->pitch + c;
      w->isa->run(&job);
    }
  }
  if (!dlc_is_present(table)) return;
  const int64_t c = first_block * DLC_QLANES;
  dlc_lookup_rows(table->data, (uint8_t *)y->data + row * y->pitch + c, keep * out_w, y->pitch,
                  dlc_min64(blocks * DLC_QLANES, channels - c));
}

static int qdwconv_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  if (is_s16(call)) return dlc_qdwconv_s16_run(call, part, parts);
  work w = {.call = call, .params = call->params, .isa = current(), .plan = plan_of(call)};
  w.x = dlc_operand(call, 0);
  w.residual = dlc_operand(call, 4);
  w.y = dlc_operand(call, 6);
  const dlc_tensor *y = w.y;
  if (dlc_elements(y) == 0) return 0;
  w.x_end = (const uint8_t *)w.x->data;
  if (dlc_elements(w.x) > 0) w.x_end += (dlc_rows(w.x) - 1) * w.x->pitch + w.x->dims[4];
  w.columns = call->scratch;
  w.blocks = w.columns + 2 * columns_bytes(&w.plan);
  memset(w.zeros, w.params->x_zero, sizeof w.zeros);
  w.padding = (uint8_t)(w.zeros[0] ^ w.isa->flip);
  const int64_t all = dlc_qdwconv_blocks(y->dims[4]), most = blocks_at_once(&w.plan, all);
  const int64_t groups = (y->dims[2] + w.plan.rows - 1) / w.plan.rows;
  int64_t begin, end;
  dlc_split(rows_of(y) * groups, 1, part, parts, &begin, &end);
  if (begin == end) return 0;
  for (int64_t first = 0; first < all; first += most) {
    const int64_t blocks = dlc_min64(most, all - first);
    for (int64_t b = 0; b < blocks; b++) prepare_block(&w, first + b, w.blocks + b * block_bytes(&w.plan));
    for (int64_t item = begin; item < end; item++) {
      const int64_t oh = item % groups * w.plan.rows, slice = item / groups;
      run_rows(&w, slice / y->dims[1], slice % y->dims[1], oh, (int32_t)dlc_min64(w.plan.rows, y->dims[2] - oh), first,
               blocks);
    }
  }
  return 0;
}

const dlc_kernel dlc_qdwconv_kernel = {
    .name = "qdwconv",
    .params_bytes = sizeof(dlc_qdwconv_params),
    .min_operands = 7,
    .max_operands = 7,
    .check = qdwconv_check,
    .scratch = qdwconv_scratch,
    .parts = qdwconv_parts,
    .run = qdwconv_run,
};
