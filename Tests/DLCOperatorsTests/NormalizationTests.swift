import DLCGraph
import DLCTensor
import GraphTestSupport
import Testing

@testable import DLCOperators

@Suite struct NormalizationTests {
  @Test func layersAgree() throws {
    for kind in [LayerNormalization.Kind.layer, .rootMeanSquare] {
      for axis in 0..<3 {
        for (scale, bias) in [(true, true), (true, false), (false, false), (false, true)] {
          let op = LayerNormalization(kind, axis: axis, epsilon: 0.01, hasScale: scale, hasBias: bias)
          let shape = [2, 3, 5]
          let vectors = [scale, bias].enumerated().filter(\.element).map {
            random(.float64, Array(shape[axis...]), seed: UInt64($0.offset + 5))
          }
          let inputs = [random(.float64, shape)] + vectors
          try checkGradient(op, inputs)
          try checkLowered(op, inputs.map { $0.cast(to: .float32) })
        }
      }
    }
    let y = try LayerNormalization(axis: 0, epsilon: 0, hasScale: false, hasBias: false).evaluate([
      tensor(.float64, [2], [1, 3])
    ])
    #expect(y[0].doubles() == [-1, 1])
    let rms = LayerNormalization(.rootMeanSquare, axis: 1, epsilon: 0, hasScale: true, hasBias: false)
    #expect(
      try rms.evaluate([tensor(.float64, [1, 2], [3, -3]), tensor(.float64, [2], [2, 4])])[0].doubles() == [2, -4])
    try checkPermuted(
      LayerNormalization(axis: 2, epsilon: 0.1, hasScale: true, hasBias: false),
      [random(.float32, [2, 3, 4]), random(.float32, [4])], by: [1, 0, 2])
    #expect(throws: OperatorError("expected scale to be f32[3], found f32[2]")) {
      try LayerNormalization(axis: 1, epsilon: 0, hasScale: true, hasBias: false).infer([
        TensorType(.float32, [2, 3]), TensorType(.float32, [2]),
      ])
    }
  }

  /// An image of 3 channels and vectors over them.
  private func image(_ channels: ChannelPlacement, vectors: Int) -> [Tensor] {
    [random(.float64, channels == .first ? [2, 3, 2, 4] : [2, 2, 4, 3])]
      + (0..<vectors).map { random(.float64, [3], 0.5, 1.5, seed: UInt64($0 + 11)) }
  }

  /// Channels-first and channels-last forms answer the same.
  private func checkLayouts(_ op: some SpatialOperator, _ inputs: [Tensor]) throws {
    let expected = try op.evaluate(inputs)
    var last = op
    last.channels = .last
    let moved = inputs.enumerated().map { k, input in
      op.channelsLastPermutation(input: k, type: input.type).map { input.permuted(by: $0) } ?? input
    }
    for (k, (x, y)) in zip(try last.evaluate(moved), expected).enumerated() {
      let order = op.channelsLastPermutation(output: k, type: y.type)
      #expect(x == (order.map { y.permuted(by: $0) } ?? y), "\(op.mnemonic)")
    }
  }

  @Test func instancesAgree() throws {
    for channels in [ChannelPlacement.first, .last] {
      try checkGradient(InstanceNormalization(epsilon: 0.01, channels: channels), image(channels, vectors: 2))
    }
    try checkLayouts(InstanceNormalization(epsilon: 0.01), image(.first, vectors: 2))
    let inputs = image(.last, vectors: 2).map { $0.cast(to: .float32) }
    try checkLowered(InstanceNormalization(epsilon: 0.01, channels: .last, function: .relu), inputs)
    let x = tensor(.float64, [1, 1, 2], [1, 3])
    let y = try InstanceNormalization(epsilon: 0).evaluate([x, tensor(.float64, [1], [2]), tensor(.float64, [1], [1])])
    #expect(y[0].doubles() == [-1, 3])
  }

  @Test func batchesAgreeWithTheirDecomposition() throws {
    for channels in [ChannelPlacement.first, .last] {
      let op = BatchNormalization(epsilon: 0.01, channels: channels)
      let inputs = image(channels, vectors: 4)
      try checkGradient(op, inputs)
      let expected = try op.evaluate(inputs)[0].doubles()
      for constants in [true, false] {
        var graph = Graph(name: "batch norm")
        let ids = inputs.enumerated().map { k, input in
          k > 0 && constants ? graph.addConstant(input) : graph.addInput(name: "x\(k)", type: input.type, declared: [])
        }
        let y = try graph.add(op, ids)[0]
        graph.outputs = [Port(name: "y", value: y, declared: [])]
        var patch = GraphPatch(graph)
        patch.replace(y, with: try op.decomposed(into: &patch, inputs: ids))
        graph.apply(patch)
        #expect(graph.firstDefect() == nil)
        #expect(
          graph.nodeCount == (constants ? 2 : 7) + (channels == .first && !constants ? 2 : channels == .first ? 2 : 0))
        let found = try graph.evaluated(constants ? [inputs[0]] : inputs)[0].doubles()
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-12) }
      }
    }
    try checkLayouts(BatchNormalization(epsilon: 0.01), image(.first, vectors: 4))
  }

  @Test func localResponsesAgree() throws {
    for size in [1, 2, 3, 5, 9] {
      for channels in [ChannelPlacement.first, .last] {
        let op = LocalResponseNormalization(size: size, alpha: 0.5, beta: 0.75, bias: 1, channels: channels)
        let x = random(.float64, channels == .first ? [2, 4, 3] : [2, 3, 4])
        try checkGradient(op, [x])
        if channels == .last { try checkLowered(op, [x.cast(to: .float32)]) }
      }
      try checkLayouts(
        LocalResponseNormalization(size: size, alpha: 0.5, beta: 0.75, bias: 1), [random(.float64, [2, 4, 3])])
    }
    let op = LocalResponseNormalization(size: 3, alpha: 3, beta: 1, bias: 1)
    #expect(try op.evaluate([tensor(.float64, [1, 3], [1, 2, 0])])[0].doubles() == [1.0 / 6, 2.0 / 6, 0])
  }

  /// Window, spatial extents, rounding up.
  private let pools: [(Window, [Int], Bool)] = [
    (window([2], strides: 2), [6], false), (window([2, 2], strides: 2), [5, 4], true),
    (window([3, 3], strides: 2, pads: (1, 1)), [6, 5], true),
    (window([3, 2], dilations: 2, pads: (1, 1)), [6, 5], false),
    (window([2, 2, 2], strides: 2), [4, 3, 4], true), (window([2, 2], strides: 3), [5, 5], true),
  ]
  private let kinds: [Pool.Kind] = [
    .maximum, .average(countsPadding: true), .average(countsPadding: false), .lp(1), .lp(2), .lp(3),
  ]

  @Test func poolsAgree() throws {
    for (window, spatial, ceiling) in pools {
      for kind in kinds {
        let op = Pool(kind, window: window, ceilMode: ceiling)
        let x = random(.float64, [2, 3] + spatial)
        try checkGradient(op, [x])
        try checkLayouts(op, [x])
        var last = op
        last.channels = .last
        let image = ChannelPlacement.first.channelsLast(x)
        try checkGradient(last, [image])
        try checkLowered(last, [image.cast(to: .float32)])
        try checkLowered(last, [image], tolerance: 1e-10)
        if kind == .maximum {
          try checkLowered(last, [random(.int8, image.shape.dimensions, -100, 100)])
          for columnMajor in [false, true] {
            last.givesIndices = true
            last.columnMajorIndices = columnMajor
            try checkLowered(last, [image.cast(to: .float32)])
          }
        }
      }
    }
  }

  @Test func poolsByHand() throws {
    let x = tensor(.float32, [1, 1, 2, 3], [1, 5, 2, 7, 3, 4])
    let op = Pool(.maximum, window: window([2, 2]), givesIndices: true)
    let found = try op.evaluate([x])
    #expect(found[0] == tensor(.float32, [1, 1, 1, 2], [7, 5]))
    #expect(found[1] == tensor(.int64, [1, 1, 1, 2], [3, 1]))
    let swapped = Pool(.maximum, window: window([2, 2]), givesIndices: true, columnMajorIndices: true)
    #expect(try swapped.evaluate([x])[1] == tensor(.int64, [1, 1, 1, 2], [1, 2]))
    let line = tensor(.float32, [1, 1, 3], [2, 4, 6])
    let padded = window([2], strides: 2, pads: (1, 0))
    #expect(
      try Pool(.average(countsPadding: true), window: padded).evaluate([line])[0]
        == tensor(.float32, [1, 1, 2], [1, 5]))
    #expect(
      try Pool(.average(countsPadding: false), window: padded).evaluate([line])[0]
        == tensor(.float32, [1, 1, 2], [2, 5]))
    #expect(throws: OperatorError("expected indices of max pooling only")) {
      try Pool(.lp(2), window: window([2, 2]), givesIndices: true).infer([x.type])
    }
  }
}
