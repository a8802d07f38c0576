// Loops of binary operators. `expression` reads x and y0, the two elements.
#ifndef DLC_BINARY_LOOPS_H
#define DLC_BINARY_LOOPS_H

// A loop for each useful pattern of repetition, which compilers turn into vector code.
#define DLC_BINARY_FULL(attributes, name, T, R, expression)                                                            \
  attributes void name(const void *a_data, int64_t sa, const void *b_data, int64_t sb, void *y_data, int64_t n) {      \
    const T *a = a_data, *b = b_data;                                                                                  \
    R *y = y_data;                                                                                                     \
    if (n <= 0) return;                                                                                                \
    if (sb == 0) {                                                                                                     \
      const T y0 = b[0];                                                                                               \
      if (sa == 0) {                                                                                                   \
        const T x = a[0];                                                                                              \
        const R value = (R)(expression);                                                                               \
        for (int64_t i = 0; i < n; i++) y[i] = value;                                                                  \
        return;                                                                                                        \
      }                                                                                                                \
      DLC_INDEPENDENT                                                                                                  \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        const T x = a[i];                                                                                              \
        y[i] = (R)(expression);                                                                                        \
      }                                                                                                                \
    } else if (sa == 0) {                                                                                              \
      const T x = a[0];                                                                                                \
      DLC_INDEPENDENT                                                                                                  \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        const T y0 = b[i];                                                                                             \
        y[i] = (R)(expression);                                                                                        \
      }                                                                                                                \
    } else {                                                                                                           \
      DLC_INDEPENDENT                                                                                                  \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        const T x = a[i], y0 = b[i];                                                                                   \
        y[i] = (R)(expression);                                                                                        \
      }                                                                                                                \
    }                                                                                                                  \
  }

// One loop, small rather than fast.
#define DLC_BINARY_COMPACT(attributes, name, T, R, expression)                                                         \
  attributes void name(const void *a_data, int64_t sa, const void *b_data, int64_t sb, void *y_data, int64_t n) {      \
    const T *a = a_data, *b = b_data;                                                                                  \
    R *y = y_data;                                                                                                     \
    DLC_COMPACT                                                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      const T x = a[i * sa], y0 = b[i * sb];                                                                           \
      y[i] = (R)(expression);                                                                                          \
    }                                                                                                                  \
  }

#endif
