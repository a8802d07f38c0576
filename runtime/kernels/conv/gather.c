#include "conv/gather.h"

// The first input cell of each row of a tile.
typedef struct tile_origin {
  int32_t d[DLC_TILE_MAX_ROWS], h[DLC_TILE_MAX_ROWS], w[DLC_TILE_MAX_ROWS];
  const float *image[DLC_TILE_MAX_ROWS];
} tile_origin;

// Rows of one tap; false when none lies inside.
static bool list_tap(const dlc_gather *g, const tile_origin *o, uint32_t m, const int32_t at[3], const float **a) {
  const dlc_window_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  bool any = false;
  for (uint32_t i = 0; i < m; i++) {
    int32_t z = o->d[i] + at[0], y = o->h[i] + at[1], x = o->w[i] + at[2];
    bool in = (uint32_t)z < (uint32_t)d->in && (uint32_t)y < (uint32_t)h->in && (uint32_t)x < (uint32_t)w->in;
    any |= in;
    a[i] = in ? o->image[i] + ((int64_t)z * h->in + y) * g->row_pitch + (int64_t)x * g->pitch : g->zeros;
  }
  return any;
}

void dlc_gather_shifts(const void *gather, int64_t *shift) {
  const dlc_gather *g = gather;
  dlc_window_shifts(g->axis, g->row_pitch, g->pitch, shift);
}

void dlc_gather_rows(const void *gather, int64_t row, dlc_tile_rows *rows) {
  const dlc_gather *g = gather;
  const dlc_window_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  const int64_t image = (int64_t)d->in * h->in * g->row_pitch;
  tile_origin o;
  int64_t rest = row / w->out, n = 0;
  int32_t qw = (int32_t)(row - rest * w->out), qh, qd = 0;
  if (rest < h->out) {
    qh = (int32_t)rest;
  } else {
    qh = (int32_t)(rest % h->out);
    rest /= h->out;
    qd = (int32_t)(rest % d->out);
    n = rest / d->out;
  }
  bool inside = true;
  for (uint32_t i = 0; i < rows->m;) {
    // Cells of one output row.
    const int32_t left = w->out - qw, more = (int32_t)(rows->m - i), count = left < more ? left : more;
    const int32_t od = qd * d->stride + d->offset, oh = qh * h->stride + h->offset;
    const float *from = g->x + n * image;
    const int64_t y_row =
        ((n * d->y_size + d->y_first + (int64_t)qd * d->y_step) * h->y_size + h->y_first + (int64_t)qh * h->y_step) *
            w->y_size +
        w->y_first;
    const int32_t first = qw * w->stride + w->offset, last = first + (count - 1) * w->stride;
    inside = inside && dlc_window_is_inside(d, od) && dlc_window_is_inside(h, oh) && dlc_window_is_inside(w, first) &&
             dlc_window_is_inside(w, last);
    const float *start = inside ? from + ((int64_t)od * h->in + oh) * g->row_pitch : from;
    for (int32_t j = 0; j < count; j++, i++, qw++) {
      o.d[i] = od;
      o.h[i] = oh;
      o.w[i] = first + j * w->stride;
      o.image[i] = from;
      rows->a[i] = inside ? start + (int64_t)o.w[i] * g->pitch : NULL;
      rows->y_row[i] = y_row + (int64_t)qw * w->y_step;
    }
    if (qw == w->out) {
      qw = 0;
      if (++qh == h->out) {
        qh = 0;
        if (++qd == d->out) {
          qd = 0;
          n++;
        }
      }
    }
  }
  if (inside) {
    rows->shifted = true;
    rows->taps = (uint32_t)d->taps * (uint32_t)h->taps * (uint32_t)w->taps;
    return;
  }
  uint32_t listed = 0, tap = 0;
  const float **a = rows->a;
  for (int32_t td = 0; td < d->taps; td++)
    for (int32_t th = 0; th < h->taps; th++)
      for (int32_t tw = 0; tw < w->taps; tw++, tap++) {
        const int32_t at[3] = {td * d->step, th * h->step, tw * w->step};
        if (!list_tap(g, &o, rows->m, at, a)) continue;
        a += rows->m;
        rows->tap[listed++] = tap;
      }
  rows->taps = listed;
}
