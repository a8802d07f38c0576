import Testing

@testable import DLCOnnx

/// What reading `bytes` as a model throws; nil when it succeeds.
func failure(_ bytes: [UInt8]) -> OnnxError? {
  do throws(OnnxError) {
    _ = try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
    return nil
  } catch {
    return error
  }
}

/// Decodes everything in a graph, so that damaged tensors are looked at too; answers how many were sound.
func decodeAll(_ graph: OnnxGraph) -> Int {
  var sound = graph.initializers.filter { (try? $0.tensor()) != nil }.count
  sound += graph.sparseInitializers.filter { (try? $0.tensor()) != nil }.count
  for node in graph.nodes {
    for attribute in node.attributes {
      switch attribute.value {
      case .graph(let inner): sound += decodeAll(inner)
      case .tensor(let tensor): sound += (try? tensor.tensor()) != nil ? 1 : 0
      default: break
      }
    }
  }
  return sound
}

@Suite struct WireScanTests {
  @Test func readsTheSampleWhole() throws {
    let model = try OnnxModel(file: MappedFile(copying: Samples.small, name: "m.onnx"))
    #expect(decodeAll(model.graph) == 2)
  }

  @Test func truncationNamesAByteInTheFile() {
    for length in 1..<Samples.small.count {
      switch failure(Array(Samples.small.prefix(length))) {
      case .malformed(let place, _): #expect((place.offset ?? .max) <= length)
      // Cut between two top-level fields: sound bytes of a model without a graph.
      case .invalid(let place, _, _): #expect(place.path.isEmpty)
      case let other: Issue.record("\(length) bytes: \(other.map { "\($0)" } ?? "read")")
      }
    }
  }

  @Test func everyBitFlipIsReadOrRefused() throws {
    var read = 0
    var refused = 0
    for position in Samples.small.indices {
      for bit in 0..<8 {
        var bytes = Samples.small
        bytes[position] ^= 1 << UInt8(bit)
        do throws(OnnxError) {
          let model = try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
          #expect(decodeAll(model.graph) <= 2)
          read += 1
        } catch {
          #expect(!error.description.isEmpty && !error.isMissingInput)
          refused += 1
        }
      }
    }
    #expect(read > 100 && refused > 100)
  }

  @Test(arguments: [30, 2_500, 100_000])
  func depthBombIsRefused(graphs: Int) {
    // Model, then graph > node > attribute, each the last field of the one around it.
    var lengths = [0]
    for level in 1..<(3 * graphs) {
      let header = 1 + WireEncoder.varint(UInt64(lengths[level - 1])).count
      lengths.append(lengths[level - 1] + header)
    }
    var bytes: [UInt8] = []
    for level in (0..<3 * graphs).reversed() {
      let field = level == 3 * graphs - 1 ? 7 : [5, 1, 6][level % 3]
      bytes.append(UInt8(field << 3 | 2))
      bytes += WireEncoder.varint(UInt64(lengths[level]))
    }
    guard case .malformed(let place, .tooDeep(limit: 64)) = failure(bytes) else {
      Issue.record("not refused as too deep: \(failure(bytes).map { "\($0)" } ?? "read")")
      return
    }
    #expect(place.path.hasPrefix("graph.node[0].attribute[0].g.node[0]"))
  }

  @Test func twentyNestedGraphsAreRead() {
    var graph = WireEncoder { $0.text(2, "innermost") }
    for _ in 0..<20 {
      let inner = graph
      graph = WireEncoder { outer in
        outer.message(1) { node in
          node.message(5) { attribute in
            attribute.int(20, 5)
            attribute.data(6, inner.bytes)
          }
        }
      }
    }
    #expect(failure(Samples.model { $0.raw(graph.bytes) }) == nil)
  }

  /// A fault, the bytes of a graph that hold it, and the path it must name.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var graph: WireEncoder
    var path: String
    var fault: WireFault
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "length beyond the message",
      graph: WireEncoder { $0.raw([0x0a, 0x7f]) }, path: "graph.node[0]", fault: .lengthPastEnd(127)),
    Case(
      name: "length of 2^64 - 1",
      graph: WireEncoder { $0.raw([0x12] + WireEncoder.varint(.max)) }, path: "graph.name", fault: .lengthPastEnd(.max)),
    Case(
      name: "length of an unknown field",
      graph: WireEncoder { $0.raw([0x1a] + WireEncoder.varint(1 << 40)) }, path: "graph", fault: .lengthPastEnd(1 << 40)
    ),
    Case(
      name: "varint of 11 bytes",
      graph: WireEncoder { $0.raw([0x0a] + Array(repeating: 0xff, count: 11)) }, path: "graph.node[0]",
      fault: .longVarint),
    Case(
      name: "field number 0", graph: WireEncoder { $0.raw([0x02, 0x00]) }, path: "graph", fault: .fieldNumber(tag: 2)),
    Case(
      name: "field number 2^29",
      graph: WireEncoder { $0.raw(WireEncoder.varint(1 << 32)) }, path: "graph", fault: .fieldNumber(tag: 1 << 32)),
    Case(name: "node as a number", graph: WireEncoder { $0.int(1, 5) }, path: "graph.node[0]", fault: .wireType(0)),
    Case(
      name: "second node as fixed32",
      graph: WireEncoder {
        $0.message(1) { _ in }
        $0.float(1, 1)
      }, path: "graph.node[1]", fault: .wireType(5)),
    Case(name: "group", graph: WireEncoder { $0.raw([0x23, 0x24]) }, path: "graph", fault: .wireType(3)),
    Case(
      name: "float with a length",
      graph: WireEncoder { $0.message(1) { $0.message(5) { $0.data(2, [0, 0, 0, 0]) } } },
      path: "graph.node[0].attribute[0].f", fault: .wireType(2)),
    Case(
      name: "five bytes of packed floats",
      graph: WireEncoder { $0.message(5) { $0.data(4, [0, 0, 0, 0, 0]) } },
      path: "graph.initializer[0].float_data[0]", fault: .packedLength(5)),
    Case(
      name: "packed varint cut by its run",
      graph: WireEncoder { $0.message(5) { $0.data(7, [1, 0x80]) } },
      path: "graph.initializer[0].int64_data[0]", fault: .truncated),
    Case(
      name: "raw_data twice",
      graph: WireEncoder {
        $0.message(5) {
          $0.data(9, [1])
          $0.data(9, [1])
        }
      }, path: "graph.initializer[0].raw_data", fault: .appearsTwice),
    Case(
      name: "type twice",
      graph: WireEncoder {
        $0.message(11) {
          $0.message(2) { _ in }
          $0.message(2) { _ in }
        }
      }, path: "graph.input[0].type", fault: .appearsTwice),
    Case(
      name: "two members of a oneof",
      graph: WireEncoder {
        $0.message(11) {
          $0.message(2) {
            $0.message(1) { _ in }
            $0.message(4) { _ in }
          }
        }
      }, path: "graph.input[0].type.sequence_type", fault: .appearsTwice),
    Case(name: "overlong UTF-8", graph: WireEncoder { $0.data(2, [0xc0, 0xaf]) }, path: "graph.name", fault: .notText),
    Case(
      name: "surrogate", graph: WireEncoder { $0.data(2, [0xed, 0xa0, 0x80]) }, path: "graph.name", fault: .notText),
    Case(name: "cut UTF-8", graph: WireEncoder { $0.data(2, [0xe2, 0x82]) }, path: "graph.name", fault: .notText),
    Case(name: "NUL in a name", graph: WireEncoder { $0.data(2, [65, 0, 66]) }, path: "graph.name", fault: .notText),
  ]

  @Test(arguments: cases)
  func faultNamesItsPlace(_ sample: Case) {
    // Nothing follows the graph, so that a length beyond it passes the end of the file too.
    let bytes = Samples.model { $0.raw(sample.graph.bytes) }
    guard case .malformed(let place, let fault) = failure(bytes) else {
      Issue.record("read, or refused for another reason: \(failure(bytes).map { "\($0)" } ?? "read")")
      return
    }
    #expect(fault == sample.fault)
    #expect(place.path == sample.path)
    #expect((0...bytes.count).contains(place.offset ?? -1))
  }

  @Test func repetitionIsBounded() {
    func doubled(_ unit: [UInt8], to count: Int) -> [UInt8] {
      var bytes = unit
      while bytes.count < count { bytes += bytes }
      return bytes
    }
    let nodes = Samples.model { $0.raw(doubled([0x0a, 0x00], to: 2_000_002)) }
    #expect(failure(nodes).map(fault) == .tooManyRecords(limit: 1_000_000))
    let packed = Samples.model { $0.message(1) { $0.message(5) { $0.data(8, doubled([0], to: 8_000_001)) } } }
    #expect(failure(packed).map(fault) == .tooManyNumbers(limit: 8_000_000))
    let tagged = Samples.model { $0.message(1) { $0.message(5) { $0.raw(doubled([0x18, 0], to: 16_000_002)) } } }
    #expect(failure(tagged).map(fault) == .tooManyFields(limit: 8_000_000))
  }

  private func fault(_ error: OnnxError) -> WireFault? {
    if case .malformed(_, let fault) = error { fault } else { nil }
  }

  @Test func unknownAndPrivateFieldsAreSkipped() throws {
    let bytes = Samples.model { graph in
      graph.int(99, 1)
      graph.float(98, 1)
      graph.double(97, 1)
      graph.data(96, [1, 2, 3])
      graph.message(5) { tensor in
        // What the pre-scan itself writes: a file must not be able to point at payloads.
        tensor.int(60_000, 7)
        tensor.int(60_001, 9)
        tensor.int(2, 1)
        tensor.int(1, 1)
        tensor.data(9, [0, 0, 128, 63])
        tensor.int(60_000, 5)
      }
    }
    let model = try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
    #expect(try model.graph.initializers[0].tensor().floats() == [1])
  }

  @Test func randomBytesNeverCrash() {
    var generator = SplitMix(state: 7)
    for _ in 0..<2_000 {
      let bytes = (0..<Int(generator.next() % 80 + 1)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      #expect(failure(bytes) != nil)
    }
  }
}

/// A small seeded generator (Steele, Lea and Flood 2014), so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
