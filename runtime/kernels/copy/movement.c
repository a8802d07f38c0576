#include "copy/movement.h"

typedef struct element16 {
  uint64_t low, high;
} __attribute__((may_alias, aligned(1))) element16;

void dlc_fill(void *y, const void *value, size_t size, int64_t n) {
  if (n <= 0) return;
  if (!value) {
    memset(y, 0, (size_t)n * size);
    return;
  }
#define FILL(type)                                                                                                     \
  do {                                                                                                                 \
    type v = *(const type *)value, *to = (type *)y;                                                                    \
    for (int64_t i = 0; i < n; i++) to[i] = v;                                                                         \
  } while (0)
  switch (size) {
  case 1: memset(y, *(const uint8_t *)value, (size_t)n); break;
  case 2: FILL(dlc_e2); break;
  case 4: FILL(dlc_e4); break;
  case 8: FILL(dlc_e8); break;
  default: FILL(element16); break;
  }
#undef FILL
}

static void move_strided(const void *x, int64_t xs, void *y, int64_t ys, int64_t n, size_t size) {
#define MOVE(type)                                                                                                     \
  do {                                                                                                                 \
    const type *from = (const type *)x;                                                                                \
    type *to = (type *)y;                                                                                              \
    if (ys == 1 && xs == -1)                                                                                           \
      for (int64_t i = 0; i < n; i++) to[i] = from[-i];                                                                \
    else if (ys == 1 && xs == 2)                                                                                       \
      for (int64_t i = 0; i < n; i++) to[i] = from[2 * i];                                                             \
    else                                                                                                               \
      for (int64_t i = 0; i < n; i++) to[i * ys] = from[i * xs];                                                       \
  } while (0)
  switch (size) {
  case 1: MOVE(dlc_e1); break;
  case 2: MOVE(dlc_e2); break;
  case 4: MOVE(dlc_e4); break;
  case 8: MOVE(dlc_e8); break;
  default: MOVE(element16); break;
  }
#undef MOVE
}

static void remove_axis(dlc_movement *m, int axis) {
  for (int i = axis; i + 1 < m->rank; i++) {
    m->dims[i] = m->dims[i + 1];
    m->x_strides[i] = m->x_strides[i + 1];
    m->y_strides[i] = m->y_strides[i + 1];
  }
  m->rank--;
}

static void swap_axes(dlc_movement *m, int a, int b) {
  int64_t d = m->dims[a], x = m->x_strides[a], y = m->y_strides[a];
  m->dims[a] = m->dims[b], m->x_strides[a] = m->x_strides[b], m->y_strides[a] = m->y_strides[b];
  m->dims[b] = d, m->x_strides[b] = x, m->y_strides[b] = y;
}

// Treats a short contiguous innermost run as one wider element when every stride allows it.
static bool widen(dlc_movement *m) {
  int last = m->rank - 1;
  if (last < 1 || m->x_strides[last] != 1 || m->y_strides[last] != 1) return false;
  int64_t n = m->dims[last];
  size_t bytes = n <= 16 ? (size_t)n * m->size : 0;
  if (bytes != 2 && bytes != 4 && bytes != 8 && bytes != 16) return false;
  for (int i = 0; i < last; i++)
    if (m->x_strides[i] % n || m->y_strides[i] % n) return false;
  for (int i = 0; i < last; i++) {
    m->x_strides[i] /= n;
    m->y_strides[i] /= n;
  }
  m->size = bytes;
  m->rank--;
  return true;
}

// Orders axes as y has them in memory, drops axes of one element and joins axes that are one in both operands.
static void simplify(dlc_movement *m) {
  for (int i = m->rank - 1; i >= 0; i--)
    if (m->dims[i] == 1) remove_axis(m, i);
  for (int i = 1; i < m->rank; i++)
    for (int j = i; j > 0 && m->y_strides[j - 1] < m->y_strides[j]; j--) swap_axes(m, j - 1, j);
  for (int i = m->rank - 2; i >= 0; i--) {
    int64_t d = m->dims[i + 1];
    if (m->x_strides[i] != m->x_strides[i + 1] * d || m->y_strides[i] != m->y_strides[i + 1] * d) continue;
    m->dims[i + 1] *= m->dims[i];
    remove_axis(m, i);
  }
  if (m->rank == 0) {
    m->rank = 1;
    m->dims[0] = m->x_strides[0] = m->y_strides[0] = 1;
  }
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t blocks(int64_t n, int64_t block) { return (n + block - 1) / block; }

// Position in the outer axes of a movement: all but the one or two the inner loop takes.
typedef struct walk {
  int64_t dims[DLC_MAX_RANK], x_strides[DLC_MAX_RANK], y_strides[DLC_MAX_RANK], at[DLC_MAX_RANK];
  int64_t x, y;
  int rank;
} walk;

static void walk_start(walk *w, int64_t index) {
  w->x = w->y = 0;
  for (int i = w->rank - 1; i >= 0; i--) {
    w->at[i] = index % w->dims[i];
    index /= w->dims[i];
    w->x += w->at[i] * w->x_strides[i];
    w->y += w->at[i] * w->y_strides[i];
  }
}

static void walk_next(walk *w) {
  for (int i = w->rank - 1; i >= 0; i--) {
    w->x += w->x_strides[i];
    w->y += w->y_strides[i];
    if (++w->at[i] < w->dims[i]) return;
    w->x -= w->at[i] * w->x_strides[i];
    w->y -= w->at[i] * w->y_strides[i];
    w->at[i] = 0;
  }
}

void dlc_move(const dlc_movement *movement, const void *x_data, void *y_data, uint32_t part, uint32_t parts) {
  for (int i = 0; i < movement->rank; i++)
    if (movement->dims[i] == 0) return;
  dlc_movement m = *movement;
  simplify(&m);
  while (widen(&m)) simplify(&m);

  const char *x = (const char *)x_data;
  char *y = (char *)y_data;
  int a = m.rank - 1, b = -1;
  int64_t size = (int64_t)m.size;
  if (m.y_strides[a] == 1 && m.x_strides[a] != 1 && m.x_strides[a] != 0)
    for (int i = 0; i < a; i++)
      if (m.x_strides[i] == 1) b = i;

  walk w = {.rank = 0};
  int64_t outer = 1;
  for (int i = 0; i < a; i++) {
    if (i == b) continue;
    w.dims[w.rank] = m.dims[i];
    w.x_strides[w.rank] = m.x_strides[i] * size;
    w.y_strides[w.rank] = m.y_strides[i] * size;
    outer *= m.dims[i];
    w.rank++;
  }

  // Tiles of about 4096 elements: both sides of one stay in the first-level cache.
  int64_t nb = b < 0 ? 1 : m.dims[b], na = m.dims[a];
  int64_t tile_a = b < 0 ? 65536 / size : most(64, 4096 / least(nb, 4096)), tile_b = most(64, 4096 / least(na, 4096));
  int64_t across = blocks(na, tile_a), down = blocks(nb, tile_b), begin, end;
  dlc_split(outer * down * across, 1, part, parts, &begin, &end);
  if (begin >= end) return;

  walk_start(&w, begin / (down * across));
  int64_t at_b = begin / across % down, at_a = begin % across;
  int64_t xs = m.x_strides[a], ys = m.y_strides[a];
  for (int64_t item = begin; item < end; item++) {
    int64_t from_a = at_a * tile_a, from_b = at_b * tile_b;
    int64_t n = least(tile_a, na - from_a);
    const char *from = x + w.x + from_a * xs * size;
    char *to = y + w.y + from_a * ys * size;
    if (b >= 0)
      dlc_transpose_tile(from + from_b * size, xs, to + from_b * m.y_strides[b] * size, m.y_strides[b], n,
                         least(tile_b, nb - from_b), m.size);
    else if (xs == 1 && ys == 1)
      dlc_put(to, from, (size_t)(n * size));
    else if (xs == 0 && ys == 1)
      dlc_fill(to, from, m.size, n);
    else
      move_strided(from, xs, to, ys, n, m.size);

    if (++at_a < across) continue;
    at_a = 0;
    if (++at_b < down) continue;
    at_b = 0;
    walk_next(&w);
  }
}
