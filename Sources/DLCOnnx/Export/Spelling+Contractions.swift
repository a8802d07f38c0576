import DLCGraph
import DLCOperators
import DLCTensor

extension Window {
  /// kernel_shape, strides, dilations and pads.
  var onnxAttributes: [(String, OnnxAttributeValue)] {
    [
      ("kernel_shape", .ints(kernel)), ("strides", .ints(strides)), ("dilations", .ints(dilations)),
      ("pads", .ints(padBegin + padEnd)),
    ]
  }
}

extension NodeSpelling {
  /// The residual and the function that follow a contraction whose result, bias included, is `y`.
  fileprivate mutating func finish(
    _ y: String, _ epilogue: Epilogue, residual: Int
  ) throws(OnnxWriteError) -> [String] {
    let sum = epilogue.residual ? emit("Add", [y, inputs[residual]]) : y
    return [try apply(epilogue.function, sum)]
  }
}

extension Convolution: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    try n.requireChannelsFirst(channels)
    let operands = Array(n.inputs[..<(epilogue.bias ? 3 : 2)])
    let y = n.emit("Conv", operands, window.onnxAttributes + [("group", .int(groups))])
    return try n.finish(y, epilogue, residual: operands.count)
  }
}

extension ConvolutionTranspose: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    try n.requireChannelsFirst(channels)
    let operands = Array(n.inputs[..<(epilogue.bias ? 3 : 2)])
    let y = n.emit(
      "ConvTranspose", operands,
      window.onnxAttributes + [("group", .int(groups)), ("output_padding", .ints(outputPadding))])
    return try n.finish(y, epilogue, residual: operands.count)
  }
}

extension MatMul: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    let (a, b) = (n.inputTypes[0], n.inputTypes[1])
    let operands = epilogue.bias ? 3 : 2
    let floats = n.element == .float32 || n.element == .float64
    // Gemm takes matrices only, and says transposition and bias itself.
    if a.rank == 2, b.rank == 2, floats, transposeA || transposeB || epilogue.bias {
      let y = n.emit(
        "Gemm", Array(n.inputs[..<operands]),
        [("transA", .int(transposeA ? 1 : 0)), ("transB", .int(transposeB ? 1 : 0))])
      return try n.finish(y, epilogue, residual: operands)
    }
    let left = transposeA ? n.transposed(n.inputs[0], rank: a.rank) : n.inputs[0]
    let right = transposeB ? n.transposed(n.inputs[1], rank: b.rank) : n.inputs[1]
    var y = n.emit("MatMul", [left, right])
    if epilogue.bias { y = n.emit("Add", [y, n.inputs[2]]) }
    return try n.finish(y, epilogue, residual: operands)
  }
}

extension NodeSpelling {
  /// x with its last two axes swapped.
  fileprivate mutating func transposed(_ x: String, rank: Int) -> String {
    emit("Transpose", [x], [("perm", .ints(Array(0..<rank - 2) + [rank - 1, rank - 2]))])
  }
}

extension Pool: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    try n.requireChannelsFirst(channels)
    let dilated = window.dilations.contains { $0 != 1 }
    var attributes = window.onnxAttributes
    if ceilMode { attributes.append(("ceil_mode", .int(1))) }
    switch kind {
    case .maximum:
      if columnMajorIndices { attributes.append(("storage_order", .int(1))) }
      return n.emit("MaxPool", n.inputs, attributes, outputs: givesIndices ? 2 : 1)
    case .average(let countsPadding):
      if dilated { n.require(opset: 19) } else { attributes.removeAll { $0.0 == "dilations" } }
      return [n.emit("AveragePool", n.inputs, attributes + [("count_include_pad", .int(countsPadding ? 1 : 0))])]
    case .lp(let p):
      if dilated || ceilMode { n.require(opset: 18) } else { attributes.removeAll { $0.0 == "dilations" } }
      return [n.emit("LpPool", n.inputs, attributes + [("p", .int(p))])]
    }
  }
}
