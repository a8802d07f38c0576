// The freestanding runtime inside an ordinary program: a plan from memory (small-1.2.plan) in a region of the caller's.
#include <stdio.h>
#include <string.h>

#include "dlc.h"

static int failed;

#define EXPECT(ok)                                                                                                     \
  do {                                                                                                                 \
    if (!(ok)) failed++, printf("FAILED line %d: %s (last error: %s)\n", __LINE__, #ok, dlc_last_error());             \
  } while (0)

static _Alignas(64) unsigned char plan[1 << 16], memory[1 << 18];

int main(int count, char **arguments) {
  if (count != 2) return fprintf(stderr, "usage: test_freestanding PLAN\n"), 64;
  FILE *file = fopen(arguments[1], "rb");
  size_t bytes = file ? fread(plan, 1, sizeof plan, file) : 0;
  if (file) fclose(file);
  dlc_program *program = NULL;
  dlc_session *session = NULL;
  dlc_build build;
  dlc_build_info(&build);
  EXPECT(bytes > 0 && build.features == 0);
  // Memory of its own it has none.
  EXPECT(dlc_program_open_memory(plan, bytes, &program) == DLC_ERROR_MEMORY && !program);
  dlc_region region;
  dlc_region_begin(&region, memory, sizeof memory);
  dlc_program_options from = {.bytes = plan, .count = bytes, .allocator = &region.allocator};
  dlc_program_options file_from = {.path = arguments[1], .allocator = &region.allocator};
  EXPECT(dlc_program_open_with(&file_from, &program) == DLC_ERROR_FILE && !program);
  if (dlc_program_open_with(&from, &program) != DLC_OK) return printf("FAILED: %s\n", dlc_last_error()), 1;
  EXPECT(dlc_session_create(program, 2, &session) == DLC_ERROR_MEMORY && !session);
  if (dlc_session_create(program, 0, &session) != DLC_OK) return printf("FAILED: %s\n", dlc_last_error()), 1;
  size_t used = region.used;
  float *image = dlc_session_input(session, 0);
  for (int k = 0; k < 48; k++) image[k] = (float)(k % 7) / 7;
  memset(dlc_session_input(session, 1), 0, 3 * sizeof(int64_t));
  EXPECT(dlc_session_run(session) == DLC_OK);
  const float *probabilities = dlc_session_output(session, 0);
  double sum = 0; // four rows of seven
  for (int k = 0; k < 28; k++) sum += probabilities[k];
  EXPECT(sum > 3.9999 && sum < 4.0001 && region.used == used);
  dlc_session_destroy(session);
  dlc_program_close(program);
  printf("freestanding: %zu bytes of memory, %d failed\n", used, failed);
  return failed != 0;
}
