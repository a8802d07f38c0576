import CDLCKernels
import DLCGraph
import DLCTensor

/// Adds (or with negative counts removes) elements before and after each axis: x, value? (scalar) -> y.
package struct Pad: Sendable, Hashable {
  package enum Mode: String, Sendable, Hashable, CaseIterable { case constant, reflect, edge, wrap }

  package var mode: Mode
  package var before: [Int]
  package var after: [Int]
  /// Whether a second input gives the constant; zero when not.
  package var hasValue: Bool

  package init(_ mode: Mode, before: [Int], after: [Int], hasValue: Bool = false) {
    self.mode = mode
    self.before = before
    self.after = after
    self.hasValue = hasValue
  }
}

extension Pad: Operator {
  package var mnemonic: String { "pad." + mode.rawValue }

  package var attributes: [OperatorAttribute] {
    [
      OperatorAttribute("before", list: before), OperatorAttribute("after", list: after),
      OperatorAttribute("value", hasValue),
    ]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    if hasValue {
      try OperatorError.require(inputs, named: "x", "value")
      try OperatorError.require(
        inputs[1].element == inputs[0].element && inputs[1].shape.count == 1,
        "expected the value to be one element of \(inputs[0].element), found \(inputs[1])")
    } else {
      try OperatorError.require(inputs, named: "x")
    }
    let x = inputs[0]
    try Movement.require("pads before", before.count, for: x)
    try Movement.require("pads after", after.count, for: x)
    var extents: [Int] = []
    for axis in 0..<x.rank {
      let kept = try x.shape[axis].plus(min(before[axis], 0)).plus(min(after[axis], 0))
      try OperatorError.require(
        kept >= 0,
        "expected to remove at most the \(x.shape[axis]) elements of axis \(axis), "
          + "found \(before[axis]) and \(after[axis])"
      )
      let extent = try kept.plus(max(before[axis], 0)).plus(max(after[axis], 0))
      try OperatorError.require(
        mode == .constant || kept > 0 || extent == 0,
        "expected an element to \(mode.rawValue) along axis \(axis) of \(x), found none")
      extents.append(extent)
    }
    return [TensorType(x.element, try Shape(result: extents))]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let tables = (0..<x.shape.rank).map { sources(axis: $0, extent: x.shape[$0]) }
    return [x.selected(tables, fill: hasValue ? inputs[1] : nil, to: Shape(tables.map(\.count)))]
  }

  /// For each output index along `axis` the input index it shows, or -1 for the constant.
  private func sources(axis: Int, extent: Int) -> [Int] {
    let crop = max(-before[axis], 0)
    let kept = extent - crop - max(-after[axis], 0)
    let first = max(before[axis], 0)
    return (0..<extent + before[axis] + after[axis]).map { index in
      let k = index - first
      if k >= 0, k < kept { return crop + k }
      switch mode {
      case .constant: return -1
      case .edge: return crop + (k < 0 ? 0 : kept - 1)
      case .wrap: return crop + (k % kept + kept) % kept
      case .reflect:
        if kept == 1 { return crop }
        let period = 2 * (kept - 1)
        let place = (k % period + period) % period
        return crop + (place < kept ? place : period - place)
      }
    }
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return request.inputs.map { _ in nil } }
      if mode != .constant {
        let x = patch.type(of: request.inputs[0]).shape
        return [try folded(gradient, onto: x, &patch)] + (hasValue ? [nil] : [])
      }
      let inside = try patch.emit(Pad(.constant, before: before.map { -$0 }, after: after.map { -$0 }), gradient)
      guard hasValue else { return [inside] }
      // What is left of the gradient where the constant stands: exact, because equals cancel.
      let covered = try patch.emit(Pad(.constant, before: before, after: after), inside)
      let outside = try patch.binary(.subtract, gradient, covered)
      let axes = Array(0..<patch.type(of: gradient).rank)
      let sum = try patch.sum(outside, over: axes, keeping: false)
      return [inside, try patch.reshape(sum, to: patch.type(of: request.inputs[1]).shape)]
    }
  }

  /// Adds the gradient of every repeated element to that of the element it repeats.
  private func folded(
    _ gradient: ValueID, onto shape: Shape, _ patch: inout GraphPatch
  ) throws(OperatorError) -> ValueID {
    var value = gradient
    for axis in 0..<shape.rank where before[axis] != 0 || after[axis] != 0 {
      let extent = shape[axis]
      value = try Movement.transposedProduct(value, axis: axis, inputs: extent, &patch) {
        sources(axis: axis, extent: extent).flatMap { source in (0..<extent).map { $0 == source ? 1 : 0 } }
      }
    }
    return value
  }

  /// A constant without a value input is real zero: the integer zero point, not the byte 0.
  package var quantization: QuantizationRule { .sharedScale(inputs: hasValue ? [0, 1] : [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let (x, y) = (request.inputs[0], request.outputs[0])
    if (before + after).allSatisfy({ $0 <= 0 }) {
      let slice = Slice(starts: before.map { -$0 }, counts: y.shape.dimensions, steps: before.map { _ in 1 })
      return try slice.lower(LoweringRequest(inputs: [x], outputs: [y], constants: [request.constants[0]]))
    }
    if let reason = request.limit { return .undefined(reason) }
    let number =
      switch mode {
      case .constant: DLC_PAD_CONSTANT
      case .reflect: DLC_PAD_REFLECT
      case .edge: DLC_PAD_EDGE
      case .wrap: DLC_PAD_WRAP
      }
    let parameters = dlc_pad_params(mode: Int32(number.rawValue), before: try eight(before))
    let operands = [
      request.input(0, acceptsPitch: true), hasValue ? request.input(1) : .absent, request.output(acceptsPitch: true),
    ]
    return .kernels([KernelCall(DLC_KERNEL_pad, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard permutation.count == before.count else { return nil }
    let op = Pad(
      mode, before: Movement.permuted(before, by: permutation), after: Movement.permuted(after, by: permutation),
      hasValue: hasValue)
    return PermutedOperator(op, outputPermutations: [permutation], unchangedInputs: hasValue ? [1] : [])
  }
}
