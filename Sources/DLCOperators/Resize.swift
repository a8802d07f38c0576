import DLCGraph
import DLCTensor

/// Resamples x to `shape` (ONNX Resize-19): x -> y.
package struct Resize: Sendable, Hashable {
  package enum Mode: String, Sendable, Hashable { case nearest, linear, cubic }
  package enum Coordinate: String, Sendable, Hashable {
    case halfPixel, pytorchHalfPixel, alignCorners, asymmetric, cropAndResize, halfPixelSymmetric
  }
  package enum Nearest: String, Sendable, Hashable { case roundPreferFloor, roundPreferCeil, floor, ceil }

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
