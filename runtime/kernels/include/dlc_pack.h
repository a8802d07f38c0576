// Sizes of packed weights whose shape does not follow from the operands alone.
#ifndef DLC_PACK_H
#define DLC_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "dlc_params.h"

#ifdef __cplusplus
extern "C" {
#endif

// Floats of conv_transpose weights packed for `c` input and `o` output channels: the length of conv_transpose_pack's
// output. 0 when the parameters are out of range or the size exceeds 2^31 - 1.
size_t dlc_conv_transpose_packed_elements(const dlc_conv_transpose_pack_params *params, int32_t c, int32_t o);

// Bytes of integer weights packed for `c` input and `o` output channels: the length of the pack family's output. 0 when
// the parameters are out of range or the size exceeds 2^31 - 1.
size_t dlc_qconv_packed_bytes(const dlc_qconv_pack_params *params, int32_t c, int32_t o);
size_t dlc_qdwconv_packed_bytes(const dlc_qdwconv_pack_params *params, int32_t o);
size_t dlc_qconv_transpose_packed_bytes(const dlc_qconv_transpose_pack_params *params, int32_t c, int32_t o);

#ifdef __cplusplus
}
#endif
#endif
