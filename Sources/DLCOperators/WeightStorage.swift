import CDLCKernels
import DLCGraph
import DLCTensor

/// Weights in the order in which an f32 kernel wants them, as integers with scales: `dlc_stored_weights`.
struct WeightStorage {
  /// i8 `[rows, width]`, or u8 `[rows, width / 2]` when 4 bits hold every integer.
  var integers: Tensor
  /// f32 `[blocks * groups, width]`.
  var scales: Tensor
  /// i32 `[depth]`: the group of each row of a block; nil when groups follow each other in equal runs.
  var index: Tensor?
  var parameters: dlc_stored_weights

  /// Bytes in the plan.
  var byteCount: Int { integers.type.byteCount + scales.type.byteCount + (index?.type.byteCount ?? 0) }

  /// The operands that kernels take.
  var operands: [Operand] {
    [.constant(integers), .constant(scales), index.map { Operand.constant($0) } ?? .absent]
  }

  /// `values` are the integers and `places` the indices of scales plus one (0 where nothing but padding stands), both as
  /// f32 in the kernel's order: rows of `width` columns, `depth` rows a block. Nil when blocks are not grouped alike.
  init?(values: Tensor, places: Tensor, scales: [Float], width: Int, depth: Int) throws(OperatorError) {
    let rows = values.count / max(width, 1)
    guard width > 0, depth > 0, rows > 0, rows * width == values.count, rows % depth == 0,
      let groups = Self.groups(places, width: width, depth: depth)
    else { return nil }
    let blocks = rows / depth
    guard blocks * groups.first.count <= Int(Int32.max) else { return nil }
    let count = groups.first.count
    let table = places.withElements(as: Float.self) { places in
      (0..<blocks * count).flatMap { row in
        let start = (row / count * depth + groups.first[row % count]) * width
        return (start..<start + width).map { places[$0] == 0 ? 0 : scales[Int(places[$0]) - 1] }
      }
    }
    self.scales = Tensor(table, shape: Shape([blocks * count, width]))
    let run = depth / count
    let inOrder = depth % count == 0 && groups.of.indices.allSatisfy { Int(groups.of[$0]) == $0 / run }
    index = inOrder ? nil : Tensor(groups.of, shape: Shape([depth]))
    let narrow = width % 2 == 0 && values.withElements(as: Float.self) { $0.allSatisfy { $0 >= -8 && $0 <= 7 } }
    integers = narrow ? Self.nibbles(values, width) : Self.bytes(values, width)
    parameters = dlc_stored_weights(
      bits: narrow ? 4 : 8, depth: try Int32(parameter: depth), groups: try Int32(parameter: count))
  }

  /// For each row of a block its group, and for each group its first row; nil when a block differs from the first.
  private static func groups(_ places: Tensor, width: Int, depth: Int) -> (of: [Int32], first: [Int])? {
    places.withElements(as: Float.self) { places in
      var known: [ArraySlice<Float>: Int32] = [:]
      var of: [Int32] = []
      var first: [Int] = []
      let opening = Array(places.prefix(depth * width))
      for row in 0..<depth {
        let key = opening[row * width..<(row + 1) * width]
        if let group = known[key] {
          of.append(group)
        } else {
          known[key] = Int32(first.count)
          of.append(Int32(first.count))
          first.append(row)
        }
      }
      for start in stride(from: depth * width, to: places.count, by: depth * width) {
        for row in 0..<depth {
          let (own, model) = (start + row * width, start + first[Int(of[row])] * width)
          for column in 0..<width where places[own + column] != places[model + column] { return nil }
        }
      }
      return (of, first)
    }
  }

  private static func bytes(_ values: Tensor, _ width: Int) -> Tensor {
    let integers = values.withElements(as: Float.self) { $0.map { Int8($0) } }
    return Tensor(integers, shape: Shape([integers.count / width, width]))
  }

  /// Byte j of a row: column j in its low half, column j + width / 2 in its high half.
  private static func nibbles(_ values: Tensor, _ width: Int) -> Tensor {
    let half = width / 2
    let bytes = values.withElements(as: Float.self) { values in
      (0..<values.count / 2).map { k in
        let low = k / half * width + k % half
        return UInt8(bitPattern: Int8(values[low])) & 15 | UInt8(bitPattern: Int8(values[low + half])) << 4
      }
    }
    return Tensor(bytes, shape: Shape([values.count / width, half]))
  }
}
