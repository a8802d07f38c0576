import DLCGraph
import DLCTensor

extension Resize {
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let type = TensorType(x.element, shape)
    if shape.isEmpty { return [Tensor(type) { _ in }] }
    let axes = (0..<shape.rank).map { sampling(axis: $0, extent: x.shape[$0]) }
    if mode == .nearest, coordinate != .cropAndResize {
      return [x.selected(axes.map { axis in axis.taps.map(\.start) }, to: shape)]
    }
    var values = x.doubles()
    var extents = x.shape.dimensions
    for (axis, sampling) in axes.enumerated() where !sampling.isIdentity {
      values = Resize.resample(values, extents, axis: axis, sampling)
      extents[axis] = shape[axis]
    }
    if coordinate == .cropAndResize { extrapolate(&values, axes) }
    return [Tensor(doubles: values, type: type)]
  }

  /// Blends along one axis of `values`, a tensor of `extents`.
  private static func resample(
    _ values: [Double], _ extents: [Int], axis: Int, _ sampling: ResizeAxis
  ) -> [Double] {
    let outer = extents[..<axis].reduce(1, *)
    let inner = extents[(axis + 1)...].reduce(1, *)
    var result = [Double](repeating: 0, count: outer * sampling.taps.count * inner)
    for o in 0..<outer {
      for (index, taps) in sampling.taps.enumerated() {
        let to = (o * sampling.taps.count + index) * inner
        for (k, weight) in taps.weights.enumerated() {
          let from = (o * extents[axis] + taps.start + k) * inner
          for i in 0..<inner { result[to + i] += weight * values[from + i] }
        }
      }
    }
    return result
  }

  /// Writes the extrapolation value wherever an axis points outside the input.
  private func extrapolate(_ values: inout [Double], _ axes: [ResizeAxis]) {
    let strides = shape.strides
    for (axis, sampling) in axes.enumerated() {
      let block = strides[axis]
      for (index, taps) in sampling.taps.enumerated() where taps.weights.isEmpty {
        for start in stride(from: index * block, to: values.count, by: shape[axis] * block) {
          for i in start..<start + block { values[i] = Double(extrapolation) }
        }
      }
    }
  }
}
