/// The extent of a tensor along each axis, outermost first. Rank 0 is a scalar; an extent of 0 is an empty tensor.
public struct Shape: Sendable, Hashable {
  /// Extents in elements, none negative.
  public var dimensions: [Int]

  /// A shape whose element count must fit `Int`; callers with untrusted extents use `init(checking:)`.
  public init(_ dimensions: [Int]) {
    self.dimensions = dimensions
  }

  /// A shape from untrusted extents: nil when one is negative or the element count passes 2^47 (no machine holds it).
  public init?(checking dimensions: [Int]) {
    var count = 1
    for extent in dimensions {
      guard extent >= 0, extent <= 1 << 31 - 1 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, product <= 1 << 47 else { return nil }
      count = product
    }
    self.dimensions = dimensions
  }

  /// The scalar shape.
  public static let scalar = Shape([])

  /// Number of axes.
  public var rank: Int { dimensions.count }

  /// Number of elements: the product of all extents, 1 for a scalar.
  public var count: Int { dimensions.reduce(1, *) }

  /// Whether any extent is 0.
  public var isEmpty: Bool { dimensions.contains(0) }

  /// The extent along `axis`.
  public subscript(axis: Int) -> Int {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }

  /// Distance in elements between neighbours along each axis when rows are dense.
  public var strides: [Int] {
    var result = [Int](repeating: 1, count: rank)
    var stride = 1
    for axis in (0..<rank).reversed() {
      result[axis] = stride
      stride *= dimensions[axis]
    }
    return result
  }

  /// The axis that `axis` means: negative ones count from the end. Nil when out of range.
  public func resolve(axis: Int) -> Int? {
    guard axis >= -rank, axis < rank else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// The axes reordered so that axis `i` of the result is axis `permutation[i]` of this shape.
  public func permuted(by permutation: [Int]) -> Shape {
    Shape(permutation.map { dimensions[$0] })
  }

  /// The shape that numpy broadcasting of both gives; nil when they do not fit.
  public func broadcast(with other: Shape) -> Shape? {
    let rank = max(rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      let a = axis - (rank - self.rank) >= 0 ? dimensions[axis - (rank - self.rank)] : 1
      let b = axis - (rank - other.rank) >= 0 ? other.dimensions[axis - (rank - other.rank)] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      result[axis] = a == 1 ? b : a
    }
    return Shape(result)
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + dimensions.map(String.init).joined(separator: ",") + "]" }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}
