// Elementwise functions over runs of elements, for the unary family and for the epilogues of others.
#ifndef DLC_UNARY_H
#define DLC_UNARY_H

#include "types.h"

enum { DLC_UNARY_FUNCTIONS = 68 };

// y[i] = f(x[i]) for n dense elements; y may be x.
typedef void dlc_unary_row(const float *x, float *y, int64_t n, float alpha, float beta);

// The f32 functions that an instruction set has vector code for, by dlc_function; NULL elsewhere.
typedef struct dlc_unary_rows {
  dlc_unary_row *functions[DLC_UNARY_FUNCTIONS];
} dlc_unary_rows;

DLC_DECLARE_ROWS(dlc_unary_rows, dlc_unary_rows);

// The f32 function in the instruction set in use; NULL for functions that f32 lacks.
dlc_unary_row *dlc_unary_f32(int32_t function);

// f32 and f64 by way of the C library. False when the type has no such function.
dlc_unary_row *dlc_unary_libm_f32(int32_t function);
bool dlc_unary_f64(int32_t function, const double *x, double *y, int64_t n, double alpha, double beta);

// Integers, and bool for NOT. False when the type has no such function; n may be 0 to ask.
bool dlc_unary_integer(int32_t function, uint8_t type, const void *x, void *y, int64_t n, float alpha, float beta);

// Applies an f32 epilogue to n dense elements in place.
static inline void dlc_epilogue_apply(const dlc_epilogue *epilogue, float *y, int64_t n) {
  if (epilogue->function == DLC_FN_IDENTITY) return;
  dlc_unary_f32(epilogue->function)(y, y, n, epilogue->alpha, epilogue->beta);
}

#endif
