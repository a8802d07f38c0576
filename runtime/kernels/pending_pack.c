// Sizes of packed integer weights while their families are pending: none. The families' own definitions take
// precedence.
#include "dlc_pack.h"

__attribute__((weak)) size_t dlc_qconv_packed_bytes(const dlc_qconv_pack_params *params, int32_t c, int32_t o) {
  (void)params, (void)c, (void)o;
  return 0;
}

__attribute__((weak)) size_t dlc_qdwconv_packed_bytes(const dlc_qdwconv_pack_params *params, int32_t o) {
  (void)params, (void)o;
  return 0;
}

__attribute__((weak)) size_t dlc_qconv_transpose_packed_bytes(const dlc_qconv_transpose_pack_params *params, int32_t c,
                                                              int32_t o) {
  (void)params, (void)c, (void)o;
  return 0;
}
