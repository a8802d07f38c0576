import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Biases, scales and narrow panels of integer contractions in their shortest forms.
@Suite struct ChannelListTests {
  /// The operands of the only step of `op` over 40 constant weights' channels.
  private func operands(
    _ channels: Int, scales: [Float], bias: [Int32], input: Float = 0.5, output: Float? = 0.25
  ) throws -> [Operand] {
    let scheme = ContractionScheme(
      input: u8(input, 0), weightScales: scales, output: output.map { u8($0, 10) })
    let op = QuantizedMatMul(MatMul(epilogue: Epilogue(bias: true)), scheme)
    let inputs = [
      randomBytes([9, 24], seed: 1), randomWeights([24, channels], seed: 2), Tensor(bias, shape: Shape([channels])),
    ]
    try checkLowered(op, inputs, constants: [1, 2], tolerance: 0)
    let types = inputs.map(\.type)
    let request = LoweringRequest(
      inputs: types, outputs: try op.infer(types), constants: [nil, inputs[1], inputs[2]])
    guard case .kernels(let calls, _) = try op.lower(request) else { return [] }
    return try #require(calls.first).operands
  }

  @Test(
    arguments: [
      // Channels, scales, biases, then what is expected: columns of a panel, types and counts of biases and scales.
      (20, [0.25, 0.5], [7, 9], 16, ElementType.int16, 20, ElementType.bfloat16, 20),
      (20, [0.25, 0.3], [7, 40000], 16, .int32, 20, .float32, 20),
      (20, [0.25, 0.25], [7, 7], 16, .int16, 1, .bfloat16, 1),
      (7, [0.3, 0.3], [40000, 40000], 7, .int32, 1, .float32, 1),
      (1, [0.3, 0.3], [-32768, 0], 1, .int16, 1, .float32, 1),
    ] as [(Int, [Float], [Int32], Int, ElementType, Int, ElementType, Int)])
  func areAsShortAsIsExact(
    _ channels: Int, _ scales: [Float], _ bias: [Int32], _ columns: Int, _ biasType: ElementType, _ biasCount: Int,
    _ scaleType: ElementType, _ scaleCount: Int
  ) throws {
    let found = try operands(
      channels, scales: (0..<channels).map { scales[$0 % 2] }, bias: (0..<channels).map { bias[$0 % 2] })
    #expect(found[1].type.shape.dimensions.dropFirst(3) == [columns, 4])
    #expect(found[2].type == TensorType(biasType, [biasCount]))
    #expect(found[3].type == TensorType(scaleType, [scaleCount]))
  }

  /// A weight scale chosen for a bf16 product misses it by rounding; that counts as the product.
  @Test func productsWithinRoundingOfShortScalesAreShort() throws {
    let (input, output) = (Float(0.0237), Float(0.0611))
    let steps = (0..<20).map { Float(bitPattern: 0x3c00_0000 + UInt32($0) << 16) }
    let scales = steps.map { Float(Double($0) * Double(output) / Double(input)) }
    let found = try operands(20, scales: scales, bias: [Int32](0..<20), input: input, output: output)
    #expect(found[3].type.element == .bfloat16)
    let others = scales.map { $0 * 1.00001 }
    #expect(
      try operands(20, scales: others, bias: [Int32](0..<20), input: input, output: output)[3].type.element == .float32)
  }

  @Test(arguments: [1, 3, 9, 15, 16, 17]) func convolutionsOfFewChannels(channels: Int) throws {
    let window = Window(kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 1])
    let op = QuantizedConvolution(
      Convolution(window: window, channels: .last),
      ContractionScheme(input: u8(0.02, 113), weightScales: [0.01], output: u8(0.1, 100)))
    for inputs in [3, 40] {
      try checkLowered(
        op, [randomBytes([1, 6, 7, inputs], seed: 1), randomWeights([channels, 3, 3, inputs], seed: 2)],
        constants: [1], tolerance: 0)
    }
  }

  @Test func scalesAboveAreShortAndNoLess() {
    for k in 1..<2000 {
      let scale = Float(k) * 0.000731
      let above = ShortScale.above(scale)
      #expect(above.bitPattern & 0xffff == 0 && above >= scale && above <= scale * 1.008)
      #expect(ShortScale.above(above) == above && ShortScale.nearest(above.nextUp) == above)
    }
  }
}
