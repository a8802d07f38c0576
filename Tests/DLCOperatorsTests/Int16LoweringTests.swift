import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Kernels of integer operators on i16 against their reference, bit for bit.
@Suite struct Int16LoweringTests {
  private func i16(_ scale: Float) -> QuantizationParameters {
    QuantizationParameters(.int16, scale: scale, zeroPoint: 0)
  }

  private func values(_ shape: [Int], seed: UInt64) -> Tensor {
    let real = random(.float64, shape, -32768, 32768, seed: seed).doubles()
    return Tensor(real.map { Int16($0.rounded(.down)) }, shape: Shape(shape))
  }

  private func weights(_ shape: [Int], seed: UInt64) -> Tensor {
    let real = random(.float64, shape, -128, 128, seed: seed).doubles()
    return Tensor(real.map { Int8($0.rounded(.down)) }, shape: Shape(shape))
  }

  private func bias(_ count: Int) -> Tensor {
    tensor(.int32, [count], random(.float64, [count], -2e9, 2e9, seed: 31).doubles().map { $0.rounded() })
  }

  /// Schemes of a contraction whose results reach about `largest`: i16 and f32, each with and without a residual.
  private func schemes(_ channels: Int, _ largest: Float) -> [ContractionScheme] {
    let scales = (0..<channels).map { 0.002 + 0.0001 * Float($0 % 7) }
    return [nil, i16(0.003)].flatMap { residual in
      [i16(largest / 32767), nil].map { output in
        ContractionScheme(input: i16(0.0002), weightScales: scales, residual: residual, output: output)
      }
    }
  }

  @Test(arguments: [1, 2, 6, 12, 24]) func convolution(groups: Int) throws {
    let window = Window(kernel: [3, 2], strides: [2, 1], dilations: [1, 2], padBegin: [1, 1], padEnd: [2, 0])
    let (x, w) = (values([2, 7, 6, 24], seed: 1), weights([24, 3, 2, 24 / groups], seed: 2))
    let extents = try window.outputExtents([7, 6])
    let residual = values([2] + extents + [24], seed: 3)
    for scheme in schemes(24, 60) {
      let epilogue = Epilogue(bias: true, residual: scheme.residual != nil, function: .clip(low: -20, high: 30))
      let base = Convolution(window: window, groups: groups, channels: .last, epilogue: epilogue)
      let inputs = [x, w, bias(24)] + (scheme.residual == nil ? [] : [residual])
      try checkLowered(QuantizedConvolution(base, scheme), inputs, constants: [1, 2], tolerance: 0)
    }
  }

  @Test func depthwiseConvolutionOfMoreOutputsThanInputs() throws {
    let window = Window(kernel: [3], strides: [1], dilations: [1], padBegin: [1], padEnd: [1])
    let base = Convolution(window: window, groups: 5, channels: .last)
    let op = QuantizedConvolution(
      base, ContractionScheme(input: i16(0.0002), weightScales: [0.01], output: i16(0.001)))
    try checkLowered(op, [values([1, 9, 5], seed: 1), weights([15, 3, 1], seed: 2)], constants: [1], tolerance: 0)
  }

  @Test func matrixProduct() throws {
    for (a, b, transposed) in [
      ([5, 19], [19, 21], false), ([5, 19], [21, 19], true), ([2, 3, 1100], [1100, 21], false),
      ([2, 3, 19], [2, 21, 19], true),
    ] as [([Int], [Int], Bool)] {
      let residual = values(Array(a.dropLast()) + [21], seed: 6)
      for scheme in schemes(21, 60) {
        let epilogue = Epilogue(bias: true, residual: scheme.residual != nil)
        let inputs =
          [values(a, seed: 4), weights(b, seed: 5), bias(21)] + (scheme.residual == nil ? [] : [residual])
        let op = QuantizedMatMul(MatMul(transposeB: transposed, epilogue: epilogue), scheme)
        try checkLowered(op, inputs, constants: [1, 2], tolerance: 0)
      }
    }
  }

  @Test func sumsBeyondThirtyTwoBitsAreExact() throws {
    // 1,000 products of 32767 * 127, of which the last is one step less: rounded once, to f32.
    let a = Tensor([Int16](repeating: .max, count: 999) + [.max - 1], shape: [1, 1000])
    let b = Tensor([Int8](repeating: 127, count: 1000), shape: [1000, 1])
    let op = QuantizedMatMul(MatMul(), ContractionScheme(input: i16(1), weightScales: [1]))
    let sum = 1000 * 32767 * 127 - 127
    #expect(try op.evaluate([a, b])[0].floats() == [Float(sum)])
    try checkLowered(op, [a, b], constants: [1], tolerance: 0)
  }

  @Test func convolutionIsTheRealOneWithinAStep() throws {
    let base = Convolution(
      window: .init(kernel: [3], strides: [1], dilations: [1], padBegin: [1], padEnd: [1]),
      epilogue: Epilogue(bias: true, function: .relu))
    let scheme = ContractionScheme(input: i16(0.0001), weightScales: [0.01], output: i16(0.0008))
    let (x, w) = (values([1, 4, 9], seed: 1), weights([3, 4, 3], seed: 2).asWeights)
    let bias = tensor(.int32, [3], [1e6, -2e6, 5])
    let found = try QuantizedConvolution(base, scheme).evaluate([x, w, bias])[0]
    func real(_ tensor: Tensor, _ element: ElementType, _ scale: Float) throws -> Tensor {
      try Dequantize(QuantizationParameters(element, scale: scale, zeroPoint: 0)).evaluate([tensor])[0]
    }
    let expected = try base.evaluate([real(x, .int16, 0.0001), real(w, .int8, 0.01), real(bias, .int32, 1e-6)])[0]
    let steps = try Quantize(i16(0.0008)).evaluate([expected])[0]
    #expect(found.type == steps.type)
    #expect(zip(found.doubles(), steps.doubles()).allSatisfy { abs($0 - $1) <= 1 })
    #expect(Set(found.doubles()).count > 10)
  }

  @Test func elementwise() throws {
    for kind in [Binary.Kind.add, .subtract, .multiply, .minimum, .maximum] {
      for (a, b) in [([2, 3, 19], [2, 3, 19]), ([2, 3, 19], [19]), ([3, 1], [2, 3, 19])] as [([Int], [Int])] {
        let plain = QuantizedBinary(
          Binary(kind, then: .clip(low: -3, high: 4)), a: i16(0.0001), b: i16(0.0002),
          output: i16(kind == .multiply ? 0.0007 : 0.0003))
        var real = plain
        real.output = nil
        for op in [plain, real] {
          try checkLowered(op, [values(a, seed: 8), values(b, seed: 9)], tolerance: 0)
        }
      }
    }
  }

  @Test func poolsAndReductions() throws {
    let x = values([2, 6, 5, 19], seed: 8)
    let window = Window(kernel: [3, 2], strides: [2, 2], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 0])
    try checkLowered(Pool(.maximum, window: window, ceilMode: true, channels: .last), [x], tolerance: 0)
    for countsPadding in [true, false] {
      let base = Pool(.average(countsPadding: countsPadding), window: window, ceilMode: true, channels: .last)
      try checkLowered(QuantizedPool(base, input: i16(0.02), output: i16(0.015)), [x], tolerance: 0)
    }
    for kind in [Reduce.Kind.mean, .sum] {
      for axes in [[1, 2], [3], [0, 1, 2, 3], [2]] {
        let base = Reduce(kind, axes: axes, keepsAxes: false)
        for output in [i16(kind == .sum ? 0.1 : 0.015), nil] {
          try checkLowered(QuantizedReduce(base, input: i16(0.02), output: output), [x], tolerance: 0)
        }
      }
    }
  }

  @Test func otherZeroPointsAndMixedTypesAreRefused() throws {
    let types = [TensorType(.int16, [1, 4]), TensorType(.int8, [4, 2])]
    let shifted = QuantizationParameters(.int16, scale: 1, zeroPoint: 5)
    let bytes = QuantizationParameters(.uint8, scale: 1, zeroPoint: 5)
    for scheme in [
      ContractionScheme(input: shifted, weightScales: [1]),
      ContractionScheme(input: i16(1), weightScales: [1], output: bytes),
      ContractionScheme(input: bytes, weightScales: [1]),
    ] {
      #expect(throws: OperatorError.self) { try QuantizedMatMul(MatMul(), scheme).infer(types) }
    }
    let plain = QuantizedMatMul(MatMul(), ContractionScheme(input: i16(1), weightScales: [1], output: i16(1)))
    #expect(try plain.infer(types) == [TensorType(.int16, [1, 2])])
    let deep = [TensorType(.int16, [1, 262_148]), TensorType(.int8, [262_148, 2])]
    #expect(throws: OperatorError.self) { try plain.infer(deep) }
    #expect(throws: OperatorError.self) {
      try QuantizedBinary(Binary(.add), a: i16(1), b: bytes, output: i16(1)).infer([
        TensorType(.int16, [2]), TensorType(.uint8, [2]),
      ])
    }
  }
}
