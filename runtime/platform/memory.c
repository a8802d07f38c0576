// Memory of the caller or of the system, in blocks that know where they came from.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdatomic.h>
#include <string.h>

#if defined(DLC_FREESTANDING)
#define THREAD_LOCAL
#else
#include <stdlib.h>
#include <sys/mman.h>
#define THREAD_LOCAL _Thread_local
#endif

#include "dlc_platform.h"

enum { MAPPED_FROM = 1 << 20, PAGE = 4096 };

// What stands in the line before a block.
typedef struct header {
  dlc_memory source;
  size_t bytes; // the block's, this line included
  bool mapped;
} header;

_Static_assert(sizeof(header) <= DLC_ALIGNMENT, "a header takes one line");

static THREAD_LOCAL dlc_memory in_use;

dlc_memory dlc_memory_use(dlc_memory memory) {
  dlc_memory before = in_use;
  in_use = memory;
  return before;
}

// `bytes` at a multiple of 64, zeroed.
static void *obtain(header *h) {
  void *memory = NULL;
  if (h->source.allocate) {
    memory = h->source.allocate(h->source.context, h->bytes, DLC_ALIGNMENT);
    return memory ? memset(memory, 0, h->bytes) : NULL;
  }
#if defined(DLC_FREESTANDING)
  return NULL;
#else
  if (h->bytes >= MAPPED_FROM) {
    // Mapped memory is zero already and costs nothing where it is never touched.
    h->mapped = true;
    h->bytes += PAGE - DLC_ALIGNMENT;
    memory = mmap(NULL, h->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : (char *)memory + PAGE - DLC_ALIGNMENT;
  }
  return posix_memalign(&memory, DLC_ALIGNMENT, h->bytes) ? NULL : memset(memory, 0, h->bytes);
#endif
}

void *dlc_allocate(size_t count, size_t size) {
  header h = {.source = in_use};
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - 2 * PAGE) return NULL;
  // Whole cache lines: no other block shares the last one.
  bytes = bytes ? (bytes + DLC_ALIGNMENT - 1) / DLC_ALIGNMENT * DLC_ALIGNMENT : DLC_ALIGNMENT;
  h.bytes = bytes + DLC_ALIGNMENT;
  char *memory = obtain(&h);
  if (!memory) return NULL;
  memcpy(memory, &h, sizeof h);
  return memory + DLC_ALIGNMENT;
}

void dlc_free(void *memory) {
  if (!memory) return;
  header h;
  char *line = (char *)memory - DLC_ALIGNMENT;
  memcpy(&h, line, sizeof h);
  if (h.source.allocate) h.source.release(h.source.context, line, h.bytes);
#if !defined(DLC_FREESTANDING)
  else if (h.mapped)
    munmap(line - (PAGE - DLC_ALIGNMENT), h.bytes);
  else
    free(line);
#endif
}

// Objects of the engine, which cannot report that there is no memory: they are cut from a slab that was asked for
// before the first of them. The slab goes when the last one on it is gone.
typedef struct slab {
  _Atomic uint32_t alive; // objects, and the opener until dlc_heap_end
  uint32_t used;          // bytes
} slab;

enum { OBJECT_ALIGNMENT = 16, SLAB_BYTES = 2048 };

// What stands before an object: its slab, or NULL when it has a block of its own.
typedef union object_header {
  slab *home;
  char space[OBJECT_ALIGNMENT];
} object_header;

static THREAD_LOCAL slab *open_slab;

static void drop(slab *s) {
  if (atomic_fetch_sub(&s->alive, 1) == 1) dlc_free(s);
}

bool dlc_heap_begin(void) {
  open_slab = (slab *)dlc_allocate(1, SLAB_BYTES);
  if (!open_slab) return false;
  open_slab->alive = 1;
  open_slab->used = OBJECT_ALIGNMENT;
  return true;
}

void dlc_heap_end(void) {
  if (open_slab) drop(open_slab);
  open_slab = NULL;
}

int dlc_heap_allocate(void **memory, size_t alignment, size_t bytes) {
  *memory = NULL;
  if (alignment > OBJECT_ALIGNMENT || bytes > SLAB_BYTES * 1024) return -1;
  bytes = (bytes + 2 * OBJECT_ALIGNMENT - 1) / OBJECT_ALIGNMENT * OBJECT_ALIGNMENT;
  object_header *object;
  if (open_slab && bytes <= SLAB_BYTES - open_slab->used) {
    object = (object_header *)((char *)open_slab + open_slab->used);
    open_slab->used += (uint32_t)bytes;
    atomic_fetch_add(&open_slab->alive, 1);
    object->home = open_slab;
  } else {
    object = (object_header *)dlc_allocate(1, bytes);
    if (!object) return -1;
    object->home = NULL;
  }
  *memory = object + 1;
  return 0;
}

void dlc_heap_free(void *memory) {
  if (!memory) return;
  object_header *object = (object_header *)memory - 1;
  if (object->home)
    drop(object->home);
  else
    dlc_free(object);
}
