import CDLCKernels
import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Contractions over integer weights: their lowering against their reference, and what it leaves in the plan.
@Suite struct StoredContractionTests {
  /// Integers in `range`, scales, and the place of each weight's scale.
  private func weights(
    _ shape: [Int], _ range: ClosedRange<Double>, scales: Int, place: (Int) -> Int
  ) -> [Tensor] {
    let real = random(.float64, shape, range.lowerBound, range.upperBound, seed: 5).doubles()
    let list = (0..<scales).map { 0.01 + 0.001 * Float($0 % 11) }
    return [
      Tensor(real.map { Int8($0.rounded()) }, shape: Shape(shape)), Tensor(list, shape: Shape([scales])),
      Tensor(real.indices.map { Int32(place($0)) }, shape: Shape(shape)),
    ]
  }

  /// The bytes of constants in the plan, and the kernels that are called.
  private func lowered(_ op: any Operator, _ inputs: [Tensor]) throws -> (bytes: Int, kernels: [dlc_kernel_id]) {
    let request = LoweringRequest(
      inputs: inputs.map(\.type), outputs: try op.infer(inputs.map(\.type)),
      constants: [nil] + inputs.dropFirst().map { $0 })
    guard case .kernels(let calls, _) = try op.lower(request) else { throw OperatorError("no kernels") }
    let bytes = calls.flatMap(\.operands).reduce(0) { sum, operand in
      if case .constant(let tensor) = operand.source { return sum + tensor.type.byteCount }
      return sum
    }
    return (bytes, calls.map { dlc_kernel_id(UInt32($0.kernel)) })
  }

  private func check(
    _ base: any Operator, _ inputs: [Tensor], bytes: Int, kernels: [dlc_kernel_id], residual: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let op = StoredContraction(try #require(Contraction(base)))
    let constants = Set(1..<inputs.count - (residual ? 1 : 0))
    try checkLowered(op, inputs, constants: constants, tolerance: 1e-4, sourceLocation: sourceLocation)
    let found = try lowered(op, inputs)
    #expect(found.kernels == kernels, sourceLocation: sourceLocation)
    #expect(found.bytes == bytes, sourceLocation: sourceLocation)
    // The same weights as real numbers give the same bits.
    let real = StoredContraction.contractionInputs(inputs, weights: try StoredContraction.weights(inputs))
    let plain = try runLowered(base, real, constants: Set(1..<real.count - (residual ? 1 : 0)))
    #expect(try runLowered(op, inputs, constants: constants) == plain, sourceLocation: sourceLocation)
  }

  @Test func productWithAScaleForEachColumn() throws {
    let op = MatMul(epilogue: Epilogue(bias: true, residual: true, function: .relu))
    let w = weights([50, 40], -127...127, scales: 40) { $0 % 40 }
    for rows in [1, 6] {
      let inputs =
        [random(.float32, [rows, 50], seed: 1)] + w + [
          random(.float32, [40], seed: 2), random(.float32, [rows, 40], seed: 3),
        ]
      // 3 panels of 50 rows of bytes and a row of scales each.
      try check(op, inputs, bytes: 3 * 16 * (50 + 4), kernels: [DLC_KERNEL_matmul_weights], residual: true)
    }
  }

  @Test func productInGroupsOfFourBits() throws {
    let w = weights([24, 64], -7...7, scales: 48) { $0 / 32 }
    let inputs = [random(.float32, [2, 3, 64], seed: 1)] + w
    try check(
      MatMul(transposeB: true), inputs, bytes: 2 * 16 * (32 + 2 * 4), kernels: [DLC_KERNEL_matmul_weights])
  }

  @Test func pointwiseConvolutionIsAProduct() throws {
    let window = Window(kernel: [1, 1], strides: [1, 1], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0])
    let op = Convolution(window: window, channels: .last)
    let inputs =
      [random(.float32, [2, 3, 4, 20], seed: 1)] + weights([16, 1, 1, 20], -127...127, scales: 16) { $0 / 20 }
    try check(op, inputs, bytes: 16 * (20 + 4), kernels: [DLC_KERNEL_matmul_weights])
  }

  @Test(arguments: [1, 2]) func convolutionUnpacksFirst(groups: Int) throws {
    let op = Convolution(
      window: Window(kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 1]),
      groups: groups, channels: .last, epilogue: Epilogue(bias: true, function: .relu))
    let depth = 9 * 32 / groups
    let w = weights([32, 3, 3, 32 / groups], -127...127, scales: 32) { $0 / depth }
    let inputs = [random(.float32, [1, 5, 4, 32], seed: 1)] + w + [random(.float32, [32], seed: 2)]
    try check(
      op, inputs, bytes: 32 * (depth + 4), kernels: [DLC_KERNEL_weights_unpack, DLC_KERNEL_conv])
  }

  @Test func groupsThatALayoutTookApartHaveAnIndex() throws {
    // Groups of 32 along (channel, row, column), weights stored channels-last.
    let op = Convolution(
      window: Window(kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0]),
      channels: .last)
    let w = weights([16, 3, 3, 32], -7...7, scales: 16 * 9) { k in
      let (output, cell, channel) = (k / 288, k / 32 % 9, k % 32)
      return output * 9 + (channel * 9 + cell) / 32
    }
    let inputs = [random(.float32, [1, 5, 4, 32], seed: 1)] + w
    try check(
      op, inputs, bytes: 288 * 8 + 16 * 9 * 4 + 288 * 4, kernels: [DLC_KERNEL_weights_unpack, DLC_KERNEL_conv])
  }

  @Test func depthwiseAndTransposedConvolutions() throws {
    let window = Window(kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 1])
    let x = random(.float32, [1, 6, 5, 48], seed: 1)
    try check(
      Convolution(window: window, groups: 48, channels: .last),
      [x] + weights([48, 3, 3, 1], -127...127, scales: 48) { $0 / 9 }, bytes: 48 * (9 + 4),
      kernels: [DLC_KERNEL_weights_unpack, DLC_KERNEL_dwconv])
    let transposed = StoredContraction(
      .transposed(ConvolutionTranspose(window: window, outputPadding: [0, 0], channels: .last)))
    let inputs = [x] + weights([48, 3, 3, 32], -127...127, scales: 32) { $0 % 32 }
    try checkLowered(transposed, inputs, constants: [1, 2, 3], tolerance: 1e-4)
    #expect(try lowered(transposed, inputs).bytes < 48 * 9 * 32 * 2)
  }

  @Test func weightsWithAScaleForEachStayReal() throws {
    let inputs = [random(.float32, [2, 20], seed: 1)] + weights([20, 16], -127...127, scales: 320) { $0 }
    try check(MatMul(), inputs, bytes: 320 * 4, kernels: [DLC_KERNEL_matmul])
  }
}

@Suite struct DynamicContractionTests {
  private func weights(_ shape: [Int], channels: Int) -> [Tensor] {
    let real = random(.float64, shape, -127, 127, seed: 5).doubles()
    return [
      Tensor(real.map { Int8($0.rounded()) }, shape: Shape(shape)),
      Tensor((0..<channels).map { 0.001 + 0.0001 * Float($0 % 11) }, shape: Shape([channels])),
    ]
  }

  @Test(arguments: [false, true]) func productOfRows(transposed: Bool) throws {
    let op = DynamicContraction(
      .matrix(MatMul(transposeB: transposed, epilogue: Epilogue(bias: true, function: .relu))))
    let inputs =
      [random(.float32, [2, 3, 30], seed: 1)] + weights(transposed ? [20, 30] : [30, 20], channels: 20) + [
        random(.float32, [20], seed: 2)
      ]
    try checkLowered(op, inputs, constants: [1, 2, 3], tolerance: 1e-6)
  }

  @Test func convolutionOfAnImage() throws {
    let window = Window(kernel: [3, 3], strides: [2, 1], dilations: [1, 1], padBegin: [1, 1], padEnd: [0, 1])
    for (x, filters) in [([2, 6, 5, 8], [16, 3, 3, 8]), ([2, 6, 5, 16], [16, 3, 3, 1])] {
      let op = DynamicContraction(.convolution(Convolution(window: window, groups: x[3] / filters[3], channels: .last)))
      try checkLowered(
        op, [random(.float32, x, seed: 1)] + weights(filters, channels: 16), constants: [1, 2], tolerance: 1e-6)
    }
  }

  @Test func answersAreNearThoseOfRealActivations() throws {
    let w = weights([64, 20], channels: 20)
    let x = random(.float32, [4, 64], seed: 1)
    let scales = w[1].elements(as: Float.self)
    let real = Tensor(
      w[0].elements(as: Int8.self).enumerated().map { Float($1) * scales[$0 % 20] }, shape: [64, 20])
    let exact = try MatMul().evaluate([x, real])[0].doubles()
    let found = try DynamicContraction(.matrix(MatMul())).evaluate([x] + w)[0].doubles()
    let largest = exact.map(\.magnitude).max() ?? 0
    #expect(largest > 0 && zip(exact, found).allSatisfy { abs($0 - $1) < 0.02 * largest })
    #expect(exact != found)
  }
}

/// Activations that are quantized once, for all products that read them.
@Suite struct DynamicProductTests {
  @Test(arguments: [[1], [7], [2, 3, 19], [4, 300]]) func quantizesByTheRangeFound(_ shape: [Int]) throws {
    let x = random(.float32, shape, -1, 3, seed: 1)
    try checkLowered(DynamicQuantize(), [x], tolerance: 0)
    try checkLowered(DynamicRounding(), [x], tolerance: 0)
    let parts = try DynamicQuantize().evaluate([x])
    let (scale, zero) = (parts[1].elements(as: Float.self)[0], parts[2].doubles()[0])
    let back = parts[0].doubles().map { Float($0 - zero) * scale }
    #expect(try DynamicRounding().evaluate([x])[0].elements(as: Float.self) == back)
    #expect(zip(back, x.elements(as: Float.self)).allSatisfy { abs($0 - $1) <= 0.501 * scale })
  }

  @Test func zerosHaveARange() throws {
    let zeros = tensor(.float32, [5], [0, 0, 0, 0, 0])
    try checkLowered(DynamicQuantize(), [zeros], tolerance: 0)
    #expect(try DynamicQuantize().evaluate([zeros])[1].doubles() == [1])
    #expect(throws: OperatorError.self) { try DynamicQuantize().infer([TensorType(.float32, [0, 3])]) }
  }

  /// q, its scale and zero point, weights, a scale for each output channel, and a bias.
  private func inputs(_ x: [Int], _ weights: [Int], channels: Int) throws -> [Tensor] {
    try DynamicQuantize().evaluate([random(.float32, x, -1, 3, seed: 1)]) + [
      randomWeights(weights, seed: 2),
      Tensor((0..<channels).map { 0.001 + 0.0001 * Float($0 % 11) }, shape: Shape([channels])),
      random(.float32, [channels], seed: 3),
    ]
  }

  @Test(arguments: [false, true]) func productOfRows(transposed: Bool) throws {
    let op = DynamicProduct(
      .matrix(MatMul(transposeB: transposed, epilogue: Epilogue(bias: true, function: .relu))))
    let inputs = try inputs([2, 3, 30], transposed ? [20, 30] : [30, 20], channels: 20)
    try checkLowered(op, inputs, constants: [3, 4, 5], tolerance: 1e-6)
  }

  @Test func convolutionWithoutPadding() throws {
    let window = Window(kernel: [3, 3], strides: [2, 1], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0])
    for (channels, groups) in [(3, 1), (8, 1), (16, 16), (8, 8), (16, 4)] {
      let op = DynamicProduct(
        .convolution(
          Convolution(window: window, groups: groups, channels: .last, epilogue: Epilogue(bias: true))))
      let inputs = try inputs([2, 6, 5, channels], [16, 3, 3, channels / groups], channels: 16)
      try checkLowered(op, inputs, constants: [3, 4, 5], tolerance: 1e-6)
    }
  }

  @Test func refusesWhatNoKernelDoes() throws {
    let inputs = try inputs([2, 6, 5, 8], [16, 3, 3, 8], channels: 16).map(\.type)
    let padded = Window(kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 1])
    let bias = Epilogue(bias: true)
    for base in [
      Convolution(window: padded, channels: .last, epilogue: bias),
      Convolution(window: padded, groups: 2, channels: .last, epilogue: bias),
      Convolution(window: padded, channels: .first, epilogue: bias),
    ] {
      #expect(throws: OperatorError.self) { try DynamicProduct(.convolution(base)).infer(inputs) }
    }
  }
}
