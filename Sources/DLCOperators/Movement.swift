import DLCGraph
import DLCTensor

/// What the operators that move elements check of their inputs.
enum Movement {
  /// Throws unless there are `count` inputs.
  static func require(_ count: Int, _ inputs: [TensorType]) throws(OperatorError) {
    guard inputs.count == count else {
      throw OperatorError("expected \(count) input\(count == 1 ? "" : "s"), found \(inputs.count)")
    }
  }

  /// Throws unless a per-axis attribute has an entry for each axis of `type`.
  static func require(_ name: String, _ entries: Int, for type: TensorType) throws(OperatorError) {
    guard entries == type.rank else {
      throw OperatorError("expected \(type.rank) \(name) for \(type), found \(entries)")
    }
  }

  /// Throws unless `axis` is an axis of `type`.
  static func require(axis: Int, of type: TensorType, _ name: String = "axis") throws(OperatorError) {
    guard axis >= 0, axis < type.rank else {
      throw OperatorError("expected \(name) to be one of the \(type.rank) axes of \(type), found \(axis)")
    }
  }

  /// Throws unless `type` can index: i32 or i64.
  static func require(indices type: TensorType) throws(OperatorError) {
    guard type.element == .int32 || type.element == .int64 else {
      throw OperatorError("expected indices of i32 or i64, found \(type)")
    }
  }

  /// Throws unless both inputs have the same element type.
  static func requireSameElement(_ a: TensorType, _ b: TensorType) throws(OperatorError) {
    guard a.element == b.element else { throw OperatorError("expected elements of \(a.element), found \(b)") }
  }

  /// The shape of computed extents.
  static func shape(_ extents: [Int]) throws(OperatorError) -> Shape {
    guard let shape = Shape(checking: extents) else {
      throw OperatorError("expected extents of 0...\(Int32.max) and at most 2^47 elements, found \(extents)")
    }
    return shape
  }

  /// The sum, or an error where it leaves `Int`.
  static func sum(_ a: Int, _ b: Int) throws(OperatorError) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    guard !overflow else { throw OperatorError("expected extents within 64 bits, found \(a) + \(b)") }
    return sum
  }

  /// The product, or an error where it leaves `Int`.
  static func product(_ a: Int, _ b: Int) throws(OperatorError) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    guard !overflow else { throw OperatorError("expected extents within 64 bits, found \(a) * \(b)") }
    return product
  }

  /// The elements of an index tensor, negative ones counted from the end of an axis of `extent`.
  static func indices(_ tensor: Tensor, extent: Int) throws(OperatorError) -> [Int] {
    var result = tensor.integers() ?? []
    for k in result.indices {
      let index = result[k]
      guard index >= -extent, index < extent else {
        throw OperatorError("expected indices in \(-extent)..<\(extent), found \(index)")
      }
      if index < 0 { result[k] = index + extent }
    }
    return result
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
