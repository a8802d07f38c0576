// The data-movement families against loops that follow their definitions element by element.
#include "tests/movement_shapes.h"
#include "tests/movement_indexed.h"
#include "tests/movement_selection.h"
#include "tests/movement_resize.h"
#include "tests/movement_refusals.h"

int main(void) {
  test_transposes();
  test_copies();
  test_pads();
  test_gathers();
  test_gather_elements();
  test_gather_nd();
  test_scatters();
  test_scatter_halves();
  test_top_k();
  test_one_hot();
  test_trilu_and_reversal();
  test_resizes();
  test_refusals();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
