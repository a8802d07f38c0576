// Building a plan's tables behind a C interface. The weights are laid out but never held: `finish` gives the bytes that
// come before them, and the caller appends `weights_bytes` bytes to complete the file.
#ifndef DLC_PLAN_BUILDER_H
#define DLC_PLAN_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dlc_plan_builder dlc_plan_builder;

// Weights that a plan may carry: what FlatBuffers can address, less room for the tables.
static const uint64_t dlc_plan_weights_limit = ((uint64_t)1 << 31) - ((uint64_t)1 << 27);

// A builder for `weights_bytes` bytes of weights: a multiple of 64, at most dlc_plan_weights_limit. NULL otherwise or
// without memory.
dlc_plan_builder *dlc_plan_builder_create(uint64_t weights_bytes);
void dlc_plan_builder_destroy(dlc_plan_builder *builder);

void dlc_plan_builder_add_buffer(dlc_plan_builder *builder, uint64_t offset, uint64_t bytes, uint32_t first,
                                 uint32_t last);
void dlc_plan_builder_add_tensor(dlc_plan_builder *builder, uint32_t buffer, uint64_t offset, uint8_t type,
                                 const int32_t *dims, size_t rank, int32_t pitch);
// What the integers of the tensor added next stand for: `count` scales and zero points, along `axis` or -1.
void dlc_plan_builder_set_quantization(dlc_plan_builder *builder, const float *scales, const int32_t *zeros,
                                       size_t count, int32_t axis);
void dlc_plan_builder_add_step(dlc_plan_builder *builder, uint16_t kernel, const uint32_t *operands,
                               size_t operand_count, const uint8_t *params, size_t params_bytes, const char *name,
                               uint64_t macs);
// The axes belong to the port added next.
void dlc_plan_builder_add_axis(dlc_plan_builder *builder, const char *declared);
void dlc_plan_builder_add_port(dlc_plan_builder *builder, bool output, const char *name, uint32_t tensor);
void dlc_plan_builder_set_provenance(dlc_plan_builder *builder, const char *source, const char *source_hash,
                                     const char *options, const char *compiler);
// The contract's metrics and witness come before the contract itself.
void dlc_plan_builder_add_metric(dlc_plan_builder *builder, const char *name, double value, double tolerance);
void dlc_plan_builder_set_witness(dlc_plan_builder *builder, uint64_t seed, const float *ranges, size_t range_count,
                                  const float *expected, size_t expected_count, float tolerance);
void dlc_plan_builder_set_contract(dlc_plan_builder *builder, uint32_t samples, const char *data,
                                   const char *data_hash);
void dlc_plan_builder_set_certificate(dlc_plan_builder *builder, uint64_t macs, uint64_t scratch_bytes,
                                      uint32_t stack_bytes);
void dlc_plan_builder_set_preprocessing(dlc_plan_builder *builder, const char *text);

// The bytes before the weights; they belong to the builder. NULL when the tables do not fit.
const void *dlc_plan_builder_finish(dlc_plan_builder *builder, const char *name, uint64_t arena_bytes,
                                    uint64_t arena_lower_bound_bytes, size_t *head_bytes);

// Whether FlatBuffers' own verifier takes the bytes, which lie at a multiple of 64: what tests hold the runtime's to.
bool dlc_plan_flatbuffers_verify(const void *bytes, size_t count);

#ifdef __cplusplus
}
#endif
#endif
