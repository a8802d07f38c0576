#include "dlc_plan_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <new>
#include <string>

struct dlc_plan_file {
  std::string path, temporary;
  int descriptor;
};

extern "C" {

dlc_plan_file *dlc_plan_file_create(const char *path) {
  auto file = new (std::nothrow) dlc_plan_file{path, std::string(path) + ".XXXXXX", -1};
  if (!file) return nullptr;
  file->descriptor = mkostemp(&file->temporary[0], O_CLOEXEC);
  if (file->descriptor < 0) {
    int reason = errno;
    delete file;
    errno = reason;
    return nullptr;
  }
  // mkostemp makes files that only their owner reads; a plan gets what the umask allows.
  mode_t mask = umask(0);
  umask(mask);
  fchmod(file->descriptor, 0666 & ~mask);
  return file;
}

int dlc_plan_file_error(void) { return errno; }

int dlc_plan_file_append(dlc_plan_file *file, const void *bytes, size_t count) {
  auto next = static_cast<const char *>(bytes);
  while (count) {
    ssize_t written = write(file->descriptor, next, count < (1u << 30) ? count : (1u << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written ? errno : ENOSPC;
    next += written;
    count -= static_cast<size_t>(written);
  }
  return 0;
}

int dlc_plan_file_close(dlc_plan_file *file, int keep) {
  int reason = close(file->descriptor) ? errno : 0;
  if (keep && !reason && rename(file->temporary.c_str(), file->path.c_str())) reason = errno;
  if (!keep || reason) unlink(file->temporary.c_str());
  delete file;
  return reason;
}

int dlc_plan_bytes_equal(const void *a, const void *b, size_t count) { return memcmp(a, b, count) == 0; }

} // extern "C"
