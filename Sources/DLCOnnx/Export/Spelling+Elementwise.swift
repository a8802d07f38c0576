import DLCGraph
import DLCOperators
import DLCTensor

extension Binary: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [try n.apply(function, combined(&n))]
  }

  private func combined(_ n: inout NodeSpelling) throws(OnnxWriteError) -> String {
    switch kind {
    case .add: return n.emit("Add", n.inputs)
    case .subtract: return n.emit("Sub", n.inputs)
    case .multiply: return n.emit("Mul", n.inputs)
    case .divide: return n.emit("Div", n.inputs)
    case .power: return n.emit("Pow", n.inputs)
    case .minimum: return n.emit("Min", n.inputs)
    case .maximum: return n.emit("Max", n.inputs)
    case .remainder: return n.emit("Mod", n.inputs, [("fmod", .int(1))])
    case .modulo:
      if !n.element.isFloat { return n.emit("Mod", n.inputs) }
      // ONNX has Python's remainder for integers alone: a - floor(a / b) b.
      let quotient = n.emit("Floor", [n.emit("Div", n.inputs)])
      return n.emit("Sub", [n.inputs[0], n.emit("Mul", [quotient, n.inputs[1]])])
    case .prelu:
      if n.outputTypes[0].shape == n.inputTypes[0].shape { return n.emit("PRelu", n.inputs) }
      let isNegative = n.emit("Less", [n.inputs[0], n.scalar(0, n.element)])
      return n.emit("Where", [isNegative, n.emit("Mul", n.inputs), n.inputs[0]])
    case .and: return bitwise(&n, "And")
    case .or: return bitwise(&n, "Or")
    case .xor: return bitwise(&n, "Xor")
    case .shiftLeft, .shiftRight:
      guard [.uint8, .uint16, .uint32, .uint64].contains(n.element) else {
        throw n.unsupported("ONNX shifts unsigned integers, not \(n.element)")
      }
      return n.emit(
        "BitShift", n.inputs, [("direction", .string(Array((kind == .shiftLeft ? "LEFT" : "RIGHT").utf8)))])
    case .equal: return n.emit("Equal", n.inputs)
    case .less: return n.emit("Less", n.inputs)
    case .lessEqual: return n.emit("LessOrEqual", n.inputs)
    case .greater: return n.emit("Greater", n.inputs)
    case .greaterEqual: return n.emit("GreaterOrEqual", n.inputs)
    }
  }

  private func bitwise(_ n: inout NodeSpelling, _ op: String) -> String {
    if n.element == .bool { return n.emit(op, n.inputs) }
    n.require(opset: 18)
    return n.emit("Bitwise" + op, n.inputs)
  }
}

extension Select: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] { [n.emit("Where", n.inputs)] }
}

extension Cast: OnnxSpelled {
  func spell(_ n: inout NodeSpelling) throws(OnnxWriteError) -> [String] {
    [n.emit("Cast", n.inputs, [("to", .int(Int(element.rawValue)))])]
  }
}
