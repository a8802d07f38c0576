#include "gemm/contraction.h"

#include "epilogue.h"
#include "types.h"

const dlc_tile_isa *dlc_tile_current(void) { return DLC_ROWS(dlc_tile); }

// The tables of one tile within scratch.
typedef struct tile_tables {
  dlc_tile_rows rows;
  float **c;
  const float **residual;
} tile_tables;

// TABLE_BUDGET in bytes, LIGHT_WEIGHTS in floats.
enum { MOST_TILES = 24, TABLE_BUDGET = 32 << 10, LIGHT_WEIGHTS = 1 << 16 };

static size_t align64(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static size_t table_bytes(uint32_t taps) {
  size_t row_tables = DLC_TILE_MAX_ROWS * (sizeof(float *) * 2 + sizeof(int64_t));
  return align64((size_t)taps * (DLC_TILE_MAX_ROWS * sizeof(float *) + sizeof(uint32_t)) + row_tables);
}

// Tiles whose tables are kept at once: a block of rows that all panels pass over while its tables and rows are in
// cache.
static uint32_t tiles_per_block(uint32_t taps) {
  size_t tiles = TABLE_BUDGET / table_bytes(taps);
  return tiles < 4 ? 4 : tiles > MOST_TILES ? MOST_TILES : (uint32_t)tiles;
}

// Shifts, and the numbers of all taps that go with them.
static size_t shift_bytes(uint32_t taps) { return align64((size_t)taps * (sizeof(int64_t) + sizeof(uint32_t))); }

size_t dlc_contract_scratch(uint32_t taps) {
  // Never less for more taps: conv_transpose asks once for phases of several sizes.
  size_t bytes = MOST_TILES * table_bytes(taps), least = 4 * table_bytes(taps);
  if (bytes > TABLE_BUDGET) bytes = least > TABLE_BUDGET ? least : TABLE_BUDGET;
  return bytes + align64(MOST_TILES * sizeof(tile_tables)) + shift_bytes(taps);
}

static void place_tables(tile_tables *t, char *at, uint32_t taps) {
  t->rows.a = (const float **)at;
  at += sizeof(float *) * DLC_TILE_MAX_ROWS * taps;
  t->c = (float **)at;
  at += sizeof(float *) * DLC_TILE_MAX_ROWS;
  t->residual = (const float **)at;
  at += sizeof(float *) * DLC_TILE_MAX_ROWS;
  at = (char *)(((uintptr_t)at + 7) & ~(uintptr_t)7);
  t->rows.y_row = (int64_t *)at;
  at += sizeof(int64_t) * DLC_TILE_MAX_ROWS;
  t->rows.tap = (uint32_t *)at;
}

static void fill_tile(const dlc_contraction *c, tile_tables *t, int64_t row, uint32_t m) {
  t->rows.m = m;
  t->rows.shifted = false;
  c->source(c->context, row, &t->rows);
  for (uint32_t i = 0; i < m; i++) t->c[i] = c->y + t->rows.y_row[i] * c->y_pitch;
  if (c->residual)
    for (uint32_t i = 0; i < m; i++) t->residual[i] = c->residual + t->rows.y_row[i] * c->residual_pitch;
}

// Shifts shared by the tiles of a contraction.
typedef struct shift_table {
  int64_t *shift;
  uint32_t *tap;
} shift_table;

static shift_table list_shifts(const dlc_contraction *c, void *at) {
  shift_table s = {at, (uint32_t *)((int64_t *)at + c->taps)};
  if (!c->shifts) return s;
  c->shifts(c->context, s.shift);
  for (uint32_t i = 0; i < c->taps; i++) s.tap[i] = i;
  return s;
}

static void run_tile(const dlc_contraction *c, const dlc_tile_isa *isa, dlc_tile *tile, const tile_tables *t,
                     const shift_table *shifts, uint32_t column, uint32_t column_end) {
  uint32_t left = column_end - column;
  tile->n = left < isa->columns ? left : isa->columns;
  tile->b = c->b + column / DLC_PANEL * c->panel_stride + column % DLC_PANEL;
  tile->bias = c->bias ? c->bias + column : NULL;
  tile->column = column;
  tile->a = t->rows.a;
  tile->shift = t->rows.shifted ? shifts->shift : NULL;
  tile->tap = t->rows.shifted ? shifts->tap : t->rows.tap;
  tile->taps = t->rows.taps;
  tile->m = t->rows.m;
  tile->c = t->c;
  tile->residual = c->residual ? t->residual : NULL;
  isa->tile(tile);
}

// Weights that fit the second cache are passed over for each tile, so that whole rows of the result are written in
// order; heavier ones are fetched once for all tiles of the block.
static void run_block(const dlc_contraction *c, const dlc_tile_isa *isa, dlc_tile *tile, const tile_tables *tables,
                      const shift_table *shifts, uint32_t tiles, uint32_t column_begin, uint32_t column_end) {
  if (c->panel_stride * (column_end - column_begin) / DLC_PANEL <= LIGHT_WEIGHTS) {
    for (uint32_t i = 0; i < tiles; i++)
      for (uint32_t column = column_begin; column < column_end; column += isa->columns)
        run_tile(c, isa, tile, &tables[i], shifts, column, column_end);
  } else {
    for (uint32_t column = column_begin; column < column_end; column += isa->columns)
      for (uint32_t i = 0; i < tiles; i++) run_tile(c, isa, tile, &tables[i], shifts, column, column_end);
  }
}

void dlc_contract(const dlc_contraction *c, int64_t row_begin, int64_t row_end, uint32_t column_begin,
                  uint32_t column_end, void *scratch) {
  if (row_begin >= row_end || column_begin >= column_end) return;
  const dlc_tile_isa *isa = dlc_tile_current();
  dlc_tile tile = {.panel_stride = c->panel_stride, .depth = c->depth};
  tile.epilogue = dlc_epilogue_bounds(&c->epilogue, &tile.lo, &tile.hi) ? NULL : &c->epilogue;
  tile_tables *tables = scratch;
  char *space = (char *)scratch + align64(MOST_TILES * sizeof(tile_tables));
  const shift_table shifts = list_shifts(c, space);
  space += shift_bytes(c->taps);
  const size_t bytes = table_bytes(c->taps);
  // Even shares everywhere: 49 rows are tiles of 10, 10, 10, 10 and 9 rather than of 12, 12, 12, 12 and 1.
  const int64_t rows = row_end - row_begin;
  const int64_t tiles = (rows + isa->rows - 1) / isa->rows;
  const int64_t most = tiles_per_block(c->taps), blocks = (tiles + most - 1) / most;
  const int64_t short_rows = rows / tiles, longer = rows % tiles;
  for (uint32_t i = 0; i < (tiles < most ? tiles : most); i++) place_tables(&tables[i], space + i * bytes, c->taps);
  int64_t row = row_begin;
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t first = tiles * block / blocks, last = tiles * (block + 1) / blocks;
    for (int64_t i = first; i < last; i++) {
      uint32_t m = (uint32_t)(short_rows + (i < longer));
      fill_tile(c, &tables[i - first], row, m);
      row += m;
    }
    run_block(c, isa, &tile, tables, &shifts, (uint32_t)(last - first), column_begin, column_end);
  }
}

enum { WORK_PER_PART = 1 << 17, MOST_PARTS = 64, COLUMN_GRAIN = 32, ROW_GRAIN = 12, HEAVY_WEIGHTS = 1 << 18 };

// Columns are split when their weights would crowd the second cache of every part, or when there are few rows.
static bool split_columns(int64_t rows, int64_t columns, int64_t depth, int64_t parts) {
  int64_t groups = (columns + COLUMN_GRAIN - 1) / COLUMN_GRAIN;
  if (rows < parts * ROW_GRAIN) return groups > 1;
  return groups >= parts * 2 && (groups % parts == 0 || groups >= parts * 8) && columns > rows &&
         columns * depth >= HEAVY_WEIGHTS;
}

uint32_t dlc_contract_parts(int64_t rows, int64_t columns, int64_t depth) {
  double work = (double)rows * (double)columns * (double)depth;
  int64_t parts = work >= (double)WORK_PER_PART * MOST_PARTS ? MOST_PARTS : (int64_t)(work / WORK_PER_PART);
  int64_t groups = (columns + COLUMN_GRAIN - 1) / COLUMN_GRAIN;
  int64_t units = groups > rows ? groups : rows;
  if (parts > units) parts = units;
  return parts < 1 ? 1 : (uint32_t)parts;
}

void dlc_contract_share(int64_t rows, uint32_t columns, int64_t depth, uint32_t part, uint32_t parts,
                        int64_t *row_begin, int64_t *row_end, uint32_t *column_begin, uint32_t *column_end) {
  *row_begin = 0;
  *row_end = rows;
  *column_begin = 0;
  *column_end = columns;
  if (parts == 1) return;
  if (split_columns(rows, columns, depth, parts)) {
    int64_t begin, end;
    dlc_split(columns, COLUMN_GRAIN, part, parts, &begin, &end);
    *column_begin = (uint32_t)begin;
    *column_end = (uint32_t)end;
  } else {
    dlc_split(rows, 1, part, parts, row_begin, row_end);
  }
}
