// Support of the math kernels' tests: tensors with guarded gaps, and a runner over instruction sets and parts.
#ifndef DLC_TEST_MATH_H
#define DLC_TEST_MATH_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "types.h"

// Counts a check; prints the message when it fails.
void expect(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A whole number in low...high.
int64_t random_in(int64_t low, int64_t high);

// A tensor on the heap whose rows lie `gap` elements more than their length apart, with small random elements.
dlc_tensor make_tensor(uint8_t type, int rank, const int32_t *dims, int gap);
#define TENSOR(type, gap, ...)                                                                                         \
  make_tensor(type, (int)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)), (int32_t[]){__VA_ARGS__}, gap)

// Bytes a tensor occupies, gaps included.
size_t tensor_bytes(const dlc_tensor *t);

// Offset in elements of the `flat`-th element in row-major order.
int64_t place(const dlc_tensor *t, int64_t flat);
double get(const dlc_tensor *t, int64_t flat);
void set(dlc_tensor *t, int64_t flat, double value);

// Flat index in `t` of the element that broadcasts to element `flat` of `y`.
int64_t source_of(const dlc_tensor *t, const dlc_tensor *y, int64_t flat);

// Element `flat` of the output `y` by its definition.
typedef double reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat);

// Runs the call on every instruction set with 1...4 parts: outputs (operands first_output...) agree with their
// references within the tolerance (relative and absolute; 0 is exact), parts agree bitwise, and gaps stay untouched.
void run_case(const dlc_kernel *kernel, dlc_tensor *operands, uint32_t count, uint32_t first_output, const void *params,
              size_t params_bytes, reference *const *references, double tolerance, const char *label);

// The line `check` answers.
int checked(const dlc_kernel *kernel, const dlc_tensor *operands, uint32_t count, const void *params,
            size_t params_bytes);

void free_tensors(dlc_tensor *operands, uint32_t count);

// Rounding error to expect of a type, relative.
double tolerance_of(uint8_t type);

extern const dlc_kernel dlc_unary_kernel, dlc_binary_kernel, dlc_select_kernel, dlc_cast_kernel, dlc_reduce_kernel,
    dlc_arg_reduce_kernel, dlc_cumulative_kernel, dlc_softmax_kernel, dlc_normalize_kernel, dlc_lrn_kernel,
    dlc_pool_kernel;

void test_conversions(void);
void test_unary(void);
void test_binary(void);
void test_select_cast(void);
void test_reduce(void);
void test_lines(void);
void test_pool(void);
void test_random_calls(void);

#endif
