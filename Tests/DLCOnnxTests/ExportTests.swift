import DLCGraph
import DLCOperators
import DLCTensor
import GraphTestSupport
import Testing

@testable import DLCOnnx

/// Graphs that are written as ONNX and imported again compute what they did.
@Suite struct ExportTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var op: any Operator
    var inputs: [Tensor]
    var testDescription: String {
      "\(op.mnemonic) \(op.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ")) \(inputs.map(\.type))"
    }

    init(_ op: any Operator, _ inputs: Tensor...) {
      self.op = op
      self.inputs = inputs
    }
  }

  /// Numbers of both signs, none of them twice the same nearby.
  static func floats(_ shape: Shape, scale: Float = 1) -> Tensor {
    Tensor((0..<shape.count).map { Float(($0 * 7 + 3) % 23 - 11) * 0.17 * scale + 0.013 }, shape: shape)
  }
  /// Positive numbers.
  static func positive(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.count).map { Float($0 * 5 % 13) * 0.21 + 0.3 }, shape: shape)
  }
  static func integers(_ values: [Int64], _ shape: Shape? = nil) -> Tensor {
    Tensor(values, shape: shape ?? [values.count])
  }

  static let functions: [Case] =
    [
      Function.identity, .relu, .clip(low: -0.5, high: 1), .clip(low: -.infinity, high: 0.4), .leakyRelu(slope: 0.2),
      .sigmoid, .tanh, .silu(alpha: 1), .silu(alpha: 1.702), .hardSigmoid(alpha: 0.3, beta: 0.4), .hardSwish, .gelu,
      .geluTanh, .elu(alpha: 0.7), .selu(alpha: 1.5, gamma: 1.1), .celu(alpha: 0.6), .softplus, .softsign, .mish,
      .thresholdedRelu(alpha: 0.4), .shrink(bias: 0.1, lambda: 0.3), .abs, .negate, .ceil, .floor, .round, .sign,
      .reciprocal, .exp, .sin, .cos, .tan, .atan, .sinh, .cosh, .asinh, .erf, .square, .isNaN,
      .isInfinite(negative: true, positive: false),
    ].map { Case(Unary($0), floats([3, 5])) }
    + [Function.sqrt, .rsqrt, .log, .reciprocal].map { Case(Unary($0), positive([7])) }
    + [Function.asin, .acos, .atanh].map { Case(Unary($0), floats([2, 5], scale: 0.4)) }
    + [
      Case(Unary(.acosh), Tensor([1, 1.5, 4] as [Float], shape: [3])),
      Case(Unary(.not), Tensor([true, false], shape: [2])),
      Case(Unary(.bitwiseNot), Tensor([5, -9] as [Int32], shape: [2])),
    ]

  static let combinations: [Case] =
    Binary.Kind.allCases.flatMap { kind -> [Case] in
      switch kind {
      case .and, .or, .xor:
        [
          Case(Binary(kind), Tensor([true, true, false], shape: [3]), Tensor([true, false, false], shape: [3])),
          Case(Binary(kind), Tensor([12, 7] as [Int32], shape: [2]), Tensor([10] as [Int32], shape: [1])),
        ]
      case .shiftLeft, .shiftRight:
        [Case(Binary(kind), Tensor([12, 7] as [UInt8], shape: [2]), Tensor([1, 2] as [UInt8], shape: [2]))]
      case .power: [Case(Binary(kind), positive([2, 3]), floats([3]))]
      default: [Case(Binary(kind), floats([2, 3]), positive([3])), Case(Binary(kind), floats([3]), positive([2, 3]))]
      }
    } + [
      Case(Binary(.add, then: .relu), floats([4]), floats([1])),
      Case(Binary(.modulo), integers([-7, 7]), integers([3, -4])),
      Case(Select(), Tensor([true, false], shape: [2]), floats([3, 2]), floats([1])),
      Case(Cast(to: .int32), floats([4], scale: 4)), Case(Cast(to: .float16), floats([4])),
    ]

  private static func window(
    _ kernel: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, before: [Int]? = nil, after: [Int]? = nil
  ) -> Window {
    let (zeros, ones) = (kernel.map { _ in 0 }, kernel.map { _ in 1 })
    return Window(
      kernel: kernel, strides: strides ?? ones, dilations: dilations ?? ones, padBegin: before ?? zeros,
      padEnd: after ?? zeros)
  }

  static let contractions: [Case] = [
    Case(Convolution(window: window([3])), floats([2, 2, 7]), floats([3, 2, 3])),
    Case(
      Convolution(
        window: window([2, 3], strides: [2, 1], dilations: [1, 2], before: [1, 0], after: [0, 2]), groups: 2,
        epilogue: Epilogue(bias: true, residual: true, function: .clip(low: 0, high: 6))),
      floats([1, 4, 5, 6]), floats([6, 2, 2, 3]), floats([6]), floats([1, 6, 3, 4])),
    Case(
      Convolution(window: window([1, 1]), epilogue: Epilogue(residual: true, function: .silu(alpha: 1))),
      floats([1, 3, 2, 2]), floats([2, 3, 1, 1]), floats([1, 2, 2, 2])),
    Case(
      ConvolutionTranspose(
        window: window([3, 2], strides: [2, 2], before: [1, 0], after: [0, 0]), outputPadding: [1, 0], groups: 2,
        epilogue: Epilogue(bias: true, function: .relu)),
      floats([1, 4, 3, 3]), floats([4, 2, 3, 2]), floats([4])),
    Case(MatMul(), floats([2, 3]), floats([3, 4])),
    Case(
      MatMul(transposeA: true, transposeB: true, epilogue: Epilogue(bias: true, residual: true, function: .tanh)),
      floats([3, 2]), floats([4, 3]), floats([4]), floats([2, 4])),
    Case(
      MatMul(transposeA: true, transposeB: true, epilogue: Epilogue(bias: true)), floats([2, 3, 2]),
      floats([2, 4, 3]), floats([4])),
    Case(MatMul(epilogue: Epilogue(residual: true)), floats([5, 2, 3]), floats([3, 4]), floats([5, 2, 4])),
    Case(
      MatMul(transposeB: true), Tensor([1, -2, 3, 4] as [Int32], shape: [2, 2]),
      Tensor([5, 6, -7, 8] as [Int32], shape: [2, 2])),
    Case(Pool(.maximum, window: window([2, 2], strides: [2, 2]), ceilMode: true), floats([1, 2, 5, 5])),
    Case(
      Pool(.maximum, window: window([2, 2], dilations: [1, 2]), givesIndices: true, columnMajorIndices: true),
      floats([1, 2, 4, 5])),
    Case(
      Pool(.average(countsPadding: true), window: window([3, 3], before: [1, 1], after: [1, 1])), floats([1, 1, 4, 4])),
    Case(Pool(.average(countsPadding: false), window: window([2], dilations: [2])), floats([1, 2, 6])),
    Case(Pool(.lp(3), window: window([2, 2])), floats([1, 1, 3, 3])),
    Case(
      Quantize(QuantizationParameters(.uint8, scale: 0.013, zeroPoint: 120)), floats([2, 3])),
    Case(
      Quantize(QuantizationParameters(.int16, scales: [0.001, 0.01, 0.1], zeroPoints: [0, 5, -6], axis: 1)),
      floats([2, 3, 2])),
    Case(
      Dequantize(QuantizationParameters(.int8, scales: [0.5, 0.25], zeroPoints: [0, 3], axis: 0)),
      Tensor([1, -2, 3, -128] as [Int8], shape: [2, 2])),
    Case(
      Dequantize(QuantizationParameters(.int8, scales: [0.5, 0.25], zeroPoints: [0, 0], axis: 2)),
      Tensor([1, -2, 3, -128] as [Int8], shape: [2, 1, 2])),
    Case(
      Dequantize(QuantizationParameters(.int32, scales: [0.5, 0.25], zeroPoints: [0, 0], axis: 0)),
      Tensor([1_000_000, -2] as [Int32], shape: [2])),
  ]

  static let normalizations: [Case] =
    [
      Case(
        BatchNormalization(epsilon: 1e-3), floats([2, 3, 4]), floats([3]), floats([3]), floats([3]), positive([3])),
      Case(InstanceNormalization(epsilon: 1e-4, function: .relu), floats([2, 3, 5]), floats([3]), floats([3])),
      Case(LayerNormalization(axis: 1, epsilon: 1e-5, hasScale: false, hasBias: false), floats([2, 3, 4])),
      Case(
        LayerNormalization(axis: 2, epsilon: 1e-5, hasScale: true, hasBias: true), floats([2, 3, 4]), floats([4]),
        floats([4])),
      Case(
        LayerNormalization(.rootMeanSquare, axis: 1, epsilon: 1e-5, hasScale: true, hasBias: false), floats([2, 6]),
        floats([6])),
      Case(LocalResponseNormalization(size: 3, alpha: 0.1, beta: 0.6, bias: 1.5), floats([1, 5, 2, 2])),
      Case(Softmax(.softmax, axis: 1), floats([2, 3, 2])), Case(Softmax(.logSoftmax, axis: 2), floats([2, 3, 2])),
      Case(Softmax(.hardmax, axis: 0), floats([3, 2])),
      Case(ArgReduce(.maximum, axis: 1, keepsAxis: true, selectsLast: true), floats([2, 4])),
      Case(ArgReduce(.minimum, axis: 0, keepsAxis: false, selectsLast: false), floats([2, 4])),
      Case(Cumulative(.sum, axis: 1, exclusive: true, reverse: true), floats([2, 4])),
      Case(Cumulative(.product, axis: 0, exclusive: false, reverse: false), floats([4])),
      Case(TopK(count: 2, axis: 0, largest: false, sorted: true), floats([5, 2])),
      Case(Reduce(.maximum, axes: [1], keepsAxes: false), Tensor([true, false, false, false], shape: [2, 2])),
    ]
    + Reduce.Kind.allCases.flatMap { kind in
      [
        Case(Reduce(kind, axes: [0, 2], keepsAxes: true), positive([2, 3, 4])),
        Case(Reduce(kind, axes: [1], keepsAxes: false), positive([2, 3, 4])),
        Case(Reduce(kind, axes: [], keepsAxes: true), positive([2, 3])),
      ]
    }

  static let movements: [Case] =
    [
      Case(Reshape(shape: [3, 4]), floats([2, 6])), Case(Transpose(permutation: [2, 0, 1]), floats([2, 3, 4])),
      Case(Expand(shape: [2, 3, 4]), floats([3, 1])), Case(Tile(repeats: [2, 3]), floats([1, 2])),
      Case(Concatenate(axis: 1), floats([2, 1]), floats([2, 3]), floats([2, 2])),
      Case(Slice(starts: [1, 0], counts: [2, 2], steps: [1, 2]), floats([4, 4])),
      Case(Slice(starts: [3, 2], counts: [4, 2], steps: [-1, -1]), floats([4, 4])),
      Case(Slice(starts: [0, 0], counts: [4, 4], steps: [1, 1]), floats([4, 4])),
      Case(Slice(starts: [0, 2], counts: [0, 1], steps: [1, 1]), floats([4, 4])),
      Case(Pad(.constant, before: [1, 0], after: [0, 2]), floats([2, 3])),
      Case(Pad(.constant, before: [1, -1], after: [0, 2], hasValue: true), floats([2, 3]), Tensor(Float(9))),
      Case(Trilu(upper: true, diagonal: 1), floats([3, 4])), Case(Trilu(upper: false, diagonal: -1), floats([3, 4])),
      Case(ReverseSequence(timeAxis: 0, batchAxis: 1), floats([4, 2]), integers([3, 2])),
      Case(Gather(axis: 1), floats([2, 4]), integers([3, -1, 0])),
      Case(GatherElements(axis: 0), floats([3, 2]), integers([2, 0, 1, 1], [2, 2])),
      Case(GatherND(batchDimensions: 1), floats([2, 3, 2]), integers([2, 0], [2, 1])),
      Case(OneHot(depth: 4, axis: 1), integers([1, -1, 7]), Tensor([-1, 5] as [Float], shape: [2])),
      Case(
        Resize(.nearest, coordinate: .asymmetric, nearest: .floor, shape: [1, 1, 4, 6], scales: [1, 1, 2, 2]),
        floats([1, 1, 2, 3])),
      Case(
        Resize(.linear, coordinate: .halfPixel, shape: [1, 1, 10, 2], scales: [1, 1, Float(10.0 / 7), 0.5]),
        floats([1, 1, 7, 4])),
      Case(
        Resize(
          .cubic, coordinate: .alignCorners, shape: [1, 1, 5, 4], scales: [1, 1, 1.25, 1], cubicCoefficient: -0.5,
          excludesOutside: true), floats([1, 1, 4, 4])),
      Case(
        Resize(
          .linear, coordinate: .cropAndResize, shape: [1, 1, 3, 3], scales: [1, 1, 1.5, 1.5],
          regionBegin: [0, 0, 0.25, 0.25], regionEnd: [1, 1, 0.75, 0.75], extrapolation: 3), floats([1, 1, 4, 4])),
      Case(
        Resize(
          .linear, coordinate: .halfPixelSymmetric, shape: [1, 1, 2, 2], scales: [1, 1, 0.5, 0.5], antialias: true),
        floats([1, 1, 4, 4])),
    ] + [Pad.Mode.reflect, .edge, .wrap].map { Case(Pad($0, before: [1, 1], after: [0, 1]), floats([2, 3])) }
    + ScatterReduction.allCases.flatMap { reduction in
      [
        Case(
          ScatterElements(axis: 1, reduction: reduction), floats([2, 3]), integers([1, 0, 2, 2], [2, 2]),
          positive([2, 2])),
        Case(ScatterND(reduction: reduction), floats([3, 2]), integers([2, 0], [2, 1]), positive([2, 2])),
      ]
    }

  /// The graph of one node and its answers.
  private func graph(_ test: Case) throws -> (graph: Graph, arguments: [String: Tensor]) {
    var graph = Graph(name: "g")
    var arguments: [String: Tensor] = [:]
    let inputs = test.inputs.enumerated().map { k, tensor in
      arguments["x\(k)"] = tensor
      return graph.addInput(name: "x\(k)", type: tensor.type, declared: tensor.shape.dimensions.map { .fixed($0) })
    }
    for (k, output) in try graph.add(test.op, inputs, name: "node").enumerated() {
      graph.outputs.append(Port(name: "y\(k)", value: output, declared: []))
    }
    return (graph, arguments)
  }

  private func imported(_ graph: Graph) throws -> Importer.Result {
    let bytes = try OnnxWriter.bytes(of: graph)
    return try Importer.run(
      OnnxModel(file: MappedFile(copying: bytes, name: "w.onnx")), file: "w.onnx", options: ImportOptions())
  }

  @Test(arguments: functions + combinations + contractions + normalizations + movements)
  func everySpellingMeansItsOperator(_ test: Case) throws {
    let (graph, arguments) = try graph(test)
    let expected = try graph.evaluated(arguments)
    let again = try imported(graph).graph
    #expect(again.inputs.map(\.name) == graph.inputs.map(\.name))
    #expect(again.outputs.map(\.name) == graph.outputs.map(\.name))
    for (found, wanted) in zip(try again.evaluated(arguments), expected) {
      #expect(found.type == wanted.type)
      for (a, b) in zip(found.doubles(), wanted.doubles()) {
        #expect(a == b || a.isNaN && b.isNaN || abs(a - b) <= 2e-6 * (1 + abs(b)))
      }
    }
  }

  @Test func quantizedGraphsComeBackAsTheyWere() throws {
    var graph = Graph(name: "q")
    let x = graph.addInput(name: "x", type: TensorType(.float32, [1, 2, 4, 4]), declared: [])
    let activation = QuantizationParameters(.uint8, scale: 0.02, zeroPoint: 100)
    let weights = QuantizationParameters(.int8, scales: [0.01, 0.02, 0.5], zeroPoints: [0, 0, 0], axis: 0)
    let q = try graph.add(Dequantize(activation), graph.add(Quantize(activation), [x]))
    let constant = graph.addConstant(
      Tensor((0..<24).map { Int8($0 * 11 % 255 - 127) }, shape: [3, 2, 2, 2]), name: "w")
    let w = try graph.add(Dequantize(weights), [constant])
    let op = Convolution(window: Self.window([2, 2]), epilogue: Epilogue(function: .relu))
    let y = try graph.add(Dequantize(activation), graph.add(Quantize(activation), graph.add(op, q + w)))
    graph.outputs.append(Port(name: "y", value: y[0], declared: []))
    let again = try imported(graph).graph
    func operators(_ graph: Graph) -> [String] {
      graph.nodes.compactMap { $0.map { "\($0.op.mnemonic) \($0.op.attributes.map(\.value))" } }.sorted()
    }
    #expect(operators(again).filter { $0.contains("quantize") } == operators(graph).filter { $0.contains("quantize") })
    let arguments = ["x": Self.floats([1, 2, 4, 4])]
    #expect(try again.evaluated(arguments) == graph.evaluated(arguments))
  }

  @Test(arguments: [([0, 0] as [Int32], 2), ([0, 3], 3)]) func stackedMatricesLeaveOutZeroPointsOfZero(
    _ zeroPoints: [Int32], _ operands: Int
  ) throws {
    let op = Dequantize(QuantizationParameters(.int8, scales: [0.5, 0.25], zeroPoints: zeroPoints, axis: 2))
    let test = Case(op, Tensor([1, -2, 3, -128] as [Int8], shape: [2, 1, 2]))
    #expect(try OnnxWriter.contents(of: graph(test).graph).nodes[0].inputs.count == operands)
  }

  @Test func nodesHaveNamesOfTheirOwn() throws {
    let test = Case(Unary(.gelu), Self.floats([2]))
    let names = try OnnxWriter.contents(of: graph(test).graph).nodes.map(\.name)
    #expect(names.count > 3 && Set(names).count == names.count && names.allSatisfy { $0.hasPrefix("node") })
  }

  @Test func opsetIsTheOldestThatServes() throws {
    func opset(_ op: any Operator, _ inputs: Tensor...) throws -> Int {
      var test = Case(op)
      test.inputs = inputs
      return try OnnxWriter.contents(of: graph(test).graph).opset
    }
    #expect(try opset(Unary(.relu), Self.floats([2])) == 17)
    #expect(try opset(Quantize(QuantizationParameters(.uint16, scale: 1, zeroPoint: 0)), Self.floats([2])) == 21)
    #expect(try opset(Cumulative(.product, axis: 0, exclusive: false, reverse: false), Self.floats([2])) == 26)
  }

  /// Inputs and constants that are outputs, outputs that are named twice, and a name that a temporary might take.
  @Test func outputsKeepTheirNames() throws {
    var graph = Graph(name: "")
    let type = TensorType(.float32, [2])
    let x = graph.addInput(name: "v1", type: type, declared: [.fixed(2)])
    let c = graph.addConstant(Tensor([1, 2] as [Float], shape: [2]))
    let y = try graph.add(Unary(.gelu), [x])[0]
    for (name, value) in [("copy", x), ("c", c), ("y", y), ("again", y), ("v1", x)] {
      graph.outputs.append(Port(name: name, value: value, declared: []))
    }
    let argument = ["v1": Tensor([1, -1] as [Float], shape: [2])]
    let again = try imported(graph).graph
    #expect(again.outputs.map(\.name) == ["copy", "c", "y", "again", "v1"])
    let (found, wanted) = (try again.evaluated(argument), try graph.evaluated(argument))
    for (a, b) in zip(found, wanted) { #expect(zip(a.doubles(), b.doubles()).allSatisfy { abs($0 - $1) < 1e-6 }) }
  }

  @Test func whatOnnxCannotSayIsAnError() throws {
    func message(_ test: Case) -> String {
      do {
        _ = try OnnxWriter.bytes(of: graph(test).graph)
        return ""
      } catch { return "\(error)" }
    }
    let last = Pool(.maximum, window: Self.window([1]), channels: .last)
    #expect(
      message(Case(last, Self.floats([1, 2, 3])))
        == "pool.max 'node' cannot be written as ONNX: its channels stand last, and ONNX has them first.")
    let shift = Case(
      Binary(.shiftLeft), Tensor([1] as [Int32], shape: [1]), Tensor([1] as [Int32], shape: [1]))
    #expect(
      message(shift) == "shift_left 'node' cannot be written as ONNX: ONNX shifts unsigned integers, not i32.")
    let integers = Case(Quantize(QuantizationParameters(.int32, scale: 1, zeroPoint: 0)), Self.floats([2]))
    #expect(
      message(integers)
        == "quantize 'node' cannot be written as ONNX: ONNX quantizes to 8 and 16 bits, not to i32.")
  }
}
