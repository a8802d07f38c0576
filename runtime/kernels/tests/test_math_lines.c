// Tests of reduce, arg_reduce, cumulative, softmax, normalize and lrn.
#include "test_math.h"

// Index of element `flat` along each axis.
static void unravel(const dlc_tensor *t, int64_t flat, int64_t index[DLC_MAX_RANK]) {
  for (int i = t->rank - 1; i >= 0; i--) {
    index[i] = flat % t->dims[i];
    flat /= t->dims[i];
  }
}

static int64_t ravel(const dlc_tensor *t, const int64_t index[DLC_MAX_RANK]) {
  int64_t flat = 0;
  for (int i = 0; i < t->rank; i++) flat = flat * t->dims[i] + index[i];
  return flat;
}

static double reduce_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_reduce_params *p = params;
  const dlc_tensor *x = &operands[0];
  bool whole = dlc_is_integer(x->type);
  double sum = 0, absolute = 0, square = 0, product = 1, high = -INFINITY, low = INFINITY, largest, result = 0,
         terms = 0;
  double bits = 8 * (double)dlc_type_size(x->type), top = ldexp(1, (int)bits - dlc_is_signed(x->type));
  if (whole) high = dlc_is_signed(x->type) ? -top : 0, low = top - 1;
  if (x->type == DLC_BOOL) high = 0, low = 1;
  int64_t count = 0;
  for (int pass = 0; pass < 2; pass++) {
    largest = high;
    for (int64_t e = 0; e < dlc_elements(x); e++) {
      int64_t index[DLC_MAX_RANK], at = 0;
      unravel(x, e, index);
      for (int i = 0; i < x->rank; i++)
        if (!((uint32_t)p->axes >> i & 1)) at = at * x->dims[i] + index[i];
      if (at != flat) continue;
      double v = get(x, e);
      if (pass == 0) {
        count++;
        sum += v, absolute += fabs(v), square += v * v, product *= v;
        if (v > high || v != v) high = v;
        if (v < low || v != v) low = v;
      } else {
        terms += exp(v - largest);
      }
    }
  }
  switch (p->op) {
  case DLC_REDUCE_SUM: result = sum; break;
  case DLC_REDUCE_MEAN: result = count ? sum / (double)count : whole ? 0 : NAN; break;
  case DLC_REDUCE_MAX: result = high; break;
  case DLC_REDUCE_MIN: result = low; break;
  case DLC_REDUCE_PROD: result = product; break;
  case DLC_REDUCE_L1: result = absolute; break;
  case DLC_REDUCE_L2: result = sqrt(square); break;
  case DLC_REDUCE_SUM_SQUARE: result = square; break;
  case DLC_REDUCE_LOG_SUM: result = log(sum); break;
  default: result = terms == 0 ? -INFINITY : largest + log(terms); break;
  }
  if (whole) {
    result = trunc(result);
    if (result != result || p->op == DLC_REDUCE_LOG_SUM || p->op == DLC_REDUCE_LOG_SUM_EXP) // saturating conversion
      return result != result                               ? 0
             : result < (dlc_is_signed(x->type) ? -top : 0) ? (dlc_is_signed(x->type) ? -top : 0)
                                                            : result;
    double span = ldexp(1, (int)bits);
    if (bits < 64) result -= span * floor(result / span), result -= dlc_is_signed(x->type) && result >= top ? span : 0;
  }
  return p->epilogue.function == DLC_FN_RELU && result < 0 ? 0 : result;
  (void)y;
}

static void reduce_case(int op, uint8_t type, int rank, const int32_t *dims, int axes, bool keep, int gap,
                        int epilogue) {
  reference *const references[] = {reduce_reference};
  int32_t kept[DLC_MAX_RANK];
  int kept_rank = 0;
  for (int i = 0; i < rank; i++) {
    bool reduced = axes >> i & 1;
    if (!reduced || keep) kept[kept_rank++] = reduced ? 1 : dims[i];
  }
  dlc_reduce_params p = {op, axes, {epilogue, 0, 0}};
  dlc_tensor t[2] = {make_tensor(type, rank, dims, gap), make_tensor(type, kept_rank, kept, gap)};
  if (op == DLC_REDUCE_PROD || op == DLC_REDUCE_LOG_SUM || type == DLC_F16 || type == DLC_BF16)
    for (int64_t e = 0; e < dlc_elements(&t[0]); e++)
      set(&t[0], e, dlc_is_float(type) ? 0.75 + fabs(get(&t[0], e)) / 6 : random_in(1, 2));
  bool extreme = op == DLC_REDUCE_MAX || op == DLC_REDUCE_MIN;
  if (extreme && dlc_is_float(type) && dlc_elements(&t[0]) > 0) set(&t[0], dlc_elements(&t[0]) / 2, NAN);
  char label[64];
  snprintf(label, sizeof label, "op %d axes %d rank %d last %d gap %d", op, axes, rank, rank ? dims[rank - 1] : 1, gap);
  double tolerance = tolerance_of(type) * (type == DLC_BF16 || type == DLC_F16 ? 2 : 4);
  run_case(&dlc_reduce_kernel, t, 2, 1, &p, sizeof p, references, dlc_is_float(type) ? tolerance : 0, label);
  free_tensors(t, 2);
}

static double arg_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_arg_reduce_params *p = params;
  const dlc_tensor *x = &operands[0];
  int64_t inner = 1, best = 0, length = x->dims[p->axis];
  for (int i = p->axis + 1; i < x->rank; i++) inner *= x->dims[i];
  int64_t base = flat / inner * length * inner + flat % inner;
  for (int64_t k = 1; k < length; k++) {
    double v = get(x, base + k * inner), b = get(x, base + best * inner);
    if ((p->op ? v < b : v > b) || (v == b && p->select_last)) best = k;
  }
  (void)y;
  return (double)best;
}

static double cumulative_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_cumulative_params *p = params;
  int64_t index[DLC_MAX_RANK];
  unravel(y, flat, index);
  int64_t at = index[p->axis], length = y->dims[p->axis];
  double total = p->op;
  for (int64_t k = 0; k < length; k++) {
    bool in = p->reverse ? k >= at : k <= at;
    if (!in || (p->exclusive && k == at)) continue;
    index[p->axis] = k;
    double v = get(&operands[0], ravel(y, index));
    total = p->op ? total * v : total + v;
  }
  return total;
}

void test_reduce(void) {
  static const uint8_t types[] = {DLC_F32, DLC_F64, DLC_F16, DLC_BF16, DLC_I32,
                                  DLC_I64, DLC_U8,  DLC_I8,  DLC_U64,  DLC_BOOL};
  static const int32_t dims[] = {2, 3, 4, 5};
  for (int op = 0; op <= 9; op++)
    for (int k = 0; k < 10; k++) {
      if (types[k] == DLC_BOOL && op != DLC_REDUCE_MAX && op != DLC_REDUCE_MIN) continue;
      for (int axes = 0; axes < 16; axes++) reduce_case(op, types[k], 4, dims, axes, axes & 1, axes % 3, 0);
      reduce_case(op, types[k], 2, (int32_t[]){3, 0}, 2, false, 0, 0);
      reduce_case(op, types[k], 2, (int32_t[]){0, 3}, 1, false, 0, 0);
      reduce_case(op, types[k], 2, (int32_t[]){0, 3}, 2, false, 0, 0);
      reduce_case(op, types[k], 0, dims, 0, false, 0, 0);
    }
  for (int op = 0; op <= 9; op++)
    for (int n = 0; n <= 70; n += 1 + (n > 34) * 6) {
      reduce_case(op, DLC_F32, 2, (int32_t[]){3, n}, 2, true, n % 3, DLC_FN_RELU);
      reduce_case(op, DLC_F32, 4, (int32_t[]){2, 3, 3, n}, 6, true, n % 2, 0);
    }
  reduce_case(DLC_REDUCE_MEAN, DLC_F32, 2, (int32_t[]){2, 9001}, 2, false, 0, 0);
  reduce_case(DLC_REDUCE_SUM, DLC_F32, 3, (int32_t[]){2, 150, 300}, 2, false, 0, 0);
  dlc_tensor r[2] = {TENSOR(DLC_F32, 0, 2, 3), TENSOR(DLC_F32, 0, 2)};
  dlc_reduce_params p = {0, 2, {0, 0, 0}};
  expect(checked(&dlc_reduce_kernel, r, 2, &p, sizeof p) == 0, "reduce refuses a good call");
  p.axes = 4;
  expect(checked(&dlc_reduce_kernel, r, 2, &p, sizeof p), "reduce accepts an axis beyond the rank");
  p.axes = 1;
  expect(checked(&dlc_reduce_kernel, r, 2, &p, sizeof p), "reduce accepts a wrong result");
  p.axes = 2, p.op = 10;
  expect(checked(&dlc_reduce_kernel, r, 2, &p, sizeof p), "reduce accepts an unknown operator");
  free_tensors(r, 2);

  reference *const args[] = {arg_reference}, *const cumulatives[] = {cumulative_reference};
  for (int k = 0; k < 9; k++)
    for (int axis = 0; axis < 3; axis++)
      for (int way = 0; way < 8; way++) {
        int32_t shape[3] = {4, 7, way & 1 ? 19 : 3}, kept[3] = {4, 7, shape[2]};
        kept[axis] = 1;
        dlc_arg_reduce_params q = {way & 1, axis, way >> 1 & 1};
        dlc_tensor t[2] = {make_tensor(types[k], 3, shape, 0), make_tensor(DLC_I64, 3, kept, 0)};
        run_case(&dlc_arg_reduce_kernel, t, 2, 1, &q, sizeof q, args, 0, "axis");
        q.axis = 3;
        expect(checked(&dlc_arg_reduce_kernel, t, 2, &q, sizeof q), "arg_reduce accepts a bad axis");
        free_tensors(t, 2);
        dlc_cumulative_params c = {0, axis, way & 1, way >> 1 & 1};
        dlc_tensor u[2] = {make_tensor(types[k], 3, shape, 0), make_tensor(types[k], 3, shape, 0)};
        if (types[k] == DLC_U8 || types[k] == DLC_I8)
          for (int64_t e = 0; e < dlc_elements(&u[0]); e++) set(&u[0], e, random_in(0, 5));
        run_case(&dlc_cumulative_kernel, u, 2, 1, &c, sizeof c, cumulatives, tolerance_of(types[k]) * 2, "sum");
        c.op = 1;
        for (int64_t e = 0; e < dlc_elements(&u[0]); e++)
          set(&u[0], e, dlc_is_signed(types[k]) ? random_in(0, 1) * 2 - 1 : 1);
        run_case(&dlc_cumulative_kernel, u, 2, 1, &c, sizeof c, cumulatives, 0, "product");
        c.axis = -1;
        expect(checked(&dlc_cumulative_kernel, u, 2, &c, sizeof c), "cumulative accepts a bad axis");
        free_tensors(u, 2);
      }
  dlc_tensor e[2] = {TENSOR(DLC_F32, 0, 0, 3), TENSOR(DLC_I64, 0, 1, 3)};
  dlc_arg_reduce_params q = {0, 0, 0};
  expect(checked(&dlc_arg_reduce_kernel, e, 2, &q, sizeof q), "arg_reduce accepts an empty axis");
  free_tensors(e, 2);
}

static double softmax_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_softmax_params *p = params;
  int64_t index[DLC_MAX_RANK], best = 0;
  unravel(y, flat, index);
  int64_t own = index[p->axis];
  double largest = -INFINITY, sum = 0;
  for (int64_t k = 0; k < y->dims[p->axis]; k++) {
    index[p->axis] = k;
    double v = get(&operands[0], ravel(y, index));
    if (v > largest) largest = v, best = k;
  }
  for (int64_t k = 0; k < y->dims[p->axis]; k++) {
    index[p->axis] = k;
    sum += exp(get(&operands[0], ravel(y, index)) - largest);
  }
  double shifted = get(&operands[0], flat) - largest;
  return p->kind == 0 ? exp(shifted) / sum : p->kind == 1 ? shifted - log(sum) : own == best;
}

static double normalize_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_normalize_params *p = params;
  const dlc_tensor *x = &operands[0];
  int64_t channels = dlc_row_length(x), length = 1, count = 0;
  for (int i = p->axis; i < x->rank; i++) length *= x->dims[i];
  int64_t image = dlc_elements(x) / x->dims[0], at = p->kind == 1 ? flat % channels : flat % length;
  double mean = 0, variance = 0;
  for (int pass = 0; pass < 2; pass++) {
    count = 0;
    for (int64_t e = 0; e < dlc_elements(x); e++) {
      bool same =
          p->kind == 1 ? e / image == flat / image && e % channels == flat % channels : e / length == flat / length;
      if (!same) continue;
      count++;
      if (pass == 0)
        mean += get(x, e);
      else
        variance += (get(x, e) - mean) * (get(x, e) - mean);
    }
    if (pass == 0) mean = p->kind == 2 ? 0 : mean / (double)count;
  }
  double r = (get(x, flat) - mean) / sqrt(variance / (double)count + p->epsilon);
  if (dlc_is_present(&operands[1])) r *= get(&operands[1], at);
  if (dlc_is_present(&operands[2])) r += get(&operands[2], at);
  (void)y;
  return p->epilogue.function == DLC_FN_RELU && r < 0 ? 0 : r;
}

// Dealt to eight sums that are added in halves, f32 throughout; the rest one by one. Squares of x - mean where asked.
static float dealt_sum(const float *x, int64_t n, bool squared, float mean) {
  volatile float s[8] = {0}, term;
#define TERM(i) (term = squared ? x[i] - mean : x[i], term = squared ? term * term : term)
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; k++) s[k] += TERM(i + k);
  for (int k = 0; k < 4; k++) s[k] += s[k + 4];
  for (int k = 0; k < 4 && i + 4 <= n; k++) s[k] += TERM(i + k);
  if (i + 4 <= n) i += 4;
  s[0] += s[2], s[1] += s[3], s[0] += s[1];
  for (; i < n; i++) s[0] += TERM(i);
#undef TERM
  return s[0];
}

// Instance normalization of [N, places, C] in its documented order: exact.
static double instance_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_normalize_params *p = params;
  const dlc_tensor *x = &operands[0];
  const int64_t channels = dlc_row_length(x), places = x->dims[1], c = flat % channels;
  const int64_t first = flat / (channels * places) * channels * places + c;
  float *column = malloc((size_t)places * sizeof(float));
  for (int64_t r = 0; r < places; r++) column[r] = (float)get(x, first + r * channels);
  volatile float mean = dealt_sum(column, places, false, 0) / (float)places;
  volatile float variance = dealt_sum(column, places, true, mean) / (float)places;
  volatile float factor = variance + p->epsilon;
  factor = 1.0f / sqrtf(factor);
  factor = factor * (float)get(&operands[1], c);
  volatile float shift = mean * factor;
  shift = (float)get(&operands[2], c) - shift;
  volatile float product = (float)get(x, flat) * factor;
  free(column);
  (void)y;
  return product + shift;
}

static void test_instance_order(void) {
  reference *const references[] = {instance_reference};
  for (int places = 1; places <= 75; places += 1 + (places > 26) * 6)
    for (int n = 1; n <= 70; n += 1 + places % 23) {
      const dlc_normalize_params p = {1, 2, 1e-3f, {0, 0, 0}};
      dlc_tensor t[4] = {TENSOR(DLC_F32, n % 3, 2, places, n), TENSOR(DLC_F32, 0, n), TENSOR(DLC_F32, 0, n),
                         TENSOR(DLC_F32, n % 2, 2, places, n)};
      for (int64_t i = 0; i < dlc_elements(&t[0]); i++) set(&t[0], i, (double)random_in(-127, 128) * 0.0173);
      run_case(&dlc_normalize_kernel, t, 4, 3, &p, sizeof p, references, 0, "order of an instance");
      free_tensors(t, 4);
    }
}

static double lrn_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_lrn_params *p = params;
  int64_t n = dlc_row_length(y), c = flat % n;
  double sum = 0;
  for (int64_t k = c - (p->size - 1) / 2; k <= c + p->size / 2; k++)
    if (k >= 0 && k < n) sum += pow(get(&operands[0], flat - c + k), 2);
  return get(&operands[0], flat) / pow(p->bias + p->alpha / p->size * sum, p->beta);
}

static void test_softmax(void) {
  reference *const references[] = {softmax_reference};
  for (int kind = 0; kind < 3; kind++)
    for (int n = 0; n <= 35; n++)
      for (int axis = 0; axis < 3; axis++)
        for (int wide = 0; wide < 2; wide++) {
          dlc_softmax_params p = {kind, axis};
          int gap = axis == 2 ? n % 3 : 0;
          uint8_t type = wide ? DLC_F64 : DLC_F32;
          dlc_tensor t[2] = {TENSOR(type, gap, 3, 4, n), TENSOR(type, gap, 3, 4, n)};
          if (n > 5 && kind < 2) set(&t[0], 1, -INFINITY), set(&t[0], 3, n % 2 ? 80 : 95);
          run_case(&dlc_softmax_kernel, t, 2, 1, &p, sizeof p, references, tolerance_of(type), "line");
          p.axis = 3;
          expect(checked(&dlc_softmax_kernel, t, 2, &p, sizeof p), "softmax accepts a bad axis");
          p = (dlc_softmax_params){kind, 0};
          t[0].pitch += n + 1;
          expect(checked(&dlc_softmax_kernel, t, 2, &p, sizeof p), "softmax accepts a pitch with an outer axis");
          free_tensors(t, 2);
        }
  dlc_softmax_params p = {0, 1};
  dlc_tensor t[2] = {TENSOR(DLC_F32, 0, 2, 9, 150), TENSOR(DLC_F32, 0, 2, 9, 150)};
  run_case(&dlc_softmax_kernel, t, 2, 1, &p, sizeof p, references, 1e-6, "columns");
  free_tensors(t, 2);
}

void test_lines(void) {
  test_softmax();
  test_instance_order();
  reference *const normalizes[] = {normalize_reference}, *const lrns[] = {lrn_reference};
  for (int n = 1; n <= 70; n += 1 + (n > 34) * 6)
    for (int kind = 0; kind < 3; kind++)
      for (int way = 0; way < 4; way++) {
        bool last = way & 1 || kind == 1;
        int gap = last ? n % 3 : 0;
        dlc_normalize_params p = {kind, last ? 2 : 1, 1e-5f, {way & 1 ? DLC_FN_RELU : 0, 0, 0}};
        int32_t length = last ? n : 3 * n;
        dlc_tensor t[4] = {TENSOR(DLC_F32, gap, 2, 3, n), TENSOR(DLC_F32, 0, length), TENSOR(DLC_F32, 0, length),
                           TENSOR(DLC_F32, gap, 2, 3, n)};
        if (way & 2) free(t[2].data), t[2] = (dlc_tensor){0};
        // Few elements may lie so close that their deviation from the mean is mostly rounding.
        double tolerance = n == 1 ? 1e-3 : kind == 1 ? 2e-4 : 2e-5;
        run_case(&dlc_normalize_kernel, t, 4, 3, &p, sizeof p, normalizes, tolerance, "kind");
        t[1].dims[0]++, t[1].pitch++;
        expect(checked(&dlc_normalize_kernel, t, 4, &p, sizeof p), "normalize accepts a long scale");
        free_tensors(t, 4);
      }
  for (int n = 0; n <= 40; n++)
    for (int size = 1; size <= 100; size += size < 6 ? 1 : 94) {
      dlc_lrn_params p = {size, 0.5f, n & 1 ? 0.75f : 0.6f, 1.5f};
      dlc_tensor t[2] = {TENSOR(DLC_F32, n % 2, 3, n), TENSOR(DLC_F32, n % 3, 3, n)};
      run_case(&dlc_lrn_kernel, t, 2, 1, &p, sizeof p, lrns, 5e-6, "size");
      p.size = 0;
      expect(checked(&dlc_lrn_kernel, t, 2, &p, sizeof p), "lrn accepts size 0");
      free_tensors(t, 2);
    }
}
