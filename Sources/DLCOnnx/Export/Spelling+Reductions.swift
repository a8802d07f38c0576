import DLCGraph
import DLCOperators
import DLCTensor

extension Reduce: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    if axes.isEmpty { return [try ofNothing(&n)] }
    if n.element == .bool { n.require(opset: 20) }
    return [n.reduce(kind.onnxName, n.inputs[0], axes: axes, keeps: keepsAxes)]
  }

  /// Without axes each element is a set of its own; ONNX would take no axes for all.
  private func ofNothing(_ n: inout NodeSpelling) throws(OnnxWriteError) -> String {
    switch kind {
    case .sum, .mean, .maximum, .minimum, .product, .logSumExp: n.inputs[0]
    case .l1, .l2: try n.apply(.abs, n.inputs[0])
    case .sumSquare: try n.apply(.square, n.inputs[0])
    case .logSum: try n.apply(.log, n.inputs[0])
    }
  }
}

extension Reduce.Kind {
  fileprivate var onnxName: String {
    switch self {
    case .sum: "ReduceSum"
    case .mean: "ReduceMean"
    case .maximum: "ReduceMax"
    case .minimum: "ReduceMin"
    case .product: "ReduceProd"
    case .l1: "ReduceL1"
    case .l2: "ReduceL2"
    case .sumSquare: "ReduceSumSquare"
    case .logSum: "ReduceLogSum"
    case .logSumExp: "ReduceLogSumExp"
    }
  }
}

extension NodeSpelling {
  /// A reduction along `axes`: an attribute before opset 18, an input for sums from 13 on.
  mutating func reduce(_ op: String, _ x: String, axes: [Int], keeps: Bool) -> String {
    let keep: [(String, OnnxAttributeValue)] = [("keepdims", .int(keeps ? 1 : 0))]
    return op == "ReduceSum" || opset >= 18
      ? emit(op, [x, integers(axes)], keep) : emit(op, [x], [("axes", .ints(axes))] + keep)
  }
}

extension ArgReduce: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [
      n.emit(
        kind == .maximum ? "ArgMax" : "ArgMin", n.inputs,
        [
          ("axis", .int(axis)), ("keepdims", .int(keepsAxis ? 1 : 0)),
          ("select_last_index", .int(selectsLast ? 1 : 0)),
        ])
    ]
  }
}

extension Cumulative: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    if kind == .product { n.require(opset: 26) }
    return [
      n.emit(
        kind == .sum ? "CumSum" : "CumProd", [n.inputs[0], n.scalar(Double(axis), .int64)],
        [("exclusive", .int(exclusive ? 1 : 0)), ("reverse", .int(reverse ? 1 : 0))])
    ]
  }
}

extension Softmax: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    let name =
      switch kind {
      case .softmax: "Softmax"
      case .logSoftmax: "LogSoftmax"
      case .hardmax: "Hardmax"
      }
    return [n.emit(name, n.inputs, [("axis", .int(axis))])]
  }
}

extension TopK: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    n.emit(
      "TopK", [n.inputs[0], n.integers([count])],
      [("axis", .int(axis)), ("largest", .int(largest ? 1 : 0)), ("sorted", .int(sorted ? 1 : 0))], outputs: 2)
  }
}
