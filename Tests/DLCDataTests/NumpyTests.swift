import DLCTensor
import Foundation
import Testing

@testable import DLCData

@Suite struct NumpyTests {
  /// A .npy file of `payload` under a header dictionary.
  private func file(_ descr: String, fortran: Bool = false, shape: String, version: UInt8 = 1, _ payload: [UInt8])
    -> Data
  {
    let header = "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }\n"
    let length = header.utf8.count
    let size =
      version == 1 ? [UInt8(length & 255), UInt8(length >> 8)] : [UInt8(length & 255), UInt8(length >> 8), 0, 0]
    return Data([0x93] + Array("NUMPY".utf8) + [version, 0] + size + Array(header.utf8) + payload)
  }

  private func decode(_ data: Data) throws(DataError) -> Tensor { try NumpyFormat.decode(data, path: "x.npy") }

  private func little<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  }

  @Test(arguments: [
    ElementType.float32, .float64, .float16, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool,
  ]) func everyTypeComesBack(_ element: ElementType) throws {
    for extents in [[], [3], [2, 0, 4], [2, 3]] as [[Int]] {
      let type = TensorType(element, Shape(extents))
      let tensor = Tensor(doubles: (0..<type.shape.count).map { Double($0 % 2) }, type: type)
      let data = NumpyFormat.encode(tensor)
      #expect(try decode(data) == tensor)
      // NumPy wants the elements to start at a multiple of 64.
      #expect((data.count - type.byteCount) % 64 == 0)
    }
  }

  @Test func bfloat16IsWrittenAsFloat32() throws {
    let tensor = Tensor(doubles: [1, -2.5], type: TensorType(.bfloat16, Shape([2])))
    #expect(try decode(NumpyFormat.encode(tensor)) == Tensor([1, -2.5] as [Float], shape: Shape([2])))
  }

  @Test(arguments: [1, 2, 3] as [UInt8]) func versions(_ version: UInt8) throws {
    #expect(
      try decode(file("<i2", shape: "(2,)", version: version, little([5, -6] as [Int16]))).integers() == [5, -6])
  }

  @Test func fortranOrderIsTransposed() throws {
    let data = file("<i4", fortran: true, shape: "(2, 3)", little([1, 4, 2, 5, 3, 6] as [Int32]))
    #expect(try decode(data) == Tensor([1, 2, 3, 4, 5, 6] as [Int32], shape: Shape([2, 3])))
  }

  @Test func bigEndianIsSwapped() throws {
    #expect(try decode(file(">i2", shape: "(2,)", [0, 7, 255, 255])).integers() == [7, -1])
    #expect(
      try decode(file(">f4", fortran: true, shape: "(1, 2)", [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0])).doubles() == [1, -2])
  }

  @Test func everyByteButZeroIsTrue() throws {
    #expect(try decode(file("|b1", shape: "(3,)", [0, 1, 200])) == Tensor([false, true, true], shape: Shape([3])))
    #expect(
      try decode(file("|b1", fortran: true, shape: "(1, 2)", [7, 0])) == Tensor([true, false], shape: Shape([1, 2])))
  }

  @Test(arguments: [
    ("<f4", "(2, 3)", 20, "holds 20 bytes of elements, its shape [2,3] needs 24"),
    ("<f4", "(-1,)", 4, "has the impossible shape [-1]"),
    ("<f4", "(99999999999999,)", 4, "has the impossible shape [99999999999999]"),
    ("<f4", "(2147483647, 2147483647)", 4, "has the impossible shape [2147483647, 2147483647]"),
    ("<f4", "(2147483647, 1000)", 4, "holds 4 bytes of elements, its shape [2147483647,1000] needs 8589934588000"),
    ("<f4", "(two,)", 4, "has the shape entry 'two'"),
    ("<c8", "(1,)", 8, "holds elements of type '<c8'; numeric and bool arrays are read"),
    ("|O", "(1,)", 8, "holds elements of type '|O'; numeric and bool arrays are read"),
  ]) func whatCannotBeReadIsNamed(_ descr: String, _ shape: String, _ bytes: Int, _ reason: String) {
    #expect(throws: DataError.malformed(path: "x.npy", reason: reason)) {
      try decode(file(descr, shape: shape, [UInt8](repeating: 0, count: bytes)))
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let data = NumpyFormat.encode(Tensor([1, 2, 3] as [Float], shape: Shape([3])))
    for count in 0..<data.count { #expect(throws: DataError.self) { try decode(data.prefix(count)) } }
  }

  @Test func unknownVersionsAndOtherFilesAreRefused() {
    for version in [0, 4, 255] as [UInt8] {
      #expect(throws: DataError.self) { try decode(file("<f4", shape: "(1,)", version: version, [0, 0, 0, 0])) }
    }
    #expect(throws: DataError.self) { try decode(Data("hello, this is text".utf8)) }
  }

  @Test func aSliceOfDataIsReadFromItsOwnStart() throws {
    let data = Data([1, 2, 3]) + NumpyFormat.encode(Tensor([4, 5] as [Int64], shape: Shape([2])))
    #expect(try decode(data.dropFirst(3)).integers() == [4, 5])
  }
}
