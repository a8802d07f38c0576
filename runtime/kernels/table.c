// The kernel table: one row a family, found by the id that a plan carries.
#include "dlc_kernel.h"

#define X(id, family) extern const dlc_kernel dlc_##family##_kernel;
DLC_KERNEL_LIST(X)
#undef X

const dlc_kernel *dlc_kernel_row(uint16_t id) {
  switch (id) {
#define X(id, family) \
  case id: return &dlc_##family##_kernel;
    DLC_KERNEL_LIST(X)
#undef X
  default: return NULL;
  }
}
