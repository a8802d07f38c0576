// Tests of unary, binary, select, cast and the half float conversions.
#include "test_math.h"

static const uint8_t all_types[] = {DLC_F32,  DLC_U8,  DLC_I8,  DLC_U16, DLC_I16, DLC_I32, DLC_I64,
                                    DLC_BOOL, DLC_F16, DLC_F64, DLC_U32, DLC_U64, DLC_BF16};
enum { TYPES = sizeof all_types };

// Two's complement of the type's width.
static double wrap(uint8_t type, int64_t v) {
  switch (type) {
#define CASE(name, T, id, U)                                                                                           \
  case id: return (double)(T)v;
    DLC_FOR_EACH_INTEGER(CASE)
  default: return (double)v;
  }
}

void test_conversions(void) {
  bool exact = true, round_trip = true, nearest = true;
  for (uint32_t h = 0; h < 65536; h++) {
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    double value = exponent == 31 ? (mantissa ? NAN : INFINITY)
                   : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                  : ldexp(mantissa, -24);
    if (h & 0x8000) value = -value;
    double got = dlc_f16_to_f32((uint16_t)h);
    exact = exact && (got == value || (got != got && value != value));
    if (value == value) round_trip = round_trip && dlc_f32_to_f16((float)value) == h && dlc_f64_to_f16(value) == h;
    // Between this half and the next: just below, at and just above the middle.
    if (exponent == 31 || h >= 0x7bff) continue;
    double next = dlc_f16_to_f32((uint16_t)(h + 1)), middle = (value + next) / 2;
    nearest =
        nearest && dlc_f64_to_f16(nextafter(middle, 0)) == h && dlc_f64_to_f16(nextafter(middle, INFINITY)) == h + 1;
    nearest = nearest && dlc_f64_to_f16(middle) == (h & 1 ? h + 1 : h) &&
              dlc_f32_to_f16((float)middle) == (h & 1 ? h + 1 : h);
  }
  expect(exact, "half to float");
  expect(round_trip, "float to half and back");
  expect(nearest, "float to half rounds to nearest even");
  expect(dlc_f32_to_f16(65520) == 0x7c00 && dlc_f32_to_f16(65519) == 0x7bff && dlc_f32_to_f16(-1e30f) == 0xfc00,
         "half overflow");
  bool bf16 = true;
  for (uint32_t h = 0; h < 0x7f80; h++) {
    uint32_t bits = h << 16;
    bf16 = bf16 && dlc_f32_to_bf16(dlc_float(bits)) == h && dlc_f32_to_bf16(dlc_float(bits + 0x7fff)) == h;
    bf16 = bf16 && dlc_f32_to_bf16(dlc_float(bits + 0x8000)) == (h & 1 ? h + 1 : h) &&
           dlc_f32_to_bf16(dlc_float(bits + 0x8001)) == h + 1;
  }
  expect(bf16 && dlc_f32_to_bf16(NAN) != 0x7f80, "float to bf16");
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 30 ? x : log1p(exp(x)); }
static double bound(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

static double unary_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_unary_params *p = params;
  double x = get(&operands[0], flat), a = p->alpha, b = p->beta;
  uint8_t type = y->type;
  if (dlc_is_integer(type)) {
    int64_t v = (int64_t)x;
    switch (p->function) {
    case DLC_FN_NEG: return wrap(type, -v);
    case DLC_FN_BITWISE_NOT: return wrap(type, ~v);
    case DLC_FN_SQUARE: return wrap(type, v * v);
    case DLC_FN_CLIP: return bound(x, trunc(a) < 0 && !dlc_is_signed(type) ? 0 : trunc(a), trunc(b));
    default: break;
    }
  }
  switch (p->function) {
  case DLC_FN_RELU: return x < 0 ? 0 : x;
  case DLC_FN_CLIP: return bound(x, a, b);
  case DLC_FN_LEAKY_RELU: return x < 0 ? a * x : x;
  case DLC_FN_SIGMOID: return sigmoid(x);
  case DLC_FN_TANH: return tanh(x);
  case DLC_FN_SILU: return x * sigmoid(a * x);
  case DLC_FN_HARD_SIGMOID: return bound(a * x + b, 0, 1);
  case DLC_FN_HARD_SWISH: return x * bound(x / 6 + 0.5, 0, 1);
  case DLC_FN_GELU: return x / 2 * (1 + erf(x / sqrt(2)));
  case DLC_FN_GELU_TANH: return x / 2 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case DLC_FN_ELU: return x < 0 ? a * expm1(x) : x;
  case DLC_FN_SELU: return b * (x > 0 ? x : a * expm1(x));
  case DLC_FN_CELU: return x > 0 ? x : a * expm1(x / a);
  case DLC_FN_SOFTPLUS: return softplus(x);
  case DLC_FN_SOFTSIGN: return x / (1 + fabs(x));
  case DLC_FN_MISH: return x * tanh(softplus(x));
  case DLC_FN_THRESHOLDED_RELU: return x > a ? x : 0;
  case DLC_FN_SHRINK: return x < -b ? x + a : x > b ? x - a : 0;
  case DLC_FN_ABS: return fabs(x);
  case DLC_FN_NEG: return -x;
  case DLC_FN_CEIL: return ceil(x);
  case DLC_FN_FLOOR: return floor(x);
  case DLC_FN_ROUND: return nearbyint(x);
  case DLC_FN_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x;
  case DLC_FN_RECIPROCAL: return 1 / x;
  case DLC_FN_SQRT: return sqrt(x);
  case DLC_FN_RSQRT: return 1 / sqrt(x);
  case DLC_FN_EXP: return exp(x);
  case DLC_FN_LOG: return log(x);
  case DLC_FN_SIN: return sin(x);
  case DLC_FN_COS: return cos(x);
  case DLC_FN_TAN: return tan(x);
  case DLC_FN_ASIN: return asin(x);
  case DLC_FN_ACOS: return acos(x);
  case DLC_FN_ATAN: return atan(x);
  case DLC_FN_SINH: return sinh(x);
  case DLC_FN_COSH: return cosh(x);
  case DLC_FN_ASINH: return asinh(x);
  case DLC_FN_ACOSH: return acosh(x);
  case DLC_FN_ATANH: return atanh(x);
  case DLC_FN_ERF: return erf(x);
  case DLC_FN_SQUARE: return x * x;
  case DLC_FN_NOT: return x == 0;
  case DLC_FN_IS_NAN: return x != x;
  case DLC_FN_IS_INF: return (x == INFINITY && b != 0) || (x == -INFINITY && a != 0);
  default: return x;
  }
}

static bool has_unary(int f, uint8_t type) {
  bool test = f == DLC_FN_IS_NAN || f == DLC_FN_IS_INF,
       exists = f <= DLC_FN_SHRINK || (f >= DLC_FN_ABS && f <= DLC_FN_SQUARE);
  if (dlc_is_float(type)) return exists || test;
  if (type == DLC_BOOL) return f == DLC_FN_IDENTITY || f == DLC_FN_NOT;
  if (f == DLC_FN_NEG) return dlc_is_signed(type);
  return f <= DLC_FN_CLIP || f == DLC_FN_ABS || (f >= DLC_FN_CEIL && f <= DLC_FN_SIGN) || f == DLC_FN_SQUARE ||
         f == DLC_FN_BITWISE_NOT;
}

void test_unary(void) {
  reference *const references[] = {unary_reference};
  static const double special[] = {0, -0.0, 1e-40, -1e-40, 1, -1, 20, -20, 90, -90, NAN};
  for (int f = -1; f < 70; f++)
    for (int k = 0; k < TYPES; k++) {
      uint8_t type = all_types[k], y_type = f == DLC_FN_IS_NAN || f == DLC_FN_IS_INF ? DLC_BOOL : type;
      dlc_unary_params p = {f, 1.25f, 1.5f};
      char label[32];
      snprintf(label, sizeof label, "function %d", f);
      for (int n = 0; n <= 35; n += type == DLC_F32 ? 1 : 35) {
        dlc_tensor t[2] = {TENSOR(type, n % 3, 3, n), TENSOR(y_type, n % 2, 3, n)};
        if (f >= 0 && has_unary(f, type)) {
          for (int i = 0; dlc_is_float(type) && i < 11 && n > 20; i++) set(&t[0], 3 * i, special[i]);
          if (dlc_is_float(type) && n > 20 && f > DLC_FN_SHRINK) set(&t[0], 2, INFINITY), set(&t[0], 4, -INFINITY);
          run_case(&dlc_unary_kernel, t, 2, 1, &p, sizeof p, references, tolerance_of(type) * 4, label);
        } else {
          expect(checked(&dlc_unary_kernel, t, 2, &p, sizeof p) != 0, "unary function %d accepts type %d", f, type);
        }
        free_tensors(t, 2);
      }
    }
  dlc_unary_params p = {DLC_FN_RELU, 0, 0};
  dlc_tensor t[2] = {TENSOR(DLC_F32, 0, 5, 7, 300), TENSOR(DLC_F32, 0, 5, 7, 300)};
  run_case(&dlc_unary_kernel, t, 2, 1, &p, sizeof p, references, 0, "large");
  dlc_tensor bad[2] = {t[0], t[1]};
  bad[1].dims[1] = 8;
  expect(checked(&dlc_unary_kernel, bad, 2, &p, sizeof p), "unary accepts other shapes");
  bad[1] = t[1];
  bad[1].pitch = 299;
  expect(checked(&dlc_unary_kernel, bad, 2, &p, sizeof p), "unary accepts a short pitch");
  bad[0].dims[0] = bad[1].dims[0] = -1;
  bad[1].pitch = 300;
  expect(checked(&dlc_unary_kernel, bad, 2, &p, sizeof p), "unary accepts a negative dim");
  for (int i = 0; i < 3; i++) bad[0].dims[i] = bad[1].dims[i] = INT32_MAX;
  bad[0].pitch = bad[1].pitch = INT32_MAX;
  expect(checked(&dlc_unary_kernel, bad, 2, &p, sizeof p), "unary accepts a huge shape");
  bad[0].rank = bad[1].rank = 9;
  expect(checked(&dlc_unary_kernel, bad, 2, &p, sizeof p), "unary accepts rank 9");
  expect(checked(&dlc_unary_kernel, t, 1, &p, sizeof p), "unary accepts one operand");
  expect(checked(&dlc_unary_kernel, t, 2, &p, 4), "unary accepts short parameters");
  free_tensors(t, 2);
}

static double power(int64_t a, int64_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
  double r = 1;
  while (b--) r *= (double)a;
  return r;
}

static double binary_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_binary_params *p = params;
  uint8_t type = operands[0].type;
  double a = get(&operands[0], source_of(&operands[0], y, flat)),
         b = get(&operands[1], source_of(&operands[1], y, flat)), r = 0;
  if (dlc_is_integer(type)) {
    int64_t u = (int64_t)a, v = (int64_t)b;
    int bits = 8 * (int)dlc_type_size(type);
    switch (p->op) {
    case DLC_BIN_ADD: return wrap(type, u + v);
    case DLC_BIN_SUB: return wrap(type, u - v);
    case DLC_BIN_MUL: return wrap(type, u * v);
    case DLC_BIN_DIV: return v ? (double)(u / v) : 0;
    case DLC_BIN_MOD: return v ? (double)(((u % v) + v) % v) : 0;
    case DLC_BIN_FMOD: return v ? (double)(u % v) : 0;
    case DLC_BIN_POW: return dlc_is_float(operands[1].type) ? 0 : wrap(type, (int64_t)power(u, v));
    case DLC_BIN_PRELU: return wrap(type, u < 0 ? u * v : u);
    case DLC_BIN_AND: return wrap(type, u & v);
    case DLC_BIN_OR: return wrap(type, u | v);
    case DLC_BIN_XOR: return wrap(type, u ^ v);
    case DLC_BIN_SHIFT_LEFT: return v < 0 || v >= bits ? 0 : wrap(type, (int64_t)((uint64_t)u << v));
    case DLC_BIN_SHIFT_RIGHT: return v < 0 || v >= bits ? (u < 0 ? -1 : 0) : wrap(type, u >> v);
    default: break;
    }
  }
  switch (p->op) {
  case DLC_BIN_ADD: r = a + b; break;
  case DLC_BIN_SUB: r = a - b; break;
  case DLC_BIN_MUL: r = a * b; break;
  case DLC_BIN_DIV: r = a / b; break;
  case DLC_BIN_POW: r = pow(a, b); break;
  case DLC_BIN_MIN: r = a != a ? a : b != b ? b : a < b ? a : b; break;
  case DLC_BIN_MAX: r = a != a ? a : b != b ? b : a > b ? a : b; break;
  case DLC_BIN_MOD:
    r = fmod(a, b);
    r = r != 0 && (r < 0) != (b < 0) ? r + b : r;
    break;
  case DLC_BIN_FMOD: r = fmod(a, b); break;
  case DLC_BIN_PRELU: r = a < 0 ? a * b : a; break;
  case DLC_BIN_AND: return a != 0 && b != 0;
  case DLC_BIN_OR: return a != 0 || b != 0;
  case DLC_BIN_XOR: return (a != 0) != (b != 0);
  case DLC_BIN_EQUAL: return a == b;
  case DLC_BIN_LESS: return a < b;
  case DLC_BIN_LESS_EQUAL: return a <= b;
  case DLC_BIN_GREATER: return a > b;
  case DLC_BIN_GREATER_EQUAL: return a >= b;
  default: break;
  }
  return p->epilogue.function == DLC_FN_RELU      ? (r < 0 ? 0 : r)
         : p->epilogue.function == DLC_FN_SIGMOID ? sigmoid(r)
                                                  : r;
}

static bool has_binary(int op, uint8_t type) {
  bool arithmetic = op >= 0 && op <= DLC_BIN_PRELU, logic = op >= DLC_BIN_AND && op <= DLC_BIN_XOR;
  bool shift = op == DLC_BIN_SHIFT_LEFT || op == DLC_BIN_SHIFT_RIGHT,
       order = op > DLC_BIN_EQUAL && op <= DLC_BIN_GREATER_EQUAL;
  if (op == DLC_BIN_EQUAL) return true;
  if (type == DLC_BOOL) return logic;
  return arithmetic || order || (dlc_is_integer(type) && (logic || shift));
}

// Shapes of a, b and y for rows of n elements.
static int shapes(int pattern, int32_t n, int32_t dims[3][4], int ranks[3]) {
  static const char *const text[] = {"23n 23n 23n", "23n / 23n",      "/ 23n 23n",      "23n n 23n",
                                     "n 23n 23n",   "211n 245n 245n", "245n 211n 245n", "23n 231 23n",
                                     "231 23n 23n", "31n 141 34n",    "6n1 n 6nn",      "/ / /",
                                     "0n n 0n",     "5n1 51n 5nn",    "9n 1 9n",        "n8n 1n1n 1n8n"};
  if (pattern >= (int)(sizeof text / sizeof *text)) return 0;
  const char *s = text[pattern];
  for (int k = 0; k < 3; k++, s += *s == ' ') {
    ranks[k] = 0;
    for (; *s && *s != ' '; s++)
      if (*s != '/') dims[k][ranks[k]++] = *s == 'n' ? n : *s - '0';
  }
  return 1;
}

static void binary_case(int op, uint8_t type, uint8_t b_type, int pattern, int32_t n, int gap, int32_t epilogue) {
  reference *const references[] = {binary_reference};
  int32_t dims[3][4];
  int ranks[3];
  if (!shapes(pattern, n, dims, ranks)) return;
  dlc_binary_params p = {op, {epilogue, 0, 0}};
  uint8_t y_type = op >= DLC_BIN_EQUAL ? DLC_BOOL : type;
  dlc_tensor t[3] = {make_tensor(type, ranks[0], dims[0], gap), make_tensor(b_type, ranks[1], dims[1], gap),
                     make_tensor(y_type, ranks[2], dims[2], gap)};
  if (op == DLC_BIN_POW && dlc_is_integer(type) && dlc_is_signed(b_type))
    for (int64_t i = 0; i < dlc_elements(&t[1]); i++) set(&t[1], i, fabs(get(&t[1], i)));
  char label[48];
  snprintf(label, sizeof label, "op %d pattern %d n %d b %d gap %d", op, pattern, n, b_type, gap);
  run_case(&dlc_binary_kernel, t, 3, 2, &p, sizeof p, references, tolerance_of(type) * (op == DLC_BIN_POW ? 4 : 1),
           label);
  free_tensors(t, 3);
}

void test_binary(void) {
  for (int op = -1; op < 38; op++)
    for (int k = 0; k < TYPES; k++) {
      uint8_t type = all_types[k];
      if (op >= 0 && has_binary(op, type)) {
        for (int pattern = 0; pattern < 16; pattern++) binary_case(op, type, type, pattern, 5, pattern & 1, 0);
        continue;
      }
      dlc_binary_params p = {op, {0, 0, 0}};
      dlc_tensor t[3] = {TENSOR(type, 0, 3), TENSOR(type, 0, 3), TENSOR(op >= DLC_BIN_EQUAL ? DLC_BOOL : type, 0, 3)};
      expect(checked(&dlc_binary_kernel, t, 3, &p, sizeof p) != 0, "binary op %d accepts type %d", op, type);
      free_tensors(t, 3);
    }
  for (int pattern = 0; pattern < 16; pattern++)
    for (int n = 0; n <= 40; n++)
      for (int gap = 0; gap < 4; gap += 3) {
        binary_case(DLC_BIN_ADD, DLC_F32, DLC_F32, pattern, n, gap, n % 3 ? DLC_FN_IDENTITY : DLC_FN_SIGMOID);
        if (n % 8 == 1) binary_case(DLC_BIN_LESS, DLC_F32, DLC_F32, pattern, n, gap, 0);
        if (n % 8 == 1) binary_case(DLC_BIN_MAX, DLC_F16, DLC_F16, pattern, n, gap, 0);
      }
  binary_case(DLC_BIN_MUL, DLC_F32, DLC_F32, 3, 700, 0, DLC_FN_RELU);
  binary_case(DLC_BIN_MUL, DLC_F32, DLC_F32, 0, 1500, 0, DLC_FN_RELU);
  for (int k = 0; k < TYPES; k++)
    if (all_types[k] != DLC_BOOL) {
      binary_case(DLC_BIN_POW, DLC_F32, all_types[k], 0, 9, 0, 0);
      binary_case(DLC_BIN_POW, DLC_F16, all_types[k], 1, 9, 0, 0);
      if (dlc_is_integer(all_types[k])) binary_case(DLC_BIN_POW, DLC_I64, all_types[k], 3, 9, 0, 0);
    }
  // Division that would trap.
  dlc_tensor t[3] = {TENSOR(DLC_I64, 0, 2), TENSOR(DLC_I64, 0, 2), TENSOR(DLC_I64, 0, 2)};
  int64_t *a = t[0].data, *b = t[1].data, *y = t[2].data;
  a[0] = a[1] = INT64_MIN;
  b[0] = -1;
  b[1] = 0;
  for (int op = DLC_BIN_DIV; op <= DLC_BIN_FMOD; op++) {
    dlc_binary_params p = {op, {0, 0, 0}};
    dlc_call call = {t, &p, NULL, 3, sizeof p};
    expect(dlc_binary_kernel.run(&call, 0, 1) == 0 && (op != DLC_BIN_DIV || (y[0] == INT64_MIN && y[1] == 0)) &&
               (op != DLC_BIN_MOD || (y[0] == 0 && y[1] == 0)),
           "extreme division, op %d", op);
  }
  dlc_binary_params p = {DLC_BIN_ADD, {DLC_FN_RELU, 0, 0}};
  expect(checked(&dlc_binary_kernel, t, 3, &p, sizeof p), "binary accepts an epilogue on integers");
  p.epilogue.function = 0;
  t[1].dims[0] = 3, t[1].pitch = 3;
  expect(checked(&dlc_binary_kernel, t, 3, &p, sizeof p), "binary accepts shapes that do not broadcast");
  free_tensors(t, 3);
  // In place.
  dlc_tensor s[3] = {TENSOR(DLC_F32, 0, 100), TENSOR(DLC_F32, 0, 100)};
  s[2] = s[0];
  float before[100];
  memcpy(before, s[0].data, sizeof before);
  dlc_call call = {s, &p, NULL, 3, sizeof p};
  dlc_binary_kernel.run(&call, 0, 1);
  bool same = true;
  for (int i = 0; i < 100; i++) same = same && ((float *)s[0].data)[i] == before[i] + ((float *)s[1].data)[i];
  expect(same, "binary in place");
  free_tensors(s, 2);
}

static double select_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  (void)params;
  const dlc_tensor *t = &operands[get(&operands[0], source_of(&operands[0], y, flat)) != 0 ? 1 : 2];
  return get(t, source_of(t, y, flat));
}

// By the rules of dlc_cast_params.
static double cast_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  (void)params;
  double x = get(&operands[0], flat), top = ldexp(1, 8 * (int)dlc_type_size(y->type) - dlc_is_signed(y->type));
  if (y->type == DLC_BOOL) return x != 0;
  if (y->type == DLC_BF16) return dlc_bf16_to_f32(dlc_f64_to_bf16(x));
  if (dlc_is_float(y->type)) return x;
  if (!dlc_is_float(operands[0].type)) return wrap(y->type, (int64_t)x);
  double low = dlc_is_signed(y->type) ? -top : 0;
  return x != x ? 0 : x < low ? low : x > top - 1 ? top - 1 : trunc(x);
}

void test_select_cast(void) {
  reference *const selects[] = {select_reference}, *const casts[] = {cast_reference};
  dlc_select_params p = {0};
  dlc_cast_params q = {0};
  for (int k = 0; k < TYPES; k++)
    for (int pattern = 0; pattern < 16; pattern++)
      for (int n = 0; n <= 33; n += 11) {
        int32_t dims[3][4];
        int ranks[3];
        shapes(pattern, n, dims, ranks);
        uint8_t type = all_types[k];
        for (int turn = 0; turn < 3; turn++) {
          int c = turn, a = (turn + 1) % 3, b = (turn + 2) % 3;
          dlc_tensor t[4] = {make_tensor(DLC_BOOL, ranks[c], dims[c], 0), make_tensor(type, ranks[a], dims[a], turn),
                             make_tensor(type, ranks[b], dims[b], 0), make_tensor(type, ranks[2], dims[2], turn)};
          run_case(&dlc_select_kernel, t, 4, 3, &p, sizeof p, selects, 0, "broadcast");
          t[2].type = type == DLC_F32 ? DLC_I32 : DLC_F32;
          expect(checked(&dlc_select_kernel, t, 4, &p, sizeof p), "select accepts other types");
          free_tensors(t, 4);
        }
      }
  static const double values[] = {0,     1,     -1,     2.5, -2.5, 127.9, 128,   255, 256,      -129,      300,
                                  32768, 70000, -70000, 3e9, -3e9, 1e20,  -1e20, NAN, INFINITY, -INFINITY, 0.1};
  for (int from = 0; from < TYPES; from++)
    for (int to = 0; to < TYPES; to++)
      for (int gap = 0; gap < 3; gap += 2) {
        dlc_tensor t[2] = {TENSOR(all_types[from], gap, 3, 22), TENSOR(all_types[to], gap / 2, 3, 22)};
        for (int i = 0; i < 22; i++) {
          bool wide = dlc_type_size(t[0].type) >= 4 && fabs(values[i]) < 1e9;
          if (dlc_is_float(t[0].type) || (wide && (values[i] >= 0 || dlc_is_signed(t[0].type))))
            set(&t[0], i + 3, values[i]);
        }
        run_case(&dlc_cast_kernel, t, 2, 1, &q, sizeof q, casts, 0, "types");
        free_tensors(t, 2);
      }
  dlc_tensor t[2] = {TENSOR(DLC_F16, 0, 2000), TENSOR(DLC_I16, 0, 2000)};
  run_case(&dlc_cast_kernel, t, 2, 1, &q, sizeof q, casts, 0, "long");
  t[1].dims[0] = 1999;
  expect(checked(&dlc_cast_kernel, t, 2, &q, sizeof q), "cast accepts other shapes");
  free_tensors(t, 2);
}
