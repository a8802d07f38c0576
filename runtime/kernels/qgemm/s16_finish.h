// Beginning and end of a tile of s16 rows, written once for every instruction set; the including file has included a
// qvector_<isa>.h. Sums stand in two halves as qvector/s16.h says.
#include "qgemm/tile.h"
#include "qvector/s16.h"

#define Q(name) DLC_Q(name)

// Adds a block's sums to the halves of those before; the first block begins them.
DLC_QINLINE void s16_add(const int32_t *sums, uint32_t count, bool is_first, int32_t *high, int32_t *low) {
  for (uint32_t j = 0; j < count; j += DLC_QLANES) {
    const DLC_QI sum = Q(load_i32)(sums + j), top = Q(high)(sum), rest = Q(low)(sum);
    Q(store_i32)(high + j, is_first ? top : Q(add_i)(Q(load_i32)(high + j), top));
    Q(store_i32)(low + j, is_first ? rest : Q(add_i)(Q(load_i32)(low + j), rest));
  }
}

// Ends a tile: `sums` are those of the last block, high and low of the blocks before it, or NULL.
DLC_QTARGET static __attribute__((noinline)) void s16_finish(const dlc_qtile *t, const int32_t *sums,
                                                             const int32_t *high, const int32_t *low, uint32_t stride) {
  const dlc_qoutput *o = t->out;
  const float *scale = o->scale + t->column;
  // Without a sign, so that bounds of zero give the same zero everywhere.
  const DLC_QF least = Q(splat)(o->requantize.low + 0.0f), most = Q(splat)(o->requantize.high + 0.0f);
  const DLC_QF by = Q(splat)(o->requantize.residual_scale);
  for (uint32_t i = 0; i < t->m; i++) {
    const int64_t at = t->y_row[i] * o->y_pitch + t->column;
    const int16_t *residual =
        o->residual ? (const int16_t *)(const void *)o->residual + t->y_row[i] * o->residual_pitch + t->column : NULL;
    for (uint32_t j = 0; j < t->n; j += DLC_QLANES) {
      const uint32_t count = t->n - j < DLC_QLANES ? t->n - j : DLC_QLANES, from = i * stride + j;
      const DLC_QI sum = Q(load_i32)(sums + from), start = Q(load_i32)(t->start + j);
      DLC_QI top = Q(add_i)(Q(high)(sum), Q(high)(start)), rest = Q(add_i)(Q(low)(sum), Q(low)(start));
      if (high) {
        top = Q(add_i)(top, Q(load_i32)(high + from));
        rest = Q(add_i)(rest, Q(load_i32)(low + from));
      }
      DLC_QF v = Q(mul)(s16_sum(top, rest), Q(load)(scale + j));
      if (residual) v = Q(add)(v, Q(mul)(s16_load(residual + j, count), by));
      s16_store(o->y, at + j, Q(min)(Q(max)(v, least), most), count, o->type);
    }
  }
}

// Four s16 of a row as one lane holds them.
static inline uint64_t s16_lane(const uint8_t *a) {
  uint64_t x;
  memcpy(&x, a, sizeof x);
  return x;
}

// The last `rest` (1...3) of a row, zeros after them; reads nothing beyond the row.
static inline uint64_t s16_lane_end(const uint8_t *a, uint32_t rest) {
  uint64_t x = 0;
  memcpy(&x, a, rest * sizeof(int16_t));
  return x;
}

#undef Q
