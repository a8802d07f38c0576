// The binary family: a, b, y with numpy broadcasting.
#include <math.h>

#include "binary/binary.h"
#include "binary/broadcast.h"
#include "cast/cast.h"
#include "unary/unary.h"

// Elements whose epilogue follows while they are in the first cache level.
enum { EPILOGUE_RUN = 2048 };

// An operator resolved for its types: what each run of elements needs.
typedef struct plan {
  dlc_binary_row *row; // of `compute`; NULL for powers of integers
  uint8_t type, b_type, y_type, compute;
  bool swapped; // a > b is b < a
  const dlc_epilogue *epilogue;
} plan;

static bool is_comparison(int32_t op) { return op >= DLC_BIN_EQUAL && op <= DLC_BIN_GREATER_EQUAL; }

static bool resolve(plan *p, const dlc_binary_params *params, const dlc_tensor *a, const dlc_tensor *b) {
  int32_t op = params->op;
  p->type = a->type;
  p->b_type = b->type;
  p->y_type = is_comparison(op) ? DLC_BOOL : a->type;
  p->compute = dlc_is_half(a->type) ? DLC_F32 : a->type;
  p->swapped = op == DLC_BIN_GREATER || op == DLC_BIN_GREATER_EQUAL;
  p->epilogue = &params->epilogue;
  if (op == DLC_BIN_GREATER) op = DLC_BIN_LESS;
  if (op == DLC_BIN_GREATER_EQUAL) op = DLC_BIN_LESS_EQUAL;
  if (dlc_is_float(a->type)) {
    p->row = dlc_binary_float(op, p->compute);
    return p->row != NULL;
  }
  p->row = dlc_binary_integer(op, a->type);
  return p->row || (op == DLC_BIN_POW && dlc_is_integer(a->type));
}

static int binary_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 3, 3, sizeof(dlc_binary_params)));
  const dlc_binary_params *params = call->params;
  const dlc_tensor *a = dlc_operand(call, 0), *b = dlc_operand(call, 1), *y = dlc_operand(call, 2);
  DLC_REQUIRE(dlc_valid(a) && dlc_valid(b) && dlc_valid(y));
  DLC_REQUIRE(dlc_broadcasts(a, y) && dlc_broadcasts(b, y));
  plan p;
  DLC_REQUIRE(resolve(&p, params, a, b));
  DLC_REQUIRE(b->type == a->type || (params->op == DLC_BIN_POW && b->type != DLC_BOOL));
  DLC_REQUIRE(y->type == p.y_type);
  DLC_REQUIRE(dlc_valid_epilogue(params->epilogue.function));
  DLC_REQUIRE(y->type == DLC_F32 || params->epilogue.function == DLC_FN_IDENTITY);
  return 0;
}

static uint32_t binary_parts(const dlc_call *call) {
  const dlc_binary_params *params = call->params;
  bool cheap = params->op != DLC_BIN_POW && params->epilogue.function <= DLC_FN_LEAKY_RELU;
  return dlc_parts_for(dlc_elements(dlc_operand(call, 2)), cheap ? 16384 : 4096);
}

// Powers of integers, in 64 bits (wrapping) or, for a fractional exponent, in f64 (saturating).
static void power_run(const plan *p, const void *a, int64_t sa, const void *b, int64_t sb, void *y, int64_t n) {
  uint8_t wide = dlc_is_float(p->b_type) ? DLC_F64 : DLC_I64;
  union {
    int64_t i[DLC_CHUNK];
    double d[DLC_CHUNK];
  } u, v;
  dlc_cast_run(p->type, a, sa, wide, &u, 1, n);
  dlc_cast_run(p->b_type, b, sb, wide, &v, 1, n);
  for (int64_t i = 0; i < n; i++) {
    if (wide == DLC_F64)
      u.d[i] = pow(u.d[i], v.d[i]);
    else // modulo 2^64 an odd base has a period dividing 2^62, and an even one is 0 from 64 on: bit 62 stands for bit
         // 63
      u.i[i] = dlc_integer_power(u.i[i],
                                 p->b_type == DLC_U64 && v.i[i] < 0 ? (v.i[i] & INT64_MAX) | (int64_t)1 << 62 : v.i[i]);
  }
  dlc_cast_run(wide, &u, 1, p->type, y, 1, n);
}

// Up to DLC_CHUNK elements of any strides and types, by way of buffers in the computing type.
static void converted_run(const plan *p, const void *a, int64_t sa, const void *b, int64_t sb, void *y, int64_t sy,
                          int64_t n) {
  double a_wide[DLC_CHUNK], b_wide[DLC_CHUNK], y_wide[DLC_CHUNK];
  if (!p->row) {
    power_run(p, a, sa, b, sb, y_wide, n);
    dlc_cast_run(p->type, y_wide, 1, p->type, y, sy, n);
    return;
  }
  if (sa > 1 || p->compute != p->type) {
    dlc_cast_run(p->type, a, sa, p->compute, a_wide, 1, sa ? n : 1);
    a = a_wide;
  }
  if (sb > 1 || p->compute != p->b_type) {
    dlc_cast_run(p->b_type, b, sb, p->compute, b_wide, 1, sb ? n : 1);
    b = b_wide;
  }
  p->row(a, sa ? 1 : 0, b, sb ? 1 : 0, y_wide, n);
  uint8_t computed = p->y_type == DLC_BOOL ? DLC_BOOL : p->compute;
  if (computed == DLC_F32) dlc_epilogue_apply(p->epilogue, (float *)y_wide, n);
  dlc_cast_run(computed, y_wide, 1, p->y_type, y, sy, n);
}

// A run of n elements: in place where strides and types allow, else by way of buffers.
static void run_elements(const plan *p, const void *a, int64_t sa, const void *b, int64_t sb, void *y, int64_t sy,
                         int64_t n) {
  int64_t a_bytes = (int64_t)dlc_type_size(p->type), b_bytes = (int64_t)dlc_type_size(p->b_type);
  int64_t y_bytes = (int64_t)dlc_type_size(p->y_type);
  bool direct = p->row && p->compute == p->type && p->type == p->b_type && sa <= 1 && sb <= 1 && sy == 1;
  bool plain = p->epilogue->function == DLC_FN_IDENTITY;
  if (p->swapped) {
    const void *data = a;
    int64_t stride = sa;
    a = b;
    sa = sb;
    b = data;
    sb = stride;
  }
  if (direct && plain) {
    p->row(a, sa, b, sb, y, n);
    return;
  }
  int64_t step = direct ? EPILOGUE_RUN : DLC_CHUNK;
  for (int64_t i = 0; i < n; i += step) {
    int64_t count = dlc_min64(step, n - i);
    const void *from_a = dlc_at(a, i * sa * a_bytes), *from_b = dlc_at(b, i * sb * b_bytes);
    void *to = dlc_at_mutable(y, i * sy * y_bytes);
    if (direct) {
      p->row(from_a, sa, from_b, sb, to, count);
      dlc_epilogue_apply(p->epilogue, to, count);
    } else {
      converted_run(p, from_a, sa, from_b, sb, to, sy, count);
    }
  }
}

// Short rows of which one input repeats, as in [..., C] + [C] with few channels: the repeated input is spread over a
// buffer of several rows, so that runs are long. `index` is that input (0 or 1), -1 when the loop is not of this kind.
typedef struct spread {
  int index;
  int64_t length, rows; // of one row, and rows per buffer
} spread;

static spread find_spread(const dlc_loop *loop, const plan *p) {
  spread s = {-1, loop->dims[loop->rank - 1], 0};
  int inner = loop->rank - 1, outer = loop->rank - 2;
  if (outer < 0 || s.length > DLC_CHUNK / 4 || p->type != p->b_type || loop->dims[outer] < 4) return s;
  bool packed[3];
  for (int k = 0; k < 3; k++) packed[k] = loop->strides[k][inner] == 1 && loop->strides[k][outer] == s.length;
  if (!packed[2] || packed[0] == packed[1]) return s;
  s.index = packed[0] ? 1 : 0;
  if (s.length >= 16 && loop->strides[s.index][inner] == 0) { // a number per row: rows are long enough by themselves
    s.index = -1;
    return s;
  }
  s.rows = DLC_CHUNK / s.length;
  return s;
}

static void fill(const spread *s, uint8_t type, const void *from, int64_t outer, int64_t inner, int64_t rows,
                 void *to) {
  int64_t bytes = (int64_t)dlc_type_size(type);
  if (bytes == 4 && inner == 0) {
    uint32_t *words = to;
    for (int64_t r = 0; r < rows; r++) {
      uint32_t word;
      memcpy(&word, dlc_at(from, r * outer * bytes), sizeof word);
      for (int64_t i = 0; i < s->length; i++) *words++ = word;
    }
    return;
  }
  for (int64_t r = 0; r < rows; r++)
    dlc_cast_run(type, dlc_at(from, r * outer * bytes), inner, type, dlc_at_mutable(to, r * s->length * bytes), 1,
                 s->length);
}

// `rows` whole rows of the two inner axes, from the given places.
static void run_spread(const plan *p, const dlc_loop *loop, const spread *s, const void *a, const void *b, void *y,
                       int64_t rows) {
  double buffer[DLC_CHUNK];
  int64_t bytes = (int64_t)dlc_type_size(p->type), y_bytes = (int64_t)dlc_type_size(p->y_type);
  int64_t outer = loop->strides[s->index][loop->rank - 2], inner = loop->strides[s->index][loop->rank - 1];
  const void *source = s->index ? b : a;
  for (int64_t r = 0; r < rows; r += s->rows) {
    int64_t count = dlc_min64(s->rows, rows - r), at = r * s->length;
    if (r == 0 || outer != 0) fill(s, p->type, dlc_at(source, r * outer * bytes), outer, inner, count, buffer);
    run_elements(p, s->index ? dlc_at(a, at * bytes) : buffer, 1, s->index ? buffer : dlc_at(b, at * bytes), 1,
                 dlc_at_mutable(y, at * y_bytes), 1, count * s->length);
  }
}

static int binary_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *tensors[3] = {dlc_operand(call, 0), dlc_operand(call, 1), dlc_operand(call, 2)};
  const dlc_tensor *a = tensors[0], *b = tensors[1], *y = tensors[2];
  if (dlc_elements(y) == 0) return 0;
  plan p;
  resolve(&p, call->params, a, b);
  dlc_loop loop;
  dlc_loop_broadcast(&loop, tensors, 3);
  int64_t a_bytes = (int64_t)dlc_type_size(a->type), b_bytes = (int64_t)dlc_type_size(b->type);
  int64_t y_bytes = (int64_t)dlc_type_size(y->type), begin, end;
  spread s = find_spread(&loop, &p);
  dlc_loop walk = loop;
  int last = loop.rank - 1;
  if (s.index >= 0) { // the two inner axes are walked as one; the repeated input stays at its beginning
    walk.rank = last--;
    walk.dims[last] *= s.length;
    for (int k = 0; k < 3; k++) walk.strides[k][last] = k == s.index ? 0 : 1;
  }
  dlc_split(dlc_loop_elements(&walk), s.index >= 0 ? s.length * (1 + 64 / s.length) : 64, part, parts, &begin, &end);
  dlc_cursor c;
  for (dlc_cursor_start(&c, &walk, begin, end); c.left > 0; dlc_cursor_next(&c, &walk)) {
    const void *from_a = dlc_at(a->data, c.offsets[0] * a_bytes), *from_b = dlc_at(b->data, c.offsets[1] * b_bytes);
    void *to = dlc_at_mutable(y->data, c.offsets[2] * y_bytes);
    if (s.index < 0) {
      run_elements(&p, from_a, walk.strides[0][last], from_b, walk.strides[1][last], to, walk.strides[2][last], c.run);
      continue;
    }
    int64_t skipped = c.index[last] / s.length * loop.strides[s.index][last] * a_bytes;
    run_spread(&p, &loop, &s, s.index ? from_a : dlc_at(from_a, skipped), s.index ? dlc_at(from_b, skipped) : from_b,
               to, c.run / s.length);
  }
  return 0;
}

const dlc_kernel dlc_binary_kernel = {
    .name = "binary",
    .params_bytes = sizeof(dlc_binary_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = binary_check,
    .parts = binary_parts,
    .run = binary_run,
};
