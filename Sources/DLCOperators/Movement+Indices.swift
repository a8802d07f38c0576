import DLCGraph
import DLCTensor

extension Movement {
  /// Throws unless `indices` can name elements of `data` along `axis`: same rank, no longer along the other axes.
  static func requireAligned(
    _ indices: TensorType, with data: TensorType, axis: Int
  ) throws(OperatorError) {
    try OperatorError.require(axis: axis, rank: data.rank)
    try require(indices: indices)
    try OperatorError.require(
      indices.rank == data.rank, "expected indices of rank \(data.rank) as \(data), found \(indices)")
    for k in 0..<data.rank where k != axis {
      try OperatorError.require(
        indices.shape[k] <= data.shape[k],
        "expected indices of at most \(data.shape[k]) along axis \(k) as \(data), found \(indices)")
    }
  }

  /// The element of a tensor of `shape` that each element of `indices` names along `axis`, elsewhere at the same place.
  static func places(_ indices: Tensor, in shape: Shape, axis: Int) throws(OperatorError) -> [Int] {
    let stride = shape.strides[axis]
    var places = try self.indices(indices, extent: shape[axis])
    var others = shape.strides
    others[axis] = 0
    let walk = RowWalk(indices.shape, strides: [others])
    walk.forEachRow { position, offsets in
      for k in 0..<walk.rowLength {
        places[position + k] = places[position + k] * stride + offsets[0] + k * walk.rowStrides[0]
      }
    }
    return places
  }

  /// Throws unless each row of `indices` is a coordinate tuple of `data` behind `batch` shared axes; gives its length.
  static func requireTuples(
    _ indices: TensorType, of data: TensorType, batch: Int
  ) throws(OperatorError) -> Int {
    try require(indices: indices)
    try OperatorError.require(
      batch >= 0 && batch < max(indices.rank, 1) && batch < max(data.rank, 1),
      "expected batch axes fewer than those of \(data) and \(indices), found \(batch)")
    guard let length = indices.shape.dimensions.last, length >= 1, length <= data.rank - batch else {
      throw OperatorError("expected indices [..., 1...\(data.rank - batch)] into \(data), found \(indices)")
    }
    try OperatorError.require(
      indices.shape.dimensions[..<batch] == data.shape.dimensions[..<batch],
      "expected indices to share the first \(batch) axes of \(data), found \(indices)")
    return length
  }

  /// Where the slice of each coordinate tuple begins in a tensor of `shape`, in elements.
  static func tuplePlaces(_ indices: Tensor, in shape: Shape, batch: Int) throws(OperatorError) -> [Int] {
    let length = indices.shape[indices.shape.rank - 1]
    let strides = shape.strides
    let values = indices.integers() ?? []
    let batchSize = shape.dimensions[batch...].reduce(1, *)
    let perBatch = max(indices.shape.dimensions[batch...].dropLast().reduce(1, *), 1)
    var places: [Int] = []
    places.reserveCapacity(values.count / length)
    for tuple in 0..<values.count / length {
      var place = tuple / perBatch * batchSize
      for k in 0..<length {
        place += try resolve(values[tuple * length + k], extent: shape[batch + k]) * strides[batch + k]
      }
      places.append(place)
    }
    return places
  }

  /// target[k] = source[places[k]] in elements.
  static func pick<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, _ places: [Int], _ target: UnsafeMutableRawBufferPointer, of _: T.Type
  ) {
    let size = MemoryLayout<T>.size
    for (k, place) in places.enumerated() {
      target.storeBytes(
        of: source.loadUnaligned(fromByteOffset: place * size, as: T.self), toByteOffset: k * size, as: T.self)
    }
  }
}
