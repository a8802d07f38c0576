// Classifies digits with a compiled plan: c-host PLAN FILE.raw..., each file 64 float32 numbers of an 8x8 image, row by
// row.
#include <dlc.h>
#include <stdio.h>

static int fail(const char *what) {
  fprintf(stderr, "c-host: %s: %s\n", what, dlc_last_error());
  return 1;
}

static int read_image(const char *path, float *image, size_t bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) return -1;
  // One byte more than an image is asked for, so that a longer file is noticed.
  char extra;
  int sound = fread(image, 1, bytes, file) == bytes && fread(&extra, 1, 1, file) == 0;
  fclose(file);
  return sound ? 0 : -1;
}

static int classify(dlc_session *session, const char *path, size_t input_bytes, size_t classes) {
  if (read_image(path, dlc_session_input(session, 0), input_bytes)) {
    fprintf(stderr, "c-host: %s: expected a file of %zu bytes\n", path, input_bytes);
    return 1;
  }
  if (dlc_session_run(session) != DLC_OK) return fail(path);
  const float *scores = dlc_session_output(session, 0);
  size_t best = 0;
  for (size_t k = 1; k < classes; k++)
    if (scores[k] > scores[best]) best = k;
  printf("%s: %zu (%.3f)\n", path, best, scores[best]);
  return 0;
}

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: c-host PLAN FILE.raw...\n");
    return 64;
  }
  dlc_program *program;
  if (dlc_program_open(arguments[1], &program) != DLC_OK) return fail(arguments[1]);
  dlc_port input, output;
  if (dlc_program_input(program, 0, &input) != DLC_OK || dlc_program_output(program, 0, &output) != DLC_OK)
    return fail("the plan's ports");
  dlc_session *session;
  if (dlc_session_create(program, 1, &session) != DLC_OK) return fail("the session");

  int status = 0;
  for (int k = 2; k < count; k++) status |= classify(session, arguments[k], input.bytes, output.bytes / sizeof(float));
  dlc_session_destroy(session);
  dlc_program_close(program);
  return status;
}
