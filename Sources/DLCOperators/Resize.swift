import DLCGraph
import DLCTensor

/// Resamples x to `shape` (ONNX Resize-19): x -> y.
package struct Resize: Sendable, Hashable {
  package enum Mode: String, Sendable, Hashable, CaseIterable { case nearest, linear, cubic }
  package enum Coordinate: String, Sendable, Hashable, CaseIterable {
    case halfPixel, pytorchHalfPixel, alignCorners, asymmetric, cropAndResize, halfPixelSymmetric
  }
  package enum Nearest: String, Sendable, Hashable, CaseIterable { case roundPreferFloor, roundPreferCeil, floor, ceil }

  package var mode: Mode
  package var coordinate: Coordinate
  package var nearest: Nearest
  /// Output extents.
  package var shape: Shape
  /// Output over input per axis as the model gives them (they need not be exactly the ratio of extents).
  package var scales: [Float]
  /// Region of interest per axis, 0...1, for `cropAndResize`; empty otherwise.
  package var regionBegin: [Float]
  package var regionEnd: [Float]
  package var cubicCoefficient: Float
  package var extrapolation: Float
  package var excludesOutside: Bool
  package var antialias: Bool

  package init(
    _ mode: Mode, coordinate: Coordinate, nearest: Nearest = .roundPreferFloor, shape: Shape, scales: [Float],
    regionBegin: [Float] = [], regionEnd: [Float] = [], cubicCoefficient: Float = -0.75, extrapolation: Float = 0,
    excludesOutside: Bool = false, antialias: Bool = false
  ) {
    self.mode = mode
    self.coordinate = coordinate
    self.nearest = nearest
    self.shape = shape
    self.scales = scales
    self.regionBegin = regionBegin
    self.regionEnd = regionEnd
    self.cubicCoefficient = cubicCoefficient
    self.extrapolation = extrapolation
    self.excludesOutside = excludesOutside
    self.antialias = antialias
  }
}

extension Resize: Operator {
  package var mnemonic: String { "resize." + mode.rawValue }

  package var attributes: [OperatorAttribute] {
    var result = [
      OperatorAttribute("shape", shape), OperatorAttribute("scales", Resize.text(scales)),
      OperatorAttribute("coordinate", coordinate.rawValue.snakeCase),
    ]
    if mode == .nearest { result.append(OperatorAttribute("nearest", nearest.rawValue.snakeCase)) }
    if mode == .cubic { result.append(OperatorAttribute("coefficient", cubicCoefficient)) }
    if coordinate == .cropAndResize {
      result.append(OperatorAttribute("begin", Resize.text(regionBegin)))
      result.append(OperatorAttribute("end", Resize.text(regionEnd)))
      result.append(OperatorAttribute("extrapolation", extrapolation))
    }
    if excludesOutside { result.append(OperatorAttribute("exclude_outside", true)) }
    if antialias { result.append(OperatorAttribute("antialias", true)) }
    return result
  }

  private static func text(_ values: [Float]) -> String {
    "[" + values.map(\.description).joined(separator: ",") + "]"
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let x = inputs[0]
    let interpolates = mode != .nearest || coordinate == .cropAndResize
    if interpolates { try OperatorError.require(x, "x to interpolate", in: ElementType.numbers) }
    try Movement.require("extents", shape.rank, for: x)
    try Movement.require("scales", scales.count, for: x)
    let regions = coordinate == .cropAndResize ? x.rank : 0
    try OperatorError.require(
      regionBegin.count == regions && regionEnd.count == regions,
      "expected a region of \(regions) axes, found \(regionBegin.count) begins and \(regionEnd.count) ends")
    try OperatorError.require(
      (regionBegin + regionEnd + [cubicCoefficient]).allSatisfy(\.isFinite),
      "expected finite regions and coefficients, found \(regionBegin), \(regionEnd), \(cubicCoefficient)")
    let shape = try Shape(result: shape.dimensions)
    for axis in 0..<x.rank where !shape.isEmpty {
      let scale = scales[axis]
      try OperatorError.require(
        scale.isFinite && scale > 0, "expected scales above 0, found \(scale) along axis \(axis)")
      try OperatorError.require(
        x.shape[axis] > 0, "expected elements to resample along axis \(axis), found none in \(x)")
      // A filter that spreads wider than the input would take time without limit.
      try OperatorError.require(
        !antialias || Double(scale) * Double(x.shape[axis]) >= 0.49,
        "expected scales that leave an element along each axis, found \(scale) for \(x.shape[axis]) along axis \(axis)")
    }
    return [TensorType(x.element, shape)]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      let x = patch.type(of: request.inputs[0])
      if shape.isEmpty { return [try patch.filled(0, like: request.inputs[0])] }
      var value = gradient
      for axis in 0..<shape.rank {
        let sampling = sampling(axis: axis, extent: x.shape[axis])
        if sampling.isIdentity { continue }
        value = try Movement.transposedProduct(value, axis: axis, inputs: x.shape[axis], &patch) { sampling.matrix }
      }
      return [value]
    }
  }

  /// Choosing an element keeps its scale; the interpolating kernels are written for f32.
  package var quantization: QuantizationRule {
    if mode == .nearest, coordinate != .cropAndResize { return .sharedScale(inputs: [0]) }
    return .float("interpolation runs in f32")
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard permutation.count == shape.rank else { return nil }
    var op = self
    op.shape = Shape(Movement.permuted(shape.dimensions, by: permutation))
    op.scales = Movement.permuted(scales, by: permutation)
    if coordinate == .cropAndResize {
      op.regionBegin = Movement.permuted(regionBegin, by: permutation)
      op.regionEnd = Movement.permuted(regionEnd, by: permutation)
    }
    return PermutedOperator(op, outputPermutations: [permutation])
  }
}
