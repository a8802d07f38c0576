// Support of the integer elementwise kernels' tests: tensors with guarded gaps that end where memory does, and a runner
// over instruction sets and parts that compares bits.
#ifndef DLC_TEST_QELEMENTWISE_H
#define DLC_TEST_QELEMENTWISE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "types.h"

// Counts a check; prints the message when it fails.
void expect(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A whole number in low...high.
int pick(int low, int high);

// A tensor whose rows lie `gap` elements more than their length apart: random bytes for integers, numbers in -8...8 for
// f32.
dlc_tensor make(uint8_t type, int gap, int rank, const int32_t *dims);
#define MAKE(type, gap, ...)                                                                                           \
  make(type, gap, (int)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)), (int32_t[]){__VA_ARGS__})

// Element `flat` in row-major order: an integer's value, an f32's bits.
int64_t get(const dlc_tensor *t, int64_t flat);
void set(dlc_tensor *t, int64_t flat, int64_t value);
float get_float(const dlc_tensor *t, int64_t flat);

// Flat index in `t` of the element that broadcasts to element `flat` of `y`.
int64_t source_of(const dlc_tensor *t, const dlc_tensor *y, int64_t flat);

// round-half-even(t) + zero within low...high, as kernels clamp.
int64_t rounded(float t, float low, float high, int32_t zero);

// Element `flat` of output y by its definition, as `get` gives it.
typedef int64_t reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat);

// Runs the call on every instruction set with 1...4 parts: the operands from first_output on have the bits of their
// references, and gaps stay untouched.
void run_case(const dlc_kernel *kernel, dlc_tensor *t, uint32_t count, uint32_t first_output, const void *params,
              size_t params_bytes, reference *const *references, const char *label);

// The line `check` answers.
int checked(const dlc_kernel *kernel, const dlc_tensor *t, uint32_t count, const void *params, size_t params_bytes);

void free_all(dlc_tensor *t, uint32_t count);

void test_quantize(void);
void test_qbinary(void);
void test_lookup(void);
void test_qpool(void);
void test_qreduce(void);
void test_qsoftmax(void);
void test_weights(void);

#endif
