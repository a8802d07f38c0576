import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// A window of the same numbers along every axis.
func window(
  _ kernel: [Int], strides: Int = 1, dilations: Int = 1, pads: (Int, Int) = (0, 0)
) -> Window {
  let same = { (value: Int) in [Int](repeating: value, count: kernel.count) }
  return Window(
    kernel: kernel, strides: same(strides), dilations: same(dilations), padBegin: same(pads.0), padEnd: same(pads.1))
}

/// x, weights and bias of a convolution of `channels` to `outputs` channels.
private func operands(
  _ element: ElementType, _ window: Window, spatial: [Int], channels: Int, outputs: Int, groups: Int,
  placement: ChannelPlacement, transposed: Bool = false
) throws -> [Tensor] {
  let (a, b) = transposed ? (channels, outputs / groups) : (outputs, channels / groups)
  let x = try placement.shape(batch: 2, channels: channels, spatial: spatial).dimensions
  let w = try placement.shape(batch: a, channels: b, spatial: window.kernel).dimensions
  return [
    random(element, x, -1, 1, seed: 1), random(element, w, -1, 1, seed: 2), random(element, [outputs], -1, 1, seed: 3),
  ]
}

/// Geometries: window, spatial extents, input and output channels, groups.
private let geometries: [(Window, [Int], Int, Int, Int)] = [
  (window([3], pads: (1, 1)), [6], 2, 3, 1),
  (window([2, 3], strides: 2, pads: (1, 0)), [5, 6], 2, 4, 2),
  (window([3, 3], strides: 3, dilations: 2, pads: (2, 1)), [7, 8], 2, 2, 1),
  (window([1, 1]), [3, 3], 3, 17, 1),
  (window([3, 2], pads: (1, 1)), [4, 5], 3, 6, 3),
  (window([2, 2, 2], strides: 2), [3, 4, 4], 2, 2, 1),
]

@Suite struct ConvolutionTests {
  @Test func evaluatesByHand() throws {
    let x = tensor(.float32, [1, 1, 4], [1, 2, 3, 4])
    let w = tensor(.float32, [1, 1, 3], [1, 0, -1])
    let op = Convolution(window: window([3], pads: (1, 0)), epilogue: Epilogue(bias: true, function: .relu))
    #expect(try op.evaluate([x, w, tensor(.float32, [1], [1])])[0] == tensor(.float32, [1, 1, 3], [0, 0, 0]))
    let plain = Convolution(window: window([3], pads: (1, 0)))
    #expect(try plain.evaluate([x, w])[0] == tensor(.float32, [1, 1, 3], [-2, -2, -2]))
    let back = ConvolutionTranspose(window: window([2], strides: 2), outputPadding: [1])
    let y = try back.evaluate([tensor(.float32, [1, 1, 2], [1, 2]), tensor(.float32, [1, 1, 2], [1, 10])])[0]
    #expect(y == tensor(.float32, [1, 1, 5], [1, 10, 2, 20, 0]))
  }

  @Test func layoutsAgree() throws {
    for (window, spatial, channels, outputs, groups) in geometries {
      let rank = window.rank + 2
      let inputs = try operands(
        .float64, window, spatial: spatial, channels: channels, outputs: outputs, groups: groups, placement: .first)
      var op = Convolution(window: window, groups: groups, epilogue: Epilogue(bias: true))
      let expected = try op.evaluate(inputs)[0]
      let moved = inputs.enumerated().map { k, input in
        op.channelsLastPermutation(input: k, type: input.type).map { input.permuted(by: $0) } ?? input
      }
      op.channels = .last
      #expect(try op.evaluate(moved)[0].permuted(by: ChannelPlacement.firstPermutation(rank: rank)) == expected)
    }
  }

  @Test func refusesMisfits() {
    let x = TensorType(.float32, [1, 4, 5, 5])
    let refusals: [(Convolution, [TensorType], String)] = [
      (
        Convolution(window: window([3, 3])), [x, TensorType(.float32, [2, 3, 3, 3])],
        "expected weights to be f32[2,4,3,3], found f32[2,3,3,3]"
      ),
      (
        Convolution(window: window([3, 3]), groups: 3), [x, TensorType(.float32, [3, 1, 3, 3])],
        "expected 3 groups to divide 4 input and 3 output channels"
      ),
      (
        Convolution(window: window([7, 7])), [x, TensorType(.float32, [2, 4, 7, 7])],
        "expected at least 7 elements along spatial axis 0, found 5 with padding"
      ),
      (
        Convolution(window: window([3, 3], strides: 0)), [x, TensorType(.float32, [2, 4, 3, 3])],
        "expected strides of at least 1, found [0, 0]"
      ),
      (
        Convolution(window: window([3, 3]), epilogue: Epilogue(bias: true)), [x, TensorType(.float32, [2, 4, 3, 3])],
        "expected 3 inputs (x, weights, bias), found 2"
      ),
      (
        Convolution(window: window([3])), [x, TensorType(.float32, [2, 4, 3])],
        "expected x of rank 3, found f32[1,4,5,5]"
      ),
    ]
    for (op, inputs, text) in refusals { #expect(throws: OperatorError(text)) { try op.infer(inputs) } }
    #expect(throws: OperatorError("expected output padding of 1 axes below stride or dilation, found [2]")) {
      try ConvolutionTranspose(window: window([3], strides: 2), outputPadding: [2]).infer([
        TensorType(.float32, [1, 1, 3]), TensorType(.float32, [1, 1, 3]),
      ])
    }
  }

  @Test func gradientsMatchDifferences() throws {
    for (window, spatial, channels, outputs, groups) in geometries where outputs < 17 {
      for placement in [ChannelPlacement.first, .last] {
        let inputs = try operands(
          .float64, window, spatial: spatial, channels: channels, outputs: outputs, groups: groups, placement: placement
        )
        try checkGradient(
          Convolution(window: window, groups: groups, channels: placement, epilogue: Epilogue(bias: true)), inputs,
          step: 1e-3)
      }
    }
  }

  @Test func transposedGradientsMatchDifferences() throws {
    for (window, spatial, channels, outputs, groups) in geometries where outputs < 17 {
      for placement in [ChannelPlacement.first, .last] {
        let inputs = try operands(
          .float64, window, spatial: spatial.map { ($0 + 1) / 2 + 1 }, channels: channels, outputs: outputs,
          groups: groups,
          placement: placement, transposed: true)
        let padding = window.strides.map { $0 - 1 }
        let op = ConvolutionTranspose(
          window: window, outputPadding: padding, groups: groups, channels: placement, epilogue: Epilogue(bias: true))
        try checkGradient(op, inputs, step: 1e-3)
      }
    }
    // Dilation lets the output padding reach the stride.
    let inputs = [random(.float64, [1, 1, 3]), random(.float64, [1, 1, 2], seed: 2)]
    try checkGradient(ConvolutionTranspose(window: window([2], dilations: 3), outputPadding: [2]), inputs, step: 1e-3)
  }

  @Test func kernelsAgree() throws {
    for (window, spatial, channels, outputs, groups) in geometries {
      var inputs = try operands(
        .float32, window, spatial: spatial, channels: channels, outputs: outputs, groups: groups, placement: .last)
      var op = Convolution(
        window: window, groups: groups, channels: .last,
        epilogue: Epilogue(bias: true, residual: true, function: .leakyRelu(slope: 0.25)))
      let y = try Convolution(window: window, groups: groups, channels: .last).infer([inputs[0].type, inputs[1].type])[
        0]
      inputs.append(random(.float32, y.shape.dimensions, seed: 7))
      try checkLowered(op, inputs, constants: [1, 2])
      try checkLowered(op, inputs)
      op.epilogue = .none
      try checkLowered(op, Array(inputs[..<2]), constants: [1])
    }
  }

  @Test func transposedKernelsAgree() throws {
    for (window, spatial, channels, outputs, groups) in geometries {
      var inputs = try operands(
        .float32, window, spatial: spatial, channels: channels, outputs: outputs, groups: groups, placement: .last,
        transposed: true)
      var op = ConvolutionTranspose(
        window: window, outputPadding: window.strides.map { $0 - 1 }, groups: groups, channels: .last)
      let y = try op.infer([inputs[0].type, inputs[1].type])[0]
      try checkLowered(op, Array(inputs[..<2]), constants: [1])
      op.epilogue = Epilogue(bias: true, residual: true, function: .relu)
      inputs.append(random(.float32, y.shape.dimensions, seed: 7))
      try checkLowered(op, inputs)
    }
  }

  @Test func lowersDepthwiseToItsKernel() throws {
    let op = Convolution(window: window([3, 3], pads: (1, 1)), groups: 4, channels: .last)
    let types = [TensorType(.float32, [1, 5, 5, 4]), TensorType(.float32, [8, 3, 3, 1])]
    let request = LoweringRequest(inputs: types, outputs: try op.infer(types), constants: [nil, nil])
    guard case .kernels(let calls, _) = try op.lower(request) else {
      Issue.record("no kernels")
      return
    }
    #expect(calls.map(\.kernel) == [19, 5])
    #expect(calls[1].macs == 5 * 5 * 8 * 9)
    guard
      case .undefined("the layout pass makes it channels-last") = try Convolution(window: window([1])).lower(
        LoweringRequest(
          inputs: [TensorType(.float32, [1, 1, 1]), TensorType(.float32, [1, 1, 1])],
          outputs: [TensorType(.float32, [1, 1, 1])], constants: [nil, nil]))
    else {
      Issue.record("channels first was lowered")
      return
    }
  }
}

/// Shapes of a and b before either is transposed.
private let products: [([Int], [Int])] = [
  ([3, 4], [4, 5]), ([1, 4], [4, 18]), ([2, 3, 4], [4, 5]), ([2, 3, 4], [2, 4, 5]), ([3, 4], [2, 4, 5]),
  ([2, 1, 3, 4], [3, 4, 5]), ([1, 3, 4], [1, 1, 4, 17]), ([2, 2, 3, 4], [1, 2, 4, 2]),
]

@Suite struct MatMulTests {
  @Test func evaluatesByHand() throws {
    let a = tensor(.int64, [2, 2], [1, 2, 3, 4])
    #expect(try MatMul().evaluate([a, a])[0] == tensor(.int64, [2, 2], [7, 10, 15, 22]))
    #expect(try MatMul(transposeA: true).evaluate([a, a])[0] == tensor(.int64, [2, 2], [10, 14, 14, 20]))
    #expect(try MatMul(transposeB: true).evaluate([a, a])[0] == tensor(.int64, [2, 2], [5, 11, 11, 25]))
  }

  @Test func refusesMisfits() {
    let refusals: [([TensorType], String)] = [
      (
        [TensorType(.float32, [2, 3]), TensorType(.float32, [4, 5])],
        "expected equal inner extents, found 3 of f32[2,3] and 4 of f32[4,5]"
      ),
      ([TensorType(.float32, [3]), TensorType(.float32, [3, 5])], "expected matrices, found f32[3] and f32[3,5]"),
      (
        [TensorType(.float32, [2, 1, 3]), TensorType(.float32, [3, 3, 5])],
        "expected shapes that broadcast, found [2] and [3]"
      ),
    ]
    for (inputs, text) in refusals { #expect(throws: OperatorError(text)) { try MatMul().infer(inputs) } }
  }

  /// The operands of `op` whose product has these shapes.
  private func operands(_ op: MatMul, _ element: ElementType, _ a: [Int], _ b: [Int]) -> [Tensor] {
    let (x, y) = (random(element, a, -3, 3, seed: 1), random(element, b, -3, 3, seed: 2))
    return [op.transposeA ? MatMul.transposed(x) : x, op.transposeB ? MatMul.transposed(y) : y]
  }

  @Test func gradientsMatchDifferences() throws {
    for (a, b) in products {
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
        let op = MatMul(transposeA: transposeA, transposeB: transposeB, epilogue: Epilogue(bias: true))
        let bias = random(.float64, [b[b.count - 1]], seed: 3)
        try checkGradient(op, operands(op, .float64, a, b) + [bias], step: 1e-3)
      }
    }
  }

  @Test func kernelsAgree() throws {
    for (a, b) in products {
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
        let op = MatMul(transposeA: transposeA, transposeB: transposeB)
        for element in [ElementType.float32, .float64, .int32, .int64, .uint32] {
          try checkLowered(op, operands(op, element, a, b))
          try checkLowered(op, operands(op, element, a, b), constants: [1])
        }
        var fused = op
        fused.epilogue = Epilogue(bias: true, residual: true, function: .tanh)
        var inputs = operands(op, .float32, a, b)
        let y = try op.infer(inputs.map(\.type))[0]
        inputs += [random(.float32, [b[b.count - 1]], seed: 3), random(.float32, y.shape.dimensions, seed: 4)]
        try checkLowered(fused, inputs, constants: [1])
      }
    }
  }
}
