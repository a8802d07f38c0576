import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Kernels of integer operators against their reference, bit for bit.
@Suite struct IntegerLoweringTests {
  private func bias(_ count: Int) -> Tensor {
    tensor(.int32, [count], random(.float64, [count], -9000, 9000, seed: 31).doubles().map { $0.rounded() })
  }

  private let table = (0..<256).map { UInt8(($0 * 37 + 11) % 256) }

  /// Schemes of a contraction: u8, u8 through a table, f32; each with and without a residual.
  private func schemes(_ channels: Int, _ largest: Float) -> [ContractionScheme] {
    let scales = (0..<channels).map { 0.002 + 0.0001 * Float($0 % 7) }
    var result: [ContractionScheme] = []
    for residual in [nil, u8(0.3, 77)] {
      let plain = ContractionScheme(
        input: u8(0.02, 113), weightScales: scales, residual: residual, output: u8(largest / 255, 121))
      var looked = plain
      looked.intermediate = plain.output
      looked.table = table
      var real = plain
      real.output = nil
      result += [plain, looked, real]
    }
    return result
  }

  @Test(arguments: [1, 2, 6, 12]) func convolution(groups: Int) throws {
    let window = Window(kernel: [3, 2], strides: [2, 1], dilations: [1, 2], padBegin: [1, 1], padEnd: [2, 0])
    let (x, w) = (randomBytes([2, 7, 6, 12], seed: 1), randomWeights([24, 3, 2, 12 / groups], seed: 2))
    let extents = try window.outputExtents([7, 6])
    let residual = randomBytes([2] + extents + [24], seed: 3)
    for scheme in schemes(24, groups > 6 ? 30 : 100) {
      let epilogue = Epilogue(bias: true, residual: scheme.residual != nil, function: .clip(low: -20, high: 30))
      let base = Convolution(window: window, groups: groups, channels: .last, epilogue: epilogue)
      let inputs = [x, w, bias(24)] + (scheme.residual == nil ? [] : [residual])
      try checkLowered(QuantizedConvolution(base, scheme), inputs, constants: [1, 2], tolerance: 0)
    }
  }

  @Test func depthwiseMultiplier() throws {
    let window = Window(kernel: [3], strides: [1], dilations: [1], padBegin: [1], padEnd: [1])
    let base = Convolution(window: window, groups: 5, channels: .last)
    let op = QuantizedConvolution(
      base, ContractionScheme(input: u8(0.02, 3), weightScales: [0.01], output: u8(0.1, 100)))
    try checkLowered(
      op, [randomBytes([1, 9, 5], seed: 1), randomWeights([15, 3, 1], seed: 2)], constants: [1], tolerance: 0)
  }

  @Test(arguments: [1, 2, 4]) func transposedConvolution(groups: Int) throws {
    let window = Window(kernel: [3, 3], strides: [2, 2], dilations: [1, 1], padBegin: [1, 0], padEnd: [0, 1])
    let (x, w) = (randomBytes([2, 3, 4, 8], seed: 1), randomWeights([8, 3, 3, 6], seed: 2))
    for scheme in schemes(6 * groups, 80) where scheme.residual == nil {
      let base = ConvolutionTranspose(
        window: window, outputPadding: [1, 0], groups: groups, channels: .last,
        epilogue: Epilogue(bias: true, function: .relu))
      let op = QuantizedConvolutionTranspose(base, scheme)
      try checkLowered(op, [x, w, bias(6 * groups)], constants: [1, 2], tolerance: 0)
    }
  }

  @Test func matrixProductWithConstantWeights() throws {
    for (a, b, transposed) in [
      ([5, 19], [19, 21], false), ([5, 19], [21, 19], true), ([2, 3, 19], [19, 21], false),
      ([2, 3, 19], [2, 21, 19], true),
    ] as [([Int], [Int], Bool)] {
      let residual = randomBytes(Array(a.dropLast()) + [21], seed: 6)
      for scheme in schemes(21, 30) {
        let epilogue = Epilogue(bias: true, residual: scheme.residual != nil)
        let inputs =
          [randomBytes(a, seed: 4), randomWeights(b, seed: 5), bias(21)] + (scheme.residual == nil ? [] : [residual])
        let op = QuantizedMatMul(MatMul(transposeB: transposed, epilogue: epilogue), scheme)
        try checkLowered(op, inputs, constants: [1, 2], tolerance: 0)
      }
    }
  }

  @Test func matrixProductOfActivations() throws {
    for (a, b, transposed) in [
      ([5, 19], [19, 21], false), ([2, 4, 3, 19], [2, 4, 21, 19], true), ([2, 1, 3, 19], [1, 4, 19, 21], false),
    ] as [([Int], [Int], Bool)] {
      for turned in [false, true] {
        var (a, scheme) = (a, schemes(21, 30)[0])
        if turned { a.swapAt(a.count - 1, a.count - 2) }
        for right in [randomBytes(b, seed: 7), randomWeights(b, seed: 7, low: -128)] {
          scheme.weightScales = [0.01]
          for zero in [128, 0, 127, 200] as [Int32] {
            scheme.weightZeroPoint = zero
            let op = QuantizedMatMul(MatMul(transposeA: turned, transposeB: transposed), scheme)
            try checkLowered(op, [randomBytes(a, seed: 4), right], tolerance: 0)
          }
        }
      }
    }
  }

  @Test func elementwise() throws {
    for kind in [Binary.Kind.add, .subtract, .multiply, .minimum, .maximum] {
      for (a, b) in [([2, 3, 19], [2, 3, 19]), ([2, 3, 19], [19]), ([3, 1], [2, 3, 19])] as [([Int], [Int])] {
        let inputs = [randomBytes(a, seed: 8), randomBytes(b, seed: 9)]
        let plain = QuantizedBinary(
          Binary(kind, then: .clip(low: -2, high: 3)), a: u8(0.02, 100), b: u8(0.05, 30), output: u8(0.06, 60))
        var looked = plain
        looked.intermediate = plain.output
        looked.table = table
        var real = plain
        real.output = nil
        for op in [plain, looked, real] { try checkLowered(op, inputs, tolerance: 0) }
      }
    }
  }

  @Test func tables() throws {
    let p = QuantizationParameters(.int8, scale: 0.5, zeroPoint: -4)
    let signed = tensor(.int8, [3, 7], (0..<21).map { Double($0 * 12 - 128) })
    try checkLowered(LookupTable.requantize(p, to: u8(0.25, 7)), [signed], tolerance: 0)
    try checkLowered(LookupTable.requantize(u8(0.25, 7), to: p), [randomBytes([3, 7], seed: 1)], tolerance: 0)
    let real = LookupTable(random(.float32, [256], seed: 3))
    try checkLowered(real, [randomBytes([3, 7], seed: 1)], tolerance: 0)
  }

  @Test func poolsAndReductions() throws {
    let x = randomBytes([2, 6, 5, 19], seed: 8)
    for countsPadding in [true, false] {
      let window = Window(kernel: [3, 2], strides: [2, 2], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 0])
      let base = Pool(.average(countsPadding: countsPadding), window: window, ceilMode: true, channels: .last)
      try checkLowered(QuantizedPool(base, input: u8(0.02, 100), output: u8(0.015, 60)), [x], tolerance: 0)
    }
    for kind in [Reduce.Kind.mean, .sum] {
      for axes in [[1, 2], [3], [0, 1, 2, 3], [2]] {
        let base = Reduce(kind, axes: axes, keepsAxes: false)
        for output in [u8(kind == .sum ? 0.3 : 0.015, 60), nil] {
          try checkLowered(QuantizedReduce(base, input: u8(0.02, 100), output: output), [x], tolerance: 0)
        }
      }
    }
  }

  @Test func softmax() throws {
    for axis in 0..<3 {
      let op = QuantizedSoftmax(axis: axis, input: u8(0.05, 100), output: u8(1.0 / 256, 0))
      try checkLowered(op, [randomBytes([3, 5, 19], seed: 9)], tolerance: 0)
    }
  }

  @Test func weightsMustBeConstant() throws {
    let window = Window(kernel: [1], strides: [1], dilations: [1], padBegin: [0], padEnd: [0])
    let op = QuantizedConvolution(
      Convolution(window: window, channels: .last), ContractionScheme(input: u8(1, 0), weightScales: [1]))
    #expect(throws: OperatorError("qconv has no lowering: its weights are no constant")) {
      try runLowered(op, [randomBytes([1, 3, 2], seed: 1), randomWeights([2, 1, 2], seed: 2)])
    }
  }
}
