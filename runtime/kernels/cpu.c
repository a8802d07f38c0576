// Which instruction set the kernels run on.
#include <stdatomic.h>
#include <string.h>

#if !defined(DLC_FREESTANDING)
#include <stdlib.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#if !defined(DLC_FREESTANDING)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && !defined(DLC_FREESTANDING)
#include <sys/auxv.h>
// The kernel's bits, which old headers lack.
enum { DLC_HWCAP_ASIMDDP = 1 << 20, DLC_HWCAP2_I8MM = 1 << 13 };
#endif

#include "dlc_kernel.h"

// dlc_isa + 1, or 0 until the first use.
static atomic_int chosen_isa;

#if DLC_HAS_AVX2
// Leaf 7, subleaf 1: compilers of the distribution know no name for it. Its vectors are those of AVX2.
static bool has_avx_vnni(void) {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4) != 0;
}
#endif

#if DLC_HAS_AVX512
// Tiles of bytes: the processor has them and Linux gives each process its leave to use them, once it asks.
static bool has_amx(void) {
  enum { LEAF_TILE = 1 << 24, LEAF_INT8 = 1 << 25, XSAVE = 1 << 27, TILE_STATE = 3 << 17 };
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; // of arch_prctl, which old headers lack
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & XSAVE)) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & LEAF_TILE) || !(d & LEAF_INT8)) return false;
  __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  if ((a & TILE_STATE) != TILE_STATE) return false;
#if defined(DLC_FREESTANDING)
  return false; // nobody to ask
#else
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#endif
}
#endif

static bool is_available(dlc_isa isa) {
  switch (isa) {
  case DLC_ISA_SCALAR: return DLC_HAS_SCALAR;
#if DLC_HAS_AVX2
  case DLC_ISA_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
#if DLC_HAS_AVX512
  case DLC_ISA_AVX512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && is_available(DLC_ISA_AVX2);
  case DLC_ISA_AVX512_VNNI: return __builtin_cpu_supports("avx512vnni") && is_available(DLC_ISA_AVX512);
  case DLC_ISA_AMX: return is_available(DLC_ISA_AVX512_VNNI) && has_amx();
#endif
#if DLC_HAS_AVX2
  case DLC_ISA_AVX_VNNI: return has_avx_vnni() && is_available(DLC_ISA_AVX2);
#endif
#if DLC_HAS_NEON
  case DLC_ISA_NEON: return true;
#endif
#if defined(__aarch64__) && DLC_HAS_NEON && !defined(DLC_FREESTANDING)
  case DLC_ISA_NEON_DOTPROD: return (getauxval(AT_HWCAP) & DLC_HWCAP_ASIMDDP) != 0;
  case DLC_ISA_NEON_I8MM: return (getauxval(AT_HWCAP2) & DLC_HWCAP2_I8MM) != 0 && is_available(DLC_ISA_NEON_DOTPROD);
#endif
  default: return false;
  }
}

static const dlc_isa all_isas[] = {DLC_ISA_NEON_I8MM, DLC_ISA_NEON_DOTPROD, DLC_ISA_NEON,
                                   DLC_ISA_AMX,       DLC_ISA_AVX512_VNNI,  DLC_ISA_AVX512,
                                   DLC_ISA_AVX_VNNI,  DLC_ISA_AVX2,         DLC_ISA_SCALAR};

// DLC_ISA in the environment names one; otherwise, or when it is not available, the best there is.
static dlc_isa detect(void) {
#if DLC_HAS_AVX2
  __builtin_cpu_init();
#endif
#if defined(DLC_FREESTANDING)
  const char *wanted = NULL;
#else
  const char *wanted = getenv("DLC_ISA");
#endif
  size_t count = sizeof all_isas / sizeof all_isas[0];
  for (size_t i = 0; wanted && i < count; i++)
    if (strcmp(wanted, dlc_isa_name(all_isas[i])) == 0 && is_available(all_isas[i])) return all_isas[i];
  for (size_t i = 0; i < count; i++)
    if (is_available(all_isas[i])) return all_isas[i];
  return DLC_HAS_SCALAR ? DLC_ISA_SCALAR : DLC_ISA_NEON;
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
#if DLC_HAS_AVX2
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
  case DLC_ISA_AVX_VNNI: return "avx-vnni";
  case DLC_ISA_AVX512_VNNI: return "avx512-vnni";
  case DLC_ISA_AMX: return "amx";
  case DLC_ISA_NEON: return "neon";
  case DLC_ISA_NEON_DOTPROD: return "neon-dotprod";
  case DLC_ISA_NEON_I8MM: return "neon-i8mm";
  }
  return "unknown";
}

const char *dlc_isa_list(void) {
  return ""
#if DLC_HAS_SCALAR
         "scalar"
#endif
#if DLC_HAS_AVX2
         " avx2 avx-vnni"
#endif
#if DLC_HAS_AVX512
         " avx512 avx512-vnni amx"
#endif
#if DLC_HAS_NEON && DLC_HAS_SCALAR
         " "
#endif
#if DLC_HAS_NEON
         "neon"
#endif
#if DLC_HAS_NEON && defined(__aarch64__)
         " neon-dotprod neon-i8mm"
#endif
      ;
}

const char *dlc_target_name(void) {
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "aarch64";
#elif defined(__arm__)
  return "armv7";
#elif defined(__riscv) && __riscv_xlen == 64
  return "riscv64";
#else
  return "other";
#endif
}
