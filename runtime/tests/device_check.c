// One plan on one processor, for scripts/cross-check and measurements:
//   device_check PLAN write FILE THREADS     runs on inputs made from a fixed rule and stores the outputs
//   device_check PLAN compare FILE THREADS   runs likewise and compares: floats within 1e-5 of the output's largest
//                                            magnitude, integers exactly
//   device_check PLAN stack                  opens and runs on a painted stack; fails beyond the certificate's bound
//   device_check PLAN memory                 allocates what dlc_info and the certificate say, and nothing while running
//   device_check PLAN overhead               nanoseconds of a run beside its kernels
//   device_check PLAN soak SECONDS           8 threads, each with its session: the same bits always, no growth
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlc.h"

static int fail(const char *what) {
  fprintf(stderr, "device_check: %s: %s\n", what, dlc_last_error());
  return 1;
}

// Element k of an input: floats in [-1, 1), integers small and not negative.
static void fill(dlc_session *session, const dlc_program *program, uint32_t index) {
  dlc_port port;
  dlc_program_input(program, index, &port);
  unsigned char *to = dlc_session_input(session, index);
  size_t count = 1;
  for (int32_t axis = 0; axis < port.rank; axis++) count *= (size_t)port.dims[axis];
  size_t size = count ? port.bytes / count : 0;
  uint32_t state = 12345 + index;
  for (size_t k = 0; k < count; k++) {
    state = state * 1664525u + 1013904223u;
    if (port.element == DLC_ELEMENT_FLOAT32) {
      float value = (float)(state >> 8) / 8388608.0f - 1.0f;
      memcpy(to + k * 4, &value, 4);
    } else {
      uint64_t value = port.element == DLC_ELEMENT_UINT8 ? state >> 24 : state >> 31;
      memcpy(to + k * size, &value, size);
    }
  }
}

static void fill_all(dlc_session *session, const dlc_program *program) {
  dlc_info info;
  dlc_program_info(program, &info);
  for (uint32_t k = 0; k < info.inputs; k++) fill(session, program, k);
}

static int write_outputs(dlc_program *program, dlc_session *session, const char *path) {
  dlc_info info;
  dlc_port port;
  dlc_program_info(program, &info);
  FILE *file = fopen(path, "wb");
  if (!file) return fail(path);
  for (uint32_t k = 0; k < info.outputs; k++) {
    dlc_program_output(program, k, &port);
    fwrite(dlc_session_output(session, k), 1, port.bytes, file);
  }
  return fclose(file) ? fail(path) : 0;
}

static int differs(const dlc_port *port, const void *found, const void *expected) {
  if (port->element != DLC_ELEMENT_FLOAT32) return memcmp(found, expected, port->bytes) != 0;
  const float *f = found, *e = expected;
  float largest = 0, worst = 0;
  size_t count = port->bytes / 4;
  for (size_t k = 0; k < count; k++) largest = fmaxf(largest, fabsf(e[k]));
  for (size_t k = 0; k < count; k++) worst = fabsf(f[k] - e[k]) > worst || f[k] != f[k] ? fabsf(f[k] - e[k]) : worst;
  printf("%s: largest %g, differs by %.2g of it\n", port->name, largest, largest ? worst / largest : worst);
  return !(worst <= 1e-5f * largest);
}

static int compare_outputs(dlc_program *program, dlc_session *session, const char *path) {
  dlc_info info;
  dlc_port port;
  dlc_program_info(program, &info);
  FILE *file = fopen(path, "rb");
  if (!file) return fail(path);
  int wrong = 0;
  for (uint32_t k = 0; k < info.outputs; k++) {
    dlc_program_output(program, k, &port);
    void *expected = malloc(port.bytes + 1);
    if (!expected || fread(expected, 1, port.bytes, file) != port.bytes) wrong++;
    if (!wrong && differs(&port, dlc_session_output(session, k), expected)) {
      wrong++;
      fprintf(stderr, "device_check: output '%s' differs\n", port.name);
    }
    free(expected);
  }
  fclose(file);
  return wrong != 0;
}

static int run_and(const char *path, const char *mode, const char *file, uint32_t threads) {
  dlc_program *program;
  dlc_session *session;
  dlc_build build;
  dlc_build_info(&build);
  const char *wanted = getenv("DLC_ISA");
  if (wanted && strcmp(wanted, build.instruction_set)) return 77; // this processor lacks it
  if (dlc_program_open(path, &program)) return fail(path);
  if (dlc_session_create(program, threads, &session)) return fail("the session");
  fill_all(session, program);
  if (dlc_session_run(session)) return fail("the run");
  int status = !strcmp(mode, "write") ? write_outputs(program, session, file) : compare_outputs(program, session, file);
  dlc_session_destroy(session);
  dlc_program_close(program);
  return status;
}

enum { STACK_BYTES = 1 << 20, PAINT = 0xa7 };

typedef struct painted {
  const char *path;
  unsigned char *entry; // where the frames of dlc begin
  long bound;           // as the plan certifies
  int status;
} painted;

static void *run_painted(void *argument) {
  painted *p = argument;
  p->entry = __builtin_frame_address(0);
  dlc_program *program;
  dlc_session *session;
  dlc_certificate certificate;
  if (dlc_program_open(p->path, &program)) return p->status = fail(p->path), NULL;
  if (dlc_program_certificate(program, &certificate)) return p->status = fail("the certificate"), NULL;
  p->bound = (long)certificate.stack_bytes;
  if (dlc_session_create(program, 1, &session)) return p->status = fail("the session"), NULL;
  fill_all(session, program);
  if (dlc_session_run(session)) p->status = fail("the run");
  dlc_session_destroy(session);
  dlc_program_close(program);
  return NULL;
}

static int check_stack(const char *path) {
  unsigned char *stack = NULL;
  pthread_attr_t attributes;
  pthread_t thread;
  painted p = {path, NULL, 0, 0};
  if (posix_memalign((void **)&stack, 4096, STACK_BYTES)) return fail("memory");
  memset(stack, PAINT, STACK_BYTES);
  pthread_attr_init(&attributes);
  if (pthread_attr_setstack(&attributes, stack, STACK_BYTES)) return fail("the stack");
  if (pthread_create(&thread, &attributes, run_painted, &p)) return fail("the thread");
  pthread_join(thread, NULL);
  size_t untouched = 0;
  while (untouched < STACK_BYTES && stack[untouched] == PAINT) untouched++;
  long used = (long)(p.entry - (stack + untouched));
  free(stack);
  printf("stack %ld bytes of at most %ld\n", used, p.bound);
  return p.status || used > p.bound;
}

typedef struct counter {
  long calls, bytes;
} counter;

static void *count_allocate(void *context, size_t bytes, size_t alignment) {
  counter *c = context;
  void *memory = NULL;
  c->calls++;
  c->bytes += (long)bytes;
  return posix_memalign(&memory, alignment, bytes) ? NULL : memory;
}

static void count_release(void *context, void *memory, size_t bytes) {
  ((counter *)context)->bytes -= (long)bytes;
  free(memory);
}

// What was known when the plan was made is what this machine finds; pointers make scratch smaller where they are.
static int is_as_certified(const dlc_program *program, const dlc_info *info) {
  dlc_certificate c;
  if (dlc_program_certificate(program, &c)) return fail("the certificate"), 0;
  const int scratch =
      sizeof(void *) == 8 ? info->scratch_bytes == c.scratch_bytes : info->scratch_bytes <= c.scratch_bytes;
  const int is =
      scratch && info->plan_bytes == c.plan_bytes && info->arena_bytes == c.arena_bytes && info->macs == c.macs;
  if (!is)
    fprintf(stderr,
            "device_check: certified: plan %zu, arena %zu, scratch %zu; found: plan %zu, arena %zu, scratch %zu\n",
            c.plan_bytes, c.arena_bytes, c.scratch_bytes, info->plan_bytes, info->arena_bytes, info->scratch_bytes);
  return is;
}

// The arena is one of what a session allocates; the rest is small and follows from the plan's tables.
static int check_memory(const char *path) {
  counter session_memory = {0};
  dlc_allocator allocator = {count_allocate, count_release, &session_memory};
  dlc_session_options options = {.threads = 1, .allocator = &allocator};
  dlc_program *program;
  dlc_session *session, *bound;
  dlc_info info;
  if (dlc_program_open(path, &program)) return fail(path);
  dlc_program_info(program, &info);
  if (!is_as_certified(program, &info)) return 1;
  if (dlc_session_create_with(program, &options, &session)) return fail("the session");
  long whole = session_memory.bytes, created = session_memory.calls;
  fill_all(session, program);
  for (int k = 0; k < 3; k++)
    if (dlc_session_run(session)) return fail("the run");
  if (session_memory.calls != created) return fputs("device_check: a run allocated\n", stderr), 1;
  void *arena = NULL;
  if (posix_memalign(&arena, 64, info.arena_bytes + 64)) return fail("memory");
  options.arena = arena;
  options.arena_bytes = info.arena_bytes;
  long before = session_memory.bytes;
  if (dlc_session_create_with(program, &options, &bound)) return fail("the session");
  long rest = session_memory.bytes - before, line = 64;
  // With the arena given, a session takes exactly the arena and its block's first line less.
  long predicted = (long)((info.arena_bytes + 63) / 64 * 64) + line;
  printf("arena %zu bytes, scratch %zu, session beside them %ld\n", info.arena_bytes, info.scratch_bytes,
         rest - (long)info.scratch_bytes);
  int status = whole - rest != predicted;
  if (status) fprintf(stderr, "device_check: the arena took %ld bytes, predicted %ld\n", whole - rest, predicted);
  dlc_session_destroy(bound);
  dlc_session_destroy(session);
  dlc_program_close(program);
  free(arena);
  return status || session_memory.bytes != 0;
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum { MOST_STEPS = 4096, REPEATS = 20000 };

static int measure_overhead(const char *path) {
  static uint64_t times[MOST_STEPS], least[MOST_STEPS];
  dlc_program *program;
  dlc_session *session;
  dlc_info info;
  if (dlc_program_open(path, &program) || dlc_session_create(program, 1, &session)) return fail(path);
  dlc_program_info(program, &info);
  if (info.steps > MOST_STEPS) return fail("too many steps");
  fill_all(session, program);
  uint64_t run = UINT64_MAX, clock = UINT64_MAX, kernels = 0;
  memset(least, 0xff, sizeof least);
  for (int k = 0; k < REPEATS; k++) {
    uint64_t start = now(), end = now();
    if (end - start < clock) clock = end - start;
    start = now();
    dlc_session_run(session);
    end = now();
    if (end - start < run) run = end - start;
    dlc_session_run_timed(session, times, info.steps);
    for (uint32_t s = 0; s < info.steps; s++)
      if (times[s] < least[s]) least[s] = times[s];
  }
  for (uint32_t s = 0; s < info.steps; s++) kernels += least[s] > clock ? least[s] - clock : 0;
  run -= clock < run ? clock : run;
  printf("run %llu ns, kernels %llu ns, overhead %lld ns in %u steps\n", (unsigned long long)run,
         (unsigned long long)kernels, (long long)run - (long long)kernels, info.steps);
  dlc_session_destroy(session);
  dlc_program_close(program);
  return 0;
}

typedef struct soaker {
  dlc_program *program;
  uint64_t end;
  long runs;
  int wrong;
  pthread_t thread;
} soaker;

static void *soak(void *argument) {
  soaker *me = argument;
  dlc_session *session;
  dlc_port port;
  if (dlc_session_create(me->program, 1, &session) || dlc_program_output(me->program, 0, &port))
    return me->wrong++, NULL;
  fill_all(session, me->program);
  if (dlc_session_run(session)) me->wrong++;
  void *first = malloc(port.bytes);
  memcpy(first, dlc_session_output(session, 0), port.bytes);
  while (now() < me->end) {
    fill_all(session, me->program);
    if (dlc_session_run(session) || memcmp(first, dlc_session_output(session, 0), port.bytes)) me->wrong++;
    me->runs++;
  }
  free(first);
  dlc_session_destroy(session);
  return NULL;
}

static long resident_pages(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return resident;
}

static int soak_all(const char *path, int seconds) {
  enum { SOAKERS = 8 };
  soaker soakers[SOAKERS];
  dlc_program *program;
  if (dlc_program_open(path, &program)) return fail(path);
  long runs = 0, early = 0, late = 0;
  int wrong = 0;
  // Two rounds: the first warms up, the second must not need more memory.
  for (int round = 0; round < 2; round++) {
    uint64_t end = now() + (uint64_t)seconds * 500000000u;
    for (int k = 0; k < SOAKERS; k++) {
      soakers[k] = (soaker){.program = program, .end = end};
      if (pthread_create(&soakers[k].thread, NULL, soak, &soakers[k])) return fail("the thread");
    }
    for (int k = 0; k < SOAKERS; k++) {
      pthread_join(soakers[k].thread, NULL);
      runs += soakers[k].runs;
      wrong += soakers[k].wrong;
    }
    early = late;
    late = resident_pages();
  }
  dlc_program_close(program);
  printf("%ld runs in %d threads, %d wrong, resident pages %ld then %ld\n", runs, SOAKERS, wrong, early, late);
  return wrong || late > early + 128 || runs < SOAKERS;
}

int main(int count, char **arguments) {
  const char *mode = count > 2 ? arguments[2] : "";
  if (count == 5 && (!strcmp(mode, "write") || !strcmp(mode, "compare")))
    return run_and(arguments[1], mode, arguments[3], (uint32_t)atoi(arguments[4]));
  if (count == 3 && !strcmp(mode, "stack")) return check_stack(arguments[1]);
  if (count == 3 && !strcmp(mode, "memory")) return check_memory(arguments[1]);
  if (count == 3 && !strcmp(mode, "overhead")) return measure_overhead(arguments[1]);
  if (count == 4 && !strcmp(mode, "soak")) return soak_all(arguments[1], atoi(arguments[3]));
  fprintf(stderr, "usage: device_check PLAN write|compare|stack|memory|overhead|soak ...\n");
  return 64;
}
