// dlc: runs compiled networks. The public C interface, usable from C++.
//
// A program is an opened plan: read-only, shared by any number of sessions and threads. A session holds the memory of
// one run at a time; use each session from one thread at a time (dlc_session_cancel alone may come from any). Sessions
// of one program run beside each other. Nothing is allocated between creating a session and destroying it.
//
// Functions that can fail return a dlc_status; dlc_last_error() then says what and where, for the calling thread, until
// its next failing call. What a failing call was to give out is left as it was. Pointers to names and memory stay valid
// as long as the program or session they came from. Structs given out are the caller's.
#ifndef DLC_H
#define DLC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dlc_program dlc_program;
typedef struct dlc_session dlc_session;

typedef enum dlc_status {
  DLC_OK = 0,
  DLC_ERROR_ARGUMENT = 1,  // a null pointer, an index or a size that does not fit
  DLC_ERROR_FILE = 2,      // the file cannot be opened or mapped
  DLC_ERROR_PLAN = 3,      // the bytes are no sound plan
  DLC_ERROR_VERSION = 4,   // a plan of another major version, or one that needs a kernel this build lacks
  DLC_ERROR_MEMORY = 5,    // out of memory
  DLC_ERROR_INDEX = 6,     // a tensor of indices pointed outside its data while running
  DLC_ERROR_CANCELLED = 7, // dlc_session_cancel stopped the run
  DLC_ERROR_CONTRACT = 8,  // the plan has no contract, or its answers differ from it
} dlc_status;

// Element types; numbers of ONNX TensorProto.DataType.
typedef enum dlc_element {
  DLC_ELEMENT_FLOAT32 = 1,
  DLC_ELEMENT_UINT8 = 2,
  DLC_ELEMENT_INT8 = 3,
  DLC_ELEMENT_UINT16 = 4,
  DLC_ELEMENT_INT16 = 5,
  DLC_ELEMENT_INT32 = 6,
  DLC_ELEMENT_INT64 = 7,
  DLC_ELEMENT_BOOL = 9,
  DLC_ELEMENT_FLOAT16 = 10,
  DLC_ELEMENT_FLOAT64 = 11,
  DLC_ELEMENT_UINT32 = 12,
  DLC_ELEMENT_UINT64 = 13,
  DLC_ELEMENT_BFLOAT16 = 16,
} dlc_element;

// How integers stand for real numbers: real = (q - zero) * scale.
typedef struct dlc_quantization {
  const float *scales;  // `count` of them
  const int32_t *zeros; // as many, or NULL: all are 0
  uint32_t count;       // 0: the elements are plain numbers; 1: one scale for all of them
  int32_t axis;         // the axis that several scales go along; else -1
} dlc_quantization;

// An input or output: dense, row-major, little-endian.
typedef struct dlc_port {
  const char *name;
  size_t bytes;
  int32_t element; // dlc_element
  int32_t rank;
  int32_t dims[8];
  dlc_quantization quantization;
} dlc_port;

// Exact figures of a program; sizes in bytes.
typedef struct dlc_info {
  size_t plan_bytes;
  size_t weights_bytes;
  size_t arena_bytes;             // activations of one session
  size_t arena_lower_bound_bytes; // no placement of these steps needs less
  size_t scratch_bytes;           // per thread of a session
  uint64_t macs;                  // multiply-accumulate operations of one run
  uint32_t steps, inputs, outputs;
  const char *name, *source, *source_hash, *options, *compiler;
} dlc_info;

// What a run takes, as it was known when the plan was made. dlc_info has what this runtime finds; tests hold one to the
// other.
typedef struct dlc_certificate {
  size_t plan_bytes;
  size_t arena_bytes;
  size_t scratch_bytes; // per thread, on 64-bit machines; others need less
  size_t code_bytes;    // code and constants of the bundle's library; 0: the plan came without one
  uint32_t stack_bytes; // most that a call of this interface takes, the caller's allocator and observer aside
  uint64_t macs;
} dlc_certificate;

// One step, for profiles.
typedef struct dlc_step_info {
  const char *name;   // the model's node
  const char *kernel; // the kernel family
  uint64_t macs;
} dlc_step_info;

// The caller's memory functions. They are called only while a program is opened or closed and a session is created or
// destroyed, on the thread that does so, and have to stay usable until the last of those they served is gone.
typedef struct dlc_allocator {
  // `bytes` at a multiple of `alignment` (a power of two up to 64), or NULL.
  void *(*allocate)(void *context, size_t bytes, size_t alignment);
  // Takes back what `allocate` gave; `bytes` as asked for then.
  void (*release)(void *context, void *memory, size_t bytes);
  void *context;
} dlc_allocator;

// A stretch of memory that serves as an allocator: what is released is not used again. Fill it by dlc_region_begin.
typedef struct dlc_region {
  dlc_allocator allocator;
  unsigned char *memory;
  size_t bytes;
  size_t used; // so far
} dlc_region;

// Where a plan comes from: the first of path, bytes and descriptor that is given. Begin with {0}.
typedef struct dlc_program_options {
  const char *path;
  const void *bytes; // as dlc_program_open_memory
  size_t count;
  int descriptor;                 // as dlc_program_open_descriptor; used when path and bytes are NULL
  const dlc_allocator *allocator; // copied; NULL: the system's
} dlc_program_options;

// How a session runs. Begin with {0}, which is one thread per processor and memory from the program's allocator.
typedef struct dlc_session_options {
  uint32_t threads;               // counting the calling thread; 0: one per processor
  const dlc_allocator *allocator; // copied; NULL: the program's
  // Memory for activations: 64-byte aligned, at least dlc_info.arena_bytes, the session's alone while it exists.
  // NULL: allocated.
  void *arena;
  size_t arena_bytes;
} dlc_session_options;

// A tensor while a step has just written it. Rows (the last axis) lie `pitch` elements apart; pitch is the last extent
// where they are dense.
typedef struct dlc_tensor_view {
  const void *data;
  size_t pitch;
  int32_t element; // dlc_element
  int32_t rank;
  int32_t dims[8];
  dlc_quantization quantization;
} dlc_tensor_view;

// One step that has just run.
typedef struct dlc_step_event {
  uint32_t step;
  uint32_t output_count;
  const char *name;   // the model's node
  const char *kernel; // the kernel family
  uint64_t macs;
  uint64_t nanoseconds;           // of this run of the step; 0 where the runtime has no clock
  const dlc_tensor_view *outputs; // valid during the call
} dlc_step_event;

// Called on the running thread after each step. May call dlc_session_cancel on its session, and nothing else of it.
typedef void (*dlc_observer)(void *context, const dlc_step_event *event);

// What quantization did to a plan's answers, measured when it was made.
typedef struct dlc_contract {
  uint32_t metrics; // dlc_program_metric gives each
  uint32_t samples; // that they were measured on
  const char *data, *data_hash;
  int32_t witnessed; // whether dlc_session_check_contract has answers to compare with
  float tolerance;   // of the witness: 0: answers are equal on every machine
} dlc_contract;

// One figure: "sqnr_db" over all samples as one, "sqnr_db_min", "cosine_min", "max_abs", "top1_agreement",
// "accuracy_float", "accuracy_quantized".
typedef struct dlc_metric {
  const char *name;
  double value;
  double tolerance; // how much worse another machine may find it on the same data
} dlc_metric;

enum { DLC_FEATURE_THREADS = 1, DLC_FEATURE_FILES = 2 };

// What this runtime was built with.
typedef struct dlc_build {
  const char *version;             // "0.1.0"
  const char *target;              // "x86-64", "aarch64", "armv7", "riscv64", or "other"
  const char *instruction_set;     // in use: DLC_ISA in the environment names another, where there are environments
  const char *instruction_sets;    // that this build has code for, separated by spaces
  uint32_t plan_major, plan_minor; // opens plans of this major version and any minor one
  uint32_t kernels;                // kernel families
  uint32_t features;               // DLC_FEATURE_...
} dlc_build;

// The runtime's version: "0.1.0".
const char *dlc_version(void);
void dlc_build_info(dlc_build *build);
// The calling thread's last error in one sentence; empty when there was none.
const char *dlc_last_error(void);

// Maps a plan's file and verifies it wholly. The file must not be shortened while it is open.
dlc_status dlc_program_open(const char *path, dlc_program **program);
// Verifies a plan in memory, which must be 64-byte aligned and stay unchanged until the program is closed.
dlc_status dlc_program_open_memory(const void *bytes, size_t count, dlc_program **program);
// As dlc_program_open, from a regular file's descriptor, from its beginning; the descriptor may be closed afterwards.
dlc_status dlc_program_open_descriptor(int descriptor, dlc_program **program);
// Any of these, with the caller's allocator.
dlc_status dlc_program_open_with(const dlc_program_options *options, dlc_program **program);
// Gives the program back. Sessions on it stay usable; the plan goes with the last of them. NULL is allowed.
void dlc_program_close(dlc_program *program);

void dlc_program_info(const dlc_program *program, dlc_info *info);
dlc_status dlc_program_input(const dlc_program *program, uint32_t index, dlc_port *port);
dlc_status dlc_program_output(const dlc_program *program, uint32_t index, dlc_port *port);
dlc_status dlc_program_step(const dlc_program *program, uint32_t index, dlc_step_info *step);

// What was promised of a plan's accuracy; DLC_ERROR_CONTRACT when nothing was, as of plans in floats.
dlc_status dlc_program_contract(const dlc_program *program, dlc_contract *contract);
dlc_status dlc_program_metric(const dlc_program *program, uint32_t index, dlc_metric *metric);
// What a run takes; DLC_ERROR_VERSION when the plan was made before plans said so.
dlc_status dlc_program_certificate(const dlc_program *program, dlc_certificate *certificate);
// From pixels to inputs, as the JSON text that `dlc compile --preprocess` takes; NULL when the plan does not state it.
const char *dlc_program_preprocessing(const dlc_program *program);

// Memory and threads for running; `threads` counts the calling thread, 0 means one per processor.
dlc_status dlc_session_create(dlc_program *program, uint32_t threads, dlc_session **session);
dlc_status dlc_session_create_with(dlc_program *program, const dlc_session_options *options, dlc_session **session);
// Not while the session runs. NULL is allowed.
void dlc_session_destroy(dlc_session *session);

// Makes `memory` an allocator: dlc_region region; dlc_region_begin(&region, memory, bytes); ... = &region.allocator.
// Neither may move or go before what was allocated from it.
void dlc_region_begin(dlc_region *region, void *memory, size_t bytes);

// Where to write input `index` before a run; its values survive runs. NULL when the index does not fit.
void *dlc_session_input(dlc_session *session, uint32_t index);
// Where output `index` stands after a run, until the next one. NULL when the index does not fit.
const void *dlc_session_output(const dlc_session *session, uint32_t index);
// Lets the session read an input from, or write an output to, the caller's memory: `bytes` is the port's size exactly.
// The memory belongs to the caller and stays in use until another is bound or the session is destroyed.
dlc_status dlc_session_bind_input(dlc_session *session, uint32_t index, const void *memory, size_t bytes);
dlc_status dlc_session_bind_output(dlc_session *session, uint32_t index, void *memory, size_t bytes);

// State of streaming networks: after each successful run the session copies the output to the input, which have to be
// alike in type and shape. The first run reads what the caller wrote to the input. The input stays in the session's
// memory: it cannot be bound. `output` UINT32_MAX ends it.
dlc_status dlc_session_carry(dlc_session *session, uint32_t output, uint32_t input);

// Runs all steps. Outputs are whole only when it answers DLC_OK.
dlc_status dlc_session_run(dlc_session *session);
// From any thread, also a signal handler's: the run in progress, or when there is none the next one, ends with
// DLC_ERROR_CANCELLED before its next step. The run after it is an ordinary one.
void dlc_session_cancel(dlc_session *session);
// Calls `observer` after each step of each run from now on; NULL ends it. Not while the session runs.
dlc_status dlc_session_observe(dlc_session *session, dlc_observer observer, void *context);
// Runs and stores each step's time in nanoseconds; `count` is the program's number of steps.
dlc_status dlc_session_run_timed(dlc_session *session, uint64_t *nanoseconds, uint32_t count);

// Runs on made-up inputs and compares with the answers that the plan carries: DLC_OK, or DLC_ERROR_CONTRACT and what
// differs. No input may be bound to the caller's memory; all of them are zero afterwards.
dlc_status dlc_session_check_contract(dlc_session *session);

#ifdef __cplusplus
}
#endif
#endif
