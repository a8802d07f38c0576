// What the tests of the integer contractions share: random operands, the reference end of a product, and running calls.
#ifndef TEST_QCONTRACTIONS_H
#define TEST_QCONTRACTIONS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlc_kernel.h"
#include "dlc_pack.h"

extern const dlc_kernel dlc_qmatmul_kernel, dlc_qmatmul_pack_kernel, dlc_qconv_kernel, dlc_qconv_pack_kernel,
    dlc_qconv_transpose_kernel, dlc_qconv_transpose_pack_kernel;

uint32_t draw(void);
int pick(int low, int high);
void expect(bool ok, const char *what);

// A tensor of random bytes whose memory ends exactly where its extent does, at any address its type allows. It lives
// until release_all. Weights of -128 are among them; they count as -127.
dlc_tensor make(uint8_t type, int pitch_more, int rank, const int32_t *dims);
void release_all(void);
extern const dlc_tensor absent;

static inline uint8_t u8_at(const dlc_tensor *t, int64_t row, int64_t column) {
  return ((const uint8_t *)t->data)[row * t->pitch + column];
}
static inline int32_t weight_at(const dlc_tensor *t, int64_t index) {
  const int8_t w = ((const int8_t *)t->data)[index];
  return w < -127 ? -127 : w;
}
// The bias and the scale of a channel, from a list of any type that may hold them.
int32_t bias_at(const dlc_tensor *list, int64_t channel);
float scale_at(const dlc_tensor *list, int64_t channel);

// Weights of one panel of n < 16 columns without the columns it lacks, or the weights as they are.
dlc_tensor any_narrow(const dlc_tensor *packed, int n, int rank);

static inline int32_t i32_at(const dlc_tensor *t, int64_t index) { return ((const int32_t *)t->data)[index]; }

// The operands behind weights of any family, with random choices of what is there.
typedef struct ending {
  dlc_tensor bias, scale, residual, table, y;
  dlc_requantize q;
} ending;

// Lists for n channels, of any type that may hold them; scales around `unit`, some of them `tie` or far too large.
dlc_tensor any_biases(int32_t n, int32_t most);
dlc_tensor any_scales(int32_t n, float unit, float tie);

// An ending for y of these dims whose sums have about `depth` products.
ending any_ending(int rank, const int32_t *ydims, int64_t depth);

// Whether y holds what `sum`, without the bias, becomes at this place.
bool matches(const ending *e, int64_t row, int32_t channel, int32_t sum, int32_t bias);

// Checks the call, runs it in 1...4 parts with scratch of exactly the asked size; all must give the same bytes and
// leave what lies between rows.
bool run_all_parts(const dlc_kernel *k, dlc_call *call, int out);

void test_qmatmul(int rounds);
void test_qconv(int rounds);
void test_qconv_transpose(int rounds);
void test_s16(int rounds);
void test_qrefusals(void);

// A convolution's shapes.
typedef struct geometry {
  int n, in[3], c, o, groups;
  dlc_window w;
} geometry;
geometry any_geometry(void);
void describe(char *what, size_t size, const char *family, const geometry *g, const ending *e);

#endif
