import DLCTensor

extension Tensor {
  /// The elements with axis `i` of the result being axis `permutation[i]` of this tensor.
  func transposed(by permutation: [Int]) -> Tensor {
    let target = TensorType(element, shape.permuted(by: permutation))
    if permutation.movesOnlyUnitAxes(of: shape) || count == 0 { return reshaped(to: target.shape) }
    let source = permutation.map { shape.strides[$0] * element.size }
    let extents = target.shape.dimensions
    let size = element.size
    return Tensor(target) { output in
      withBytes { input in
        let inner = extents[extents.count - 1]
        let step = source[extents.count - 1]
        var index = [Int](repeating: 0, count: extents.count - 1)
        var from = 0
        var to = 0
        while true {
          var place = from
          switch size {
          case 4:
            for _ in 0..<inner {
              output.storeBytes(
                of: input.loadUnaligned(fromByteOffset: place, as: UInt32.self), toByteOffset: to, as: UInt32.self)
              place += step
              to += 4
            }
          case 1:
            for _ in 0..<inner {
              output[to] = input[place]
              place += step
              to += 1
            }
          default:
            for _ in 0..<inner {
              for byte in 0..<size { output[to + byte] = input[place + byte] }
              place += step
              to += size
            }
          }
          var axis = index.count - 1
          while axis >= 0 {
            index[axis] += 1
            from += source[axis]
            if index[axis] < extents[axis] { break }
            from -= index[axis] * source[axis]
            index[axis] = 0
            axis -= 1
          }
          if axis < 0 { return }
        }
      }
    }
  }

  /// The values along `axis` of a tensor of `type` when this constant, broadcast to it, varies along that axis alone.
  ///
  /// Nil when it varies along others or broadcasting would enlarge `type`.
  func alongAxis(_ axis: Int, of type: TensorType) -> [Double]? {
    guard shape.rank <= type.rank, element == type.element else { return nil }
    let lead = type.rank - shape.rank
    for (k, extent) in shape.dimensions.enumerated() where extent != 1 {
      guard lead + k == axis, extent == type.shape[axis] else { return nil }
    }
    let values = doubles()
    return values.count == 1 ? [Double](repeating: values[0], count: type.shape[axis]) : values
  }

  /// An f32 tensor of this one's shape, element `i` being `transform(i, self[i])`.
  func mappingFloats(_ transform: (Int, Double) -> Double) -> Tensor {
    var values = elements(as: Float.self)
    for i in values.indices { values[i] = Float(transform(i, Double(values[i]))) }
    return Tensor(values, shape: shape)
  }
}

extension [Int] {
  /// The permutation that undoes this one.
  var inverse: [Int] {
    var result = [Int](repeating: 0, count: count)
    for (k, axis) in enumerated() { result[axis] = k }
    return result
  }

  /// Whether this permutation leaves every axis at its place.
  var isIdentity: Bool { elementsEqual(indices) }

  /// Whether a transposition of `shape` by this permutation leaves all elements in their order.
  func movesOnlyUnitAxes(of shape: Shape) -> Bool {
    var last = -1
    for axis in self where shape[axis] != 1 {
      if axis < last { return false }
      last = axis
    }
    return true
  }

  /// The single permutation for a transposition by `first` and then by this one.
  func after(_ first: [Int]) -> [Int] { map { first[$0] } }
}
