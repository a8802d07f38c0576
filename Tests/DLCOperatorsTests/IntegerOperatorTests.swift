import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

@Suite struct IntegerOperatorTests {
  private func real(_ tensor: Tensor, _ parameters: QuantizationParameters) throws -> Tensor {
    try Dequantize(parameters).evaluate([tensor])[0]
  }

  /// Whether each integer is within a step of what `real` would be quantized to.
  private func isWithinStep(_ found: Tensor, of real: Tensor, _ parameters: QuantizationParameters) throws -> Bool {
    let expected = try Quantize(parameters).evaluate([real])[0]
    return found.type == expected.type && zip(found.doubles(), expected.doubles()).allSatisfy { abs($0 - $1) <= 1 }
  }

  @Test func convolutionByHand() throws {
    // x = (q - 10) / 2 is -1, 0, 2, 5; w = 1/4 and -1/2; sums of steps of 1/8; y in steps of 1/4 from zero 3.
    let scheme = ContractionScheme(input: u8(0.5, 10), weightScales: [0.25], output: u8(0.25, 3))
    let window = Window(kernel: [2], strides: [1], dilations: [1], padBegin: [1], padEnd: [0])
    let op = QuantizedConvolution(Convolution(window: window, epilogue: Epilogue(bias: true)), scheme)
    let y = try op.evaluate([
      tensor(.uint8, [1, 1, 4], [8, 10, 14, 20]), tensor(.int8, [1, 1, 2], [1, -2]), tensor(.int32, [1], [1]),
    ])[0]
    // Sums: 0 + 4 + 1, -2 - 0 + 1, 0 - 8 + 1, 4 - 20 + 1, halves to even: 2.5 to 2, -0.5 to 0, -3.5 to -4, -7.5 to -8.
    #expect(y == tensor(.uint8, [1, 1, 4], [5, 3, 0, 0]))
  }

  @Test func boundsAndTableComeAfterRequantization() throws {
    let window = Window(kernel: [1], strides: [1], dilations: [1], padBegin: [0], padEnd: [0])
    let base = Convolution(window: window, epilogue: Epilogue(function: .clip(low: -1, high: 2)))
    var scheme = ContractionScheme(input: u8(1, 0), weightScales: [1], output: u8(0.5, 100))
    let inputs = [tensor(.uint8, [1, 1, 3], [0, 1, 9]), tensor(.int8, [1, 1, 1], [-1])]
    #expect(
      try QuantizedConvolution(base, scheme).evaluate(inputs)[0] == tensor(.uint8, [1, 1, 3], [100, 98, 98]))
    scheme.intermediate = scheme.output
    scheme.output = u8(1, 0)
    scheme.table = (0..<256).map { UInt8(255 - $0) }
    #expect(
      try QuantizedConvolution(base, scheme).evaluate(inputs)[0] == tensor(.uint8, [1, 1, 3], [155, 157, 157]))
  }

  @Test func bytesAreAddedInTheOrderOfOnnxRuntime() throws {
    // The zero points are part of what is rounded: 1/2 + 1 goes to 2, where 1/2 rounded and then 1 would be 1.
    let op = QuantizedBinary(Binary(.add), a: u8(0.5, 3), b: u8(0.5, 4), output: u8(1, 1))
    let (a, b) = (tensor(.uint8, [4], [3, 4, 5, 255]), tensor(.uint8, [4], [4, 4, 5, 255]))
    #expect(try op.evaluate([a, b])[0] == tensor(.uint8, [4], [1, 2, 2, 252]))
    // A scale that is far larger than the result's would round the zero points away: those stay apart.
    let mask = QuantizedBinary(Binary(.add), a: u8(4000, 255), b: u8(0.01, 0), output: u8(0.01, 7))
    let (hidden, x) = (tensor(.uint8, [3], [254, 255, 255]), tensor(.uint8, [3], [200, 200, 3]))
    #expect(try mask.evaluate([hidden, x])[0] == tensor(.uint8, [3], [0, 207, 10]))
  }

  @Test func averagesOfIntegersGoToTheEvenInteger() throws {
    let window = Window(kernel: [2], strides: [2], dilations: [1], padBegin: [0], padEnd: [0])
    let x = tensor(.uint8, [1, 1, 6], [3, 4, 6, 7, 254, 255])
    let pool = Pool(.average(countsPadding: false), window: window)
    #expect(
      try QuantizedPool(pool, input: u8(0.5, 3), output: u8(0.5, 3)).evaluate([x])[0]
        == tensor(.uint8, [1, 1, 3], [4, 6, 254]))
    // With another scale steps are counted from the zero point: 1/2, 7/2 and 503/2 of them, doubled.
    #expect(
      try QuantizedPool(pool, input: u8(0.5, 3), output: u8(0.25, 3)).evaluate([x])[0]
        == tensor(.uint8, [1, 1, 3], [4, 10, 255]))
  }

  @Test func scalesAreDividedInSinglePrecision() {
    let (a, b, c) = (Float(0.1), Float(0.3), Float(0.7))
    #expect(Float(a, times: b, over: c) == a * b / c)
    // A product below f32's range would be no scale at all.
    #expect(
      Float(1e-30, times: 1e-20, over: 1e-25)
        == Float(Double(Float(1e-30)) * Double(Float(1e-20)) / Double(Float(1e-25))))
  }

  @Test func convolutionIsTheRealOneWithinAStep() throws {
    let window = Window(kernel: [3, 2], strides: [2, 1], dilations: [1, 2], padBegin: [1, 0], padEnd: [2, 1])
    for groups in [1, 2, 4] {
      let base = Convolution(
        window: window, groups: groups, epilogue: Epilogue(bias: true, residual: true, function: .relu))
      let (x, w) = (randomBytes([2, 4, 6, 7], seed: 1), randomWeights([8, 4 / groups, 3, 2], seed: 2))
      let scales = (0..<8).map { 0.001 + 0.0003 * Float($0) }
      let (p, r, q) = (u8(0.02, 117), u8(0.015, 90), u8(0.03, 20))
      let bias = tensor(.int32, [8], (0..<8).map { Double($0 * 2000 - 7000) })
      let shape = try base.window.outputExtents([6, 7])
      let added = randomBytes([2, 8] + shape, seed: 3)
      let op = QuantizedConvolution(base, ContractionScheme(input: p, weightScales: scales, residual: r, output: q))
      let found = try op.evaluate([x, w, bias, added])[0]
      let realBias = zip(bias.doubles(), scales).map { $0 * Double(p.scale) * Double($1) }
      let expected = try base.evaluate([
        real(x, p), real(w, QuantizationParameters(.int8, scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)),
        tensor(.float32, [8], realBias), real(added, r),
      ])[0]
      #expect(try isWithinStep(found, of: expected, q), "\(groups) groups")
      var last = op
      last.channels = .last
      let moved = [x, w, bias, added].enumerated().map { k, input in
        op.channelsLastPermutation(input: k, type: input.type).map { input.permuted(by: $0) } ?? input
      }
      #expect(try last.evaluate(moved)[0].permuted(by: ChannelPlacement.firstPermutation(rank: 4)) == found)
    }
  }

  @Test func transposedConvolutionIsTheRealOneWithinAStep() throws {
    let window = Window(kernel: [3, 3], strides: [2, 2], dilations: [1, 1], padBegin: [1, 0], padEnd: [0, 1])
    for groups in [1, 2] {
      let base = ConvolutionTranspose(window: window, outputPadding: [1, 0], groups: groups)
      let (x, w) = (randomBytes([1, 4, 3, 4], seed: 1), randomWeights([4, 3, 3, 3], seed: 2))
      let scheme = ContractionScheme(input: u8(0.02, 140), weightScales: [0.002], output: u8(0.05, 128))
      let found = try QuantizedConvolutionTranspose(base, scheme).evaluate([x, w])[0]
      let expected = try base.evaluate([
        real(x, scheme.input), real(w, QuantizationParameters(.int8, scale: 0.002, zeroPoint: 0)),
      ])[0]
      #expect(try isWithinStep(found, of: expected, scheme.output!))
    }
  }

  @Test func matrixProductIsTheRealOneWithinAStep() throws {
    let p = u8(0.02, 100)
    for (symmetric, transposed) in [(false, false), (false, true), (true, false), (true, true)] {
      let shape = transposed ? [2, 5, 9] : [2, 9, 5]
      // Packing takes -128 for -127: the code 0 of a symmetric b does not occur.
      let codes = randomBytes(shape, seed: 5).elements(as: UInt8.self).map { max($0, 1) }
      let b = symmetric ? Tensor(codes, shape: Shape(shape)) : randomWeights(shape, seed: 5)
      let own = QuantizationParameters(symmetric ? .uint8 : .int8, scale: 0.01, zeroPoint: symmetric ? 128 : 0)
      let base = MatMul(transposeB: transposed)
      let a = randomBytes([2, 3, 9], seed: 4)
      let op = QuantizedMatMul(base, ContractionScheme(input: p, weightScales: [0.01], output: u8(0.1, 128)))
      let expected = try base.evaluate([real(a, p), real(b, own)])[0]
      #expect(try isWithinStep(op.evaluate([a, b])[0], of: expected, u8(0.1, 128)))
      let exact = QuantizedMatMul(base, ContractionScheme(input: p, weightScales: [0.01]))
      for (x, y) in zip(try exact.evaluate([a, b])[0].doubles(), expected.doubles()) { #expect(abs(x - y) < 1e-4) }
    }
  }

  @Test func elementwiseIsTheRealOneWithinAStep() throws {
    let (a, b) = (randomBytes([2, 3, 4], seed: 6), randomBytes([3, 1], seed: 7))
    let (p, q, r) = (u8(0.02, 100), u8(0.05, 30), u8(0.06, 60))
    for kind in [Binary.Kind.add, .subtract, .multiply, .minimum, .maximum] {
      let base = Binary(kind, then: .clip(low: -2, high: 6))
      let expected = try base.evaluate([real(a, p), real(b, q)])[0]
      let op = QuantizedBinary(base, a: p, b: q, output: r)
      #expect(try isWithinStep(op.evaluate([a, b])[0], of: expected, r), "\(kind)")
      let found = try QuantizedBinary(base, a: p, b: q, output: nil).evaluate([a, b])[0]
      #expect(found.element == .float32)
      for (x, y) in zip(found.doubles(), expected.doubles()) { #expect(abs(x - y) < 1e-4, "\(kind)") }
      try checkPermuted(op, [a, randomBytes([1, 3, 1], seed: 7)], by: [2, 0, 1])
    }
  }

  @Test func poolsAndReductionsAreTheRealOnesWithinAStep() throws {
    let x = randomBytes([2, 3, 6, 5], seed: 8)
    let (p, q) = (u8(0.02, 100), u8(0.015, 60))
    for countsPadding in [true, false] {
      let window = Window(kernel: [3, 2], strides: [2, 2], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 0])
      let base = Pool(.average(countsPadding: countsPadding), window: window, ceilMode: true)
      let found = try QuantizedPool(base, input: p, output: q).evaluate([x])[0]
      #expect(try isWithinStep(found, of: base.evaluate([real(x, p)])[0], q))
    }
    for kind in [Reduce.Kind.mean, .sum] {
      let base = Reduce(kind, axes: [1, 3], keepsAxes: false)
      let out = u8(kind == .sum ? 0.2 : 0.015, 60)
      let op = QuantizedReduce(base, input: p, output: out)
      #expect(try isWithinStep(op.evaluate([x])[0], of: base.evaluate([real(x, p)])[0], out))
      try checkPermuted(op, [x], by: [0, 2, 3, 1])
    }
  }

  @Test func softmaxIsTheRealOneWithinAStep() throws {
    let (p, q) = (u8(0.05, 100), u8(1.0 / 256, 0))
    for axis in 0..<3 {
      let x = randomBytes([2, 3, 7], seed: 9)
      let found = try QuantizedSoftmax(axis: axis, input: p, output: q).evaluate([x])[0]
      #expect(try isWithinStep(found, of: Softmax(.softmax, axis: axis).evaluate([real(x, p)])[0], q))
    }
    let certain = try QuantizedSoftmax(axis: 0, input: u8(1, 0), output: q).evaluate([tensor(.uint8, [2], [0, 255])])
    #expect(certain[0] == tensor(.uint8, [2], [0, 255]))
  }

  @Test func tablesAreIndexedByBytes() throws {
    let (p, q) = (QuantizationParameters(.int8, scale: 0.5, zeroPoint: -4), u8(0.25, 7))
    let x = tensor(.int8, [4], [-128, -4, -1, 127])
    let found = try LookupTable.requantize(p, to: q).evaluate([x])[0]
    #expect(found == tensor(.uint8, [4], [0, 7, 13, 255]))
    #expect(try Quantize(q).evaluate([real(x, p)])[0] == found)
  }

  @Test func refusesMisfits() {
    let window = Window(kernel: [1], strides: [1], dilations: [1], padBegin: [0], padEnd: [0])
    let base = Convolution(window: window)
    let scheme = ContractionScheme(input: u8(1, 0), weightScales: [1, 1], output: u8(1, 0))
    let (x, w) = (TensorType(.uint8, [1, 1, 3]), TensorType(.int8, [3, 1, 1]))
    func reason(_ op: any Operator, _ inputs: [TensorType]) -> String {
      do { return "infers \(try op.infer(inputs))" } catch { return error.reason }
    }
    #expect(reason(QuantizedConvolution(base, scheme), [x, w]) == "expected 1 or 3 positive weight scales, found 2")
    #expect(
      reason(QuantizedConvolution(base, scheme), [TensorType(.int8, [1, 1, 3]), w])
        == "expected x of u8, found i8[1,1,3]")
    var other = ContractionScheme(input: u8(1, 0), weightScales: [1], output: u8(1, 300))
    #expect(reason(QuantizedConvolution(base, other), [x, w]) == "expected zero points of u8")
    other.output = nil
    other.table = [1, 2]
    #expect(
      reason(QuantizedConvolution(base, other), [x, w])
        == "expected a table of 256 entries with the parameters of what it reads")
    var gelu = base
    gelu.epilogue.function = .gelu
    other.table = nil
    #expect(reason(QuantizedConvolution(gelu, other), [x, w]) == "expected a function that clamps, found gelu")
  }
}
