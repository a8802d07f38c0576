// Kernel ids as they stand in plans. An id is never reused; new families append.
#ifndef DLC_KERNEL_IDS_H
#define DLC_KERNEL_IDS_H

// X(id, family): the table row of a family is `const dlc_kernel dlc_<family>_kernel`.
#define DLC_KERNEL_LIST(X)                                                                                             \
  X(1, matmul)                                                                                                         \
  X(2, matmul_pack)                                                                                                    \
  X(3, conv)                                                                                                           \
  X(4, conv_pack)                                                                                                      \
  X(5, dwconv)                                                                                                         \
  X(6, conv_transpose)                                                                                                 \
  X(7, conv_transpose_pack)                                                                                            \
  X(8, unary)                                                                                                          \
  X(9, binary)                                                                                                         \
  X(10, select)                                                                                                        \
  X(11, cast)                                                                                                          \
  X(12, reduce)                                                                                                        \
  X(13, arg_reduce)                                                                                                    \
  X(14, cumulative)                                                                                                    \
  X(15, softmax)                                                                                                       \
  X(16, normalize)                                                                                                     \
  X(17, lrn)                                                                                                           \
  X(18, pool)                                                                                                          \
  X(19, transpose)                                                                                                     \
  X(20, copy)                                                                                                          \
  X(21, pad)                                                                                                           \
  X(22, gather)                                                                                                        \
  X(23, gather_elements)                                                                                               \
  X(24, gather_nd)                                                                                                     \
  X(25, scatter_elements)                                                                                              \
  X(26, scatter_nd)                                                                                                    \
  X(27, resize)                                                                                                        \
  X(28, top_k)                                                                                                         \
  X(29, one_hot)                                                                                                       \
  X(30, trilu)                                                                                                         \
  X(31, reverse_sequence)                                                                                              \
  X(32, qmatmul)                                                                                                       \
  X(33, qmatmul_pack)                                                                                                  \
  X(34, qconv)                                                                                                         \
  X(35, qconv_pack)                                                                                                    \
  X(36, qdwconv)                                                                                                       \
  X(37, qdwconv_pack)                                                                                                  \
  X(38, qconv_transpose)                                                                                               \
  X(39, qconv_transpose_pack)                                                                                          \
  X(40, quantize)                                                                                                      \
  X(41, dequantize)                                                                                                    \
  X(42, dynamic_range)                                                                                                 \
  X(43, scale_accumulator)                                                                                             \
  X(44, lookup)                                                                                                        \
  X(45, qbinary)                                                                                                       \
  X(46, qpool)                                                                                                         \
  X(47, qreduce)                                                                                                       \
  X(48, qsoftmax)                                                                                                      \
  X(49, weights_unpack)                                                                                                \
  X(50, matmul_weights)

typedef enum dlc_kernel_id {
#define X(id, family) DLC_KERNEL_##family = id,
  DLC_KERNEL_LIST(X)
#undef X
} dlc_kernel_id;

#endif
