import DLCTensor
import Foundation
import Testing

@testable import DLCData

/// What is wrong with data is said with the file's name, and can be left out.
@Suite struct DamagedDataTests {
  private struct Case: CustomTestStringConvertible {
    var name: String
    /// Files by their names in the folder.
    var files: [(String, Data)]
    /// The end of the path that is named, and what is said.
    var file: String
    var reason: String
    var extents = [1, 3, 4, 4]
    /// What is opened inside the folder; empty: the folder.
    var opened = ""

    var testDescription: String { name }
  }

  private static func flipped(_ data: Data, _ place: Int) -> Data {
    var copy = data
    copy[copy.startIndex + place] ^= 0x55
    return copy
  }

  private static func cases() throws -> [Case] {
    let jpeg = try fixture("color.jpg"), png = try fixture("color.png")
    let images = idx([3, 2, 2], Array(0..<12))
    return [
      Case(
        name: "truncated JPEG", files: [("a.jpg", jpeg.prefix(500))], file: "a.jpg",
        reason: "is a damaged image: Premature end"),
      Case(
        name: "JPEG header only", files: [("a.jpg", jpeg.prefix(60))], file: "a.jpg", reason: "is a damaged image: "),
      Case(
        name: "bad CRC", files: [("a.png", flipped(png, png.count - 20))], file: "a.png", reason: "is a damaged image: "
      ),
      Case(
        name: "truncated PNG", files: [("a.png", png.prefix(300))], file: "a.png",
        reason: "is a damaged image: the file ends too early"),
      Case(
        name: "text as .npy", files: [("a.npy", Data("hello".utf8))], file: "a.npy", reason: "is no .npy file"),
      Case(
        name: "text as picture", files: [("a.png", Data("hello".utf8))], file: "a.png",
        reason: "is neither a PNG nor a JPEG file"),
      Case(
        name: "IDX counts differ",
        files: [("t-images-idx3-ubyte", images), ("t-labels-idx1-ubyte", idx([2], [1, 2]))],
        file: "t-labels-idx1-ubyte", reason: "holds 2 labels, and", extents: [1, 2, 2]),
      Case(
        name: "IDX too short", files: [("t-images-idx3-ubyte", images.dropLast())], file: "t-images-idx3-ubyte",
        reason: "holds 27 bytes, its shape [3,2,2] needs 28", extents: [1, 2, 2]),
      Case(
        name: "IDX gzip breaks off", files: [("t-images-idx3-ubyte.gz", packed(images, windowBits: 31).dropLast(12))],
        file: "t-images-idx3-ubyte.gz", reason: "is damaged: its packed bytes break off", extents: [1, 2, 2]),
      Case(
        name: "two IDX sets", files: [("a-images-idx3-ubyte", images), ("b-images-idx3-ubyte", images)], file: "",
        reason: "holds several sets of samples", extents: [1, 2, 2]),
      Case(
        name: "missing cell", files: [("a.csv", Data("x[0],x[1],label\n1,2,0\n1,,0\n".utf8))], file: "a.csv:3",
        reason: "has an empty cell in column 'x[1]'; a number is expected", extents: [1, 2]),
      Case(
        name: "too few cells", files: [("a.csv", Data("x[0],x[1]\n1\n".utf8))], file: "a.csv:2",
        reason: "has 1 cells, the header names 2 columns", extents: [1, 2]),
      Case(
        name: "no number", files: [("a.csv", Data("x[0],x[1]\n1,two\n".utf8))], file: "a.csv:2",
        reason: "has 'two' in column 'x[1]'; a number is expected", extents: [1, 2]),
      Case(
        name: "fraction as class", files: [("a.csv", Data("x,label\n1,0.5\n".utf8))], file: "a.csv:2",
        reason: "has no class number in 'label'", extents: [1, 1]),
      Case(
        name: "other columns", files: [("a.csv", Data("p,q,r\n1,2,3\n".utf8))], file: "a.csv",
        reason: "has 3 columns for input 'x' f32[1,2], which takes 2 values", extents: [1, 2]),
      Case(
        name: "other shapes", files: [("a.npz", npz([("x", ramp([2, 5]))]))], file: "a.npz:0",
        reason: "has the shape [5] for input 'x', which takes [1,2]", extents: [1, 2]),
      Case(
        name: "other names", files: [("a.npz", npz([("z", ramp([2, 2]))]))], file: "a.npz",
        reason: "holds no array for input 'x', only 'z'", extents: [1, 2]),
      Case(
        name: "counts differ", files: [("a.npz", npz([("x", ramp([2, 2])), ("label", ramp([3]))]))], file: "a.npz",
        reason: "holds 2 samples of 'x' but 3 of 'label'", extents: [1, 2]),
      Case(
        name: "flipped byte of a packed member",
        files: [("a.npz", flipped(npz([("x", ramp([200, 2]))], deflated: true), 700))],
        file: "a.npz:x.npy", reason: "is damaged", extents: [1, 2]),
      Case(
        name: "truncated npy", files: [("a.npy", NumpyFormat.encode(ramp([2])).dropLast())], file: "a.npy",
        reason: "holds 7 bytes of elements", extents: [1, 2]),
      Case(
        name: "both kinds", files: [("a.npy", Data()), ("b.npz", Data())], file: "", reason: "holds both .npy and .npz"),
      Case(name: "nothing", files: [("a.txt", Data("x".utf8))], file: "", reason: "holds no data that is read"),
      Case(
        name: "label of no file", files: [("labels.csv", Data("file,label\nb.npy,1\n".utf8))], file: "b.npy",
        reason: "no such file"),
      Case(
        name: "label twice", files: [("labels.csv", Data("file,label\nb,1\nb,2\n".utf8))], file: "labels.csv:3",
        reason: "gives 'b' a second label"),
      Case(
        name: "binary", files: [("a.csv", Data([1, 2, 3, 0]))], file: "a.csv", reason: "is of no form that is read",
        opened: "a.csv"),
    ]
  }

  @Test(arguments: try cases()) private func isNamed(_ item: Case) throws {
    try withFolder { folder in
      for (name, data) in item.files { try put(data, folder + "/" + name) }
      let path = item.opened.isEmpty ? folder : folder + "/" + item.opened
      do {
        let data = try DataSet.open(
          path, inputs: [input("x", item.extents)], preprocessing: Preprocessing(preset: "unit"))
        _ = try all(data.samples())
        Issue.record("\(item.name) was read")
      } catch {
        let text = "\(error)"
        #expect(text.contains("'\(folder)\(item.file.isEmpty ? "" : "/")\(item.file)'"), "\(text)")
        #expect(text.contains(item.reason), "\(text)")
      }
    }
  }

  @Test func whatIsNotANumberCanBeRefused() throws {
    try withFolder { folder in
      for k in 0..<3 {
        let tensor = Tensor([k == 1 ? Float.nan : 1], shape: [1])
        try put(NumpyFormat.encode(tensor), folder + "/\(k).npy")
      }
      let data = try DataSet.open(folder, inputs: [input("x", [1, 1])])
      #expect(try all(data.samples()).count == 3)
      #expect(throws: DataError.self) { try all(data.samples(refusesNaN: true)) }
      let stream = data.samples(skipsBad: true, refusesNaN: true)
      #expect(try all(stream).count == 2)
      #expect(stream.skipped.map(\.origin) == [folder + "/1.npy"])
    }
  }

  @Test func whatIsBadIsLeftOutAndListed() throws {
    try withFolder { folder in
      for k in 0..<6 { try put(NumpyFormat.encode(ramp([k == 2 ? 3 : 1], from: k)), folder + "/\(k).npy") }
      try put(Data("broken".utf8), folder + "/4.npy")
      let data = try DataSet.open(folder, inputs: [input("x", [1, 1])])
      let stream = data.samples(skipsBad: true, workers: 3)
      #expect(try all(stream).compactMap { $0.inputs["x"]?.doubles()[0] } == [0, 1, 3, 5])
      #expect(stream.skipped.map(\.origin) == [folder + "/2.npy", folder + "/4.npy"])
      #expect(stream.skipped[0].reason.contains("has the shape [3]"))
      // The limit counts samples that were read.
      #expect(try all(data.samples(limit: 3, skipsBad: true)).count == 3)
      #expect(throws: DataError.self) { try all(data.samples()) }
      // An error ends the stream.
      let failing = data.samples()
      #expect(throws: DataError.self) { try all(failing) }
      #expect(try failing.next() == nil)
    }
  }

  @Test func everyTruncationOfAPictureIsRefused() throws {
    for name in ["color.png", "gray.jpg", "progressive.jpg"] {
      let data = try fixture(name)
      for count in stride(from: 0, to: data.count - 12, by: 7) {
        #expect(throws: DataError.self, "\(name) \(count)") { try Image(decoding: data.prefix(count), path: name) }
      }
    }
  }

  @Test func damagedPicturesDoNotCrash() throws {
    var read = 0, refused = 0
    for name in ["color.png", "palette.png", "color.jpg", "progressive.jpg", "cmyk.jpg"] {
      let data = try fixture(name)
      for place in stride(from: 0, to: data.count, by: 3) {
        do {
          _ = try Image(decoding: Self.flipped(data, place), path: name)
          read += 1
        } catch { refused += 1 }
      }
    }
    #expect(read > 0 && refused > 0)
  }
}
