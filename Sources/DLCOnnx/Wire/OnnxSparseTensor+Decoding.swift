import DLCTensor

extension OnnxSparseTensor {
  /// Bytes that a sparse tensor may have when written out: it takes few bytes to name a huge one.
  package static let denseByteLimit = 1 << 28

  /// The tensor with its zeros written out.
  ///
  /// - Throws: `OnnxError` for indices that are unsorted or outside the extents, and beyond `denseByteLimit`.
  package func tensor() throws(OnnxError) -> Tensor {
    let place = values.place
    let values = try values.tensor()
    guard let shape = Shape(checking: dims) else {
      throw .invalid(place, expected: "extents of 0 or more whose product fits memory", found: "\(dims)")
    }
    let type = TensorType(values.element, shape)
    guard type.byteCount <= Self.denseByteLimit else {
      throw .unsupported(
        place, found: "a sparse tensor of \(type.byteCount) bytes when dense", advice: "Export it as a dense tensor.")
    }
    guard values.shape.rank == 1 else {
      throw .invalid(place, expected: "values of one axis", found: "\(values.shape)")
    }
    let positions = try positions(count: values.count, in: shape)
    let size = values.element.size
    return Tensor(type) { memory in
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      values.withBytes { bytes in
        for (index, position) in positions.enumerated() {
          UnsafeMutableRawBufferPointer(rebasing: memory[position * size..<(position + 1) * size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]))
        }
      }
    }
  }

  /// Row-major positions of the values, checked to rise and to lie inside `shape`.
  private func positions(count: Int, in shape: Shape) throws(OnnxError) -> [Int] {
    let tensor = try indices.tensor()
    let isLinear = tensor.shape == Shape([count])
    guard tensor.element == .int64, isLinear || tensor.shape == Shape([count, shape.rank]) else {
      throw .invalid(
        indices.place, expected: "int64 indices [\(count)] or [\(count),\(shape.rank)]", found: "\(tensor.type)")
    }
    let numbers = tensor.elements(as: Int64.self)
    var result: [Int] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      var position = 0
      if isLinear {
        position = Int(numbers[index])
        guard position >= 0, position < shape.count else { throw outside(position, shape) }
      } else {
        for axis in 0..<shape.rank {
          let coordinate = Int(numbers[index * shape.rank + axis])
          guard coordinate >= 0, coordinate < shape[axis] else { throw outside(coordinate, shape) }
          position = position * shape[axis] + coordinate
        }
      }
      if let last = result.last, position <= last {
        throw .invalid(indices.place, expected: "indices that rise", found: "\(position) after \(last)")
      }
      result.append(position)
    }
    return result
  }

  private func outside(_ index: Int, _ shape: Shape) -> OnnxError {
    .invalid(indices.place, expected: "indices inside \(shape)", found: "\(index)")
  }
}
