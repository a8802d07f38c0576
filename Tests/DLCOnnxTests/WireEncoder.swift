/// Writes protobuf messages field by field, sound or not.
struct WireEncoder {
  private(set) var bytes: [UInt8] = []

  init(_ body: (inout WireEncoder) -> Void = { _ in }) { body(&self) }

  static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var result: [UInt8] = []
    repeat {
      result.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return result
  }

  mutating func raw(_ more: [UInt8]) { bytes += more }
  mutating func tag(_ field: Int, wire: Int) { bytes += Self.varint(UInt64(field << 3 | wire)) }

  mutating func int(_ field: Int, _ value: Int) {
    tag(field, wire: 0)
    bytes += Self.varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func ints(_ field: Int, _ values: [Int]) { for value in values { int(field, value) } }

  mutating func float(_ field: Int, _ value: Float) {
    tag(field, wire: 5)
    bytes += Self.littleEndian(value.bitPattern)
  }

  mutating func double(_ field: Int, _ value: Double) {
    tag(field, wire: 1)
    bytes += Self.littleEndian(value.bitPattern)
  }

  mutating func data(_ field: Int, _ value: [UInt8]) {
    tag(field, wire: 2)
    bytes += Self.varint(UInt64(value.count)) + value
  }

  mutating func text(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }
  mutating func message(_ field: Int, _ body: (inout WireEncoder) -> Void) { data(field, WireEncoder(body).bytes) }

  mutating func packed(_ field: Int, _ values: [Int]) {
    data(field, values.flatMap { Self.varint(UInt64(bitPattern: Int64($0))) })
  }

  mutating func packed(_ field: Int, _ values: [Float]) {
    data(field, values.flatMap { Self.littleEndian($0.bitPattern) })
  }

  static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

/// Models and tensors that tests read.
enum Samples {
  /// A tensor with `raw_data`.
  static func tensor(
    _ name: String = "w", type: Int = 1, dims: [Int], raw: [UInt8]
  ) -> (inout WireEncoder) -> Void {
    { tensor in
      tensor.ints(1, dims)
      tensor.int(2, type)
      tensor.text(8, name)
      tensor.data(9, raw)
    }
  }

  /// A value of a tensor type.
  static func value(_ name: String, type: Int = 1, dims: [Int]) -> (inout WireEncoder) -> Void {
    { value in
      value.text(1, name)
      value.message(2) { type_ in
        type_.message(1) { tensor in
          tensor.int(1, type)
          tensor.message(2) { shape in
            for extent in dims { shape.message(1) { $0.int(1, extent) } }
          }
        }
      }
    }
  }

  /// A model of opset 17 around `graph`.
  static func model(_ graph: (inout WireEncoder) -> Void) -> [UInt8] {
    WireEncoder { model in
      model.int(1, 8)
      model.text(2, "test")
      model.message(8) { $0.int(2, 17) }
      model.message(7, graph)
    }.bytes
  }

  /// A small model that uses most messages: two nodes, an initializer, a branch, types.
  static let small: [UInt8] = model { graph in
    graph.message(1) { node in
      node.text(1, "x")
      node.text(1, "w")
      node.text(2, "y")
      node.text(3, "first")
      node.text(4, "Gemm")
      node.message(5) { attribute in
        attribute.text(1, "alpha")
        attribute.float(2, 0.5)
        attribute.int(20, 1)
      }
    }
    graph.message(1) { node in
      node.text(4, "If")
      node.message(5) { attribute in
        attribute.text(1, "then_branch")
        attribute.int(20, 5)
        attribute.message(6) { branch in
          branch.text(2, "then")
          branch.message(5, tensor("c", type: 7, dims: [1], raw: WireEncoder.littleEndian(Int64(7))))
        }
      }
      node.message(5) { attribute in
        attribute.text(1, "axes")
        attribute.ints(8, [0, -1])
        attribute.int(20, 7)
      }
    }
    graph.text(2, "main")
    graph.message(5, tensor(dims: [2, 2], raw: Array(repeating: 1, count: 16)))
    graph.message(11, value("x", dims: [1, 2]))
    graph.message(12, value("y", dims: [1, 2]))
  }
}
