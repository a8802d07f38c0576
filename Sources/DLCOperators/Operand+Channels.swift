import DLCGraph
import DLCTensor

extension Operand {
  /// The biases `[N]` of an integer contraction: one element where all are equal, in i16 where that holds them.
  static func biases(_ list: Tensor) -> Operand {
    let values = shared(list.elements(as: Int32.self))
    let narrow = values.compactMap { Int16(exactly: $0) }
    let shape = Shape([values.count])
    return .constant(narrow.count == values.count ? Tensor(narrow, shape: shape) : Tensor(values, shape: shape))
  }

  /// The scales of an integer contraction's channels: one element where all are equal, in bf16 where that holds them.
  static func scales(_ list: [Float]) -> Operand {
    let values = shared(list)
    let narrow = values.map { BFloat16($0) }
    let shape = Shape([values.count])
    return .constant(
      zip(narrow, values).allSatisfy { $0.value == $1 } ? Tensor(narrow, shape: shape) : Tensor(values, shape: shape))
  }

  private static func shared<Element: Equatable>(_ list: [Element]) -> [Element] {
    list.allSatisfy { $0 == list[0] } ? Array(list.prefix(1)) : list
  }
}

/// Most bytes of a panel that its kernel fills up with missing columns each time it runs.
private let mostFilledBytes = 8192
/// Fewest rows of a product beside which that costs next to nothing, whatever the columns.
private let manyRows = 8

/// Packed weights `[..., panelWidth, 4]` of one panel without the columns behind the first `columns`, where filling them up
/// when run costs little beside the product of `rows` rows, or saves most of the bytes; the bytes alone matter.
func narrowPanel(_ packed: Tensor, columns: Int, rows: Int) -> Tensor? {
  guard columns > 0, columns < panelWidth, packed.count <= mostFilledBytes,
    rows >= manyRows || columns <= panelWidth / 4
  else { return nil }
  let group = panelWidth * 4
  let bytes = packed.elements(as: Int8.self)
  let kept = stride(from: 0, to: bytes.count, by: group).flatMap { bytes[$0..<$0 + columns * 4] }
  return Tensor(kept, shape: Shape([kept.count]))
}
