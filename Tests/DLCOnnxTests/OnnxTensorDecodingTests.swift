import DLCTensor
import Testing

@testable import DLCOnnx

@Suite struct OnnxTensorDecodingTests {
  private static func read(_ body: (inout WireEncoder) -> Void) throws(OnnxError) -> OnnxTensor {
    try OnnxTensor(file: MappedFile(copying: WireEncoder(body).bytes, name: "t.pb"))
  }

  private static func message(_ body: (inout WireEncoder) -> Void) -> String {
    do throws(OnnxError) {
      return "read \(try read(body).tensor())"
    } catch {
      return error.description
    }
  }

  /// A typed field's encoding, and what it must hold.
  struct TypedCase: Sendable, CustomTestStringConvertible {
    var type: ElementType
    var values: [Double]
    var encoding: WireEncoder
    var testDescription: String { "\(type) \(values)" }
  }

  static let typed: [TypedCase] = [
    TypedCase(type: .float32, values: [1, -2], encoding: WireEncoder { $0.packed(4, [1, -2] as [Float]) }),
    TypedCase(
      type: .float32, values: [1, -2],
      encoding: WireEncoder {
        $0.float(4, 1); $0.float(4, -2)
      }),
    TypedCase(
      type: .float32, values: [1, -2, 3],
      encoding: WireEncoder {
        $0.float(4, 1); $0.packed(4, [-2] as [Float]); $0.float(4, 3)
      }),
    TypedCase(
      type: .float32, values: [1, 2],
      encoding: WireEncoder {
        $0.packed(4, [1] as [Float]); $0.packed(4, [2] as [Float])
      }),
    TypedCase(
      type: .float64, values: [0.1, 3],
      encoding: WireEncoder {
        $0.double(10, 0.1); $0.double(10, 3)
      }),
    TypedCase(
      type: .float64, values: [0.1], encoding: WireEncoder { $0.data(10, WireEncoder.littleEndian(0.1.bitPattern)) }),
    TypedCase(type: .int32, values: [-1, 1_073_741_824], encoding: WireEncoder { $0.packed(5, [-1, 1 << 30]) }),
    TypedCase(type: .int32, values: [-1], encoding: WireEncoder { $0.int(5, 0xffff_ffff) }),
    TypedCase(type: .int8, values: [-128, 127], encoding: WireEncoder { $0.ints(5, [-128, 127]) }),
    TypedCase(type: .uint8, values: [255, 0], encoding: WireEncoder { $0.packed(5, [255, 0]) }),
    TypedCase(type: .int16, values: [-32768], encoding: WireEncoder { $0.packed(5, [-32768]) }),
    TypedCase(type: .uint16, values: [65535], encoding: WireEncoder { $0.packed(5, [65535]) }),
    TypedCase(type: .bool, values: [1, 0, 1], encoding: WireEncoder { $0.packed(5, [1, 0, 2]) }),
    TypedCase(type: .float16, values: [1.5, -2], encoding: WireEncoder { $0.packed(5, [0x3e00, 0xc000]) }),
    TypedCase(type: .bfloat16, values: [1, -2], encoding: WireEncoder { $0.packed(5, [0x3f80, 0xc000]) }),
    TypedCase(
      type: .int64, values: [-5, 1_099_511_627_776],
      encoding: WireEncoder {
        $0.packed(7, [-5]); $0.int(7, 1 << 40)
      }),
    TypedCase(type: .uint32, values: [4_294_967_295.0], encoding: WireEncoder { $0.packed(11, [4_294_967_295]) }),
    TypedCase(type: .uint64, values: [7, 0], encoding: WireEncoder { $0.ints(11, [7, 0]) }),
  ]

  @Test(arguments: typed)
  func readsTypedData(_ sample: TypedCase) throws {
    let tensor = try Self.read { tensor in
      tensor.int(1, sample.values.count)
      tensor.int(2, Int(sample.type.rawValue))
      tensor.raw(sample.encoding.bytes)
    }.tensor()
    #expect(tensor == Tensor(doubles: sample.values, type: TensorType(sample.type, [sample.values.count])))
  }

  @Test(arguments: 0..<8)
  func readsRawDataAtAnyAlignment(padding: Int) throws {
    let tensor = try Self.read { tensor in
      tensor.text(8, String(repeating: "n", count: padding + 1))
      tensor.packed(1, [2, 1])
      tensor.int(2, 7)
      tensor.data(9, WireEncoder.littleEndian(Int64(-3)) + WireEncoder.littleEndian(Int64(1 << 50)))
    }.tensor()
    #expect(tensor.shape == [2, 1])
    #expect(tensor.elements(as: Int64.self) == [-3, 1 << 50])
  }

  @Test func rawDataIsNotCopied() throws {
    let file = try MappedFile(copying: WireEncoder(Samples.tensor(dims: [3], raw: Array(0..<12))).bytes, name: "t.pb")
    let tensor = try OnnxTensor(file: file).tensor()
    let low = try #require(file.bytes.baseAddress)
    tensor.withBytes { bytes in
      #expect(bytes.baseAddress.map { $0 >= low && $0 < low + file.bytes.count } == true)
    }
  }

  @Test func scalarAndEmptyTensorsNeedNoExtents() throws {
    #expect(
      try Self.read {
        $0.int(2, 1); $0.float(4, 3)
      }.tensor() == Tensor(Float(3)))
    #expect(
      try Self.read {
        $0.ints(1, [0, 4]); $0.int(2, 1)
      }.tensor().shape == [0, 4])
    #expect(
      try Self.read {
        $0.ints(1, [0]); $0.int(2, 7); $0.data(9, [])
      }.tensor().count == 0)
  }

  @Test(
    arguments: [
      (21, [0x21, 0x0f], [1.0, 2, 15]), (22, [0x81, 0x0f], [1, -8, -1]),
      (25, [0b1110_0100], [0, 1, 2]), (26, [0b1110_0100], [0, 1, -2]),
    ] as [(Int, [UInt8], [Double])])
  func unpacksSmallIntegers(code: Int, bytes: [UInt8], values: [Double]) throws {
    let raw = try Self.read(Samples.tensor(type: code, dims: [3], raw: bytes)).tensor()
    #expect(raw.doubles() == values)
    let typed = try Self.read {
      $0.int(1, 3); $0.int(2, code); $0.packed(5, bytes.map { Int($0) })
    }.tensor()
    #expect(typed == raw)
  }

  @Test func rawTruthValuesBecomeProper() throws {
    let tensor = try Self.read(Samples.tensor(type: 9, dims: [3], raw: [0, 7, 255])).tensor()
    #expect(tensor.elements(as: Bool.self) == [false, true, true])
  }

  @Test(arguments: [
    (
      WireEncoder(Samples.tensor(dims: [2], raw: [0, 0, 0])),
      "expected 8 bytes of data for extents [2], found 3 bytes of raw_data"
    ),
    (
      WireEncoder(Samples.tensor(dims: [], raw: [])),
      "expected 4 bytes of data for extents [], found 0 bytes of raw_data"
    ),
    (WireEncoder(Samples.tensor(dims: [-1], raw: [])), "found [-1]"),
    (WireEncoder(Samples.tensor(dims: [1 << 40, 1 << 40], raw: [])), "whose product fits memory"),
    (WireEncoder(Samples.tensor(dims: [.max, .max], raw: [])), "whose product fits memory"),
    (WireEncoder(Samples.tensor(dims: [0, .min], raw: [])), "extents of 0 or more"),
    (
      WireEncoder {
        $0.int(1, 1 << 30); $0.int(2, 1)
      }, "found none"
    ),
    (
      WireEncoder {
        $0.int(1, 2); $0.int(2, 1); $0.float(4, 1)
      }, "expected 2 values in float_data for extents [2], found 1"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 1); $0.int(5, 1)
      }, "expected f32 in float_data, found int32_data"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 1); $0.float(4, 1); $0.data(9, [0, 0, 0, 0])
      }, "float_data and raw_data"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 2); $0.int(5, 256)
      }, "found 256"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 3); $0.int(5, -129)
      }, "found -129"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 10); $0.int(5, 65536)
      }, "found 65536"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 22); $0.int(5, 300)
      }, "found 300"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 12); $0.int(11, 1 << 32)
      }, "found 4294967296"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 1); $0.text(6, "a")
      }, "expected numbers, found string_data"
    ),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 8); $0.text(6, "a")
      }, "element type STRING is not supported"
    ),
    (WireEncoder(Samples.tensor(type: 17, dims: [1], raw: [0])), "element type FLOAT8E4M3FN is not supported"),
    (WireEncoder(Samples.tensor(type: 14, dims: [1], raw: [])), "element type COMPLEX64 is not supported"),
    (WireEncoder(Samples.tensor(type: 0, dims: [1], raw: [])), "found type 0"),
    (WireEncoder(Samples.tensor(type: 1 << 20, dims: [1], raw: [])), "found type 1048576"),
    (WireEncoder(Samples.tensor(type: -1, dims: [1], raw: [])), "found type -1"),
    (
      WireEncoder {
        $0.int(1, 1); $0.int(2, 1); $0.int(14, 2)
      }, "expected data_location 0 or 1, found 2"
    ),
  ])
  func refuses(_ encoding: WireEncoder, because reason: String) {
    let message = Self.message { $0.raw(encoding.bytes) }
    #expect(message.contains(reason))
  }

  @Test func keepsStrings() throws {
    let tensor = try Self.read {
      $0.int(1, 2); $0.int(2, 8); $0.text(6, "ab"); $0.data(6, [255])
    }
    #expect(tensor.payload == .strings([[97, 98], [255]]))
  }

  @Test(arguments: [
    WireEncoder {
      $0.text(1, "seq"); $0.int(2, 1); $0.message(3, Samples.tensor(dims: [1], raw: [0, 0, 0, 0]))
    },
    WireEncoder {
      $0.text(1, "empty"); $0.int(2, 1)
    },
    WireEncoder {
      $0.message(3) { $0.int(1, 0) }; $0.int(2, 1); $0.float(4, 1)
    },
  ])
  func namesContainersAndSegments(_ encoding: WireEncoder) {
    #expect(Self.message { $0.raw(encoding.bytes) }.contains("a sequence, an optional value or a part of a tensor"))
  }
}
