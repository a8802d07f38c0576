#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dlc_platform.h"

void *dlc_allocate(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - DLC_ALIGNMENT) return NULL;
  // Whole cache lines: no other block shares the last one.
  bytes = bytes ? (bytes + DLC_ALIGNMENT - 1) / DLC_ALIGNMENT * DLC_ALIGNMENT : DLC_ALIGNMENT;
  void *memory = NULL;
  if (posix_memalign(&memory, DLC_ALIGNMENT, bytes)) return NULL;
  return memset(memory, 0, bytes);
}

void dlc_free(void *memory) { free(memory); }

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
