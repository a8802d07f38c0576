// qdwconv_pack: w s8 [O, KD, KH, KW, 1] -> blocks of sixteen channels, in each [taps][16], missing channels zero.
#include "dlc_pack.h"
#include "gemm/check.h"
#include "qdwconv/plan.h"

size_t dlc_qdwconv_packed_bytes(const dlc_qdwconv_pack_params *params, int32_t o) {
  if (o < 0 || !dlc_window_valid(&params->window)) return 0;
  const int32_t *kernel = params->window.kernel;
  const int64_t bytes = dlc_qdwconv_blocks(o) * kernel[0] * kernel[1] * kernel[2] * DLC_QLANES;
  return bytes > INT32_MAX ? 0 : (size_t)bytes;
}

static int qdwconv_pack_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_qdwconv_pack_params)));
  const dlc_qdwconv_pack_params *params = call->params;
  const dlc_tensor *w = dlc_operand(call, 0), *packed = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid_type(w, DLC_I8) && dlc_valid_type(packed, DLC_I8));
  DLC_REQUIRE(w->rank == 5 && w->dims[4] == 1 && packed->rank == 1 && dlc_is_dense(packed));
  for (int i = 0; i < 3; i++) DLC_REQUIRE(w->dims[1 + i] == params->window.kernel[i]);
  const size_t bytes = dlc_qdwconv_packed_bytes(params, w->dims[0]);
  DLC_REQUIRE(bytes == (size_t)packed->dims[0] && (bytes > 0 || w->dims[0] == 0));
  return 0;
}

static int qdwconv_pack_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *w = dlc_operand(call, 0), *packed = dlc_operand(call, 1);
  const int64_t channels = w->dims[0], taps = (int64_t)w->dims[1] * w->dims[2] * w->dims[3];
  int64_t begin, end;
  dlc_split(dlc_qdwconv_blocks(channels), 1, part, parts, &begin, &end);
  for (int64_t b = begin; b < end; b++)
    for (int64_t t = 0; t < taps; t++)
      for (int64_t i = 0; i < DLC_QLANES; i++) {
        const int64_t c = b * DLC_QLANES + i;
        ((int8_t *)packed->data)[(b * taps + t) * DLC_QLANES + i] =
            c < channels ? ((const int8_t *)w->data)[(c * taps + t) * w->pitch] : 0;
      }
  return 0;
}

const dlc_kernel dlc_qdwconv_pack_kernel = {
    .name = "qdwconv_pack",
    .params_bytes = sizeof(dlc_qdwconv_pack_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = qdwconv_pack_check,
    .run = qdwconv_pack_run,
};
