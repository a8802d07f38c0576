import CDLCKernels
import DLCRuntime
import DLCTensor

/// What a plan calls of the runtime: the rest of it is left out of its bundle.
struct BundleUse {
  /// Kernel families by name, in the order of their ids.
  var kernels: [String]
  /// Bit t: `dlc_type` t.
  var types: UInt32
  /// Bit f: `dlc_function` f, below 64.
  var functions: UInt64

  /// Whether every f32 matrix product is of one row, and nothing else needs tiles of several.
  var hasSingleRowsOnly: Bool
  /// Bit k: `dlc_softmax_params.kind` k over neighbouring elements; bit 4 + k: with others between them.
  var softmaxKinds: UInt32 = 0
  /// Bits as in `DLC_DWCONV_SHAPES`.
  var depthwiseShapes: UInt32 = 0
  /// Bit op: `dlc_reduce_params.op`.
  var reductions: UInt32 = 0

  init(_ program: Program) {
    hasSingleRowsOnly = true
    var names: [UInt16: String] = [:]
    functions = 1 << UInt64(DLC_FN_IDENTITY.rawValue)
    for step in 0..<program.stepCount {
      let id = program.kernelID(ofStep: step)
      names[id] = String(cString: program.stepInfo(step).kernel)
      let parameters = program.parameters(ofStep: step)
      switch dlc_kernel_id(UInt32(id)) {
      case DLC_KERNEL_softmax:
        let softmax = parameters.loadUnaligned(as: dlc_softmax_params.self), tensor = program.operand(0, ofStep: step)
        let inner = withUnsafeBytes(of: tensor.dims) { dims in
          (Int(softmax.axis) + 1..<Int(tensor.rank)).reduce(1) {
            $0 * Int(dims.loadUnaligned(fromByteOffset: 4 * $1, as: Int32.self))
          }
        }
        softmaxKinds |= 1 << UInt32(softmax.kind + (inner == 1 ? 0 : 4))
      case DLC_KERNEL_dwconv:
        depthwiseShapes |=
          1
          << UInt32(
            withUnsafePointer(to: parameters.loadUnaligned(as: dlc_dwconv_params.self)) { dlc_dwconv_shape($0) })
      case DLC_KERNEL_reduce: reductions |= 1 << UInt32(parameters.loadUnaligned(as: dlc_reduce_params.self).op)
      case DLC_KERNEL_arg_reduce:
        reductions |= 1 << UInt32(DLC_REDUCE_MAX.rawValue) | 1 << UInt32(DLC_REDUCE_MIN.rawValue)
      case DLC_KERNEL_conv, DLC_KERNEL_conv_transpose: hasSingleRowsOnly = false
      case DLC_KERNEL_matmul:
        var result = program.operand(4, ofStep: step)
        if dlc_rows(&result) != 1 { hasSingleRowsOnly = false }
      default: break
      }
      let function = BundleUse.function(id, parameters)
      if (0..<64).contains(function) { functions |= 1 << UInt64(function) }
    }
    kernels = names.sorted { $0.key < $1.key }.map(\.value)
    types = program.typeSet
  }

  /// The function of one argument that a step applies; identity when its family has none.
  private static func function(_ kernel: UInt16, _ parameters: UnsafeRawBufferPointer) -> Int32 {
    func epilogue<Parameters>(_ path: KeyPath<Parameters, dlc_epilogue>) -> Int32 {
      parameters.loadUnaligned(as: Parameters.self)[keyPath: path].function
    }
    switch dlc_kernel_id(UInt32(kernel)) {
    case DLC_KERNEL_unary: return parameters.loadUnaligned(as: dlc_unary_params.self).function
    case DLC_KERNEL_binary: return epilogue(\dlc_binary_params.epilogue)
    case DLC_KERNEL_matmul: return epilogue(\dlc_matmul_params.epilogue)
    case DLC_KERNEL_conv: return epilogue(\dlc_conv_params.epilogue)
    case DLC_KERNEL_dwconv: return epilogue(\dlc_dwconv_params.epilogue)
    case DLC_KERNEL_conv_transpose: return epilogue(\dlc_conv_transpose_params.epilogue)
    case DLC_KERNEL_reduce: return epilogue(\dlc_reduce_params.epilogue)
    case DLC_KERNEL_normalize: return epilogue(\dlc_normalize_params.epilogue)
    case DLC_KERNEL_scale_accumulator: return epilogue(\dlc_scale_accumulator_params.epilogue)
    default: return Int32(DLC_FN_IDENTITY.rawValue)
    }
  }

  /// Element types by name.
  var typeNames: [String] {
    (0..<32).filter { types >> $0 & 1 == 1 }.compactMap { ElementType(rawValue: UInt8($0)).map { "\($0)" } }
  }

  /// Arguments of scripts/build-runtime that leave out what is not used.
  var buildArguments: [String] {
    [
      "--kernels", kernels.joined(separator: " "), "--define", "DLC_TYPE_SET=\(types)u", "--define",
      "DLC_FUNCTION_SET=\(functions)ull", "--define", "DLC_SOFTMAX_KINDS=\(softmaxKinds)u", "--define",
      "DLC_DWCONV_SHAPES=\(depthwiseShapes)u", "--define", "DLC_REDUCE_SET=\(reductions)u",
    ] + (hasSingleRowsOnly ? ["--define", "DLC_SINGLE_ROWS=1"] : [])
  }
}
