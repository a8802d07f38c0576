import DLCTensor
import Foundation
import Testing

@testable import DLCData

/// Archives as numpy.savez and numpy.savez_compressed write them: `a` f4 [2,3] of 0...5, `b` big-endian i2 [7, -1].
@Suite struct ZipArchiveTests {
  private static let stored = decoded(
    """
    UEsDBC0AAAAAAAAAIQBP6QAq//////////8FABQAYS5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdm
    b3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg
    ICAgICAgICAgICAgICAKAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAUEsDBC0AAAAAAAAAIQAdlGr9//////////8FABQAYi5ucHkBABAAhAAAAAAA
    AACEAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJz5pMicsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAg
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAf//1BLAQItAy0AAAAAAAAAIQBP6QAqmAAAAJgA
    AAAFAAAAAAAAAAAAAACAAQAAAABhLm5weVBLAQItAy0AAAAAAAAAIQAdlGr9hAAAAIQAAAAFAAAAAAAAAAAAAACAAc8AAABiLm5weVBLBQYAAAAA
    AgACAGYAAACKAQAAAAA=
    """)
  private static let deflated = decoded(
    """
    UEsDBC0AAAAIAAAAIQBP6QAq//////////8FABQAYS5ucHkBABAAmAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Ce
    ll9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYwaLAHEg5ABMQNQLzAAQBQSwMELQAAAAgAAAAhAB2Uav3//////////wUA
    FABiLm5weQEAEACEAAAAAAAAAEgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpdppK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvka
    RjqaOgq1ChQALgb2//8BUEsBAi0DLQAAAAgAAAAhAE/pACpVAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAgAAAAhAB2U
    av1IAAAAhAAAAAUAAAAAAAAAAAAAAIABjAAAAGIubnB5UEsFBgAAAAACAAIAZgAAAAsBAAAAAA==
    """)

  private static func decoded(_ text: String) -> Data {
    Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data()
  }

  private func arrays(_ data: Data) throws(DataError) -> [(name: String, tensor: Tensor)] {
    let archive = try ZipArchive(data, path: "x.npz")
    var result: [(name: String, tensor: Tensor)] = []
    for member in archive.members {
      result.append((member.name, try NumpyFormat.decode(archive.contents(of: member), path: member.name)))
    }
    return result
  }

  @Test(arguments: [stored, deflated]) func readsStoredAndDeflated(_ data: Data) throws {
    let found = try arrays(data)
    #expect(found.map(\.name) == ["a.npy", "b.npy"])
    #expect(found[0].tensor == Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: Shape([2, 3])))
    #expect(found[1].tensor.integers() == [7, -1])
  }

  /// Bytes before an archive shift nothing that counts from its start; as a slice of larger data it is whole.
  @Test func readsASlice() throws {
    #expect(try arrays((Data([9, 9]) + Self.stored).dropFirst(2)).count == 2)
  }

  @Test func refusesEveryTruncation() {
    for data in [Self.stored, Self.deflated] {
      for count in 0..<data.count { #expect(throws: DataError.self) { try arrays(data.prefix(count)) } }
    }
  }

  @Test func survivesDamage() {
    var read = 0, refused = 0
    for data in [Self.stored, Self.deflated] {
      for position in 0..<data.count {
        for value in [0, 0x7f, 0xff] as [UInt8] {
          var altered = data
          altered[position] = value
          do {
            _ = try arrays(altered)
            read += 1
          } catch { refused += 1 }
        }
      }
    }
    #expect(read > 0 && refused > 0)
  }

  @Test func aMemberThatClaimsMoreThanItHoldsIsRefused() {
    var altered = Self.deflated
    guard let directory = altered.range(of: Data([0x50, 0x4b, 1, 2])) else {
      return #expect(Bool(false), "no directory")
    }
    for k in 0..<4 { altered[directory.lowerBound + 24 + k] = 0xfe }
    #expect(throws: DataError.malformed(path: "x.npz", reason: "has a broken member 'a.npy'")) { try arrays(altered) }
  }

  @Test func noArchiveIsSaidSo() {
    #expect(throws: DataError.malformed(path: "x.npz", reason: "is no zip (.npz) file: it has no directory")) {
      try arrays(Data())
    }
  }
}
