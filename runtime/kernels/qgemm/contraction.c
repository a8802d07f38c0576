#include "qgemm/contraction.h"

#include <string.h>

#if DLC_HAS_AVX512
// Least rows and groups of depths that fill enough of a tile register to pay for it.
enum { AMX_ROWS = 4, AMX_GROUPS = 8 };
#endif

const dlc_qtile_isa *dlc_qtile_current(int64_t rows, size_t groups) {
  (void)rows;
  (void)groups;
  switch (dlc_current_isa()) {
#if DLC_HAS_AVX512
  case DLC_ISA_AMX: return rows >= AMX_ROWS && groups >= AMX_GROUPS ? &dlc_qtile__amx : &dlc_qtile__avx512vnni;
  case DLC_ISA_AVX512_VNNI: return &dlc_qtile__avx512vnni;
  case DLC_ISA_AVX512: return &dlc_qtile__avx512;
#endif
#if DLC_HAS_AVX2
  case DLC_ISA_AVX_VNNI: return &dlc_qtile__avxvnni;
  case DLC_ISA_AVX2: return &dlc_qtile__avx2;
#endif
#if DLC_HAS_NEON && defined(__aarch64__)
  case DLC_ISA_NEON_I8MM: return &dlc_qtile__i8mm;
  case DLC_ISA_NEON_DOTPROD: return &dlc_qtile__dotprod;
#endif
#if DLC_HAS_NEON
  case DLC_ISA_NEON: return &dlc_qtile__neon;
#endif
#if DLC_HAS_SCALAR
  default: return &dlc_qtile__scalar;
#elif DLC_HAS_AVX2
  default: return &dlc_qtile__avx2;
#else
  default: return &dlc_qtile__neon;
#endif
  }
}

const dlc_qtile_isa *dlc_qtile_s16_current(void) {
  switch (dlc_current_isa()) {
#if DLC_HAS_AVX512
  case DLC_ISA_AMX:
  case DLC_ISA_AVX512_VNNI: return &dlc_qtile_s16__avx512vnni;
  case DLC_ISA_AVX512: return &dlc_qtile_s16__avx512;
#endif
#if DLC_HAS_AVX2
  case DLC_ISA_AVX_VNNI:
  case DLC_ISA_AVX2: return &dlc_qtile_s16__avx2;
#endif
#if DLC_HAS_NEON
  case DLC_ISA_NEON_I8MM:
  case DLC_ISA_NEON_DOTPROD:
  case DLC_ISA_NEON: return &dlc_qtile_s16__neon;
#endif
#if DLC_HAS_SCALAR
  default: return &dlc_qtile_s16__scalar;
#else
  default: return &dlc_qtile_s16__neon;
#endif
  }
}

void dlc_qaffine_rows(const void *rows, int64_t row, bool skips, dlc_qtile_rows *out) {
  (void)skips;
  const dlc_qrows *r = rows;
  const uint8_t *a = r->a + row * r->pitch;
  for (uint32_t i = 0; i < out->m; i++, a += r->pitch) {
    out->a[i] = a;
    out->y_row[i] = row + i;
  }
  out->taps = 1;
  out->shifted = true;
}

void dlc_qno_shift(const void *context, int64_t *shift) {
  (void)context;
  shift[0] = 0;
}

// TABLE_BUDGET, COPY_BUDGET and LIGHT_WEIGHTS in bytes.
enum { MOST_TILES = 24, TABLE_BUDGET = 32 << 10, COPY_BUDGET = 24 << 10, LIGHT_WEIGHTS = 256 << 10 };

static uint64_t align64(uint64_t bytes) { return (bytes + 63) & ~(uint64_t)63; }

static uint64_t table_bytes(uint32_t taps) {
  // Rows without taps are listed too.
  if (taps == 0) taps = 1;
  return align64(taps * (DLC_QTILE_MAX_ROWS * sizeof(uint8_t *) + sizeof(uint32_t)));
}

// Tiles whose tables and copied rows are kept at once: a block of rows that all panels pass over while they are in
// cache.
static uint32_t tiles_per_block(uint32_t taps, uint64_t copy_pitch) {
  uint64_t tiles = TABLE_BUDGET / table_bytes(taps);
  if (tiles < 4) tiles = 4;
  if (tiles > MOST_TILES) tiles = MOST_TILES;
  const uint64_t copied = copy_pitch ? COPY_BUDGET / (copy_pitch * DLC_QTILE_MAX_ROWS) : tiles;
  if (copied < tiles) tiles = copied ? copied : 1;
  return (uint32_t)tiles;
}

// Shifts, and the numbers of all taps that go with them.
static uint64_t shift_bytes(uint32_t taps) { return align64((uint64_t)taps * (sizeof(int64_t) + sizeof(uint32_t))); }

static uint64_t padded_columns(uint32_t n) { return (uint64_t)n + DLC_QTILE_MAX_COLUMNS; }

// Rows of y of a whole block.
static const uint64_t y_row_bytes = MOST_TILES * DLC_QTILE_MAX_ROWS * sizeof(int64_t);

uint64_t dlc_qcontract_scratch(uint32_t n, uint32_t taps, uint64_t copy_pitch, uint64_t narrow) {
  const uint64_t table = table_bytes(taps), most = MOST_TILES * table, least = 4 * table;
  uint64_t tables = most < TABLE_BUDGET ? most : least > TABLE_BUDGET ? least : TABLE_BUDGET;
  uint64_t tile_copy = copy_pitch * DLC_QTILE_MAX_ROWS, copies = copy_pitch == 0 ? 0 : COPY_BUDGET;
  if (copies < tile_copy) copies = tile_copy;
  return align64(MOST_TILES * sizeof(dlc_qtile_rows)) + y_row_bytes + tables + shift_bytes(taps) + align64(copies) +
         2 * align64(padded_columns(n) * sizeof(int32_t)) + align64(narrow);
}

// What stands in scratch.
typedef struct workspace {
  dlc_qtile_rows *tiles;
  int32_t *start; // of all columns, padded with zeros, and their compensation
  float *scale;
  int8_t *panel;  // a narrow panel with zeros for the columns that it lacks
  int64_t *shift; // shared by shifted tiles, with the numbers of all taps
  uint32_t *tap;
  int64_t *y_row;  // of all rows of a block
  uint8_t *copies; // the rows themselves, where they are copied
} workspace;

static workspace place(const dlc_qcontraction *c, void *scratch, uint32_t tiles) {
  char *at = scratch;
  workspace s = {.tiles = scratch};
  at += align64(MOST_TILES * sizeof(dlc_qtile_rows));
  s.start = (int32_t *)at;
  at += align64(padded_columns(c->n) * sizeof(int32_t));
  s.scale = (float *)at;
  at += align64(padded_columns(c->n) * sizeof(float));
  s.panel = (int8_t *)at;
  if (c->columns < DLC_QPANEL) at += align64(c->panel_stride);
  s.shift = (int64_t *)at;
  s.tap = (uint32_t *)(s.shift + c->taps);
  at += shift_bytes(c->taps);
  s.y_row = (int64_t *)at;
  at += y_row_bytes;
  s.copies = (uint8_t *)at;
  if (c->copy_pitch) at += align64((uint64_t)tiles * DLC_QTILE_MAX_ROWS * c->copy_pitch);
  for (uint32_t i = 0; i < tiles; i++) {
    char *table = at + i * table_bytes(c->taps);
    s.tiles[i].a = (const uint8_t **)table;
    table += sizeof(uint8_t *) * DLC_QTILE_MAX_ROWS * (c->taps ? c->taps : 1);
    s.tiles[i].tap = (uint32_t *)table;
  }
  return s;
}

// Start and scale of the columns, zeros after them, so that vectors may be read whole.
static void copy_columns(const dlc_qcontraction *c, workspace *s, uint32_t column_begin, uint32_t column_end) {
  const size_t count = column_end - column_begin, pad = DLC_QTILE_MAX_COLUMNS * sizeof(int32_t);
  dlc_qbiases(&c->start, column_begin, (int64_t)count, s->start + column_begin);
  memset(s->start + column_end, 0, pad);
  if (!c->scale.data) return;
  dlc_qscales(&c->scale, column_begin, (int64_t)count, s->scale + column_begin);
  memset(s->scale + column_end, 0, pad);
}

// The panel of which memory holds fewer columns.
static const int8_t *widened(const dlc_qcontraction *c, int8_t *to) {
  const int8_t *from = c->b;
  memset(to, 0, c->panel_stride);
  for (size_t at = 0; at < c->panel_stride; at += DLC_QPANEL_GROUP_BYTES)
    for (uint32_t j = 0; j < c->columns; j++, from += DLC_QGROUP) memcpy(to + at + j * DLC_QGROUP, from, DLC_QGROUP);
  return to;
}

typedef struct pass {
  const dlc_qcontraction *c;
  const int8_t *b;
  const dlc_qtile_isa *isa;
  workspace s;
  dlc_qoutput out;
  dlc_qtile tile;
  uint32_t column_begin, column_end;
} pass;

static void run_tile(pass *p, const dlc_qtile_rows *rows, uint32_t column, uint32_t width, bool first) {
  const dlc_qcontraction *c = p->c;
  dlc_qtile *tile = &p->tile;
  const uint32_t left = p->column_end - column;
  tile->n = left < width ? left : width;
  tile->b = p->b + column / DLC_QPANEL * c->panel_stride;
  tile->column = column;
  tile->start = p->s.start + column;
  if (first && p->isa->compensate) {
    // Here the panel is about to be read anyway.
    for (uint32_t j = 0; j < tile->n; j += DLC_QPANEL)
      p->isa->compensate(tile->b + j / DLC_QPANEL * c->panel_stride, c->panel_stride / DLC_QPANEL_GROUP_BYTES,
                         p->s.start + column + j);
  }
  tile->a = rows->a;
  tile->shift = rows->shifted ? p->s.shift : NULL;
  tile->tap = rows->shifted ? p->s.tap : rows->tap;
  tile->taps = rows->taps;
  tile->m = rows->m;
  tile->y_row = rows->y_row;
  p->isa->tile(tile);
}

// Weights that fit the second cache are passed over for each tile, so that whole rows of the result are written in
// order; heavier ones are fetched once for all tiles of the block.
static void run_block(pass *p, uint32_t tiles, uint32_t width, bool first) {
  if (p->c->panel_stride * ((p->column_end - p->column_begin) / DLC_QPANEL) <= LIGHT_WEIGHTS) {
    for (uint32_t i = 0; i < tiles; i++)
      for (uint32_t column = p->column_begin; column < p->column_end; column += width)
        run_tile(p, &p->s.tiles[i], column, width, first && i == 0);
  } else {
    for (uint32_t column = p->column_begin; column < p->column_end; column += width)
      for (uint32_t i = 0; i < tiles; i++) run_tile(p, &p->s.tiles[i], column, width, first && i == 0);
  }
}

static void list_copies(const dlc_qcontraction *c, const uint8_t *copies, dlc_qtile_rows *t) {
  for (uint32_t i = 0; i < t->m; i++, copies += c->copy_pitch) t->a[i] = copies;
  t->taps = 1;
  t->shifted = true;
}

void dlc_qcontract(const dlc_qcontraction *c, int64_t row_begin, int64_t row_end, uint32_t column_begin,
                   uint32_t column_end, void *scratch) {
  if (row_begin >= row_end || column_begin >= column_end) return;
  const int64_t rows = row_end - row_begin;
  const bool is_s16 = DLC_HAS_TYPE(DLC_I16) && (c->is_s16 || !DLC_HAS_TYPE(DLC_U8));
  const dlc_qtile_isa *isa =
      is_s16 ? dlc_qtile_s16_current() : dlc_qtile_current(rows, c->panel_stride / DLC_QPANEL_GROUP_BYTES);
  // Even shares everywhere: 49 rows are tiles of 13, 12, 12 and 12 rather than of 14, 14, 14 and 7.
  const int64_t tiles = (rows + isa->rows - 1) / isa->rows;
  const int64_t most = tiles_per_block(c->taps, c->copy_pitch), blocks = (tiles + most - 1) / most;
  const int64_t short_rows = rows / tiles, longer = rows % tiles;
  uint32_t state = 0;
  pass p = {.c = c, .isa = isa, .out = c->out, .column_begin = column_begin, .column_end = column_end};
  p.s = place(c, scratch, (uint32_t)(tiles < most ? tiles : most));
  copy_columns(c, &p.s, column_begin, column_end);
  p.out.scale = c->scale.data ? p.s.scale : NULL;
  p.b = c->columns < DLC_QPANEL ? widened(c, p.s.panel) : c->b;
  p.tile = (dlc_qtile){.panel_stride = c->panel_stride, .depth = c->depth, .out = &p.out, .state = &state};
  if (c->shifts) {
    c->shifts(c->context, p.s.shift);
    for (uint32_t i = 0; i < c->taps; i++) p.s.tap[i] = i;
  }
  const uint32_t width = short_rows + (longer != 0) <= isa->low_rows ? isa->wide : isa->columns;
  const bool skips = c->skips && !isa->compensate;
  int64_t row = row_begin;
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t first = tiles * block / blocks, last = tiles * (block + 1) / blocks, block_row = row;
    for (int64_t i = first; i < last; i++) {
      dlc_qtile_rows *t = &p.s.tiles[i - first];
      t->m = (uint32_t)(short_rows + (i < longer));
      t->y_row = p.s.y_row + (row - block_row);
      if (c->copier) {
        list_copies(c, p.s.copies + (size_t)(row - block_row) * c->copy_pitch, t);
      } else {
        t->shifted = false;
        c->source(c->context, row, skips, t);
      }
      row += t->m;
    }
    if (c->copier) c->copier(c->context, block_row, (uint32_t)(row - block_row), p.s.copies, p.s.y_row);
    run_block(&p, (uint32_t)(last - first), width, block == 0);
  }
  if (isa->end) isa->end();
}
