#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dlc_platform.h"

static int passed, failed;
#define EXPECT(ok, what)                                                                                               \
  do {                                                                                                                 \
    if (ok)                                                                                                            \
      passed++;                                                                                                        \
    else                                                                                                               \
      failed++, printf("FAILED line %d: %s\n", __LINE__, what);                                                        \
  } while (0)

static void test_mapping(void) {
  char folder[] = "/tmp/dlc-platform-XXXXXX", path[64], pipe_path[64];
  if (!mkdtemp(folder)) abort();
  snprintf(path, sizeof path, "%s/file", folder);
  snprintf(pipe_path, sizeof pipe_path, "%s/pipe", folder);
  const void *data = path;
  size_t size = 7;
  EXPECT(dlc_map_file(path, &data, &size) == ENOENT && !data && !size, "missing file");
  EXPECT(dlc_map_file(folder, &data, &size) == EINVAL && !data, "folder");
  EXPECT(mkfifo(pipe_path, 0600) == 0 && dlc_map_file(pipe_path, &data, &size) == EINVAL, "pipe without a writer");
  EXPECT(dlc_map_file("/dev/null", &data, &size) == EINVAL, "device");
  int fd = open(path, O_RDWR | O_CREAT, 0600);
  EXPECT(dlc_map_file(path, &data, &size) == ENODATA && !data, "empty file");
  EXPECT(write(fd, "twelve bytes", 12) == 12, "write");
  EXPECT(dlc_map_file(path, &data, &size) == 0 && size == 12 && !memcmp(data, "twelve bytes", 12), "contents");
  EXPECT((uintptr_t)data % DLC_ALIGNMENT == 0, "alignment of a mapping");
  dlc_unmap(data, size);
  EXPECT(dlc_map_descriptor(fd, &data, &size) == 0 && size == 12, "descriptor");
  close(fd);
  EXPECT(!memcmp(data, "twelve", 6), "mapping outlives its descriptor");
  dlc_unmap(data, size);
  EXPECT(dlc_map_descriptor(-1, &data, &size) == EBADF && !data, "bad descriptor");
  dlc_unmap(NULL, 0);
  unlink(path), unlink(pipe_path), rmdir(folder);
}

static void test_memory(void) {
  static const size_t sizes[] = {0, 1, 63, 64, 65, 4097, 1 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    unsigned char *p = dlc_allocate(sizes[i], 1), any = 0;
    EXPECT(p && (uintptr_t)p % DLC_ALIGNMENT == 0, "alignment");
    for (size_t k = 0; k < sizes[i]; k++) any |= p[k], p[k] = 1;
    EXPECT(!any, "zeroed");
    dlc_free(p);
  }
  EXPECT(!dlc_allocate(SIZE_MAX / 2 + 1, 2), "product that wraps to zero");
  EXPECT(!dlc_allocate(SIZE_MAX, 1) && !dlc_allocate(PTRDIFF_MAX, 1), "sizes beyond the address space");
  dlc_free(NULL);
}

// One turn: every part counts itself and adds to its own cell, without atomics: the pool must order turns.
typedef struct turn_record {
  uint32_t parts;
  pthread_t first;
  uint64_t cells[64][8];
} turn_record;

static void count_part(void *context, uint32_t part, uint32_t parts) {
  turn_record *r = (turn_record *)context;
  if (part == 0) r->first = pthread_self();
  if (parts == r->parts) r->cells[part][0]++;
  // Reads what the caller wrote before this turn.
  r->cells[part][1] = r->cells[(part + 1) % 64][7];
}

static void sleep_us(long us) { nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL); }

static void test_pool(uint32_t threads, int turns, int pauses) {
  dlc_pool *pool = dlc_pool_create(threads);
  EXPECT(pool && dlc_pool_threads(pool) == threads, "create");
  if (!pool) return;
  static __thread turn_record r;
  uint64_t expected[64] = {0};
  memset(&r, 0, sizeof r);
  bool ok = true;
  for (int t = 0; t < turns; t++) {
    r.parts = (uint32_t)t % (threads + 3);
    for (int c = 0; c < 64; c++) r.cells[c][7] = (uint64_t)t;
    for (uint32_t p = 0; p < r.parts; p++) expected[p]++;
    dlc_pool_run(pool, count_part, &r, r.parts);
    for (uint32_t p = 0; p < 64 && ok; p++)
      ok = r.cells[p][0] == expected[p] && (p >= r.parts || r.cells[p][1] == (uint64_t)t);
    if (r.parts) ok = ok && pthread_equal(r.first, pthread_self());
    if (pauses && t % 7 == 0) sleep_us(pauses); // long enough for the workers to fall asleep
  }
  EXPECT(ok, "every part ran once, part 0 here, and all saw the caller's writes");
  dlc_pool_destroy(pool);
}

static void uneven(void *context, uint32_t part, uint32_t parts) {
  (void)parts;
  if (part) sleep_us(300);
  ((uint32_t *)context)[part * 16]++;
}

static void *pool_beside_others(void *argument) {
  (void)argument;
  dlc_pool *pool = dlc_pool_create(3);
  uint32_t counts[3 * 16] = {0};
  for (int t = 0; pool && t < 300; t++) dlc_pool_run(pool, uneven, counts, 2 + (uint32_t)t % 2);
  dlc_pool_destroy(pool);
  return (void *)(uintptr_t)(pool && counts[0] == 300 && counts[16] == 300 && counts[32] == 150);
}

static void test_pools_side_by_side(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    if (pthread_create(&threads[i], NULL, pool_beside_others, NULL)) abort();
  for (int i = 0; i < 4; i++) {
    void *ok;
    pthread_join(threads[i], &ok);
    EXPECT(ok, "pools of several sessions");
  }
}

static void nothing(void *context, uint32_t part, uint32_t parts) { (void)context, (void)part, (void)parts; }

static void report_hand_off(uint32_t threads) {
  dlc_pool *pool = dlc_pool_create(threads);
  if (!pool) return;
  uint64_t best = UINT64_MAX;
  for (int round = 0; round < 20; round++) {
    uint64_t begin = dlc_clock_ns();
    for (int t = 0; t < 1000; t++) dlc_pool_run(pool, nothing, NULL, threads);
    uint64_t ns = (dlc_clock_ns() - begin) / 1000;
    if (ns < best) best = ns;
  }
  printf("hand-off to %u threads: %llu ns\n", threads, (unsigned long long)best);
  dlc_pool_destroy(pool);
}

int main(int count, char **arguments) {
  test_mapping();
  test_memory();
  EXPECT(!dlc_pool_create(0) && !dlc_pool_create(257), "threads out of range");
  dlc_pool_run(NULL, nothing, NULL, 3);
  dlc_pool_destroy(NULL);
  static const uint32_t sizes[] = {1, 2, 3, 4, 9};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    test_pool(sizes[i], 1000, 0);
    test_pool(sizes[i], 200, 200);
    for (int round = 0; round < 20; round++) dlc_pool_destroy(dlc_pool_create(sizes[i]));
  }
  test_pools_side_by_side();
  uint64_t before = dlc_clock_ns();
  sleep_us(2000);
  EXPECT(dlc_clock_ns() - before >= 2000000, "clock");
  cpu_set_t set;
  EXPECT(sched_getaffinity(0, sizeof set, &set) || dlc_processor_count() == (uint32_t)CPU_COUNT(&set), "processors");
  if (count > 1 && !strcmp(arguments[1], "--measure"))
    for (uint32_t threads = 1; threads <= dlc_processor_count() && threads <= 8; threads++) report_hand_off(threads);
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
