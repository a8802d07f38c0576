#include "qconv/gather.h"

// A run of output cells within one row of the output.
typedef struct cell_run {
  const uint8_t *image;
  int64_t y_row;          // of the first cell
  int32_t d, h, w, count; // first input cell of the first window
} cell_run;

// Position in the output.
typedef struct cursor {
  int64_t n;
  int32_t d, h, w;
} cursor;

static cursor cursor_at(const dlc_qgather *g, int64_t row) {
  const int32_t width = g->axis[2].out, height = g->axis[1].out, depth = g->axis[0].out;
  int64_t rest = row / width;
  cursor c = {.w = (int32_t)(row - rest * width)};
  if (rest < height) {
    c.h = (int32_t)rest;
    return c;
  }
  c.h = (int32_t)(rest % height);
  rest /= height;
  c.d = (int32_t)(rest % depth);
  c.n = rest / depth;
  return c;
}

// The cells up to the end of the output row, at most `most`; moves the cursor behind them.
static cell_run next_run(const dlc_qgather *g, cursor *c, uint32_t most) {
  const dlc_window_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  const int32_t left = w->out - c->w;
  cell_run r = {
      .image = g->x + c->n * d->in * h->in * g->row_pitch,
      .d = c->d * d->stride + d->offset,
      .h = c->h * h->stride + h->offset,
      .w = c->w * w->stride + w->offset,
      .count = left < (int32_t)most ? left : (int32_t)most,
  };
  r.y_row = ((c->n * d->y_size + d->y_first + (int64_t)c->d * d->y_step) * h->y_size + h->y_first +
             (int64_t)c->h * h->y_step) *
                w->y_size +
            w->y_first + (int64_t)c->w * w->y_step;
  c->w += r.count;
  if (c->w < w->out) return r;
  c->w = 0;
  if (++c->h < h->out) return r;
  c->h = 0;
  if (++c->d < d->out) return r;
  c->d = 0;
  c->n++;
  return r;
}

void dlc_qgather_shifts(const void *gather, int64_t *shift) {
  const dlc_qgather *g = gather;
  dlc_window_shifts(g->axis, g->row_pitch, g->pitch, shift);
}

void dlc_qgather_rows(const void *gather, int64_t row, bool skips, dlc_qtile_rows *rows) {
  const dlc_qgather *g = gather;
  const dlc_window_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  cell_run runs[DLC_QTILE_MAX_ROWS];
  uint32_t count = 0;
  bool inside = true;
  cursor c = cursor_at(g, row);
  for (uint32_t i = 0; i < rows->m; count++) {
    const cell_run r = runs[count] = next_run(g, &c, rows->m - i);
    inside = inside && dlc_window_is_inside(d, r.d) && dlc_window_is_inside(h, r.h) && dlc_window_is_inside(w, r.w) &&
             dlc_window_is_inside(w, r.w + (r.count - 1) * w->stride);
    for (int32_t j = 0; j < r.count; j++, i++) rows->y_row[i] = r.y_row + (int64_t)j * w->y_step;
  }
  const int64_t cell_step = (int64_t)w->stride * g->pitch;
  const uint8_t **a = rows->a;
  if (inside) {
    for (uint32_t i = 0; i < count; i++) {
      const uint8_t *from =
          runs[i].image + ((int64_t)runs[i].d * h->in + runs[i].h) * g->row_pitch + (int64_t)runs[i].w * g->pitch;
      for (int32_t j = 0; j < runs[i].count; j++, from += cell_step) *a++ = from;
    }
    rows->shifted = true;
    rows->taps = (uint32_t)d->taps * (uint32_t)h->taps * (uint32_t)w->taps;
    return;
  }
  uint32_t listed = 0, tap = 0;
  for (int32_t td = 0; td < d->taps; td++)
    for (int32_t th = 0; th < h->taps; th++)
      for (int32_t tw = 0; tw < w->taps; tw++, tap++) {
        const uint8_t **to = a;
        bool any = false;
        for (uint32_t i = 0; i < count; i++) {
          const int32_t z = runs[i].d + td * d->step, y = runs[i].h + th * h->step, x = runs[i].w + tw * w->step;
          const bool in = (uint32_t)z < (uint32_t)d->in && (uint32_t)y < (uint32_t)h->in;
          const int64_t line = in ? ((int64_t)z * h->in + y) * g->row_pitch : 0;
          for (int32_t j = 0, at = x; j < runs[i].count; j++, at += w->stride) {
            const bool cell = in && (uint32_t)at < (uint32_t)w->in;
            any |= cell;
            *to++ = cell ? runs[i].image + line + (int64_t)at * g->pitch : g->padding;
          }
        }
        if (skips && !any) continue;
        a = to;
        rows->tap[listed++] = tap;
      }
  rows->taps = listed;
}

static inline void copy_8(uint8_t *to, const uint8_t *from) { __builtin_memcpy(to, from, 8); }
static inline void copy_16(uint8_t *to, const uint8_t *from) { __builtin_memcpy(to, from, 16); }
static inline void copy_32(uint8_t *to, const uint8_t *from) {
  copy_16(to, from);
  copy_16(to + 16, from + 16);
}

// Copies `bytes` bytes from each of `count` places; up to 31 bytes behind each are written as well.
static void copy_cells(uint8_t *to, int64_t to_step, const uint8_t *from, int64_t from_step, int64_t bytes,
                       int32_t count, const uint8_t *end) {
  int32_t i = 0;
  if (bytes >= 32) {
    for (; i < count; i++, to += to_step, from += from_step) {
      for (int64_t k = 0; k + 32 < bytes; k += 32) copy_32(to + k, from + k);
      copy_32(to + bytes - 32, from + bytes - 32);
    }
    return;
  }
  // Whole vectors as long as they end within the operand.
  const int64_t width = bytes <= 16 ? 16 : 32, room = end - from;
  int64_t safe = count;
  if ((count - 1) * from_step + width > room) safe = room < width ? 0 : (room - width) / from_step + 1;
  if (safe > count) safe = count;
  if (bytes <= 8)
    for (; i < safe; i++, to += to_step, from += from_step) copy_8(to, from);
  else if (width == 16)
    for (; i < safe; i++, to += to_step, from += from_step) copy_16(to, from);
  else if (bytes <= 24)
    for (; i < safe; i++, to += to_step, from += from_step) {
      copy_16(to, from);
      copy_8(to + 16, from + 16);
    }
  else
    for (; i < safe; i++, to += to_step, from += from_step) copy_32(to, from);
  for (; i < count; i++, to += to_step, from += from_step) __builtin_memcpy(to, from, (size_t)bytes);
}

static void fill_cells(const dlc_qgather *g, uint8_t *to, int64_t bytes, int32_t count) {
  for (int32_t i = 0; i < count; i++, to += g->copy_pitch) __builtin_memset(to, g->x_zero, (size_t)bytes);
}

// How many of `count` positions at, at + stride, ... are below `limit`.
static int32_t count_below(int64_t at, int32_t stride, int64_t limit, int32_t count) {
  if (at >= limit) return 0;
  const int64_t below = (limit - 1 - at) / stride + 1;
  return below < count ? (int32_t)below : count;
}

// One row of the window, cell by cell: `line` is the input row, `w` the position of the first window in it.
static void copy_taps(const dlc_qgather *g, uint8_t *to, const uint8_t *line, int32_t w, int32_t count) {
  const dlc_window_axis *axis = &g->axis[2];
  for (int32_t t = 0; t < axis->taps; t++, to += g->inputs) {
    const int64_t at = (int64_t)w + (int64_t)t * axis->step;
    const int32_t before = count_below(at, axis->stride, 0, count),
                  inside = count_below(at, axis->stride, axis->in, count) - before;
    fill_cells(g, to, g->inputs, before);
    if (inside > 0)
      copy_cells(to + before * g->copy_pitch, g->copy_pitch, line + (at + (int64_t)before * axis->stride) * g->pitch,
                 axis->stride * g->pitch, g->inputs, inside, g->x_end);
    fill_cells(g, to + (before + inside) * g->copy_pitch, g->inputs, count - before - inside);
  }
}

// One row of the windows that reach beyond the input's row, where their cells are contiguous.
static void copy_edges(const dlc_qgather *g, uint8_t *to, const uint8_t *line, int32_t w, int32_t count) {
  enum { FEW = 16 };
  const dlc_window_axis *axis = &g->axis[2];
  const int64_t bytes = (int64_t)axis->taps * g->inputs, end = (int64_t)axis->in * g->inputs;
  for (int32_t i = 0; i < count; i++, to += g->copy_pitch) {
    // Byte k of the window is byte from + k of the line.
    const int64_t from = ((int64_t)w + (int64_t)i * axis->stride) * g->inputs;
    if (bytes <= FEW) {
      for (int64_t k = 0; k < bytes; k++) to[k] = (uint64_t)(from + k) < (uint64_t)end ? line[from + k] : g->x_zero;
      continue;
    }
    int64_t first = from < 0 ? -from : 0, last = end - from;
    if (first > bytes) first = bytes;
    if (last > bytes) last = bytes;
    if (last < first) last = first;
    __builtin_memset(to, g->x_zero, (size_t)first);
    __builtin_memcpy(to + first, line + (from + first < end ? from + first : 0), (size_t)(last - first));
    __builtin_memset(to + last, g->x_zero, (size_t)(bytes - last));
  }
}

// One row of the window where its cells are contiguous in the input.
static void copy_line(const dlc_qgather *g, uint8_t *to, const uint8_t *line, int32_t w, int32_t count) {
  const dlc_window_axis *axis = &g->axis[2];
  const int32_t before = count_below(w, axis->stride, 0, count);
  int32_t inside = count_below(w, axis->stride, (int64_t)axis->in - axis->taps + 1, count) - before;
  if (inside < 0) inside = 0;
  if (before) copy_edges(g, to, line, w, before);
  if (inside)
    copy_cells(to + before * g->copy_pitch, g->copy_pitch,
               line + ((int64_t)w + (int64_t)before * axis->stride) * g->pitch, axis->stride * g->pitch,
               (int64_t)axis->taps * g->inputs, inside, g->x_end);
  const int32_t done = before + inside;
  if (done < count) copy_edges(g, to + done * g->copy_pitch, line, w + done * axis->stride, count - done);
}

void dlc_qgather_copies(const void *gather, int64_t row, uint32_t count, uint8_t *copy, int64_t *y_row) {
  const dlc_qgather *g = gather;
  const dlc_window_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  const bool contiguous = w->step == 1 && g->pitch == g->inputs;
  const int64_t line_bytes = (int64_t)w->taps * g->inputs, bytes = line_bytes * h->taps * d->taps;
  cursor c = cursor_at(g, row);
  for (uint32_t i = 0; i < count;) {
    const cell_run r = next_run(g, &c, count - i);
    uint8_t *to = copy;
    for (int32_t td = 0; td < d->taps; td++)
      for (int32_t th = 0; th < h->taps; th++, to += line_bytes) {
        const int32_t z = r.d + td * d->step, y = r.h + th * h->step;
        if ((uint32_t)z >= (uint32_t)d->in || (uint32_t)y >= (uint32_t)h->in) {
          fill_cells(g, to, line_bytes, r.count);
          continue;
        }
        const uint8_t *line = r.image + ((int64_t)z * h->in + y) * g->row_pitch;
        if (contiguous)
          copy_line(g, to, line, r.w, r.count);
        else
          copy_taps(g, to, line, r.w, r.count);
      }
    for (int32_t j = 0; j < r.count; j++, i++, copy += g->copy_pitch) {
      // What pads the depth to fours meets zero weights.
      __builtin_memset(copy + bytes, 0, 8);
      y_row[i] = r.y_row + (int64_t)j * w->y_step;
    }
  }
}
