#include "conv/gather.h"

// The first input cell of each row of a tile.
typedef struct tile_origin {
  int32_t d[DLC_TILE_MAX_ROWS], h[DLC_TILE_MAX_ROWS], w[DLC_TILE_MAX_ROWS];
  const float *image[DLC_TILE_MAX_ROWS];
} tile_origin;

// Rows of one tap; false when none lies inside.
static bool list_tap(const dlc_gather *g, const tile_origin *o, uint32_t m, const int32_t at[3], const float **a) {
  const dlc_gather_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  bool any = false;
  for (uint32_t i = 0; i < m; i++) {
    int32_t z = o->d[i] + at[0], y = o->h[i] + at[1], x = o->w[i] + at[2];
    bool in = (uint32_t)z < (uint32_t)d->in && (uint32_t)y < (uint32_t)h->in && (uint32_t)x < (uint32_t)w->in;
    any |= in;
    a[i] = in ? o->image[i] + ((int64_t)z * h->in + y) * g->row_pitch + (int64_t)x * g->pitch : g->zeros;
  }
  return any;
}

void dlc_gather_rows(const void *gather, int64_t row, dlc_tile_rows *rows) {
  const dlc_gather *g = gather;
  const dlc_gather_axis *d = &g->axis[0], *h = &g->axis[1], *w = &g->axis[2];
  const int64_t image = (int64_t)d->in * h->in * g->row_pitch;
  tile_origin o;
  int64_t rest = row / w->out, n;
  int32_t qw = (int32_t)(row % w->out), qh, qd;
  qh = (int32_t)(rest % h->out);
  rest /= h->out;
  qd = (int32_t)(rest % d->out);
  n = rest / d->out;
  for (uint32_t i = 0; i < rows->m; i++) {
    o.d[i] = qd * d->stride + d->offset;
    o.h[i] = qh * h->stride + h->offset;
    o.w[i] = qw * w->stride + w->offset;
    o.image[i] = g->x + n * image;
    rows->y_row[i] = ((n * d->y_size + d->y_first + (int64_t)qd * d->y_step) * h->y_size + h->y_first +
                      (int64_t)qh * h->y_step) * w->y_size + w->y_first + (int64_t)qw * w->y_step;
    if (++qw == w->out) {
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
  uint32_t listed = 0, tap = 0;
  const float **a = rows->a;
  if (g->inside) {
    const float *first[DLC_TILE_MAX_ROWS];
    for (uint32_t i = 0; i < rows->m; i++)
      first[i] = o.image[i] + ((int64_t)o.d[i] * h->in + o.h[i]) * g->row_pitch + (int64_t)o.w[i] * g->pitch;
    for (int32_t td = 0; td < d->taps; td++)
      for (int32_t th = 0; th < h->taps; th++)
        for (int32_t tw = 0; tw < w->taps; tw++, a += rows->m) {
          int64_t by = ((int64_t)td * d->step * h->in + (int64_t)th * h->step) * g->row_pitch + (int64_t)tw * w->step * g->pitch;
          for (uint32_t i = 0; i < rows->m; i++) a[i] = first[i] + by;
          rows->tap[listed++] = tap++;
        }
    rows->taps = listed;
    return;
  }
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
