import DLCGraph
import DLCOperators
import DLCTensor

/// A graph under construction, with reproducible random constants.
struct TestModel {
  var graph = Graph(name: "test")
  private var random = SplitMix(state: 7)

  mutating func input(_ extents: [Int], _ element: ElementType = .float32) -> ValueID {
    graph.addInput(
      name: "x\(graph.inputs.count)", type: TensorType(element, Shape(extents)), declared: extents.map { .fixed($0) })
  }

  /// A constant of random elements in -1...1, or 0.5...1.5 when `positive`.
  mutating func weights(_ extents: [Int], _ element: ElementType = .float32, positive: Bool = false) -> ValueID {
    let values = (0..<Shape(extents).count).map { _ in positive ? 0.5 + random.unit() : 2 * random.unit() - 1 }
    return graph.addConstant(Tensor(doubles: values, type: TensorType(element, Shape(extents))))
  }

  mutating func constant(_ values: [Double], _ extents: [Int] = [], _ element: ElementType = .float32) -> ValueID {
    graph.addConstant(Tensor(doubles: values, type: TensorType(element, Shape(extents))))
  }

  mutating func add(_ op: any Operator, _ inputs: ValueID...) throws -> ValueID {
    try graph.add(op, inputs, name: "n\(graph.nodes.count)")[0]
  }

  mutating func output(_ values: ValueID...) {
    for value in values {
      graph.outputs.append(
        Port(
          name: "y\(graph.outputs.count)", value: value, declared: graph[value].type.shape.dimensions.map { .fixed($0) }
        ))
    }
  }

  /// A convolution of `kernel` cells on a side over two spatial axes, with `extra` inputs (bias, residual).
  mutating func conv(
    _ x: ValueID, to outputs: Int, kernel: Int = 3, stride: Int = 1, pad: Int? = nil, groups: Int = 1,
    epilogue: Epilogue = .none, _ extra: ValueID...
  ) throws -> ValueID {
    let channels = graph[x].type.shape[1]
    let w = weights([outputs, channels / groups, kernel, kernel])
    let op = Convolution(
      window: .square(kernel, stride: stride, pad: pad ?? kernel / 2), groups: groups, epilogue: epilogue)
    return try graph.add(op, [x, w] + extra, name: "conv\(graph.nodes.count)")[0]
  }

  /// A batch normalization of `x` with random parameters.
  mutating func batchNorm(_ x: ValueID) throws -> ValueID {
    let count = graph[x].type.shape[1]
    let parameters = [
      weights([count], positive: true), weights([count]), weights([count]), weights([count], positive: true),
    ]
    return try graph.add(BatchNormalization(epsilon: 1e-5), [x] + parameters, name: "bn")[0]
  }
}

extension TestModel {
  /// u8 with this scale and zero point.
  static func u8(_ scale: Float, _ zero: Int32) -> QuantizationParameters {
    QuantizationParameters(.uint8, scale: scale, zeroPoint: zero)
  }

  /// Integers for `x`, and the real numbers that they stand for.
  mutating func rounded(_ x: ValueID, _ parameters: QuantizationParameters) throws -> ValueID {
    try add(Dequantize(parameters), add(Quantize(parameters), x))
  }

  /// Random constant weights of i8 with a scale for each index along `axis`, dequantized.
  mutating func integerWeights(_ extents: [Int], axis: Int = 0) throws -> ValueID {
    let integers = (0..<Shape(extents).count).map { Int8(($0 * 73 + 11) % 255 - 127) }
    let scales = (0..<extents[axis]).map { 0.002 + 0.0005 * Float($0) }
    let parameters = QuantizationParameters(
      .int8, scales: scales, zeroPoints: scales.map { _ in 0 }, axis: axis)
    return try add(Dequantize(parameters), graph.addConstant(Tensor(integers, shape: Shape(extents))))
  }
}

extension Window {
  static func square(_ kernel: Int, stride: Int = 1, pad: Int = 0) -> Window {
    Window(
      kernel: [kernel, kernel], strides: [stride, stride], dilations: [1, 1], padBegin: [pad, pad], padEnd: [pad, pad])
  }
}

/// Pseudo-random numbers that are the same everywhere (Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in 0..<1.
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}
