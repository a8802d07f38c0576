/// What is known of a value before it is computed: element type and shape.
public struct TensorType: Sendable, Hashable {
  public var element: ElementType
  public var shape: Shape

  public init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }

  /// Bytes of a dense tensor of this type.
  public var byteCount: Int { shape.count * element.size }

  /// Number of axes.
  public var rank: Int { shape.rank }
}

extension TensorType: CustomStringConvertible {
  public var description: String { element.name + shape.description }
}

/// One axis of a model's declared input: fixed, named, or left open.
public enum Dimension: Sendable, Hashable {
  case fixed(Int)
  case symbol(String)
  case unknown
}

extension Dimension: CustomStringConvertible {
  public var description: String {
    switch self {
    case .fixed(let extent): String(extent)
    case .symbol(let name): name
    case .unknown: "?"
    }
  }
}
