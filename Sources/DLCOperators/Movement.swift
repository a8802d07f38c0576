import DLCGraph
import DLCTensor

/// What the operators that move elements have in common.
enum Movement {
  /// Throws unless a per-axis attribute has an entry for each axis of `type`.
  static func require(_ name: String, _ entries: Int, for type: TensorType) throws(OperatorError) {
    try OperatorError.require(entries == type.rank, "expected \(type.rank) \(name) for \(type), found \(entries)")
  }

  /// Throws unless `type` can index: i32 or i64.
  static func require(indices type: TensorType) throws(OperatorError) {
    try OperatorError.require(type, "indices", in: [.int32, .int64])
  }

  /// The elements of an index tensor, negative ones counted from the end of an axis of `extent`.
  static func indices(_ tensor: Tensor, extent: Int) throws(OperatorError) -> [Int] {
    var result = tensor.integers() ?? []
    for k in result.indices { result[k] = try resolve(result[k], extent: extent) }
    return result
  }

  /// The index from the front; throws when it lies outside.
  static func resolve(_ index: Int, extent: Int) throws(OperatorError) -> Int {
    guard index >= -extent, index < extent else {
      throw OperatorError("expected indices in \(-extent)..<\(extent), found \(index)")
    }
    return index < 0 ? index + extent : index
  }

  /// `values` per axis, as they belong to the axes stored in another order: entry i goes to `permutation[i]`.
  static func permuted<T>(_ values: [T], by permutation: [Int]) -> [T] {
    var result = values
    for (axis, place) in permutation.enumerated() { result[place] = values[axis] }
    return result
  }

  /// Whether the permutation orders `count` axes.
  static func isPermutation(_ permutation: [Int], of count: Int) -> Bool {
    permutation.count == count && Set(permutation) == Set(0..<count)
  }
}
