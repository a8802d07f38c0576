import DLCGraph
import DLCOperators
import DLCTensor

/// ONNX operators that are compositions of others.
let decomposedMappings: [OperatorMapping] = [
  OperatorMapping("NegativeLogLikelihoodLoss", since: 12) { (c: inout NodeContext) throws(MappingError) in
    try [c.negativeLogLikelihood(of: c.input(0), weights: c.optional(2))]
  },
  OperatorMapping("SoftmaxCrossEntropyLoss", since: 12) { (c: inout NodeContext) throws(MappingError) in
    let logProbabilities = try c.emit(Softmax(.logSoftmax, axis: 1), c.input(0))
    let loss = try c.negativeLogLikelihood(of: logProbabilities, weights: c.optional(2))
    return [loss, logProbabilities]
  },
  OperatorMapping("SwiGLU", since: 28) { (c: inout NodeContext) throws(MappingError) in
    let (gate, x) = try (c.input(0), c.input(1))
    guard c.type(of: gate) == c.type(of: x) else {
      throw MappingError("a and b must be alike, found \(c.type(of: gate)) and \(c.type(of: x))")
    }
    return try [c.binary(.multiply, c.unary(.silu(alpha: c.float("alpha", default: 1)), gate), x)]
  },
  OperatorMapping("CenterCropPad", since: 18) { (c: inout NodeContext) throws(MappingError) in try [c.centerCropPad()]
  },
]

extension NodeContext {
  /// loss = -weight[target] * x[n, target, ...], then the reduction; targets equal to `ignore_index` count nothing.
  fileprivate mutating func negativeLogLikelihood(of x: ValueID, weights: ValueID?) throws(MappingError) -> ValueID {
    let target = try input(1)
    let (shape, element) = (self.shape(of: x), self.element(of: x))
    guard shape.rank >= 2, self.shape(of: target).rank == shape.rank - 1 else {
      throw MappingError("x must be [N, C, ...] and the target [N, ...], found \(shape) and \(self.shape(of: target))")
    }
    let ignored = try int("ignore_index")
    let reduction = try string("reduction", default: "mean")
    let classes = try cast(target, .int64)
    var safe = classes
    var counts: ValueID?
    if let ignored {
      let isIgnored = try binary(.equal, classes, scalar(Double(ignored), .int64))
      safe = try emit(Select(), isIgnored, scalar(0, .int64), classes)
      counts = try emit(Select(), isIgnored, scalar(0, element), scalar(1, element))
    }
    let targetShape = self.shape(of: target)
    let column = try reshape(safe, Shape([shape[0], 1] + targetShape.dimensions.dropFirst()))
    let picked = try reshape(emit(GatherElements(axis: 1), x, column), targetShape)
    var loss = try unary(.negate, picked)
    if let weights {
      let own = try emit(Gather(axis: 0), weights, safe)
      counts = try counts.map { (mask) throws(MappingError) in try binary(.multiply, own, mask) } ?? own
    }
    if let counts { loss = try binary(.multiply, loss, counts) }
    let all = Array(0..<targetShape.rank)
    switch reduction {
    case "none": return loss
    case "sum": return try emit(Reduce(.sum, axes: all, keepsAxes: false), loss)
    case "mean":
      guard let counts else { return try emit(Reduce(.mean, axes: all, keepsAxes: false), loss) }
      let total = try emit(Reduce(.sum, axes: all, keepsAxes: false), loss)
      let expanded = try expanded(counts, to: targetShape)
      return try binary(.divide, total, emit(Reduce(.sum, axes: all, keepsAxes: false), expanded))
    default: throw MappingError("attribute 'reduction' must be none, sum or mean, found '\(reduction)'")
    }
  }

  /// Crops what is too long and pads what is too short, both around the middle.
  fileprivate mutating func centerCropPad() throws(MappingError) -> ValueID {
    let x = try input(0)
    let shape = self.shape(of: x)
    let wanted = try integers(1, "shape") ?? []
    let given = try ints("axes")
    var axes = Array(0..<shape.rank)
    if let given {
      axes = []
      for axis in given { axes.append(try resolve(axis: axis, rank: shape.rank)) }
    }
    guard wanted.count == axes.count, wanted.allSatisfy({ $0 >= 0 }) else {
      throw MappingError("shape must have \(axes.count) entries, found \(wanted)")
    }
    var before = [Int](repeating: 0, count: shape.rank)
    var after = before
    for (k, axis) in axes.enumerated() {
      let missing = wanted[k] - shape[axis]
      // Odd differences: one element more is cut at the start of a crop's remainder, and added at the end of a pad.
      before[axis] = missing >= 0 ? missing / 2 : -((-missing) / 2)
      after[axis] = missing - before[axis]
    }
    return try emit(Pad(.constant, before: before, after: after), x)
  }
}
