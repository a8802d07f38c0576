// Made from formats/plan.fbs by scripts/generate. A table names only tables before it, so nesting ends.
#ifndef DLC_PLAN_FIELDS_GENERATED_H
#define DLC_PLAN_FIELDS_GENERATED_H

#include <stdint.h>

enum {
  TABLE_Quantization,
  TABLE_Tensor,
  TABLE_Step,
  TABLE_Port,
  TABLE_Provenance,
  TABLE_Metric,
  TABLE_Witness,
  TABLE_Contract,
  TABLE_Certificate,
  TABLE_Plan,
};

enum {
  Quantization_scale,
  Quantization_zero,
  Quantization_axis,
  Quantization_exponent,
};
enum {
  Tensor_buffer,
  Tensor_offset,
  Tensor_type,
  Tensor_dims,
  Tensor_pitch,
  Tensor_quantization,
};
enum {
  Step_kernel,
  Step_operands,
  Step_params,
  Step_name,
  Step_macs,
};
enum {
  Port_name,
  Port_tensor,
  Port_declared,
};
enum {
  Provenance_source,
  Provenance_source_hash,
  Provenance_options,
  Provenance_compiler,
};
enum {
  Metric_name,
  Metric_value,
  Metric_tolerance,
};
enum {
  Witness_seed,
  Witness_ranges,
  Witness_expected,
  Witness_tolerance,
};
enum {
  Contract_metrics,
  Contract_samples,
  Contract_data,
  Contract_data_hash,
  Contract_witness,
};
enum {
  Certificate_macs,
  Certificate_scratch_bytes,
  Certificate_stack_bytes,
  Certificate_code_bytes,
};
enum {
  Plan_major,
  Plan_minor,
  Plan_name,
  Plan_buffers,
  Plan_tensors,
  Plan_steps,
  Plan_inputs,
  Plan_outputs,
  Plan_arena_bytes,
  Plan_arena_lower_bound_bytes,
  Plan_provenance,
  Plan_weights,
  Plan_contract,
  Plan_preprocessing,
  Plan_certificate,
};

enum { FIELD_SCALAR, FIELD_TEXT, FIELD_TEXTS, FIELD_VECTOR, FIELD_STRUCTS, FIELD_TABLE, FIELD_TABLES };

// `of`: log2 of a scalar's bytes, bytes of a struct, a table.
typedef struct plan_field {
  uint8_t kind, of;
} plan_field;

static const plan_field plan_fields[] = {
    {FIELD_VECTOR, 2}, // Quantization.scale
    {FIELD_VECTOR, 2}, // Quantization.zero
    {FIELD_SCALAR, 2}, // Quantization.axis
    {FIELD_VECTOR, 0}, // Quantization.exponent
    {FIELD_SCALAR, 2}, // Tensor.buffer
    {FIELD_SCALAR, 3}, // Tensor.offset
    {FIELD_SCALAR, 0}, // Tensor.type
    {FIELD_VECTOR, 2}, // Tensor.dims
    {FIELD_SCALAR, 2}, // Tensor.pitch
    {FIELD_TABLE, TABLE_Quantization}, // Tensor.quantization
    {FIELD_SCALAR, 1}, // Step.kernel
    {FIELD_VECTOR, 2}, // Step.operands
    {FIELD_VECTOR, 0}, // Step.params
    {FIELD_TEXT, 0}, // Step.name
    {FIELD_SCALAR, 3}, // Step.macs
    {FIELD_TEXT, 0}, // Port.name
    {FIELD_SCALAR, 2}, // Port.tensor
    {FIELD_TEXTS, 0}, // Port.declared
    {FIELD_TEXT, 0}, // Provenance.source
    {FIELD_TEXT, 0}, // Provenance.source_hash
    {FIELD_TEXT, 0}, // Provenance.options
    {FIELD_TEXT, 0}, // Provenance.compiler
    {FIELD_TEXT, 0}, // Metric.name
    {FIELD_SCALAR, 3}, // Metric.value
    {FIELD_SCALAR, 3}, // Metric.tolerance
    {FIELD_SCALAR, 3}, // Witness.seed
    {FIELD_VECTOR, 2}, // Witness.ranges
    {FIELD_VECTOR, 2}, // Witness.expected
    {FIELD_SCALAR, 2}, // Witness.tolerance
    {FIELD_TABLES, TABLE_Metric}, // Contract.metrics
    {FIELD_SCALAR, 2}, // Contract.samples
    {FIELD_TEXT, 0}, // Contract.data
    {FIELD_TEXT, 0}, // Contract.data_hash
    {FIELD_TABLE, TABLE_Witness}, // Contract.witness
    {FIELD_SCALAR, 3}, // Certificate.macs
    {FIELD_SCALAR, 3}, // Certificate.scratch_bytes
    {FIELD_SCALAR, 2}, // Certificate.stack_bytes
    {FIELD_SCALAR, 3}, // Certificate.code_bytes
    {FIELD_SCALAR, 1}, // Plan.major
    {FIELD_SCALAR, 1}, // Plan.minor
    {FIELD_TEXT, 0}, // Plan.name
    {FIELD_STRUCTS, 24}, // Plan.buffers
    {FIELD_TABLES, TABLE_Tensor}, // Plan.tensors
    {FIELD_TABLES, TABLE_Step}, // Plan.steps
    {FIELD_TABLES, TABLE_Port}, // Plan.inputs
    {FIELD_TABLES, TABLE_Port}, // Plan.outputs
    {FIELD_SCALAR, 3}, // Plan.arena_bytes
    {FIELD_SCALAR, 3}, // Plan.arena_lower_bound_bytes
    {FIELD_TABLE, TABLE_Provenance}, // Plan.provenance
    {FIELD_VECTOR, 0}, // Plan.weights
    {FIELD_TABLE, TABLE_Contract}, // Plan.contract
    {FIELD_TEXT, 0}, // Plan.preprocessing
    {FIELD_TABLE, TABLE_Certificate}, // Plan.certificate
};

// Where each table's fields begin, and where the last one's end.
static const uint8_t plan_first_fields[] = {0, 4, 10, 15, 18, 22, 25, 29, 34, 38, 53};

#endif
