import DLCGraph
import DLCOperators
import DLCTensor

extension BatchNormalization: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    try n.requireChannelsFirst(channels)
    return [n.emit("BatchNormalization", n.inputs, [("epsilon", .float(epsilon))])]
  }
}

extension InstanceNormalization: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    try n.requireChannelsFirst(channels)
    let y = n.emit("InstanceNormalization", n.inputs, [("epsilon", .float(epsilon))])
    return [try n.apply(function, y)]
  }
}

extension LayerNormalization: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    let shape = n.inputTypes[0].shape
    let x = n.inputs[0]
    switch kind {
    case .layer:
      // The scale is not optional in ONNX.
      let vector = TensorType(n.element, Shape(Array(shape.dimensions[axis...])))
      let scale =
        hasScale
        ? n.inputs[1] : n.constant(Tensor(doubles: Array(repeating: 1, count: vector.shape.count), type: vector))
      let bias = hasBias ? [n.inputs[n.inputs.count - 1]] : []
      return [
        n.emit("LayerNormalization", [x, scale] + bias, [("axis", .int(axis)), ("epsilon", .float(epsilon))])
      ]
    case .rootMeanSquare:
      let mean = n.reduce("ReduceMean", n.emit("Mul", [x, x]), axes: Array(axis..<shape.rank), keeps: true)
      let root = n.emit("Sqrt", [n.emit("Add", [mean, n.scalar(Double(epsilon), n.element)])])
      var y = n.emit("Div", [x, root])
      if hasScale { y = n.emit("Mul", [y, n.inputs[1]]) }
      if hasBias { y = n.emit("Add", [y, n.inputs[n.inputs.count - 1]]) }
      return [y]
    }
  }
}

extension LocalResponseNormalization: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    try n.requireChannelsFirst(channels)
    return [
      n.emit(
        "LRN", n.inputs,
        [("size", .int(size)), ("alpha", .float(alpha)), ("beta", .float(beta)), ("bias", .float(bias))])
    ]
  }
}
