// A file that appears whole or not at all: written under a temporary name beside its place, then renamed.
#ifndef DLC_PLAN_FILE_H
#define DLC_PLAN_FILE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dlc_plan_file dlc_plan_file;

// Starts the file. NULL when it cannot be created; dlc_plan_file_error then gives the errno number.
dlc_plan_file *dlc_plan_file_create(const char *path);
int dlc_plan_file_error(void);
// Appends bytes. 0, or an errno number.
int dlc_plan_file_append(dlc_plan_file *file, const void *bytes, size_t count);
// Puts the file in its place, or with keep == 0 removes it; frees `file`. 0, or an errno number (and nothing is left).
int dlc_plan_file_close(dlc_plan_file *file, int keep);

// Whether two stretches of `count` bytes are equal.
int dlc_plan_bytes_equal(const void *a, const void *b, size_t count);

#ifdef __cplusplus
}
#endif
#endif
