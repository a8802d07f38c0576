import DLCGraph
import DLCOperators
import DLCTensor

extension Reshape: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    // 0 stands for the input's extent unless allowzero says that it is meant.
    let attributes: [(String, OnnxAttributeValue)] = shape.dimensions.contains(0) ? [("allowzero", .int(1))] : []
    return [n.emit("Reshape", [n.inputs[0], n.integers(shape.dimensions)], attributes)]
  }
}

extension Transpose: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Transpose", n.inputs, [("perm", .ints(permutation))])]
  }
}

extension Expand: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Expand", [n.inputs[0], n.integers(shape.dimensions)])]
  }
}

extension Tile: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Tile", [n.inputs[0], n.integers(repeats)])]
  }
}

extension Concatenate: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Concat", n.inputs, [("axis", .int(axis))])]
  }
}

extension Slice: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    let shape = n.inputTypes[0].shape
    let axes = shape.dimensions.indices.filter {
      starts[$0] != 0 || counts[$0] != shape[$0] || steps[$0] != 1 && counts[$0] > 1
    }
    if axes.isEmpty { return [n.inputs[0]] }
    // One past the last element; before the first one there is no index but a number below every extent's negative.
    let ends = axes.map { axis -> Int in
      guard counts[axis] > 0 else { return starts[axis] }
      let last = starts[axis] + (counts[axis] - 1) * steps[axis]
      return steps[axis] > 0 ? last + 1 : last > 0 ? last - 1 : Int(Int32.min)
    }
    return [
      n.emit(
        "Slice",
        [
          n.inputs[0], n.integers(axes.map { starts[$0] }), n.integers(ends), n.integers(axes),
          n.integers(axes.map { steps[$0] }),
        ])
    ]
  }
}

extension Pad: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    if mode == .wrap { n.require(opset: 19) }
    let name =
      switch mode {
      case .constant: "constant"
      case .reflect: "reflect"
      case .edge: "edge"
      case .wrap: "wrap"
      }
    var operands = [n.inputs[0], n.integers(before + after)]
    if hasValue { operands.append(n.inputs[1]) }
    return [n.emit("Pad", operands, [("mode", .string(Array(name.utf8)))])]
  }
}

extension Trilu: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Trilu", [n.inputs[0], n.scalar(Double(diagonal), .int64)], [("upper", .int(upper ? 1 : 0))])]
  }
}

extension ReverseSequence: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("ReverseSequence", n.inputs, [("time_axis", .int(timeAxis)), ("batch_axis", .int(batchAxis))])]
  }
}
