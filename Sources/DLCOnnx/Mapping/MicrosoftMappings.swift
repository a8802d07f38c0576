import DLCGraph
import DLCOperators
import DLCTensor

/// The operator domain that ONNX Runtime adds to the standard one.
let microsoftDomain = "com.microsoft"

/// Quantized operators of `com.microsoft` (its ContribOperators documentation), as the float operator between Dequantize
/// and Quantize.
let microsoftMappings: [OperatorMapping] =
  [("QLinearAdd", Binary.Kind.add), ("QLinearMul", .multiply)].map { name, kind in
    microsoft(name) { (c: inout NodeContext) throws(MappingError) in
      let (a, b) = try (c.real(0), c.real(3))
      return try [c.result(c.binary(kind, a, b), 6)]
    }
  } + [
    microsoft("QLinearSigmoid") { (c: inout NodeContext) throws(MappingError) in
      try [c.result(c.unary(.sigmoid, c.real(0)), 3)]
    },
    microsoft("QLinearLeakyRelu") { (c: inout NodeContext) throws(MappingError) in
      let slope = try c.float("alpha", default: 0.01)
      return try [c.result(c.unary(.leakyRelu(slope: slope), c.real(0)), 3)]
    },
    microsoft("QLinearSoftmax") { (c: inout NodeContext) throws(MappingError) in
      let x = try c.real(0)
      let opset = try c.int("opset", default: 13)
      let axis = try c.int("axis", default: opset < 13 ? 1 : -1)
      let y =
        opset < 13
        ? try c.coercedSoftmax(.softmax, x, axis: axis)
        : try c.emit(Softmax(.softmax, axis: c.resolve(axis: axis, rank: c.shape(of: x).rank)), x)
      return try [c.result(y, 3)]
    },
    microsoft("QLinearGlobalAveragePool") { (c: inout NodeContext) throws(MappingError) in
      let last = try c.bool("channels_last")
      let x = try c.channelsFirst(c.real(0), from: last)
      return try [c.result(c.channelsLast(c.globalPool(.mean, of: x), to: last), 3)]
    },
    microsoft("QLinearAveragePool") { (c: inout NodeContext) throws(MappingError) in
      let last = try c.bool("channels_last")
      let x = try c.channelsFirst(c.real(0), from: last)
      let counts = try c.bool("count_include_pad")
      guard let y = try c.pool(x, { _ in .average(countsPadding: counts) })[0] else { return [] }
      return try [c.result(c.channelsLast(y, to: last), 3)]
    },
    microsoft("QLinearReduceMean") { (c: inout NodeContext) throws(MappingError) in
      let x = try c.real(0)
      let rank = c.shape(of: x).rank
      let axes = try c.resolve(axes: c.ints("axes") ?? Array(0..<rank), rank: rank)
      let keeps = try c.bool("keepdims", default: true)
      return try [c.result(c.emit(Reduce(.mean, axes: axes, keepsAxes: keeps), x), 3)]
    },
    microsoft("QLinearConcat") { (c: inout NodeContext) throws(MappingError) in
      guard c.inputCount >= 5, c.inputCount % 3 == 2 else {
        throw MappingError(
          "its inputs must be a scale, a zero point, and three for each tensor, found \(c.inputCount) inputs")
      }
      guard let given = try c.int("axis") else { throw MappingError("attribute 'axis' is missing") }
      var parts: [ValueID] = []
      for k in stride(from: 2, to: c.inputCount, by: 3) { parts.append(try c.real(k)) }
      let axis = try c.resolve(axis: given, rank: c.shape(of: parts[0]).rank)
      return try [c.result(c.concatenate(parts, axis: axis), 0)]
    },
    microsoft("QLinearWhere") { (c: inout NodeContext) throws(MappingError) in
      let chosen = try c.emit(Select(), c.input(0), c.real(1), c.real(4))
      return try [c.result(chosen, 7)]
    },
    microsoft("QGemm") { (c: inout NodeContext) throws(MappingError) in try [c.quantizedGemm()] },
    microsoft("MatMulIntegerToFloat") { (c: inout NodeContext) throws(MappingError) in
      let (a, b) = try (c.input(0), c.input(1))
      return try [
        c.scaledProduct(
          a, QuantizedForm(c.input(2), c.optional(4)), b, QuantizedForm(c.input(3), c.optional(5)), bias: c.optional(6))
      ]
    },
    microsoft("DynamicQuantizeMatMul") { (c: inout NodeContext) throws(MappingError) in
      let (a, b) = try (c.dynamicallyQuantized(c.input(0)), c.input(1))
      return try [
        c.scaledProduct(
          a.q, QuantizedForm(a.scale, a.zero), b, QuantizedForm(c.input(2), c.optional(3)), bias: c.optional(4))
      ]
    },
  ]

private func microsoft(_ name: String, _ body: @escaping OperatorMapping.Body) -> OperatorMapping {
  OperatorMapping(name, domain: microsoftDomain, body)
}

extension NodeContext {
  /// The real numbers that inputs `index` (integers), `index + 1` (scale) and `index + 2` (zero point) stand for.
  fileprivate mutating func real(_ index: Int) throws(MappingError) -> ValueID {
    try dequantized(input(index), QuantizedForm(input(index + 1), optional(index + 2)))
  }

  /// y quantized by inputs `index` (scale) and `index + 1` (zero point); without one, 0 of the type of the other integers.
  fileprivate mutating func result(_ y: ValueID, _ index: Int) throws(MappingError) -> ValueID {
    let zero = optional(index + 1)
    let own = zero ?? values.lazy.compactMap { $0 }.first { NodeContext.quantizedTypes.contains(self.element(of: $0)) }
    let element = own.map { self.element(of: $0) } ?? .uint8
    return try quantized(y, QuantizedForm(input(index), zero), as: element)
  }

  /// x `[N, spatial..., C]` as `[N, C, spatial...]`; x itself unless `last`.
  fileprivate mutating func channelsFirst(_ x: ValueID, from last: Bool) throws(MappingError) -> ValueID {
    let rank = shape(of: x).rank
    return last && rank > 2 ? try transpose(x, [0, rank - 1] + Array(1..<rank - 1)) : x
  }

  /// The inverse of `channelsFirst`.
  fileprivate mutating func channelsLast(_ x: ValueID, to last: Bool) throws(MappingError) -> ValueID {
    let rank = shape(of: x).rank
    return last && rank > 2 ? try transpose(x, [0] + Array(2..<rank) + [1]) : x
  }

  /// alpha a b + c on integers; without a scale for y the result is f32.
  fileprivate mutating func quantizedGemm() throws(MappingError) -> ValueID {
    let (a, b) = try (input(0), input(3))
    guard shape(of: a).rank == 2, shape(of: b).rank == 2 else {
      throw MappingError("a and b must be matrices, found \(type(of: a)) and \(type(of: b))")
    }
    let product = MatMul(transposeA: try bool("transA"), transposeB: try bool("transB"))
    let alpha = try float("alpha", default: 1)
    let aForm = QuantizedForm(try input(1), optional(2))
    let bForm = QuantizedForm(try input(4), optional(5), axis: product.transposeB ? 0 : 1)
    var y = try emit(product, dequantized(a, aForm), dequantized(b, bForm))
    if alpha != 1 { y = try binary(.multiply, y, scalar(Double(alpha), .float32)) }
    if let bias = optional(6) {
      let addend = try dequantizedBias(bias, aForm, bForm, alpha: alpha)
      guard shape(of: y).broadcast(with: shape(of: addend)) == shape(of: y) else {
        throw MappingError("c \(type(of: bias)) does not broadcast to \(shape(of: y))")
      }
      y = try binary(.add, y, addend)
    }
    guard optional(7) != nil else { return y }
    return try result(y, 7)
  }

  /// The f32 product of quantized matrices plus a bias. Parameters known now give the form of all quantized operators, others
  /// the integer product times the scales.
  fileprivate mutating func scaledProduct(
    _ a: ValueID, _ aForm: QuantizedForm, _ b: ValueID, _ bForm: QuantizedForm, bias: ValueID?
  ) throws(MappingError) -> ValueID {
    let columns = shape(of: b).rank >= 2 ? shape(of: b).rank - 1 : nil
    let rows = shape(of: a).rank >= 2 ? shape(of: a).rank - 2 : nil
    let (aForm, bForm) = (
      QuantizedForm(aForm.scale, aForm.zero, axis: rows), QuantizedForm(bForm.scale, bForm.zero, axis: columns)
    )
    var y: ValueID
    if [aForm.scale, bForm.scale].allSatisfy({ graph.constant($0) != nil }) {
      y = try matMul(dequantized(a, aForm), dequantized(b, bForm))
    } else {
      guard shape(of: aForm.scale).count == 1 else {
        throw MappingError("a scale of a for each row must be known when the model is compiled")
      }
      let sum = try cast(integerProduct(a, aForm.zero, b, bForm.zero), .float32)
      let scale = try binary(
        .multiply, reshape(cast(aForm.scale, .float32), .scalar), cast(bForm.scale, .float32))
      guard shape(of: sum).broadcast(with: shape(of: scale)) == shape(of: sum) else {
        throw MappingError("scales \(type(of: bForm.scale)) do not fit the product \(type(of: sum))")
      }
      y = try binary(.multiply, sum, scale)
    }
    guard let bias else { return y }
    guard shape(of: y).broadcast(with: shape(of: bias)) == shape(of: y) else {
      throw MappingError("its bias \(type(of: bias)) does not broadcast to \(shape(of: y))")
    }
    return try binary(.add, y, bias)
  }
}
