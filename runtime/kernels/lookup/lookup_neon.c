// Tables on aarch64: four lookups of 64 entries; an index outside leaves the byte as it was.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "lookup/lookup.h"

void dlc_lookup__neon(const uint8_t *x, const uint8_t *table, uint8_t *y, int64_t n) {
  int64_t i = 0;
  if (n >= 32) {
    const uint8x16x4_t t0 = vld1q_u8_x4(table), t1 = vld1q_u8_x4(table + 64), t2 = vld1q_u8_x4(table + 128),
                       t3 = vld1q_u8_x4(table + 192);
    const uint8x16_t step = vdupq_n_u8(64);
    for (; i + 16 <= n; i += 16) {
      uint8x16_t at = vld1q_u8(x + i), value = vqtbl4q_u8(t0, at);
      value = vqtbx4q_u8(value, t1, at = vsubq_u8(at, step));
      value = vqtbx4q_u8(value, t2, at = vsubq_u8(at, step));
      value = vqtbx4q_u8(value, t3, at = vsubq_u8(at, step));
      vst1q_u8(y + i, value);
    }
  }
  dlc_lookup__scalar(x + i, table, y + i, n - i);
}
#else
typedef int dlc_lookup_neon_is_empty;
#endif
