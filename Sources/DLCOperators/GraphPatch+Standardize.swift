import DLCGraph
import DLCTensor

/// x minus its mean over its deviation along some axes, as IR, with what its gradient needs.
struct Standardized {
  /// (x - mean) * factor, or x * factor when not centered.
  let value: ValueID
  /// 1 / sqrt(variance + epsilon), reduced axes of extent 1.
  let factor: ValueID
  let axes: [Int]
  let centered: Bool
}

extension GraphPatch {
  /// Emits the standardized x.
  mutating func standardized(
    _ x: ValueID, over axes: [Int], epsilon: Float, centered: Bool
  ) throws(OperatorError) -> Standardized {
    let mean = Reduce(.mean, axes: axes, keepsAxes: true)
    let deviation = centered ? try subtract(x, emit(mean, x)) : x
    let variance = try emit(mean, square(deviation))
    let factor = try unary(.rsqrt, add(variance, Double(epsilon)))
    return Standardized(value: try multiply(deviation, factor), factor: factor, axes: axes, centered: centered)
  }

  /// The gradient of x: factor * (g - mean(g) - value * mean(g * value)), without mean(g) when not centered.
  mutating func standardizedGradient(_ unit: Standardized, g: ValueID) throws(OperatorError) -> ValueID {
    let mean = Reduce(.mean, axes: unit.axes, keepsAxes: true)
    let along = try multiply(unit.value, emit(mean, multiply(g, unit.value)))
    let across = unit.centered ? try subtract(g, emit(mean, g)) : g
    return try multiply(unit.factor, subtract(across, along))
  }

  /// A vector over channels in a shape that broadcasts against images of rank `rank`.
  mutating func alongChannels(
    _ vector: ValueID, rank: Int, _ channels: ChannelPlacement
  ) throws(OperatorError) -> ValueID {
    let count = type(of: vector).shape.count
    return try channels == .last
      ? vector : reshape(vector, to: Shape([count] + [Int](repeating: 1, count: rank - 2)))
  }

  /// The sum of an image's values per channel, as a vector.
  mutating func sumPerChannel(_ x: ValueID, _ channels: ChannelPlacement) throws(OperatorError) -> ValueID {
    let rank = type(of: x).rank
    return try sum(x, over: (0..<rank).filter { $0 != channels.axis(rank: rank) }, keeping: false)
  }
}
