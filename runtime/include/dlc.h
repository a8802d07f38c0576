// dlc: runs compiled networks. The public C interface, usable from C++.
//
// A program is an opened plan: read-only, shared by any number of sessions and threads. A session holds the memory of
// one run at a time; use each session from one thread at a time. Nothing is allocated between creating a session and
// destroying it.
//
// Functions that can fail return a dlc_status; dlc_last_error() then says what and where, for the calling thread, until
// its next failing call. Pointers to names and memory stay valid as long as the program or session they came from.
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
  DLC_ERROR_ARGUMENT = 1, // a null pointer, an index or a size that does not fit
  DLC_ERROR_FILE = 2,     // the file cannot be opened or mapped
  DLC_ERROR_PLAN = 3,     // the bytes are no sound plan
  DLC_ERROR_VERSION = 4,  // a plan of another major version, or one that needs a kernel this build lacks
  DLC_ERROR_MEMORY = 5,   // out of memory
  DLC_ERROR_INDEX = 6,    // a tensor of indices pointed outside its data while running
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

// An input or output: dense, row-major, little-endian.
typedef struct dlc_port {
  const char *name;
  size_t bytes;
  int32_t element; // dlc_element
  int32_t rank;
  int32_t dims[8];
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

// One step, for profiles.
typedef struct dlc_step_info {
  const char *name;   // the model's node
  const char *kernel; // the kernel family
  uint64_t macs;
} dlc_step_info;

// The runtime's version: "0.1.0".
const char *dlc_version(void);
// The calling thread's last error in one sentence; empty when there was none.
const char *dlc_last_error(void);

// Maps a plan's file and verifies it wholly. The file must not be shortened while it is open.
dlc_status dlc_program_open(const char *path, dlc_program **program);
// Verifies a plan in memory, which must be 64-byte aligned and stay unchanged until the program is closed.
dlc_status dlc_program_open_memory(const void *bytes, size_t count, dlc_program **program);
// Gives the program back. Sessions on it stay usable; the plan goes with the last of them. NULL is allowed.
void dlc_program_close(dlc_program *program);

void dlc_program_info(const dlc_program *program, dlc_info *info);
dlc_status dlc_program_input(const dlc_program *program, uint32_t index, dlc_port *port);
dlc_status dlc_program_output(const dlc_program *program, uint32_t index, dlc_port *port);
dlc_status dlc_program_step(const dlc_program *program, uint32_t index, dlc_step_info *step);

// Memory and threads for running; `threads` counts the calling thread, 0 means one per processor.
dlc_status dlc_session_create(dlc_program *program, uint32_t threads, dlc_session **session);
void dlc_session_destroy(dlc_session *session);

// Where to write input `index` before a run; its values survive runs. NULL when the index does not fit.
void *dlc_session_input(dlc_session *session, uint32_t index);
// Where output `index` stands after a run, until the next one. NULL when the index does not fit.
const void *dlc_session_output(const dlc_session *session, uint32_t index);
// Lets the session read an input from, or write an output to, the caller's memory: `bytes` is the port's size exactly.
// The memory belongs to the caller and stays in use until another is bound or the session is destroyed.
dlc_status dlc_session_bind_input(dlc_session *session, uint32_t index, const void *memory, size_t bytes);
dlc_status dlc_session_bind_output(dlc_session *session, uint32_t index, void *memory, size_t bytes);

dlc_status dlc_session_run(dlc_session *session);
// Runs and stores each step's time in nanoseconds; `count` is the program's number of steps.
dlc_status dlc_session_run_timed(dlc_session *session, uint64_t *nanoseconds, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
