import CDLCKernels
import DLCGraph
import DLCTensor

extension Movement {
  /// The type as a copy sees it: flat where it has more axes than an operand may.
  private static func flatIfDeep(_ type: TensorType) -> TensorType {
    type.rank <= Int(DLC_MAX_RANK) ? type : TensorType(type.element, [type.shape.count])
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
    return try? KernelCall.copy(
      Operand(source, flatIfDeep(sourceType)), to: Operand(target, flatIfDeep(targetType)), shape: Shape(move.extents),
      inputStrides: move.sourceStrides, inputOffset: move.sourceOffset, outputStrides: move.targetStrides,
      outputOffset: move.targetOffset)
  }

  /// Why `copyCall` gives none.
  static func copyLimit(_ types: TensorType...) -> Lowering {
    .undefined(
      "the copy kernel moves at most 2^31-1 elements along 8 axes, found "
        + types.map(\.description).joined(separator: " to "))
  }

  /// Output 0 is made of input 0 by one copy.
  static func lowerCopy(_ move: StridedMove, _ request: LoweringRequest) -> Lowering {
    let (x, y) = (request.inputs[0], request.outputs[0])
    guard let call = copyCall(move, from: .input(0), x, to: .output(0), y) else { return copyLimit(x, y) }
    return .kernels([call])
  }

  /// Why no kernel takes operands of these types, or nil.
  static func limit(_ types: [TensorType]) -> String? {
    LoweringRequest(inputs: types, outputs: [], constants: []).limit
  }
}
