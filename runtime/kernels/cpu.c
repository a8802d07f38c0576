// Which instruction set the kernels run on.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dlc_kernel.h"

// dlc_isa + 1, or 0 until the first use.
static atomic_int chosen_isa;

static bool is_available(dlc_isa isa) {
  switch (isa) {
  case DLC_ISA_SCALAR: return true;
#if defined(__x86_64__)
  case DLC_ISA_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case DLC_ISA_AVX512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && is_available(DLC_ISA_AVX2);
#endif
#if defined(__ARM_NEON)
  case DLC_ISA_NEON: return true;
#endif
  default: return false;
  }
}

static const dlc_isa all_isas[] = {DLC_ISA_NEON, DLC_ISA_AVX512, DLC_ISA_AVX2, DLC_ISA_SCALAR};

// DLC_ISA in the environment names one; otherwise, or when it is not available, the best there is.
static dlc_isa detect(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  const char *wanted = getenv("DLC_ISA");
  size_t count = sizeof all_isas / sizeof all_isas[0];
  for (size_t i = 0; wanted && i < count; i++)
    if (strcmp(wanted, dlc_isa_name(all_isas[i])) == 0 && is_available(all_isas[i])) return all_isas[i];
  for (size_t i = 0; i < count; i++)
    if (is_available(all_isas[i])) return all_isas[i];
  return DLC_ISA_SCALAR;
}

dlc_isa dlc_current_isa(void) {
  int isa = atomic_load_explicit(&chosen_isa, memory_order_relaxed);
  if (isa == 0) {
    isa = (int)detect() + 1;
    atomic_store_explicit(&chosen_isa, isa, memory_order_relaxed);
  }
  return (dlc_isa)(isa - 1);
}

bool dlc_set_isa(dlc_isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  if (!is_available(isa)) return false;
  atomic_store_explicit(&chosen_isa, (int)isa + 1, memory_order_relaxed);
  return true;
}

const char *dlc_isa_name(dlc_isa isa) {
  switch (isa) {
  case DLC_ISA_SCALAR: return "scalar";
  case DLC_ISA_AVX2: return "avx2";
  case DLC_ISA_AVX512: return "avx512";
  case DLC_ISA_NEON: return "neon";
  }
  return "unknown";
}
