#if !defined(DLC_FREESTANDING)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dlc_platform.h"

uint64_t dlc_clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#if !defined(DLC_NO_THREADS)
// The system call itself: C libraries differ in how they name their sets of processors.
uint32_t dlc_processor_count(void) {
  // The kernel refuses a mask smaller than its own; machines beyond 1024 processors have one.
  static const size_t sizes[] = {128, 2048};
  unsigned long mask[2048 / sizeof(unsigned long)];
  for (int i = 0; i < 2; i++) {
    long bytes = syscall(SYS_sched_getaffinity, 0, sizes[i], mask);
    int count = 0;
    for (long k = 0; k < bytes / (long)sizeof mask[0]; k++)
      for (unsigned long word = mask[k]; word; word &= word - 1) count++;
    if (count > 0) return (uint32_t)count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (uint32_t)online : 1;
}

uint32_t dlc_platform_features(void) { return 1 | 2; }
#else
uint32_t dlc_platform_features(void) { return 2; }
#endif
#endif
