// The end of a tile in NEON: 8 columns at a time; the last ones by way of a copy.
#if defined(__ARM_NEON)
#include <arm_neon.h>
#include <string.h>

#include "qgemm/requantize.h"
#include "qgemm/tile.h"

#if defined(__aarch64__)
// min(max(t, low), high), NaN gives low.
static inline float32x4_t bound(float32x4_t t, float32x4_t low, float32x4_t high) {
  return vminnmq_f32(vmaxnmq_f32(t, low), high);
}

// Rounds half to even.
static inline int32x4_t nearest(float32x4_t t) { return vcvtnq_s32_f32(t); }

static void look_up_row(uint8_t *y, uint32_t n, const uint8_t *table) {
  uint8x16x4_t t[4];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) t[i].val[j] = vld1q_u8(table + 64 * i + 16 * j);
  const uint8x16_t step = vdupq_n_u8(64);
  for (uint32_t j = 0; j < n; j += 16) {
    uint8_t part[16] = {0};
    const bool whole = n - j >= 16;
    if (!whole) memcpy(part, y + j, n - j);
    uint8x16_t x = vld1q_u8(whole ? y + j : part);
    // A code beyond the 64 entries at hand leaves what stands there.
    uint8x16_t found = vqtbl4q_u8(t[0], x);
    for (int i = 1; i < 4; i++) {
      x = vsubq_u8(x, step);
      found = vqtbx4q_u8(found, t[i], x);
    }
    vst1q_u8(whole ? y + j : part, found);
    if (!whole) memcpy(y + j, part, n - j);
  }
}
#else
static inline float32x4_t bound(float32x4_t t, float32x4_t low, float32x4_t high) {
  t = vbslq_f32(vcgtq_f32(t, low), t, low);
  return vbslq_f32(vcltq_f32(t, high), t, high);
}

// Rounds half to even for |t| < 2^22, as dlc_qround does.
static inline int32x4_t nearest(float32x4_t t) {
  const int32x4_t bits = vreinterpretq_s32_f32(vaddq_f32(t, vdupq_n_f32(0x1.8p23f)));
  return vsubq_s32(bits, vdupq_n_s32(0x4b400000));
}

static void look_up_row(uint8_t *y, uint32_t n, const uint8_t *table) { dlc_qtable_row(y, n, table); }
#endif

typedef struct constants {
  float32x4_t low, high, residual_scale;
  int32x4_t residual_zero;
} constants;

static inline float32x4_t scaled(int32x4_t sum, const float *scale) {
  return vmulq_f32(vcvtq_f32_s32(sum), vld1q_f32(scale));
}

static inline float32x4_t with_residual(const constants *c, float32x4_t t, uint16x4_t residual) {
  const int32x4_t r = vsubq_s32(vreinterpretq_s32_u32(vmovl_u16(residual)), c->residual_zero);
  return vaddq_f32(t, vmulq_f32(vcvtq_f32_s32(r), c->residual_scale));
}

static void copy_integers(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                          const int32_t *sums, uint32_t stride) {
  for (uint32_t i = 0; i < m; i++, sums += stride)
    memcpy((int32_t *)o->y + y_row[i] * o->y_pitch + column, sums, n * sizeof *sums);
}

void dlc_qfinish__neon(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                       const int32_t *sums, uint32_t stride) {
  if (o->type == DLC_I32) {
    copy_integers(o, y_row, m, column, n, sums, stride);
    return;
  }
#if !defined(__aarch64__)
  // These vectors take subnormal numbers for zero.
  if (o->type == DLC_F32) {
    dlc_qfinish__scalar(o, y_row, m, column, n, sums, stride);
    return;
  }
#endif
  const dlc_requantize *q = &o->requantize;
  const constants c = {vdupq_n_f32(q->low), vdupq_n_f32(q->high), vdupq_n_f32(q->residual_scale),
                       vdupq_n_s32(q->residual_zero)};
  const int16x8_t zero = vdupq_n_s16((int16_t)q->zero);
  const float *scale = o->scale + column;
  for (uint32_t i = 0; i < m; i++, sums += stride) {
    const int64_t at = y_row[i] * o->y_pitch + column;
    const uint8_t *residual = o->residual ? o->residual + y_row[i] * o->residual_pitch + column : NULL;
    for (uint32_t j = 0; j < n; j += 8) {
      const uint32_t count = n - j >= 8 ? 8 : n - j;
      float32x4_t t0 = scaled(vld1q_s32(sums + j), scale + j), t1 = scaled(vld1q_s32(sums + j + 4), scale + j + 4);
      if (residual) {
        uint8_t part[8] = {0};
        if (count < 8) memcpy(part, residual + j, count);
        const uint16x8_t r = vmovl_u8(vld1_u8(count < 8 ? part : residual + j));
        t0 = with_residual(&c, t0, vget_low_u16(r));
        t1 = with_residual(&c, t1, vget_high_u16(r));
      }
      t0 = bound(t0, c.low, c.high);
      t1 = bound(t1, c.low, c.high);
      if (o->type == DLC_F32) {
        float part[8], *y = (float *)o->y + at + j;
        vst1q_f32(count < 8 ? part : y, t0);
        vst1q_f32((count < 8 ? part : y) + 4, t1);
        if (count < 8) memcpy(y, part, count * sizeof *y);
        continue;
      }
      const int16x8_t codes = vaddq_s16(vcombine_s16(vmovn_s32(nearest(t0)), vmovn_s32(nearest(t1))), zero);
      uint8_t part[8], *y = (uint8_t *)o->y + at + j;
      vst1_u8(count < 8 ? part : y, vqmovun_s16(codes));
      if (count < 8) memcpy(y, part, count);
    }
    if (o->table) look_up_row((uint8_t *)o->y + at, n, o->table);
  }
}
#endif
