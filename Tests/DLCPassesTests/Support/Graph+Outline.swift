import DLCGraph
import DLCOperators
import DLCTensor

extension Graph {
  /// Random arguments of the inputs' types: floats in -2...2, integers 0...3.
  func randomArguments(seed: UInt64 = 1) -> [Tensor] {
    var random = SplitMix(state: seed)
    return inputs.map { port in
      let type = self[port.value].type
      let values = (0..<type.shape.count).map { _ in
        type.element.isFloat ? 4 * random.unit() - 2 : Double(random.next() % 4)
      }
      return Tensor(doubles: values, type: type)
    }
  }

  /// The nodes in order, one a line: what computes what from what. Attributes only where passes set them.
  var outline: String {
    var names: [ValueID: String] = [:]
    for (k, port) in inputs.enumerated() { names[port.value] = "x\(k)" }
    func name(_ id: ValueID) -> String {
      if let known = names[id] { return known }
      guard let constant = constant(id) else { return "?" }
      return constant.count == 1 ? "\(constant.doubles()[0])" : "c\(constant.shape)"
    }
    var lines: [String] = []
    var next = 0
    for id in topologicalOrder() ?? [] {
      let node = self[id]
      let arguments = node.inputs.map(name).joined(separator: ", ")
      for output in node.outputs {
        names[output] = "%\(next)"
        next += 1
      }
      lines.append("\(name(node.outputs[0])) = \(node.op.mnemonic)(\(arguments))\(node.op.marks)")
    }
    return (lines + ["return " + outputs.map { name($0.value) }.joined(separator: ", ")]).joined(separator: "\n")
  }
}

extension Operator {
  /// What passes change in an operator, in few words.
  fileprivate var marks: String {
    switch self {
    case let op as Convolution:
      (op.channels == .last ? " last" : "")
        + (op.window.padBegin.contains { $0 != 0 } ? " pad\(op.window.padBegin[0])" : "") + op.epilogue.marks
    case let op as ConvolutionTranspose: (op.channels == .last ? " last" : "") + op.epilogue.marks
    case let op as MatMul: (op.transposeA ? " ta" : "") + (op.transposeB ? " tb" : "") + op.epilogue.marks
    case let op as Binary: op.function.map { " then \(Unary($0).mnemonic)" } ?? ""
    case let op as QuantizedConvolution: op.base.marks + op.scheme.marks
    case let op as QuantizedConvolutionTranspose: op.base.marks + op.scheme.marks
    case let op as QuantizedMatMul: op.base.marks + op.scheme.marks
    case let op as QuantizedBinary:
      op.base.marks + (op.table == nil ? "" : " table") + (op.output == nil ? " real" : "")
    case let op as QuantizedPool: op.base.marks
    case let op as QuantizedReduce: op.output == nil ? " real" : ""
    case let op as LookupTable: " \(op.element.name) to \(op.table.element.name)"
    case let op as Quantize: " \(op.parameters.element.name)"
    case let op as Dequantize: " \(op.parameters.element.name)"
    case let op as Pool: op.channels == .last ? " last" : ""
    case let op as Transpose: " \(Shape(op.permutation))"
    case let op as Reshape: " \(op.shape)"
    default: ""
    }
  }
}

extension ContractionScheme {
  fileprivate var marks: String { (table == nil ? "" : " table") + (output == nil ? " real" : "") }
}

extension Epilogue {
  fileprivate var marks: String {
    (bias ? " bias" : "") + (residual ? " residual" : "") + (function.map { " then \(Unary($0).mnemonic)" } ?? "")
  }
}
