import DLCGraph
import DLCOperators
import DLCTensor

/// Normalizations.
let normalizationMappings: [OperatorMapping] = [
  OperatorMapping("BatchNormalization") { (c: inout NodeContext) throws(MappingError) in
    // is_test (opset 6) says what the exporter left it at, not how the model is run: a compiled model is an inference model.
    c.ignore("consumed_inputs", "is_test")
    let momentum = try c.float("momentum", default: 0.9)
    let epsilon = try c.float("epsilon", default: 1e-5)
    guard try c.bool("spatial", default: true) else {
      throw MappingError(
        "attribute 'spatial' is 0: statistics per element are not supported", advice: "Export with opset 9 or later.")
    }
    if try c.bool("training_mode") { return try c.trainingBatchNorm(momentum: momentum, epsilon: epsilon) }
    // Types of the statistics may differ from x's since opset 15.
    let x = try c.input(0)
    var inputs = [x]
    for k in 1...4 { inputs.append(try c.cast(c.input(k), c.element(of: x))) }
    return try [c.add(BatchNormalization(epsilon: epsilon), inputs)[0]]
  },
  OperatorMapping("InstanceNormalization") { (c: inout NodeContext) throws(MappingError) in
    c.ignore("consumed_inputs")
    let op = InstanceNormalization(epsilon: try c.float("epsilon", default: 1e-5))
    return try [c.emit(op, c.input(0), c.input(1), c.input(2))]
  },
  OperatorMapping("LayerNormalization", since: 17) { (c: inout NodeContext) throws(MappingError) in
    let stash = try c.elementType("stash_type") ?? .float32
    return try c.layerNorm(stash: stash)
  },
  OperatorMapping("RMSNormalization", since: 23) { (c: inout NodeContext) throws(MappingError) in
    c.ignore("stash_type")
    let x = try c.input(0)
    let axis = try c.resolve(axis: c.int("axis", default: -1), rank: c.shape(of: x).rank)
    let normalized = Shape(Array(c.shape(of: x).dimensions[axis...]))
    let op = LayerNormalization(
      .rootMeanSquare, axis: axis, epsilon: try c.float("epsilon", default: 1e-5), hasScale: true, hasBias: false)
    return try [c.emit(op, x, c.expanded(c.input(1), to: normalized))]
  },
  OperatorMapping("GroupNormalization", since: 18) { (c: inout NodeContext) throws(MappingError) in
    c.ignore("stash_type")
    return try [c.groupNorm()]
  },
  OperatorMapping("LRN") { (c: inout NodeContext) throws(MappingError) in
    guard let size = try c.int("size") else { throw MappingError("attribute 'size' is missing") }
    let op = LocalResponseNormalization(
      size: size, alpha: try c.float("alpha", default: 1e-4), beta: try c.float("beta", default: 0.75),
      bias: try c.float("bias", default: 1))
    return try [c.emit(op, c.input(0))]
  },
  OperatorMapping("LpNormalization") { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let axis = try c.resolve(axis: c.int("axis", default: -1), rank: c.shape(of: x).rank)
    let p = try c.int("p", default: 2)
    guard p == 1 || p == 2 else { throw MappingError("attribute 'p' must be 1 or 2, found \(p)") }
    let norm = try c.emit(Reduce(p == 1 ? .l1 : .l2, axes: [axis], keepsAxes: true), x)
    // A vector of zeros stays zero.
    let isZero = try c.binary(.equal, norm, c.scalar(0, c.element(of: x)))
    let divisor = try c.emit(Select(), isZero, c.scalar(1, c.element(of: x)), norm)
    return try [c.binary(.divide, x, divisor)]
  },
  OperatorMapping("MeanVarianceNormalization") { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let axes = try c.resolve(axes: c.ints("axes") ?? [0, 2, 3], rank: c.shape(of: x).rank)
    let mean = try c.emit(Reduce(.mean, axes: axes, keepsAxes: true), x)
    let centred = try c.binary(.subtract, x, mean)
    let variance = try c.emit(Reduce(.mean, axes: axes, keepsAxes: true), c.unary(.square, centred))
    let deviation = try c.binary(.add, c.unary(.sqrt, variance), c.scalar(1e-9, c.element(of: x)))
    return try [c.binary(.divide, centred, deviation)]
  },
]

extension NodeContext {
  /// x broadcast to `shape` where it is smaller.
  mutating func expanded(_ x: ValueID, to shape: Shape) throws(MappingError) -> ValueID {
    if self.shape(of: x) == shape { return x }
    if self.shape(of: x).count == shape.count { return try reshape(x, shape) }
    return try emit(Expand(shape: shape), x)
  }

  fileprivate mutating func layerNorm(stash: ElementType) throws(MappingError) -> [ValueID?] {
    let x = try input(0)
    let extents = shape(of: x)
    let axis = try resolve(axis: int("axis", default: -1), rank: extents.rank)
    let epsilon = try float("epsilon", default: 1e-5)
    let normalized = Shape(Array(extents.dimensions[axis...]))
    let bias = optional(2)
    let op = LayerNormalization(axis: axis, epsilon: epsilon, hasScale: true, hasBias: bias != nil)
    var inputs = [x, try expanded(input(1), to: normalized)]
    if let bias { inputs.append(try expanded(bias, to: normalized)) }
    var outputs: [ValueID?] = [try add(op, inputs)[0]]
    let wants = (1...2).map { $0 < node.outputs.count && !node.outputs[$0].isEmpty }
    guard wants.contains(true) else { return outputs }
    let axes = Array(axis..<extents.rank)
    let wide = try cast(x, stash)
    let mean = try emit(Reduce(.mean, axes: axes, keepsAxes: true), wide)
    let centred = try binary(.subtract, wide, mean)
    let variance = try emit(Reduce(.mean, axes: axes, keepsAxes: true), unary(.square, centred))
    let inverse = try unary(.rsqrt, binary(.add, variance, scalar(Double(epsilon), stash)))
    outputs += [mean, inverse]
    return outputs
  }

  /// y = scale (x - mean) / deviation + bias over each group of channels: an instance normalization of [N, G, rest].
  fileprivate mutating func groupNorm() throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    guard let groups = try int("num_groups"), shape.rank >= 2, groups > 0, shape[1] % groups == 0 else {
      throw MappingError("attribute 'num_groups' must divide the channels of \(shape)")
    }
    let epsilon = try float("epsilon", default: 1e-5)
    let element = self.element(of: x)
    let spatial = shape.dimensions[2...].reduce(1, *)
    let grouped = try reshape(x, Shape([shape[0], groups, shape[1] / groups * spatial]))
    let one = addConstant(Tensor(doubles: Array(repeating: 1, count: groups), type: TensorType(element, [groups])))
    let zero = addConstant(Tensor(doubles: Array(repeating: 0, count: groups), type: TensorType(element, [groups])))
    let normalized = try reshape(emit(InstanceNormalization(epsilon: epsilon), grouped, one, zero), shape)
    // Since opset 21 scale and bias are per channel, in 18 per group.
    let perChannel = [shape[1]] + Array(repeating: 1, count: shape.rank - 2)
    var factors: [ValueID] = []
    for k in 1...2 {
      var vector = try input(k)
      if opset < 21, self.shape(of: vector).count == groups, groups != shape[1] {
        vector = try emit(Expand(shape: [groups, shape[1] / groups]), reshape(vector, [groups, 1]))
      }
      guard self.shape(of: vector).count == shape[1] else {
        throw MappingError(
          "scale and bias must have \(opset < 21 ? groups : shape[1]) elements, found \(self.shape(of: vector))")
      }
      factors.append(try reshape(vector, Shape(perChannel)))
    }
    return try binary(.add, binary(.multiply, normalized, factors[0]), factors[1])
  }

  /// Training mode: normalizes by the batch's own statistics and gives the updated running ones.
  fileprivate mutating func trainingBatchNorm(momentum: Float, epsilon: Float) throws(MappingError) -> [ValueID?] {
    let x = try input(0)
    let shape = self.shape(of: x)
    guard shape.rank >= 2 else { throw MappingError("x must be [N, C, ...], found \(shape)") }
    let axes = shape.dimensions.indices.filter { $0 != 1 }
    let channels = Shape([shape[1]] + Array(repeating: 1, count: shape.rank - 2))
    let mean = try emit(Reduce(.mean, axes: axes, keepsAxes: true), x)
    let centred = try binary(.subtract, x, mean)
    let variance = try emit(Reduce(.mean, axes: axes, keepsAxes: true), unary(.square, centred))
    let inverse = try unary(.rsqrt, binary(.add, variance, scalar(Double(epsilon), element(of: x))))
    let scale = try reshape(cast(input(1), element(of: x)), channels)
    let bias = try reshape(cast(input(2), element(of: x)), channels)
    let y = try binary(.add, binary(.multiply, binary(.multiply, centred, inverse), scale), bias)
    var outputs: [ValueID?] = [y]
    for (k, statistic) in [(3, mean), (4, variance)] {
      let running = try input(k)
      let element = self.element(of: running)
      let fresh = try cast(reshape(statistic, [shape[1]]), element)
      outputs.append(
        try binary(
          .add, binary(.multiply, running, scalar(Double(momentum), element)),
          binary(.multiply, fresh, scalar(1 - Double(momentum), element))))
    }
    return outputs
  }
}
