#include "host_memory.h"

#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

void dlc_return_freed_memory(void) {
#if defined(__GLIBC__)
  // Glibc raises the limit of mapped blocks to the largest one freed, and keeps smaller ones: setting it ends that.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}
