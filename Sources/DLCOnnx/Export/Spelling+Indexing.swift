import DLCGraph
import DLCOperators
import DLCTensor

extension Gather: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Gather", n.inputs, [("axis", .int(axis))])]
  }
}

extension GatherElements: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("GatherElements", n.inputs, [("axis", .int(axis))])]
  }
}

extension GatherND: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("GatherND", n.inputs, [("batch_dims", .int(batchDimensions))])]
  }
}

extension ScatterElements: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("ScatterElements", n.inputs, [("axis", .int(axis))] + n.reduction(reduction))]
  }
}

extension ScatterND: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("ScatterND", n.inputs, n.reduction(reduction))]
  }
}

extension NodeSpelling {
  fileprivate mutating func reduction(_ reduction: ScatterReduction) -> [(String, OnnxAttributeValue)] {
    let name: String
    switch reduction {
    case .replace: return []
    case .add: name = "add"
    case .multiply: name = "mul"
    case .maximum, .minimum:
      require(opset: 18)
      name = reduction == .maximum ? "max" : "min"
    }
    return [("reduction", .string(Array(name.utf8)))]
  }
}

extension OneHot: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("OneHot", [n.inputs[0], n.scalar(Double(depth), .int64), n.inputs[1]], [("axis", .int(axis))])]
  }
}
