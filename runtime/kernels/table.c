// The kernel table: one row a family, found by the id that a plan carries.
#include "dlc_kernel.h"

#define X(id, family) extern const dlc_kernel dlc_##family##_kernel;
DLC_KERNEL_LIST(X)
#undef X

const dlc_kernel *dlc_kernel_row(uint16_t id) {
  switch (id) {
#define X(id, family)                                                                                                  \
  case id: return &dlc_##family##_kernel;
    DLC_KERNEL_LIST(X)
#undef X
  default: return NULL;
  }
}

uint32_t dlc_kernel_outputs(uint16_t id, uint32_t operand_count) {
  switch (id) {
  case DLC_KERNEL_top_k:
  case DLC_KERNEL_dynamic_range: return 2;
  case DLC_KERNEL_qmatmul_pack: return operand_count > 2 ? 2 : 1; // sums beside the packed weights
  case DLC_KERNEL_pool: return operand_count > 2 ? 2 : 1;         // positions beside the maxima
  default: return 1;
  }
}
