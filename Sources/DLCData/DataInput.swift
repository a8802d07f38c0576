import DLCTensor

/// An input of a model that data is to fill.
package struct DataInput: Sendable, Hashable {
  package var name: String
  /// Element type and shape of one run; the leading axis is the batch where all inputs share it.
  package var type: TensorType

  package init(name: String, type: TensorType) {
    self.name = name
    self.type = type
  }

  /// The type of one observation in a batch of `rows`: a leading axis of 1 instead of the batch.
  func rowType(rows: Int) -> TensorType {
    rows > 1 ? TensorType(type.element, Shape([1] + type.shape.dimensions.dropFirst())) : type
  }

  /// Observations that one run takes: the leading extent that all inputs share; 1 where they share none.
  package static func rows(_ inputs: [DataInput]) -> Int {
    guard let first = inputs.first?.type.shape.dimensions.first, first > 1,
      inputs.allSatisfy({ $0.type.shape.dimensions.first == first })
    else { return 1 }
    return first
  }

  /// `tensor` as one observation of a batch of `rows`, or as a whole run: axes of 1 are added and dropped, a vector of the
  /// right length takes the shape, numbers are converted where no fraction is lost. Throws `malformed` naming `origin`.
  func fit(_ tensor: Tensor, rows: Int, origin: String) throws(DataError) -> Tensor {
    let row = rowType(rows: rows)
    let target: TensorType
    if tensor.shape == type.shape {
      target = type
    } else if tensor.shape == row.shape || fits(tensor.shape, row.shape) {
      target = row
    } else if fits(tensor.shape, type.shape) {
      target = type
    } else {
      let rowText = row == type ? "" : " (or one observation of it, \(row.shape))"
      throw .malformed(
        path: origin, reason: "has the shape \(tensor.shape) for input '\(name)', which takes \(type.shape)\(rowText)")
    }
    return try convert(tensor, origin: origin).reshaped(to: target.shape)
  }

  private func fits(_ given: Shape, _ wanted: Shape) -> Bool {
    given.count == wanted.count
      && (given.rank <= 1 || given.dimensions.filter { $0 != 1 } == wanted.dimensions.filter { $0 != 1 })
  }

  private func convert(_ tensor: Tensor, origin: String) throws(DataError) -> Tensor {
    let element = type.element
    if tensor.element == element { return tensor }
    let converted = tensor.cast(to: element)
    if !element.isFloat, converted.doubles() != tensor.doubles() {
      throw .malformed(
        path: origin, reason: "holds \(tensor.element) values for input '\(name)' that \(element) cannot hold exactly")
    }
    return converted
  }
}
