// The platform without an operating system: no files, threads or clock, and no memory but the caller's. Plans come from
// memory, programs and sessions from an allocator (dlc_region_begin makes one of any stretch of memory).
#if defined(DLC_FREESTANDING)
#include "dlc_platform.h"

// ENOSYS of POSIX: the system has no such function.
enum { NO_SUCH_FUNCTION = 38 };

int dlc_map_file(const char *path, const void **data, size_t *size) {
  (void)path;
  *data = NULL;
  *size = 0;
  return NO_SUCH_FUNCTION;
}

int dlc_map_descriptor(int descriptor, const void **data, size_t *size) {
  (void)descriptor;
  *data = NULL;
  *size = 0;
  return NO_SUCH_FUNCTION;
}

void dlc_unmap(const void *data, size_t size) {
  (void)data;
  (void)size;
}

uint64_t dlc_clock_ns(void) { return 0; }

uint32_t dlc_platform_features(void) { return 0; }
#else
typedef int dlc_platform_is_hosted;
#endif
