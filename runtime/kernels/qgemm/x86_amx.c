// Tiles of up to 16 rows by 64 columns in the tile registers of AMX: a panel's 16 groups of depths are a tile as they
// lie, and so are 64 depths of rows at one pitch.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "qgemm/tile.h"

#define QTARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq")))

enum { ROWS = 16, CHUNK_GROUPS = 16, ROW_BYTES = 64 };

// Operand of the instruction that configures tiles.
typedef struct tile_config {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_config;

// Sums 0-3 and rows 4 have m rows; weights 5-7 a row for each group of depths of a chunk.
QTARGET static void configure(const dlc_qtile *t, uint32_t groups) {
  const uint32_t state = t->m | groups << 8;
  if (*t->state == state) return;
  *t->state = state;
  tile_config c = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    c.row_bytes[i] = (uint16_t)(i == 4 ? groups * DLC_QGROUP : ROW_BYTES);
    c.rows[i] = (uint8_t)(i <= 4 ? t->m : groups);
  }
  // GCC 12 believes that only the first bytes are read, and leaves the others unwritten.
  __asm__ volatile("" : : "r"(&c) : "memory");
  _tile_loadconfig(&c);
}

// Depths of one chunk: bytes from `start` of each row, of which those before `low` belong to the chunk before and those
// from `high` on to nothing.
typedef struct chunk {
  size_t start;
  uint32_t low, high;
} chunk;

// The chunk of each row, zeros where there is nothing; reads nothing beyond a row.
QTARGET static void copy_chunk(uint8_t *to, const uint8_t *const *rows, int64_t by, uint32_t m, const chunk *c) {
  const __mmask64 below = c->high >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << c->high) - 1,
                  mask = below & ~(((__mmask64)1 << c->low) - 1);
  for (uint32_t i = 0; i < m; i++)
    _mm512_store_si512(to + i * ROW_BYTES, _mm512_maskz_loadu_epi8(mask, rows[i] + by + c->start));
}

// The pitch of rows that lie at one, else 0.
static int64_t pitch_of(const uint8_t *const *rows, uint32_t m) {
  const int64_t pitch = rows[1] - rows[0];
  bool even = true;
  for (uint32_t i = 2; i < m; i++) even &= rows[i] - rows[i - 1] == pitch;
  return even ? pitch : 0;
}

#define LOAD_SUMS(C, from) _tile_loadd(C, from, 0)
#define DOT(C, B, panel)                                                                                               \
  do {                                                                                                                 \
    _tile_loadd(B, b + (panel)*stride, ROW_BYTES);                                                                     \
    _tile_dpbusd(C, 4, B);                                                                                             \
  } while (0)

// P panels. One or two alternate between two sets of sums, so that products overlap.
QTARGET static inline __attribute__((always_inline)) void tile(const dlc_qtile *t, const int P) {
  static const int32_t none[DLC_QPANEL];
  _Alignas(64) uint8_t copy[ROWS * ROW_BYTES];
  int32_t sums[ROWS * DLC_QTILE_MAX_COLUMNS];
  const uint32_t depth = t->depth, groups = (depth + 3) / DLC_QGROUP, m = t->m;
  const uint32_t chunks = (groups + CHUNK_GROUPS - 1) / CHUNK_GROUPS, size = (groups + chunks - 1) / chunks;
  const size_t stride = t->panel_stride, tap_bytes = (size_t)groups * DLC_QPANEL_GROUP_BYTES;
  configure(t, size);
  LOAD_SUMS(0, t->start);
  if (P == 1) LOAD_SUMS(1, none);
  if (P >= 2) LOAD_SUMS(1, t->start + DLC_QPANEL);
  if (P == 2) LOAD_SUMS(2, none);
  if (P == 2) LOAD_SUMS(3, none);
  if (P >= 3) LOAD_SUMS(2, t->start + 2 * DLC_QPANEL);
  if (P >= 4) LOAD_SUMS(3, t->start + 3 * DLC_QPANEL);
  const uint8_t *const *rows = t->a;
  int64_t pitch = t->shift ? pitch_of(rows, m) : 0;
  bool odd = false;
  for (uint32_t tap = 0; tap < t->taps; tap++, rows += t->shift ? 0 : m) {
    const int8_t *weights = t->b + t->tap[tap] * tap_bytes;
    const int64_t by = t->shift ? t->shift[tap] : 0;
    if (!t->shift) pitch = pitch_of(rows, m);
    for (uint32_t i = 0; i < chunks; i++, odd = !odd) {
      // The last chunk is as long as the others, and begins within the one before if it must.
      const uint32_t first = i * size, from = first + size <= groups ? first : groups - size;
      const chunk c = {(size_t)from * DLC_QGROUP, (first - from) * DLC_QGROUP,
                       depth - from * DLC_QGROUP < size * DLC_QGROUP ? depth - from * DLC_QGROUP : size * DLC_QGROUP};
      const int8_t *b = weights + (size_t)from * DLC_QPANEL_GROUP_BYTES;
      if (pitch && c.low == 0 && c.high == size * DLC_QGROUP) {
        _tile_loadd(4, rows[0] + by + c.start, (size_t)pitch);
      } else {
        copy_chunk(copy, rows, by, m, &c);
        _tile_loadd(4, copy, ROW_BYTES);
      }
      if (P == 1) {
        if (odd)
          DOT(1, 6, 0);
        else
          DOT(0, 5, 0);
      } else if (P == 2) {
        if (odd) {
          DOT(2, 5, 0);
          DOT(3, 6, 1);
        } else {
          DOT(0, 5, 0);
          DOT(1, 6, 1);
        }
      } else {
        DOT(0, 5, 0);
        DOT(1, 6, 1);
        DOT(2, 7, 2);
        if (P == 4) DOT(3, 5, 3);
      }
    }
  }
  const size_t sum_stride = (size_t)P * DLC_QPANEL * sizeof *sums;
  _tile_stored(0, sums, sum_stride);
  if (P >= 2) _tile_stored(1, sums + DLC_QPANEL, sum_stride);
  if (P >= 3) _tile_stored(2, sums + 2 * DLC_QPANEL, sum_stride);
  if (P >= 4) _tile_stored(3, sums + 3 * DLC_QPANEL, sum_stride);
  if (P <= 2) {
    int32_t others[ROWS * 2 * DLC_QPANEL];
    if (P == 1) {
      _tile_stored(1, others, sum_stride);
    } else {
      _tile_stored(2, others, sum_stride);
      _tile_stored(3, others + DLC_QPANEL, sum_stride);
    }
    for (uint32_t e = 0; e < m * (uint32_t)P * DLC_QPANEL; e += DLC_QPANEL)
      _mm512_storeu_si512(sums + e, _mm512_add_epi32(_mm512_loadu_si512(sums + e), _mm512_loadu_si512(others + e)));
  }
  dlc_qadd_row_start(t->out, t->y_row, m, (uint32_t)P * DLC_QPANEL, sums, (uint32_t)P * DLC_QPANEL);
  dlc_qfinish__avx512(t->out, t->y_row, m, t->column, t->n, sums, (uint32_t)P * DLC_QPANEL);
}

#define DEFINE(P)                                                                                                      \
  QTARGET static __attribute__((noinline)) void tile_##P(const dlc_qtile *t) { tile(t, P); }
DEFINE(1)
DEFINE(2)
DEFINE(3)
DEFINE(4)

static void (*const tiles[])(const dlc_qtile *) = {tile_1, tile_2, tile_3, tile_4};

static void any_tile(const dlc_qtile *t) { tiles[(t->n - 1) / DLC_QPANEL](t); }

QTARGET static void end(void) { _tile_release(); }

const dlc_qtile_isa dlc_qtile__amx = {ROWS, DLC_QTILE_MAX_COLUMNS, 0, 0, any_tile, NULL, end};
#endif
