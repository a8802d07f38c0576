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
// What the processor has and the operating system keeps between threads. The compiler's library finds out the same, in
// several times the code.
enum {
  HAS_AVX2 = 1 << 0, // with FMA
  HAS_AVX512 = 1 << 1,
  HAS_VBMI = 1 << 2,
  HAS_VNNI = 1 << 3,
  HAS_AVX_VNNI = 1 << 4,
  HAS_AMX = 1 << 5,
  LOOKED = 1 << 6,
};

// Intel's manual, volume 2, CPUID; volume 1, section 13.3 for the states that XCR0 lists.
static uint32_t look(void) {
  enum { OSXSAVE = 1 << 27, FMA = 1 << 12, AVX2 = 1 << 5, VBMI = 1 << 1, VNNI = 1 << 11, AVX_VNNI = 1 << 4 };
  const uint32_t vectors = 0x6; // in XCR0
  uint32_t a, b, c, d, state, high, found = LOOKED;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE) || !(c & FMA)) return found;
  __asm__("xgetbv" : "=a"(state), "=d"(high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & AVX2) || (state & vectors) != vectors) return found;
  found |= HAS_AVX2;
#if DLC_HAS_AVX512
  const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; // F, DQ, BW, VL
  const uint32_t amx = 3u << 24;                                     // tiles and their products of bytes
  const uint32_t wide_vectors = 0xe6, tiles = 3u << 17;
  if ((b & avx512) == avx512 && (state & wide_vectors) == wide_vectors)
    found |= HAS_AVX512 | (c & VBMI ? HAS_VBMI : 0) | (c & VNNI ? HAS_VNNI : 0);
  if ((d & amx) == amx && (state & tiles) == tiles) found |= HAS_AMX;
#endif
  if (a && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX_VNNI)) found |= HAS_AVX_VNNI;
  return found;
}

static bool has(uint32_t features) {
  static _Atomic uint32_t kept;
  uint32_t found = atomic_load_explicit(&kept, memory_order_relaxed);
  if (!found) atomic_store_explicit(&kept, found = look(), memory_order_relaxed);
  return (found & features) == features;
}

bool dlc_has_byte_permutations(void) { return has(HAS_VBMI); }
#endif

#if DLC_HAS_AVX512
// Tiles of bytes: Linux gives each process its leave to use them, once it asks.
static bool may_use_amx(void) {
#if defined(DLC_FREESTANDING)
  return false; // nobody to ask
#else
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; // of arch_prctl, which old headers lack
  return has(HAS_AMX) && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#endif
}
#endif

static bool is_available(dlc_isa isa) {
  switch (isa) {
  case DLC_ISA_SCALAR: return DLC_HAS_SCALAR;
#if DLC_HAS_AVX2
  case DLC_ISA_AVX2: return has(HAS_AVX2);
#endif
#if DLC_HAS_AVX512
  case DLC_ISA_AVX512: return has(HAS_AVX512);
  case DLC_ISA_AVX512_VNNI: return has(HAS_AVX512 | HAS_VNNI);
  case DLC_ISA_AMX: return has(HAS_AVX512 | HAS_VNNI) && may_use_amx();
#endif
#if DLC_HAS_AVX2
  case DLC_ISA_AVX_VNNI: return has(HAS_AVX_VNNI);
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
  return DLC_HAS_SCALAR ? DLC_ISA_SCALAR : DLC_HAS_AVX2 ? DLC_ISA_AVX2 : DLC_ISA_NEON;
}

dlc_isa dlc_current_isa(void) {
  int isa = atomic_load_explicit(&chosen_isa, memory_order_relaxed);
  if (isa == 0) {
    isa = (int)detect() + 1;
    atomic_store_explicit(&chosen_isa, isa, memory_order_relaxed);
  }
  return (dlc_isa)(isa - 1);
}

bool dlc_processor_suffices(void) { return is_available(dlc_current_isa()); }

bool dlc_set_isa(dlc_isa isa) {
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
#if DLC_HAS_AVX2 && DLC_HAS_SCALAR
         " "
#endif
#if DLC_HAS_AVX2
         "avx2 avx-vnni"
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
