// Hand-off: the caller stores a task and raises the turn of each worker that has a part; a worker sees its new turn,
// runs its parts and lowers `left`. Both sides spin for a bounded time and then sleep on a futex, so that a pool with
// fewer processors than threads, or a paused session, costs nothing. Workers without a part are not disturbed.
#if defined(DLC_FREESTANDING) || defined(DLC_NO_THREADS)
#include "dlc_platform.h"

dlc_pool *dlc_pool_create(uint32_t threads) {
  (void)threads;
  return NULL;
}

void dlc_pool_destroy(dlc_pool *pool) { (void)pool; }

uint32_t dlc_pool_threads(const dlc_pool *pool) {
  (void)pool;
  return 1;
}

void dlc_pool_run(dlc_pool *pool, dlc_task task, void *context, uint32_t parts) {
  (void)pool;
  for (uint32_t part = 0; part < parts; part++) task(context, part, parts);
}

uint32_t dlc_processor_count(void) { return 1; }

#else
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dlc_platform.h"

enum { CACHE_LINE = 64, MOST_THREADS = 256, WAIT = 128, WAKE = 129 }; // FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE

// How long a thread spins before it sleeps: longer than the gap between two steps, shorter than a scheduler's slice.
static const uint64_t spin_ns = 30000;

// One thread beside the caller's, on a cache line of its own.
typedef struct worker {
  _Alignas(CACHE_LINE) _Atomic uint32_t turn; // raised by the caller, who is never more than one ahead
  _Atomic uint32_t sleeps;
  uint32_t index;
  dlc_pool *pool;
  pthread_t thread;
} worker;

struct dlc_pool {
  // Written by the caller before it raises a turn, read by workers after they saw it.
  dlc_task task;
  void *context;
  uint32_t parts;
  uint32_t threads;
  bool spins; // false when threads outnumber processors: spinning would keep the one waited for from running
  bool ends;
  // The word the caller waits on: workers that have not finished; and whether it sleeps.
  _Alignas(CACHE_LINE) _Atomic uint32_t left;
  _Atomic uint32_t caller_sleeps;
  worker workers[];
};

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, WAIT, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, WAKE, 1, NULL, NULL, 0); }

static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
  __asm__ volatile("yield");
#else
  atomic_signal_fence(memory_order_seq_cst);
#endif
}

// Spins until the word differs from `value`; false when it still does not after spin_ns.
static bool spin_while(const dlc_pool *pool, _Atomic uint32_t *word, uint32_t value) {
  if (atomic_load_explicit(word, memory_order_acquire) != value) return true;
  if (!pool->spins) return false;
  uint64_t end = 0;
  for (;;) {
    for (int i = 0; i < 32; i++) {
      if (atomic_load_explicit(word, memory_order_acquire) != value) return true;
      pause_briefly();
    }
    uint64_t now = dlc_clock_ns();
    if (!end)
      end = now + spin_ns;
    else if (now >= end)
      return false;
  }
}

// Runs the parts of one thread: its own number, and every `threads` further.
static void run_share(const dlc_pool *pool, uint32_t index) {
  for (uint64_t part = index; part < pool->parts; part += pool->threads)
    pool->task(pool->context, (uint32_t)part, pool->parts);
}

static void *worker_main(void *argument) {
  worker *self = (worker *)argument;
  dlc_pool *pool = self->pool;
  for (uint32_t seen = 0;; seen++) {
    if (!spin_while(pool, &self->turn, seen)) {
      // Announce the sleep first, look again in the futex call: a turn raised in between is either seen or wakes.
      atomic_store(&self->sleeps, 1);
      while (atomic_load(&self->turn) == seen) sleep_while(&self->turn, seen);
      atomic_store(&self->sleeps, 0);
    }
    if (pool->ends) return NULL;
    run_share(pool, self->index);
    if (atomic_fetch_sub(&pool->left, 1) == 1 && atomic_load(&pool->caller_sleeps)) wake(&pool->left);
  }
}

static void start_turn(dlc_pool *pool, uint32_t count) {
  // All turns first, so that spinning workers start before sleeping ones are woken.
  for (uint32_t i = 0; i < count; i++) atomic_fetch_add(&pool->workers[i].turn, 1);
  for (uint32_t i = 0; i < count; i++)
    if (atomic_load(&pool->workers[i].sleeps)) wake(&pool->workers[i].turn);
}

static void end_workers(dlc_pool *pool, uint32_t started) {
  pool->ends = true;
  start_turn(pool, started);
  for (uint32_t i = 0; i < started; i++) pthread_join(pool->workers[i].thread, NULL);
  dlc_free(pool);
}

dlc_pool *dlc_pool_create(uint32_t threads) {
  if (threads < 1 || threads > MOST_THREADS) return NULL;
  dlc_pool *pool = (dlc_pool *)dlc_allocate(1, sizeof(dlc_pool) + threads * sizeof(worker));
  if (!pool) return NULL;
  pool->threads = threads;
  pool->spins = threads <= dlc_processor_count();
  // Workers leave the process's signals to its own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  uint32_t started = 0;
  for (; started + 1 < threads; started++) {
    worker *next = &pool->workers[started];
    next->pool = pool;
    next->index = started + 1;
    if (pthread_create(&next->thread, NULL, worker_main, next)) break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started + 1 == threads) return pool;
  end_workers(pool, started);
  return NULL;
}

void dlc_pool_destroy(dlc_pool *pool) {
  if (pool) end_workers(pool, pool->threads - 1);
}

uint32_t dlc_pool_threads(const dlc_pool *pool) { return pool ? pool->threads : 1; }

void dlc_pool_run(dlc_pool *pool, dlc_task task, void *context, uint32_t parts) {
  if (!pool || pool->threads == 1 || parts <= 1) {
    for (uint32_t part = 0; part < parts; part++) task(context, part, parts);
    return;
  }
  pool->task = task;
  pool->context = context;
  pool->parts = parts;
  uint32_t helpers = (parts < pool->threads ? parts : pool->threads) - 1;
  atomic_store_explicit(&pool->left, helpers, memory_order_relaxed);
  start_turn(pool, helpers);
  run_share(pool, 0);
  for (uint32_t left; (left = atomic_load_explicit(&pool->left, memory_order_acquire)) != 0;) {
    // Finishing workers change the word too: only the last one is worth waking for.
    if (spin_while(pool, &pool->left, left)) continue;
    atomic_store(&pool->caller_sleeps, 1);
    while ((left = atomic_load(&pool->left)) != 0) sleep_while(&pool->left, left);
    atomic_store(&pool->caller_sleeps, 0);
  }
}
#endif
