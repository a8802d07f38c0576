// How far a candidate's outputs lie from a reference's, for tests and benches in C. A header alone: nothing of it is
// part of the runtime, and programs that use it link with -lm. Measures as `dlc diff` does.
//
//   dlc_accuracy accuracy;
//   dlc_accuracy_begin(&accuracy);
//   for each sample: dlc_accuracy_add(&accuracy, reference, candidate, count);
//   dlc_accuracy_bars bars = {.min_sqnr_db = 20, .min_top1 = 0.98};
//   if (dlc_accuracy_meets(&accuracy, &bars) != DLC_OK) ...
#ifndef DLC_ACCURACY_H
#define DLC_ACCURACY_H

#include <math.h>

#include "dlc.h"

// Figures over the samples so far.
typedef struct dlc_accuracy {
  uint64_t samples, elements;
  uint64_t top1;                    // samples whose greatest element stands at the same place
  double max_abs;                   // infinite where one side is not finite and the other differs
  double sum_abs;                   // of differences
  double signal, noise, other, dot; // sums of reference^2, difference^2, candidate^2, reference * candidate
  double worst_cosine, worst_sqnr_db;
} dlc_accuracy;

typedef struct dlc_accuracy_result {
  uint64_t samples;
  double max_abs, mean_abs;
  double cosine;                      // over all samples as one; 1 for two zero vectors
  double sqnr_db;                     // 10 log10(sum reference^2 / sum difference^2); infinite where equal
  double worst_cosine, worst_sqnr_db; // the least of any sample
  double top1_agreement;              // 0 to 1
} dlc_accuracy_result;

// Bars; 0: not asked for. Begin with {0}.
typedef struct dlc_accuracy_bars {
  double max_abs, min_cosine, min_sqnr_db, min_top1;
} dlc_accuracy_bars;

static inline void dlc_accuracy_begin(dlc_accuracy *accuracy) {
  accuracy->samples = accuracy->elements = accuracy->top1 = 0;
  accuracy->max_abs = accuracy->sum_abs = 0;
  accuracy->signal = accuracy->noise = accuracy->other = accuracy->dot = 0;
  accuracy->worst_cosine = 1;
  accuracy->worst_sqnr_db = HUGE_VAL;
}

static inline double dlc_accuracy_cosine(double signal, double other, double dot) {
  if (signal > 0 && other > 0) return dot / sqrt(signal * other);
  return signal > 0 || other > 0 ? 0 : 1;
}

static inline double dlc_accuracy_sqnr(double signal, double noise) {
  if (!(noise > 0)) return HUGE_VAL;
  return isfinite(noise) && signal > 0 ? 10 * log10(signal / noise) : -HUGE_VAL;
}

// Place of the first greatest element; 0 when there is none.
static inline size_t dlc_accuracy_best(const float *values, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++)
    if (values[i] > values[best] || values[best] != values[best]) best = i;
  return best;
}

// Adds one sample's output of `count` elements. Equal infinities and NaN on both sides are equal.
static inline void dlc_accuracy_add(dlc_accuracy *accuracy, const float *reference, const float *candidate,
                                    size_t count) {
  double signal = 0, noise = 0, other = 0, dot = 0;
  for (size_t i = 0; i < count; i++) {
    const double x = reference[i], y = candidate[i];
    double difference = 0;
    if (!(x == y || (x != x && y != y))) difference = isfinite(x) && isfinite(y) ? fabs(x - y) : HUGE_VAL;
    if (difference > accuracy->max_abs) accuracy->max_abs = difference;
    accuracy->sum_abs += difference;
    noise += difference * difference;
    if (!isfinite(x) || !isfinite(y)) continue;
    signal += x * x;
    other += y * y;
    dot += x * y;
  }
  const double cosine = dlc_accuracy_cosine(signal, other, dot), sqnr = dlc_accuracy_sqnr(signal, noise);
  if (cosine < accuracy->worst_cosine) accuracy->worst_cosine = cosine;
  if (sqnr < accuracy->worst_sqnr_db) accuracy->worst_sqnr_db = sqnr;
  accuracy->signal += signal;
  accuracy->noise += noise;
  accuracy->other += other;
  accuracy->dot += dot;
  accuracy->top1 += dlc_accuracy_best(reference, count) == dlc_accuracy_best(candidate, count);
  accuracy->elements += count;
  accuracy->samples++;
}

static inline dlc_accuracy_result dlc_accuracy_figures(const dlc_accuracy *accuracy) {
  dlc_accuracy_result result;
  result.samples = accuracy->samples;
  result.max_abs = accuracy->max_abs;
  result.mean_abs = accuracy->elements ? accuracy->sum_abs / (double)accuracy->elements : 0;
  result.cosine = dlc_accuracy_cosine(accuracy->signal, accuracy->other, accuracy->dot);
  result.sqnr_db = dlc_accuracy_sqnr(accuracy->signal, accuracy->noise);
  result.worst_cosine = accuracy->worst_cosine;
  result.worst_sqnr_db = accuracy->worst_sqnr_db;
  result.top1_agreement = accuracy->samples ? (double)accuracy->top1 / (double)accuracy->samples : 0;
  return result;
}

// DLC_OK when every bar is reached, else DLC_ERROR_CONTRACT; without samples no bar is.
static inline dlc_status dlc_accuracy_meets(const dlc_accuracy *accuracy, const dlc_accuracy_bars *bars) {
  const dlc_accuracy_result found = dlc_accuracy_figures(accuracy);
  const int met = found.samples > 0 && (bars->max_abs == 0 || found.max_abs <= bars->max_abs) &&
                  (bars->min_cosine == 0 || found.cosine >= bars->min_cosine) &&
                  (bars->min_sqnr_db == 0 || found.sqnr_db >= bars->min_sqnr_db) &&
                  (bars->min_top1 == 0 || found.top1_agreement >= bars->min_top1);
  return met ? DLC_OK : DLC_ERROR_CONTRACT;
}

#endif
