// The public C interface as a C program sees it: opens the plan named on the command line (small-1.2.plan: f32
// [1,4,4,3] and i64 [3] in, softmax of four rows of seven and three of those rows out), runs it in every way, and
// checks what comes out.
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlc.h"
#include "dlc_accuracy.h"

static int passed, failed;

#define EXPECT(ok)                                                                                                     \
  do {                                                                                                                 \
    if (ok)                                                                                                            \
      passed++;                                                                                                        \
    else                                                                                                               \
      failed++, printf("FAILED line %d: %s (last error: %s)\n", __LINE__, #ok, dlc_last_error());                      \
  } while (0)

enum { CELLS = 48, ROWS = 4, COLUMNS = 7, PICKED = 3, THREADS = 4, RUNS = 50 };

static void fill(float *image, int64_t *indices, int seed) {
  for (int i = 0; i < CELLS; i++) image[i] = (float)((i * 7 + seed * 3) % 11) / 8 - 0.5f;
  for (int i = 0; i < PICKED; i++) indices[i] = (3 * i + seed) % ROWS;
}

// The answers agree with each other: every picked row gives the probabilities of its row.
static int is_consistent(const float *probabilities, const float *picked, const int64_t *indices) {
  for (int i = 0; i < PICKED; i++) {
    double sum = 0;
    for (int k = 0; k < COLUMNS; k++) sum += exp(picked[i * COLUMNS + k]);
    for (int k = 0; k < COLUMNS; k++)
      if (fabs(exp(picked[i * COLUMNS + k]) / sum - probabilities[indices[i] * COLUMNS + k]) > 1e-5) return 0;
  }
  return 1;
}

static void test_descriptions(dlc_program *program) {
  dlc_info info;
  dlc_program_info(program, &info);
  EXPECT(info.inputs == 2 && info.outputs == 2 && info.steps > 3 && info.macs > 0);
  EXPECT(info.arena_bytes >= info.arena_lower_bound_bytes && info.arena_lower_bound_bytes > 0);
  EXPECT(!strcmp(info.name, "small") && info.source && info.source_hash && info.options && info.compiler);
  dlc_port port;
  EXPECT(dlc_program_input(program, 0, &port) == DLC_OK && !strcmp(port.name, "x0") &&
         port.bytes == CELLS * sizeof(float));
  EXPECT(port.element == DLC_ELEMENT_FLOAT32 && port.rank == 4 && port.dims[3] == 3);
  EXPECT(dlc_program_input(program, 1, &port) == DLC_OK && port.element == DLC_ELEMENT_INT64 && port.rank == 1);
  EXPECT(dlc_program_input(program, 2, &port) == DLC_ERROR_ARGUMENT && strlen(dlc_last_error()) > 0);
  EXPECT(dlc_program_output(program, 0, &port) == DLC_OK && port.bytes == ROWS * COLUMNS * sizeof(float));
  uint64_t macs = 0;
  for (uint32_t k = 0; k < info.steps; k++) {
    dlc_step_info step;
    EXPECT(dlc_program_step(program, k, &step) == DLC_OK && step.name && strlen(step.kernel) > 0);
    macs += step.macs;
  }
  EXPECT(macs == info.macs);
  dlc_certificate certificate;
  EXPECT(dlc_program_certificate(program, &certificate) == DLC_OK && certificate.macs == macs);
  EXPECT(certificate.plan_bytes == info.plan_bytes && certificate.arena_bytes == info.arena_bytes);
  EXPECT(certificate.scratch_bytes >= info.scratch_bytes && certificate.stack_bytes > 0 && certificate.code_bytes == 0);
  EXPECT(dlc_program_certificate(program, NULL) == DLC_ERROR_ARGUMENT);
}

static void test_running(dlc_program *program) {
  dlc_session *session = NULL;
  EXPECT(dlc_session_create(program, 2, &session) == DLC_OK && session);
  float image[CELLS];
  int64_t indices[PICKED];
  fill(image, indices, 1);
  EXPECT(dlc_session_input(session, 2) == NULL && dlc_session_output(session, 2) == NULL);
  memcpy(dlc_session_input(session, 0), image, sizeof image);
  memcpy(dlc_session_input(session, 1), indices, sizeof indices);
  EXPECT(dlc_session_run(session) == DLC_OK);
  const float *probabilities = dlc_session_output(session, 0), *picked = dlc_session_output(session, 1);
  EXPECT(is_consistent(probabilities, picked, indices));
  float first[ROWS * COLUMNS];
  memcpy(first, probabilities, sizeof first);
  double sum = 0;
  for (int k = 0; k < COLUMNS; k++) sum += first[k];
  EXPECT(fabs(sum - 1) < 1e-5);

  // The caller's memory in place of the session's, with the same answers.
  float own[ROWS * COLUMNS] = {0};
  EXPECT(dlc_session_bind_input(session, 0, image, sizeof image - 4) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_session_bind_input(session, 0, NULL, sizeof image) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_session_bind_input(session, 9, image, sizeof image) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_session_bind_input(session, 0, image, sizeof image) == DLC_OK);
  EXPECT(dlc_session_bind_output(session, 0, own, sizeof own) == DLC_OK && dlc_session_output(session, 0) == own);
  EXPECT(dlc_session_run(session) == DLC_OK && !memcmp(own, first, sizeof own));

  dlc_info info;
  dlc_program_info(program, &info);
  uint64_t *times = calloc(info.steps, sizeof *times);
  EXPECT(dlc_session_run_timed(session, times, info.steps - 1) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_session_run_timed(session, times, info.steps) == DLC_OK && times[0] > 0 &&
         !memcmp(own, first, sizeof own));
  free(times);

  // An index outside the data is an error of that run only.
  ((int64_t *)dlc_session_input(session, 1))[1] = ROWS;
  EXPECT(dlc_session_run(session) == DLC_ERROR_INDEX && strstr(dlc_last_error(), "index outside its data"));
  ((int64_t *)dlc_session_input(session, 1))[1] = indices[1];
  EXPECT(dlc_session_run(session) == DLC_OK && !memcmp(own, first, sizeof own));
  dlc_session_destroy(session);
}

// What an observer saw of one run.
typedef struct watch {
  dlc_session *session;
  uint32_t steps, stop_after;
  int wrong;
  float last[ROWS * COLUMNS];
} watch;

static void observe(void *context, const dlc_step_event *event) {
  watch *seen = context;
  if (event->step != seen->steps++ || event->output_count < 1 || !event->name || !event->kernel[0]) seen->wrong++;
  for (uint32_t k = 0; k < event->output_count; k++) {
    const dlc_tensor_view *view = &event->outputs[k];
    int64_t elements = 1;
    for (int32_t axis = 0; axis < view->rank; axis++) elements *= view->dims[axis];
    if (!view->data || view->rank > 8 || view->quantization.count != 0 ||
        (view->rank && view->pitch < (size_t)view->dims[view->rank - 1]))
      seen->wrong++;
    if (elements == ROWS * COLUMNS && view->element == DLC_ELEMENT_FLOAT32)
      memcpy(seen->last, view->data, sizeof seen->last);
  }
  if (seen->steps == seen->stop_after) dlc_session_cancel(seen->session);
}

static void test_observing(dlc_program *program) {
  dlc_session *session = NULL;
  dlc_info info;
  dlc_program_info(program, &info);
  EXPECT(dlc_session_create(program, 2, &session) == DLC_OK);
  fill(dlc_session_input(session, 0), dlc_session_input(session, 1), 1);
  watch seen = {.session = session};
  EXPECT(dlc_session_observe(NULL, observe, &seen) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_session_observe(session, observe, &seen) == DLC_OK && dlc_session_run(session) == DLC_OK);
  EXPECT(seen.steps == info.steps && !seen.wrong);
  EXPECT(!memcmp(seen.last, dlc_session_output(session, 0), sizeof seen.last));

  // Cancelled from inside, the run ends before its next step; the run after it is whole again.
  seen = (watch){.session = session, .stop_after = 2};
  EXPECT(dlc_session_run(session) == DLC_ERROR_CANCELLED && seen.steps == 2 && strstr(dlc_last_error(), "cancelled"));
  EXPECT(dlc_session_observe(session, NULL, NULL) == DLC_OK && dlc_session_run(session) == DLC_OK && seen.steps == 2);
  dlc_session_cancel(session);
  EXPECT(dlc_session_run(session) == DLC_ERROR_CANCELLED && dlc_session_run(session) == DLC_OK);
  dlc_session_cancel(NULL);
  dlc_session_destroy(session);
}

// The caller's memory functions, counting.
typedef struct counter {
  int calls, alive, misaligned;
  int64_t bytes;
} counter;

static void *count_allocate(void *context, size_t bytes, size_t alignment) {
  counter *c = context;
  void *memory = NULL;
  if (posix_memalign(&memory, alignment, bytes)) return NULL;
  memset(memory, 0xa5, bytes);
  c->calls++, c->alive++;
  c->bytes += (int64_t)bytes;
  if ((uintptr_t)memory % alignment) c->misaligned++;
  return memory;
}

static void count_release(void *context, void *memory, size_t bytes) {
  counter *c = context;
  c->alive--;
  c->bytes -= (int64_t)bytes;
  free(memory);
}

static void test_memory(const char *path, const void *plan, size_t bytes) {
  counter count = {0};
  dlc_allocator allocator = {count_allocate, count_release, &count};
  dlc_program *program = NULL;
  dlc_session *session = NULL;
  dlc_program_options from = {.bytes = plan, .count = bytes, .allocator = &allocator};
  EXPECT(dlc_program_open_with(&from, &program) == DLC_OK && count.calls > 0);
  int opened = count.calls;
  EXPECT(dlc_session_create(program, 1, &session) == DLC_OK && count.calls > opened && !count.misaligned);
  fill(dlc_session_input(session, 0), dlc_session_input(session, 1), 1);
  int created = count.calls;
  watch seen = {.session = session};
  for (int run = 0; run < 3; run++) EXPECT(dlc_session_run(session) == DLC_OK);
  dlc_session_observe(session, observe, &seen);
  EXPECT(dlc_session_run(session) == DLC_OK && !seen.wrong);
  // Nothing is allocated between creating a session and destroying it.
  EXPECT(count.calls == created);
  dlc_session_destroy(session);
  dlc_program_close(program);
  EXPECT(count.alive == 0 && count.bytes == 0);

  // The caller's arena; too small a one, or one that is not aligned, is refused and leaves nothing behind.
  dlc_info info;
  from = (dlc_program_options){.path = path};
  EXPECT(dlc_program_open_with(&from, &program) == DLC_OK);
  dlc_program_info(program, &info);
  unsigned char *arena = NULL;
  EXPECT(posix_memalign((void **)&arena, 64, info.arena_bytes + 64) == 0);
  memset(arena, 0x5a, info.arena_bytes + 64);
  dlc_session_options options = {
      .threads = 1, .allocator = &allocator, .arena = arena, .arena_bytes = info.arena_bytes - 1};
  session = NULL;
  EXPECT(dlc_session_create_with(program, &options, &session) == DLC_ERROR_ARGUMENT && !session && !count.alive);
  options.arena = arena + 8, options.arena_bytes = info.arena_bytes;
  EXPECT(dlc_session_create_with(program, &options, &session) == DLC_ERROR_ARGUMENT && !session && !count.alive);
  options.arena = arena;
  EXPECT(dlc_session_create_with(program, &options, &session) == DLC_OK);
  fill(dlc_session_input(session, 0), dlc_session_input(session, 1), 1);
  EXPECT(dlc_session_run(session) == DLC_OK && !memcmp(seen.last, dlc_session_output(session, 0), sizeof seen.last));
  const unsigned char *output = dlc_session_output(session, 0);
  EXPECT(output >= arena && output < arena + info.arena_bytes);
  // The arena is exactly as large as was said.
  for (int i = 0; i < 64; i++) EXPECT(arena[info.arena_bytes + (size_t)i] == 0x5a);
  dlc_session_destroy(session);
  free(arena);
  dlc_program_close(program);
  allocator.release = NULL;
  from.allocator = &allocator;
  EXPECT(dlc_program_open_with(&from, &program) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_program_open_with(NULL, &program) == DLC_ERROR_ARGUMENT);
}

// A region serves a program and its session; every smaller one is refused without harm.
static void test_region(const void *plan, size_t bytes) {
  static _Alignas(64) unsigned char memory[1 << 16];
  dlc_region region;
  int refused = 0, ran = 0;
  for (size_t size = 0; size <= sizeof memory; size += 320) {
    dlc_region_begin(&region, memory, size);
    dlc_program *program = NULL;
    dlc_session *session = NULL;
    dlc_program_options from = {.bytes = plan, .count = bytes, .allocator = &region.allocator};
    if (dlc_program_open_with(&from, &program) != DLC_OK || dlc_session_create(program, 1, &session) != DLC_OK) {
      refused += strstr(dlc_last_error(), "memory") != NULL;
    } else {
      fill(dlc_session_input(session, 0), dlc_session_input(session, 1), 1);
      ran += dlc_session_run(session) == DLC_OK && region.used <= size;
    }
    dlc_session_destroy(session);
    dlc_program_close(program);
  }
  EXPECT(ran > 10 && refused > 10 && ran + refused == sizeof memory / 320 + 1);
}

static void test_opening(const char *path) {
  dlc_program *program = NULL;
  FILE *file = fopen(path, "rb");
  EXPECT(file && dlc_program_open_descriptor(fileno(file), &program) == DLC_OK);
  if (file) fclose(file);
  dlc_info info = {0};
  dlc_program_info(program, &info);
  EXPECT(info.steps > 3);
  dlc_program_close(program);
  EXPECT(dlc_program_open_descriptor(-1, &program) == DLC_ERROR_FILE && strstr(dlc_last_error(), "descriptor -1"));
  dlc_build build;
  dlc_build_info(&build);
  EXPECT(!strcmp(build.version, dlc_version()) && build.plan_major == 1 && build.kernels >= 31);
  EXPECT(build.features == (DLC_FEATURE_THREADS | DLC_FEATURE_FILES) && strlen(build.target) > 0);
  EXPECT(strstr(build.instruction_sets, build.instruction_set) != NULL);
  dlc_build_info(NULL);
}

static void test_carrying(dlc_program *program) {
  dlc_session *session = NULL;
  EXPECT(dlc_session_create(program, 1, &session) == DLC_OK);
  // No output of this plan is like an input.
  EXPECT(dlc_session_carry(session, 0, 0) == DLC_ERROR_ARGUMENT && strstr(dlc_last_error(), "differ"));
  EXPECT(dlc_session_carry(session, 5, 0) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_session_carry(session, UINT32_MAX, 0) == DLC_OK);
  EXPECT(dlc_session_carry(NULL, 0, 0) == DLC_ERROR_ARGUMENT);
  dlc_session_destroy(session);
}

static void test_errors(const void *plan, size_t bytes) {
  dlc_program *program = NULL;
  dlc_session *session = NULL;
  EXPECT(dlc_program_open("/nonexistent/x.plan", &program) == DLC_ERROR_FILE && !program);
  EXPECT(strstr(dlc_last_error(), "/nonexistent/x.plan") != NULL);
  EXPECT(dlc_program_open(NULL, &program) == DLC_ERROR_ARGUMENT && dlc_program_open("/x", NULL) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_program_open_memory(NULL, 64, &program) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_program_open_memory((const char *)plan + 8, bytes - 8, &program) == DLC_ERROR_PLAN && !program);
  EXPECT(dlc_program_open_memory(plan, bytes - 1, &program) == DLC_ERROR_PLAN && !program);
  EXPECT(dlc_session_create(NULL, 1, &session) == DLC_ERROR_ARGUMENT && dlc_session_run(NULL) == DLC_ERROR_ARGUMENT);
  EXPECT(!dlc_session_input(NULL, 0) && !dlc_session_output(NULL, 0));
  dlc_program_info(NULL, NULL);
  dlc_program_close(NULL);
  dlc_session_destroy(NULL);
  EXPECT(strlen(dlc_version()) > 0);
}

// Every bit of the tables in turn: refused with a message, or opened; nothing leaks either way.
static void test_damage(char *plan, size_t bytes) {
  int refused = 0;
  for (size_t bit = 0; bit < 8 * 2400; bit += 3) {
    plan[bit / 8] ^= (char)(1 << bit % 8);
    dlc_program *program = NULL;
    if (dlc_program_open_memory(plan, bytes, &program) != DLC_OK) refused += !program && strlen(dlc_last_error()) > 0;
    dlc_program_close(program);
    plan[bit / 8] ^= (char)(1 << bit % 8);
  }
  EXPECT(refused > 1000);
}

typedef struct worker {
  dlc_program *program;
  int seed, wrong;
} worker;

// Sessions of its own on the shared program, the second on two threads: the answers must be the same bits.
static void *work(void *argument) {
  worker *me = argument;
  for (int run = 0; run < RUNS; run++) {
    float answers[2][ROWS * COLUMNS];
    for (uint32_t threads = 1; threads <= 2; threads++) {
      dlc_session *session = NULL;
      if (dlc_session_create(me->program, threads, &session) != DLC_OK) return me->wrong++, NULL;
      fill(dlc_session_input(session, 0), dlc_session_input(session, 1), me->seed + run);
      if (dlc_session_run(session) != DLC_OK) me->wrong++;
      if (!is_consistent(dlc_session_output(session, 0), dlc_session_output(session, 1), dlc_session_input(session, 1)))
        me->wrong++;
      memcpy(answers[threads - 1], dlc_session_output(session, 0), sizeof answers[0]);
      dlc_session_destroy(session);
    }
    if (memcmp(answers[0], answers[1], sizeof answers[0])) me->wrong++;
  }
  return NULL;
}

static void test_threads(dlc_program *program) {
  pthread_t threads[THREADS];
  worker workers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (worker){program, 100 * i, 0};
    if (pthread_create(&threads[i], NULL, work, &workers[i])) abort();
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    EXPECT(workers[i].wrong == 0);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: test_c_api PLAN\n"), 64;
  dlc_program *program = NULL;
  if (dlc_program_open(argv[1], &program) != DLC_OK) return fprintf(stderr, "%s\n", dlc_last_error()), 1;
  test_descriptions(program);
  test_running(program);
  test_threads(program);
  test_observing(program);
  test_carrying(program);
  test_opening(argv[1]);

  // The session keeps the plan after its program is closed.
  dlc_session *session = NULL;
  EXPECT(dlc_session_create(program, 1, &session) == DLC_OK);
  dlc_program_close(program);
  EXPECT(dlc_session_run(session) == DLC_OK);
  // dlc_accuracy.h lies beside dlc.h.
  dlc_accuracy accuracy;
  dlc_accuracy_begin(&accuracy);
  dlc_accuracy_add(&accuracy, dlc_session_output(session, 0), dlc_session_output(session, 0), ROWS * COLUMNS);
  EXPECT(dlc_accuracy_meets(&accuracy, &(dlc_accuracy_bars){.min_top1 = 1}) == DLC_OK && accuracy.max_abs == 0);
  dlc_session_destroy(session);

  FILE *file = fopen(argv[1], "rb");
  static _Alignas(64) char plan[1 << 16];
  size_t bytes = file ? fread(plan, 1, sizeof plan, file) : 0;
  if (file) fclose(file);
  EXPECT(bytes > 1000 && bytes < sizeof plan);
  EXPECT(dlc_program_open_memory(plan, bytes, &program) == DLC_OK);
  dlc_program_close(program);
  test_errors(plan, bytes);
  test_memory(argv[1], plan, bytes);
  test_region(plan, bytes);
  test_damage(plan, bytes);
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
