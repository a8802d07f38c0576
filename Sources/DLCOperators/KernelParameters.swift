import CDLCKernels
import DLCGraph
import DLCTensor

/// Eight C integers: what `int32_t x[8]` is in Swift.
typealias EightInt32 = (Int32, Int32, Int32, Int32, Int32, Int32, Int32, Int32)
/// Eight C floats: what `float x[8]` is in Swift.
typealias EightFloat = (Float, Float, Float, Float, Float, Float, Float, Float)
/// Three C integers: what `int32_t x[3]` is in Swift.
typealias ThreeInt32 = (Int32, Int32, Int32)

extension Int32 {
  /// A field of a kernel's parameters; throws when the value does not fit 32 bits.
  init(parameter value: Int) throws(OperatorError) {
    guard let narrow = Int32(exactly: value) else { throw OperatorError("\(value) does not fit a kernel parameter") }
    self = narrow
  }
}

/// Up to eight values as a C array, `fill` behind them.
func eight(_ values: [Int], fill: Int32 = 0) throws(OperatorError) -> EightInt32 {
  try OperatorError.require(values.count <= 8, "expected at most 8 axes, found \(values.count)")
  var narrow = [Int32](repeating: fill, count: 8)
  for (k, value) in values.enumerated() { narrow[k] = try Int32(parameter: value) }
  return (narrow[0], narrow[1], narrow[2], narrow[3], narrow[4], narrow[5], narrow[6], narrow[7])
}

/// Up to eight values as a C array, `fill` behind them.
func eight(_ values: [Float], fill: Float = 0) throws(OperatorError) -> EightFloat {
  try OperatorError.require(values.count <= 8, "expected at most 8 axes, found \(values.count)")
  let all = values + [Float](repeating: fill, count: 8 - values.count)
  return (all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7])
}

/// Up to three values as a C array, `fill` before them: leading spatial axes that a lower rank does not have.
func three(_ values: [Int], fill: Int32) throws(OperatorError) -> ThreeInt32 {
  try OperatorError.require(values.count <= 3, "expected at most 3 spatial axes, found \(values.count)")
  var narrow = [Int32](repeating: fill, count: 3)
  for (k, value) in values.enumerated() { narrow[3 - values.count + k] = try Int32(parameter: value) }
  return (narrow[0], narrow[1], narrow[2])
}

extension KernelCall {
  /// A call of a kernel family with its parameter struct.
  init<P: BitwiseCopyable>(
    _ kernel: dlc_kernel_id, _ parameters: P, operands: [Operand], inPlace: [InPlacePair] = [], macs: Int = 0
  ) {
    self.init(kernel: UInt16(kernel.rawValue), parameters, operands: operands, inPlace: inPlace, macs: macs)
  }

  /// A step that reorders axes: axis i of `output` is axis `permutation[i]` of `input`.
  static func transpose(
    _ input: Operand, to output: Operand, permutation: [Int]
  ) throws(OperatorError) -> KernelCall {
    KernelCall(
      DLC_KERNEL_transpose, dlc_transpose_params(perm: try eight(permutation)), operands: [input, output])
  }

  /// A step that moves elements: for every index i of `shape`,
  /// `output[outputOffset + sum(i * outputStrides)] = input[inputOffset + sum(i * inputStrides)]`.
  static func copy(
    _ input: Operand, to output: Operand, shape: Shape, inputStrides: [Int], inputOffset: Int = 0,
    outputStrides: [Int], outputOffset: Int = 0
  ) throws(OperatorError) -> KernelCall {
    let parameters = dlc_copy_params(
      rank: try Int32(parameter: shape.rank), x_offset: try Int32(parameter: inputOffset),
      y_offset: try Int32(parameter: outputOffset), dims: try eight(shape.dimensions, fill: 1),
      x_strides: try eight(inputStrides), y_strides: try eight(outputStrides))
    return KernelCall(DLC_KERNEL_copy, parameters, operands: [input, output])
  }

  /// A step that repeats `input` to the shape of `output` as numpy broadcasting does.
  static func expand(_ input: Operand, to output: Operand) throws(OperatorError) -> KernelCall {
    let shape = output.type.shape
    return try copy(
      input, to: output, shape: shape, inputStrides: input.type.shape.broadcastStrides(to: shape),
      outputStrides: shape.strides)
  }
}

extension LoweringRequest {
  /// Why no kernel takes these tensors whatever it computes: rank beyond 8 or an extent beyond 31 bits; nil when they are fine.
  var limit: String? {
    for type in inputs + outputs {
      if type.rank > DLC_MAX_RANK { return "kernels take tensors of rank 8 at most, not \(type)" }
      if type.shape.dimensions.contains(where: { $0 > Int(Int32.max) }) {
        return "kernels count extents with 31 bits, not \(type)"
      }
    }
    return nil
  }

  /// Input `index` as an operand, under its own shape or a view of it.
  func input(_ index: Int, as shape: Shape? = nil, acceptsPitch: Bool = false) -> Operand {
    let type = inputs[index]
    return Operand(.input(index), TensorType(type.element, shape ?? type.shape), acceptsPitch: acceptsPitch)
  }

  /// Output `index` as an operand, under its own shape or a view of it.
  func output(_ index: Int = 0, as shape: Shape? = nil, acceptsPitch: Bool = false) -> Operand {
    let type = outputs[index]
    return Operand(.output(index), TensorType(type.element, shape ?? type.shape), acceptsPitch: acceptsPitch)
  }
}
