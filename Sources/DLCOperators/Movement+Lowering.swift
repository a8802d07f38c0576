import CDLCKernels
import DLCGraph
import DLCTensor

/// Eight 32-bit integers as C arrays of parameters have them.
typealias EightIntegers = (Int32, Int32, Int32, Int32, Int32, Int32, Int32, Int32)
/// Eight floats, likewise.
typealias EightFloats = (Float, Float, Float, Float, Float, Float, Float, Float)

extension Movement {
  /// Axes that a kernel's operand may have.
  static let mostAxes = 8

  /// Up to eight values, zeros after them; nil when there are more or one leaves 32 bits.
  static func eight(_ values: [Int]) -> EightIntegers? {
    guard values.count <= mostAxes else { return nil }
    var padded = [Int32](repeating: 0, count: mostAxes)
    for (k, value) in values.enumerated() {
      guard let small = Int32(exactly: value) else { return nil }
      padded[k] = small
    }
    return (padded[0], padded[1], padded[2], padded[3], padded[4], padded[5], padded[6], padded[7])
  }

  /// Up to eight values, zeros after them; nil when there are more.
  static func eight(_ values: [Float]) -> EightFloats? {
    guard values.count <= mostAxes else { return nil }
    let padded = values + [Float](repeating: 0, count: mostAxes - values.count)
    return (padded[0], padded[1], padded[2], padded[3], padded[4], padded[5], padded[6], padded[7])
  }

  /// The type as a copy sees it: flat where it has more axes than an operand may.
  static func flatIfDeep(_ type: TensorType) -> TensorType {
    type.rank <= mostAxes ? type : TensorType(type.element, [type.shape.count])
  }

  /// The call of the copy kernel for `move`, or nil when it needs more than 8 axes or 2^31 - 1 elements.
  static func copyCall(
    _ move: StridedMove, from source: Operand.Source, _ sourceType: TensorType, to target: Operand.Source,
    _ targetType: TensorType
  ) -> KernelCall? {
    let limit = Int(Int32.max)
    guard sourceType.shape.count <= limit, targetType.shape.count <= limit else { return nil }
    // An empty move may start anywhere; the kernel only looks at its extents.
    let move = move.isEmpty ? StridedMove(extents: [0], sourceStrides: [1], targetStrides: [1]) : move.collapsed
    guard let extents = eight(move.extents), let from = eight(move.sourceStrides), let to = eight(move.targetStrides),
      let sourceOffset = Int32(exactly: move.sourceOffset), let targetOffset = Int32(exactly: move.targetOffset)
    else { return nil }
    let parameters = dlc_copy_params(
      rank: Int32(move.extents.count), x_offset: sourceOffset, y_offset: targetOffset, dims: extents, x_strides: from,
      y_strides: to)
    let operands = [Operand(source, flatIfDeep(sourceType)), Operand(target, flatIfDeep(targetType))]
    return KernelCall(kernel: UInt16(DLC_KERNEL_copy.rawValue), parameters, operands: operands)
  }

  /// Why `copyCall` gives none.
  static func copyLimit(_ types: TensorType...) -> Lowering {
    .undefined(
      "the copy kernel moves at most 2^31-1 elements along 8 axes, found " + types.map(\.description).joined(separator: " to "))
  }

  /// Output 0 is made of input 0 by one copy.
  static func lowerCopy(_ move: StridedMove, _ request: LoweringRequest) -> Lowering {
    let x = request.inputs[0], y = request.outputs[0]
    guard let call = copyCall(move, from: .input(0), x, to: .output(0), y) else { return copyLimit(x, y) }
    return .kernels([call])
  }

  /// Why a kernel that takes every axis cannot, or nil.
  static func tooDeep(_ kernel: String, _ types: [TensorType]) -> Lowering? {
    for type in types {
      if type.rank > mostAxes {
        return .undefined("the \(kernel) kernel takes at most \(mostAxes) axes, found \(type)")
      }
      if type.shape.dimensions.contains(where: { $0 > Int(Int32.max) }) {
        return .undefined("the \(kernel) kernel takes extents of 31 bits, found \(type)")
      }
    }
    return nil
  }
}
