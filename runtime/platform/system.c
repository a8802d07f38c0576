#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "dlc_platform.h"

// What stands in the line before a block: its size when it is mapped for itself, else 0.
static size_t *mapped_bytes(void *memory) { return (size_t *)((char *)memory - DLC_ALIGNMENT); }

enum { MAPPED_FROM = 1 << 20, PAGE = 4096 };

void *dlc_allocate(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - 2 * PAGE) return NULL;
  // Whole cache lines: no other block shares the last one.
  bytes = bytes ? (bytes + DLC_ALIGNMENT - 1) / DLC_ALIGNMENT * DLC_ALIGNMENT : DLC_ALIGNMENT;
  char *memory;
  if (bytes >= MAPPED_FROM) {
    // Mapped memory is zero already and costs nothing where it is never touched.
    memory = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    memory += PAGE;
    *mapped_bytes(memory) = bytes + PAGE;
    return memory;
  }
  void *block = NULL;
  if (posix_memalign(&block, DLC_ALIGNMENT, bytes + DLC_ALIGNMENT)) return NULL;
  return (char *)memset(block, 0, bytes + DLC_ALIGNMENT) + DLC_ALIGNMENT;
}

void dlc_free(void *memory) {
  if (!memory) return;
  size_t mapped = *mapped_bytes(memory);
  if (mapped)
    munmap((char *)memory - PAGE, mapped);
  else
    free((char *)memory - DLC_ALIGNMENT);
}

uint64_t dlc_clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t dlc_processor_count(void) {
  // The kernel refuses a mask smaller than its own; machines beyond 1024 processors have one.
  static const int sizes[] = {1024, 16384};
  for (int i = 0; i < 2; i++) {
    cpu_set_t *set = CPU_ALLOC(sizes[i]);
    if (!set) break;
    size_t bytes = CPU_ALLOC_SIZE(sizes[i]);
    int count = sched_getaffinity(0, bytes, set) ? 0 : CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (count > 0) return (uint32_t)count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (uint32_t)online : 1;
}
