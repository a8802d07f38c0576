/// Stack in bytes, made by scripts/stack-use from what gcc says of every function's frame and calls.
package enum StackUse {
  /// Above a kernel: the engine, and the C library that opening, running and closing call.
  package static let engine = 8192

  /// The most that a call of the runtime takes, whatever the plan.
  package static let most = engine + 28416

  /// The deepest function of a kernel's family, on any instruction set.
  static func kernel(_ id: UInt16) -> Int { kernels[id] ?? most - engine }

  private static let kernels: [UInt16: Int] = [
    1: 2048,  // matmul
    2: 2048,  // matmul_pack
    3: 2304,  // conv
    4: 2304,  // conv_pack
    5: 3072,  // dwconv
    6: 2560,  // conv_transpose
    7: 2560,  // conv_transpose_pack
    8: 11776,  // unary
    9: 28416,  // binary
    10: 768,  // select
    11: 6144,  // cast
    12: 16128,  // reduce
    13: 16128,  // arg_reduce
    14: 8960,  // cumulative
    15: 1280,  // softmax
    16: 1280,  // normalize
    17: 1024,  // lrn
    18: 3072,  // pool
    19: 2560,  // transpose
    20: 2304,  // copy
    21: 1536,  // pad
    22: 1024,  // gather
    23: 1024,  // gather_elements
    24: 1024,  // gather_nd
    25: 1024,  // scatter_elements
    26: 1024,  // scatter_nd
    27: 2048,  // resize
    28: 512,  // top_k
    29: 1024,  // one_hot
    30: 1024,  // trilu
    31: 1024,  // reverse_sequence
    32: 11264,  // qmatmul
    33: 11264,  // qmatmul_pack
    34: 11008,  // qconv
    35: 11008,  // qconv_pack
    36: 23296,  // qdwconv
    37: 23296,  // qdwconv_pack
    38: 11776,  // qconv_transpose
    39: 11776,  // qconv_transpose_pack
    40: 3072,  // quantize
    41: 3072,  // dequantize
    42: 3072,  // dynamic_range
    43: 3072,  // scale_accumulator
    44: 1536,  // lookup
    45: 9728,  // qbinary
    46: 3072,  // qpool
    47: 7680,  // qreduce
    48: 4608,  // qsoftmax
    49: 2048,  // weights_unpack
    50: 2048,  // matmul_weights
  ]
}
