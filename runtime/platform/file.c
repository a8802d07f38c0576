#if !defined(DLC_FREESTANDING)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
// Elsewhere off_t has 64 bits anyway, and not every C library has other names for it.
#if __SIZEOF_LONG__ == 4
#define _FILE_OFFSET_BITS 64
#endif

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dlc_platform.h"

int dlc_map_descriptor(int descriptor, const void **data, size_t *size) {
  *data = NULL;
  *size = 0;
  struct stat status;
  if (fstat(descriptor, &status)) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  if (status.st_size <= 0) return ENODATA;
  if ((uint64_t)status.st_size > PTRDIFF_MAX) return EFBIG;
  void *mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapped == MAP_FAILED) return errno;
  *data = mapped;
  *size = (size_t)status.st_size;
  return 0;
}

int dlc_map_file(const char *path, const void **data, size_t *size) {
  *data = NULL;
  *size = 0;
  // Without O_NONBLOCK opening a named pipe would wait for its writer before it could be refused.
  int descriptor;
  do descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return errno;
  int result = dlc_map_descriptor(descriptor, data, size);
  close(descriptor);
  return result;
}

void dlc_unmap(const void *data, size_t size) {
  if (data) munmap((void *)(uintptr_t)data, size);
}
#endif
