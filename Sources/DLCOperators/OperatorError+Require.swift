import DLCGraph
import DLCTensor

extension OperatorError {
  /// Throws `reason` unless `condition` holds.
  static func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws(OperatorError) {
    if !condition { throw OperatorError(reason()) }
  }

  /// Throws unless there is exactly one input per name.
  static func require(_ inputs: [TensorType], named names: String...) throws(OperatorError) {
    try require(
      inputs.count == names.count,
      "expected \(names.count) inputs (\(names.joined(separator: ", "))), found \(inputs.count)")
  }

  /// Throws unless `type`, called `name`, has one of `elements`.
  static func require(
    _ type: TensorType, _ name: String, in elements: [ElementType]
  ) throws(OperatorError) {
    try require(
      elements.contains(type.element),
      "expected \(name) of \(elements.map(\.name).joined(separator: ", ")), found \(type)")
  }

  /// Throws unless `type`, called `name`, is exactly `expected`.
  static func require(_ type: TensorType, _ name: String, is expected: TensorType) throws(OperatorError) {
    try require(type == expected, "expected \(name) to be \(expected), found \(type)")
  }

  /// Throws unless `axis` is one of the `rank` axes, counted from 0.
  static func require(axis: Int, rank: Int) throws(OperatorError) {
    try require(axis >= 0 && axis < rank, "expected an axis of 0..<\(rank), found \(axis)")
  }
}

extension Shape {
  /// A result's shape from computed extents: throws when one is negative or the element count is beyond any machine.
  init(result extents: [Int]) throws(OperatorError) {
    guard let shape = Shape(checking: extents) else {
      throw OperatorError("result extents \(extents) are negative or too large")
    }
    self = shape
  }
}

extension Int {
  /// `self + other`; throws when it overflows.
  func plus(_ other: Int) throws(OperatorError) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    if overflow { throw OperatorError("\(self) + \(other) is too large an extent") }
    return sum
  }

  /// `self * other`; throws when it overflows.
  func times(_ other: Int) throws(OperatorError) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    if overflow { throw OperatorError("\(self) * \(other) is too large an extent") }
    return product
  }

  /// `self - other`; throws when it overflows.
  func minus(_ other: Int) throws(OperatorError) -> Int {
    let (difference, overflow) = subtractingReportingOverflow(other)
    if overflow { throw OperatorError("\(self) - \(other) is too large an extent") }
    return difference
  }
}

extension ElementType {
  /// Every floating-point type.
  static let floats: [ElementType] = [.float32, .float64, .float16, .bfloat16]
  /// Every integer type.
  static let integers: [ElementType] = [.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64]
  /// Every type with arithmetic.
  static let numbers: [ElementType] = floats + integers

  /// The Swift integer type of these elements; nil for floats and bool.
  var integerType: (any (FixedWidthInteger & TensorElement).Type)? {
    switch self {
    case .int8: Int8.self
    case .int16: Int16.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .uint8: UInt8.self
    case .uint16: UInt16.self
    case .uint32: UInt32.self
    case .uint64: UInt64.self
    case .bool, .float32, .float16, .float64, .bfloat16: nil
    }
  }
}
