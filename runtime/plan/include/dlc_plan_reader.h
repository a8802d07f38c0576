// Reading a plan in place. dlc_plan_verify comes first; every other function expects bytes that it accepted, which stay
// unchanged and in place. Pointers given out point into those bytes. An index beyond a count answers zeros.
#ifndef DLC_PLAN_READER_H
#define DLC_PLAN_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DLC_PLAN_MAJOR = 1,
  DLC_PLAN_MINOR = 3,
  DLC_PLAN_NONE = 0xFFFFFFFF, // an absent operand; as a buffer: the weights
};

// What keeps bytes from being a plan.
typedef enum dlc_plan_defect {
  DLC_PLAN_SOUND = 0,
  DLC_PLAN_NOT_A_PLAN, // too short, or another identifier
  DLC_PLAN_TOO_LARGE,  // 2 GiB and over
  DLC_PLAN_MALFORMED,  // a table, list or text does not lie in it
  DLC_PLAN_OTHER_MAJOR,
  DLC_PLAN_CUT_SHORT,  // the weights do not end the file
  DLC_PLAN_MISALIGNED, // the weights are not at a multiple of 64
} dlc_plan_defect;

// A string of a plan: not terminated for the reader's purposes; empty when absent.
typedef struct dlc_plan_text {
  const char *bytes;
  uint32_t count;
} dlc_plan_text;

typedef struct dlc_plan_buffer {
  uint64_t offset, bytes;
  uint32_t first, last;
} dlc_plan_buffer;

typedef struct dlc_plan_tensor {
  uint64_t offset;
  const int32_t *dims;
  uint32_t buffer, rank;
  int32_t pitch;
  uint8_t type;
} dlc_plan_tensor;

// scales[i] and zeros[i] go with index i of `axis`, or with all elements when count is 1. count 0: none. With
// exponents, `count` of them, there is one scale, scales[0] * 2^exponents[i] goes with index i, and zeros[0] with all.
typedef struct dlc_plan_quantization {
  const float *scales;
  const int32_t *zeros;    // NULL: all 0
  const int8_t *exponents; // or NULL
  uint32_t count, scale_count, zero_count;
  int32_t axis;
} dlc_plan_quantization;

typedef struct dlc_plan_step {
  dlc_plan_text name;
  const uint32_t *operands;
  const uint8_t *params;
  uint64_t macs;
  uint32_t operand_count, params_bytes;
  uint16_t kernel;
} dlc_plan_step;

typedef struct dlc_plan_port {
  dlc_plan_text name;
  uint32_t tensor, declared_count;
} dlc_plan_port;

typedef struct dlc_plan_header {
  dlc_plan_text name, source, source_hash, options, compiler;
  const uint8_t *weights;
  uint64_t weights_bytes, arena_bytes, arena_lower_bound_bytes;
  uint32_t buffers, tensors, steps, inputs, outputs;
  uint16_t major, minor;
} dlc_plan_header;

// Zeros where the plan has none. Pairs of `ranges` go with the inputs.
typedef struct dlc_plan_contract {
  dlc_plan_text data, data_hash;
  const float *ranges, *expected;
  uint64_t seed;
  uint32_t metrics, samples, range_count, expected_count;
  float tolerance;
  bool present, witnessed;
} dlc_plan_contract;

typedef struct dlc_plan_metric {
  dlc_plan_text name;
  double value, tolerance;
} dlc_plan_metric;

// Zeros where the plan has none.
typedef struct dlc_plan_certificate {
  uint64_t macs, scratch_bytes, code_bytes;
  uint32_t stack_bytes;
  uint32_t code_bytes_at; // where the 8 bytes of code_bytes stand in the plan; 0: nowhere
  bool present;
} dlc_plan_certificate;

// Checks the container: `data` must be at a multiple of 64.
dlc_plan_defect dlc_plan_verify(const void *data, size_t size);
// Also of bytes that DLC_PLAN_OTHER_MAJOR was said of: their structure is sound.
void dlc_plan_read_header(const void *data, dlc_plan_header *header);
void dlc_plan_read_buffer(const void *data, uint32_t index, dlc_plan_buffer *buffer);
void dlc_plan_read_tensor(const void *data, uint32_t index, dlc_plan_tensor *tensor);
void dlc_plan_read_quantization(const void *data, uint32_t tensor, dlc_plan_quantization *quantization);
// The scales that exponents make, `count` of them.
void dlc_plan_expand_scales(const dlc_plan_quantization *quantization, float *scales);
void dlc_plan_read_step(const void *data, uint32_t index, dlc_plan_step *step);
void dlc_plan_read_port(const void *data, bool output, uint32_t index, dlc_plan_port *port);
void dlc_plan_read_contract(const void *data, dlc_plan_contract *contract);
void dlc_plan_read_metric(const void *data, uint32_t index, dlc_plan_metric *metric);
void dlc_plan_read_certificate(const void *data, dlc_plan_certificate *certificate);
// The JSON text of the preprocessing; bytes is NULL when the plan states none.
dlc_plan_text dlc_plan_preprocessing(const void *data);
// Axis `axis` of a port as the model declares it.
dlc_plan_text dlc_plan_declared_axis(const void *data, bool output, uint32_t port, uint32_t axis);

#ifdef __cplusplus
}
#endif
#endif
