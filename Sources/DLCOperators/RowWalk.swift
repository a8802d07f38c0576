import DLCGraph
import DLCTensor

/// Visits a shape row by row (a row is the last axis) while following strided tensors beside it.
struct RowWalk {
  /// The shape visited.
  let shape: Shape
  /// For each followed tensor its stride per axis of `shape`, in elements: 0 repeats, negative runs backwards.
  let strides: [[Int]]
  /// Elements of a row: 1 for a scalar.
  let rowLength: Int
  /// For each followed tensor the stride along a row.
  let rowStrides: [Int]

  init(_ shape: Shape, strides: [[Int]]) {
    self.shape = shape
    self.strides = strides
    rowLength = shape.dimensions.last ?? 1
    rowStrides = strides.map { $0.last ?? 0 }
  }

  /// A walk over `shape` beside tensors that numpy broadcasting brings to it.
  init(_ shape: Shape, broadcasting inputs: [Shape]) {
    self.init(shape, strides: inputs.map { $0.broadcastStrides(to: shape) })
  }

  /// Calls `body` with each row's position in the dense `shape` and the followed tensors' offsets at its start.
  @inline(__always)
  func forEachRow<E: Error>(
    from start: [Int]? = nil, _ body: (_ position: Int, _ offsets: [Int]) throws(E) -> Void
  ) throws(E) {
    if shape.isEmpty { return }
    let outer = max(shape.rank - 1, 0)
    var index = [Int](repeating: 0, count: outer)
    var offsets = start ?? [Int](repeating: 0, count: strides.count)
    var position = 0
    while true {
      try body(position, offsets)
      position += rowLength
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] {
          for k in offsets.indices { offsets[k] += strides[k][axis] }
          break
        }
        index[axis] = 0
        for k in offsets.indices { offsets[k] -= strides[k][axis] * (shape[axis] - 1) }
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

extension Shape {
  /// Strides in elements with which a dense tensor of this shape broadcasts to `target` (which it must fit): 0 where it repeats.
  func broadcastStrides(to target: Shape) -> [Int] {
    let own = strides
    let lead = target.rank - rank
    return (0..<target.rank).map { axis in
      axis < lead || dimensions[axis - lead] == 1 ? 0 : own[axis - lead]
    }
  }

  /// Elements before, along and after `axis`: element (o, k, i) stands at `(o * extent + k) * inner + i`.
  func split(at axis: Int) -> (outer: Int, extent: Int, inner: Int) {
    (dimensions[..<axis].reduce(1, *), dimensions[axis], dimensions[(axis + 1)...].reduce(1, *))
  }

  /// The result shape of numpy broadcasting of all; throws when they do not fit or are too large together.
  static func broadcasting(_ shapes: [Shape]) throws(OperatorError) -> Shape {
    var result = Shape.scalar
    for shape in shapes {
      guard let next = result.broadcast(with: shape) else {
        throw OperatorError(
          "expected shapes that broadcast, found \(shapes.map(\.description).joined(separator: " and "))")
      }
      result = next
    }
    return try Shape(result: result.dimensions)
  }
}

extension Tensor {
  /// The tensor of `shape` whose element at index i is this tensor's at `offset + sum(i * strides)`; all must lie inside.
  func strided(_ shape: Shape, strides: [Int], offset: Int = 0) -> Tensor {
    Tensor(TensorType(element, shape)) { target in
      withBytes { source in
        switch element.size {
        case 1: copy(UInt8.self, source, target, shape, strides, offset)
        case 2: copy(UInt16.self, source, target, shape, strides, offset)
        case 4: copy(UInt32.self, source, target, shape, strides, offset)
        default: copy(UInt64.self, source, target, shape, strides, offset)
        }
      }
    }
  }

  private func copy<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, _ shape: Shape,
    _ strides: [Int], _ offset: Int
  ) {
    let size = MemoryLayout<T>.size
    let walk = RowWalk(shape, strides: [strides])
    let step = walk.rowStrides[0] * size
    walk.forEachRow(from: [offset]) { position, offsets in
      var from = offsets[0] * size
      var to = position * size
      for _ in 0..<walk.rowLength {
        target.storeBytes(of: source.loadUnaligned(fromByteOffset: from, as: T.self), toByteOffset: to, as: T.self)
        from += step
        to += size
      }
    }
  }

  /// The tensor with its axes reordered: axis i of the result is axis `permutation[i]` of this one.
  package func permuted(by permutation: [Int]) -> Tensor {
    let own = shape.strides
    return strided(shape.permuted(by: permutation), strides: permutation.map { own[$0] })
  }

  /// The tensor repeated to `target` as numpy broadcasting does; it must fit.
  func expanded(to target: Shape) -> Tensor {
    shape == target ? self : strided(target, strides: shape.broadcastStrides(to: target))
  }
}
