// What the runtime needs of the operating system, over libc alone: file mapping, aligned memory, threads, a clock.
// Nothing here prints, exits or sets errno for the caller; failures are errno numbers or NULL.
#ifndef DLC_PLATFORM_H
#define DLC_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Maps a whole regular file for reading. 0, or an errno number: EINVAL for anything but a regular file, ENODATA for an
// empty one, EFBIG for one that does not fit the address space. The bytes are the file's: whoever truncates it while it
// is mapped makes later reads fault, so a file that others may write is to be copied instead.
int dlc_map_file(const char *path, const void **data, size_t *size);

// As dlc_map_file, from an open descriptor, which stays open and may be closed at once. Maps from offset zero.
int dlc_map_descriptor(int descriptor, const void **data, size_t *size);

// Ends a mapping. NULL is allowed.
void dlc_unmap(const void *data, size_t size);

enum { DLC_ALIGNMENT = 64 };

// Where memory comes from: a caller's functions (`release` gets back `bytes` as asked for), or the system's when
// allocate is NULL.
typedef struct dlc_memory {
  void *(*allocate)(void *context, size_t bytes, size_t alignment);
  void (*release)(void *context, void *memory, size_t bytes);
  void *context;
} dlc_memory;

// What this thread allocates from here on comes from `memory`; answers what was used before. A block goes back to where
// it came from, whatever is in use then.
dlc_memory dlc_memory_use(dlc_memory memory);

// count * size zeroed bytes at a multiple of 64; NULL when the product overflows or there is no memory.
// An empty request answers a block that may be freed.
void *dlc_allocate(size_t count, size_t size);

// Frees what dlc_allocate gave. NULL is allowed.
void dlc_free(void *memory);

// posix_memalign and free by way of dlc_allocate: what the engine's own objects are made of on devices. Between begin
// and end, on one thread, they come from one block, which begin asks for: false when there is no memory. Alignments up
// to 16.
bool dlc_heap_begin(void);
void dlc_heap_end(void);
int dlc_heap_allocate(void **memory, size_t alignment, size_t bytes);
void dlc_heap_free(void *memory);

// A word that one thread raises and another takes down.
static inline void dlc_flag_raise(uint32_t *flag) { __atomic_store_n(flag, 1, __ATOMIC_RELEASE); }
static inline bool dlc_flag_is_up(const uint32_t *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; }
static inline void dlc_flag_lower(uint32_t *flag) { __atomic_store_n(flag, 0, __ATOMIC_RELEASE); }

// A number of threads that run the parts of one task after another. Belongs to one caller at a time: a pool's run and
// destroy may not overlap. Pools of several sessions are independent.
typedef struct dlc_pool dlc_pool;

// Work shared by parts: called once for each part in 0..<parts, on different threads at the same time.
typedef void (*dlc_task)(void *context, uint32_t part, uint32_t parts);

// A pool of `threads` (1...256), the caller's included: 1 starts none. NULL when threads or memory are lacking.
dlc_pool *dlc_pool_create(uint32_t threads);

// Ends the threads and frees the pool. NULL is allowed.
void dlc_pool_destroy(dlc_pool *pool);

// Threads of the pool, the caller's included. A NULL pool has one.
uint32_t dlc_pool_threads(const dlc_pool *pool);

// Runs all parts and returns when they are done; what they wrote is visible to the caller. The caller takes part 0.
// Parts beyond the pool's threads are run all the same, several to a thread. Allocates nothing. A task must not run the
// pool that runs it.
void dlc_pool_run(dlc_pool *pool, dlc_task task, void *context, uint32_t parts);

// Nanoseconds of a clock that never runs backwards.
uint64_t dlc_clock_ns(void);

// Processors this process may run on; at least 1.
uint32_t dlc_processor_count(void);

// What of this there is: DLC_FEATURE_... of dlc.h.
uint32_t dlc_platform_features(void);

#ifdef __cplusplus
}
#endif
#endif
