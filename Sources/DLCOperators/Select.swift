import CDLCKernels
import DLCGraph
import DLCTensor

/// condition ? a : b elementwise with numpy broadcasting. condition (bool), a, b -> y.
package struct Select: Sendable, Hashable {
  package init() {}
}

extension Select: Operator {
  package var mnemonic: String { "select" }

  package var attributes: [OperatorAttribute] { [] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "condition", "a", "b")
    try OperatorError.require(inputs[0], "condition", in: [.bool])
    try OperatorError.require(
      inputs[1].element == inputs[2].element,
      "expected a and b of one element type, found \(inputs[1]) and \(inputs[2])")
    return [TensorType(inputs[1].element, try Shape.broadcasting(inputs.map(\.shape)))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.map(\.type))[0]
    let result = Tensor(type) { target in
      switch type.element.size {
      case 1: choose(UInt8.self, inputs, into: target, type.shape)
      case 2: choose(UInt16.self, inputs, into: target, type.shape)
      case 4: choose(UInt32.self, inputs, into: target, type.shape)
      default: choose(UInt64.self, inputs, into: target, type.shape)
      }
    }
    return [result]
  }

  /// Chooses among elements of T's size; their meaning does not matter.
  private func choose<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ inputs: [Tensor], into target: UnsafeMutableRawBufferPointer, _ shape: Shape
  ) {
    let walk = RowWalk(shape, broadcasting: inputs.map(\.shape))
    let (size, steps) = (MemoryLayout<T>.size, walk.rowStrides)
    inputs[0].withElements(as: Bool.self) { condition in
      inputs[1].withBytes { a in
        inputs[2].withBytes { b in
          walk.forEachRow { position, offsets in
            for k in 0..<walk.rowLength {
              let element =
                condition[offsets[0] + k * steps[0]]
                ? a.loadUnaligned(fromByteOffset: (offsets[1] + k * steps[1]) * size, as: T.self)
                : b.loadUnaligned(fromByteOffset: (offsets[2] + k * steps[2]) * size, as: T.self)
              target.storeBytes(of: element, toByteOffset: (position + k) * size, as: T.self)
            }
          }
        }
      }
    }
  }

  package var gradient: GradientRule {
    .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil, nil, nil] }
      let (condition, a, b) = (request.inputs[0], request.inputs[1], request.inputs[2])
      let zero = patch.scalar(0, like: g)
      let ga = try patch.select(condition, g, zero)
      let gb = try patch.select(condition, zero, g)
      return [nil, try patch.sum(ga, to: patch.type(of: a).shape), try patch.sum(gb, to: patch.type(of: b).shape)]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [1, 2]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let operands = [0, 1, 2].map { k in
      request.input(k, acceptsPitch: request.inputs[k].rank == request.outputs[0].rank)
    }
    let inPlace = [1, 2].filter { request.inputs[$0] == request.outputs[0] }.map { InPlacePair(input: $0, output: 3) }
    return .kernels([
      KernelCall(
        DLC_KERNEL_select, dlc_select_params(reserved: 0), operands: operands + [request.output(acceptsPitch: true)],
        inPlace: inPlace)
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}
