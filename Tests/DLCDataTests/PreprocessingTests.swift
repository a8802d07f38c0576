import CZlib
import DLCTensor
import Foundation
import Testing

@testable import DLCData

/// Pictures to values, beside what Pillow makes of them (fixtures/expected.json).
@Suite struct PreprocessingTests {
  private static func expected() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: fixture("expected.json")) as? [String: Any] ?? [:]
  }

  @Test(arguments: [
    "color.png", "gray.png", "palette.png", "alpha.png", "gray16.png", "color.jpg", "progressive.jpg", "gray.jpg",
  ]) func decodesAsPillowDoes(_ name: String) throws {
    let wanted = try Self.expected()[name] as? [String: Any]
    let image = try Image(decoding: fixture(name), path: name)
    #expect(wanted?["shape"] as? [Int] == [image.height, image.width, image.channels])
    let checksum = image.pixels.withBytes {
      crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count))
    }
    #expect(wanted?["crc"] as? Int == Int(checksum))
  }

  @Test func fourInksBecomeThreeColors() throws {
    let (four, three) = (
      try Image(decoding: fixture("cmyk.jpg"), path: ""), try Image(decoding: fixture("color.png"), path: "")
    )
    #expect(four.channels == 3)
    let distances = zip(four.pixels.doubles(), three.pixels.doubles()).map { abs($0 - $1) }
    #expect(distances.reduce(0, +) / Double(distances.count) < 12)
  }

  private func prepared(
    _ text: String, _ extents: [Int], _ name: String = "color.png", _ element: ElementType = .float32
  )
    throws -> Tensor
  {
    let preprocessing = try Preprocessing(text: Data(text.utf8), path: "p.json")
    let image = try Image(decoding: fixture(name), path: name)
    return try ImagePreparation(preprocessing, input: input("x", extents, element), rows: 1, path: "p").tensor(
      image, origin: name)
  }

  @Test(arguments: [
    ("exact", "{}", [1, 3, 8, 11]), ("grown", "{\"resize\":[17,23]}", [1, 3, 17, 23]),
    ("gray", "{}", [1, 1, 8, 11]), ("crop", "{\"resize\":10,\"crop\":\"input\"}", [3, 7, 8]),
    ("crop", "{\"resize\":10,\"crop\":[7,8]}", [3, 7, 8]),
  ]) func scalesAsPillowDoes(_ key: String, _ text: String, _ extents: [Int]) throws {
    let wanted = (try Self.expected()["resize"] as? [String: Any])?[key] as? [Double]
    #expect(try prepared(text, extents).doubles() == wanted)
  }

  @Test func valuesAreNormalizedInTheOrderOfTheOutput() throws {
    let image = try Image(decoding: fixture("color.png"), path: "")
    let pixels = image.pixels.doubles()
    let plain = try prepared("{\"resize\":\"none\"}", [1, 14, 20, 3])
    #expect(plain.doubles() == pixels)
    let blue = try prepared(
      "{\"resize\":\"none\",\"order\":\"bgr\",\"mean\":[104,117,123],\"std\":[1,2,4],\"layout\":\"nchw\"}",
      [1, 3, 14, 20])
    let values = blue.doubles()
    for (c, (mean, std)) in [(104.0, 1.0), (117, 2), (123, 4)].enumerated() {
      #expect(values[c * 280 + 33] == (pixels[33 * 3 + 2 - c] - mean) / std)
    }
    let signed = try prepared("{\"preset\":\"signed\",\"resize\":\"none\"}", [14, 20, 3])
    #expect(signed.doubles()[5] == Double(Float((pixels[5] / 255 - 0.5) / 0.5)))
    #expect(try prepared("{\"resize\":\"none\"}", [1, 14, 20, 3], "color.png", .uint8).doubles() == pixels)
  }

  @Test func whatAPictureLeavesOpenIsPadded() throws {
    // 14 x 20 into 10 x 10: 7 x 10 in the middle, rows 1 to 7.
    let boxed = try prepared("{\"letterbox\":114}", [1, 3, 10, 10]).doubles()
    #expect(boxed[0..<10].allSatisfy { $0 == 114 } && boxed[80..<100].allSatisfy { $0 == 114 })
    #expect(!boxed[10..<80].allSatisfy { $0 == 114 })
    let top = try prepared("{\"letterbox\":114,\"align\":\"top-left\"}", [1, 3, 10, 10]).doubles()
    #expect(Array(top[0..<70]) == Array(boxed[10..<80]) && top[70..<100].allSatisfy { $0 == 114 })
    let small = try prepared("{\"resize\":\"none\",\"crop\":true}", [1, 3, 16, 20]).doubles()
    #expect(small[0..<20].allSatisfy { $0 == 0 } && small[300..<320].allSatisfy { $0 == 0 })
  }

  @Test func aGrayPictureFillsThreeChannels() throws {
    let values = try prepared("{\"filter\":\"bilinear\"}", [1, 3, 5, 5], "gray.png").doubles()
    #expect(Array(values[0..<25]) == Array(values[50..<75]))
  }

  @Test(arguments: [
    ("{\"resize\":8}", "becomes 8 x 11 pixels, and the model takes 7 x 7"),
    ("{\"resize\":\"none\"}", "becomes 14 x 20 pixels"),
    ("{\"grayscale\":true}", "is to be read in gray"), ("{\"crop\":8}", "is to be cut to 8 x 8"),
  ]) func whatDoesNotFitIsSaid(_ text: String, _ reason: String) throws {
    do {
      _ = try prepared(text, [1, 3, 7, 7])
      Issue.record("fits")
    } catch { #expect("\(error)".contains(reason), "\(error)") }
  }

  @Test(arguments: [
    "{}", "{\"resize\":[3,4],\"filter\":\"nearest\",\"order\":\"bgr\",\"layout\":\"nhwc\",\"scale\":0.1}",
    "{\"crop_fraction\":0.875,\"mean\":[1,2,3],\"std\":2,\"grayscale\":false}",
    "{\"letterbox\":0,\"align\":\"top-left\"}",
    "{\"resize\":\"none\"}", "{\"preset\":\"imagenet\"}", "{\"preset\":\"imagenet-caffe\",\"resize\":256}",
    "{\"resize\":256,\"crop\":\"input\"}", "{\"crop\":[3,4]}", "{\"crop_fraction\":0.5,\"crop\":7}",
  ]) func theCanonicalTextComesBack(_ text: String) throws {
    let first = try Preprocessing(text: Data(text.utf8), path: "p")
    let second = try Preprocessing(text: Data(first.text.utf8), path: "p")
    #expect(first == second && first.text == second.text)
  }

  @Test(arguments: Preprocessing.presets) func presets(_ name: String) throws {
    let preset = try #require(Preprocessing(preset: name))
    #expect(try Preprocessing(text: Data("{\"preset\":\"\(name)\"}".utf8), path: "p") == preset)
    #expect(try Preprocessing.load(name) == preset)
  }

  @Test(arguments: [
    ("{\"siez\":1}", "has the unknown key 'siez'; known are preset, resize"), ("[1]", "is no JSON object"),
    ("{", "is no JSON object"),
    ("{\"resize\":0}", "has a wrong 'resize'"), ("{\"resize\":[1,2,3]}", "has a wrong 'resize'"),
    ("{\"resize\":\"big\"}", "has a wrong 'resize'"),
    ("{\"resize\":1.5}", "has a wrong 'resize'"), ("{\"crop_fraction\":2}", "has a wrong 'crop_fraction'"),
    ("{\"resize\":2,\"crop_fraction\":0.5}", "has a wrong 'crop_fraction'; it takes"),
    ("{\"mean\":[1,2]}", "has a wrong 'mean'"),
    ("{\"std\":0}", "has a wrong 'std'"), ("{\"scale\":\"1/255\"}", "has a wrong 'scale'; it takes a number"),
    ("{\"order\":\"gbr\"}", "has a wrong 'order'; it takes one of rgb, bgr"),
    ("{\"letterbox\":300}", "has a wrong 'letterbox'"),
    ("{\"letterbox\":1,\"crop\":\"input\"}", "has a wrong 'letterbox'"), ("{\"preset\":\"x\"}", "has a wrong 'preset'"),
    ("{\"crop\":\"all\"}", "has a wrong 'crop'"), ("{\"grayscale\":\"yes\"}", "has a wrong 'grayscale'"),
    ("{\"grayscale\":1}", "has a wrong 'grayscale'"),
    ("{\"scale\":true}", "has a wrong 'scale'"), ("{\"resize\":true}", "has a wrong 'resize'"),
    ("{\"crop\":0}", "has a wrong 'crop'"),
  ]) func wrongTextIsRefused(_ text: String, _ reason: String) {
    do {
      _ = try Preprocessing(text: Data(text.utf8), path: "p.json")
      Issue.record("read")
    } catch { #expect("\(error)".hasPrefix("'p.json' " + reason), "\(error)") }
  }

  @Test func imageFoldersAreLabelledByTheirNames() throws {
    try withFolder { folder in
      for (name, picture) in [
        ("cat/b.png", "color.png"), ("cat/a", "color.jpg"), ("Dog/x.png", "gray.jpg"), ("empty/readme.txt", "gray.png"),
      ] {
        try put(fixture(picture), folder + "/" + name)
      }
      let inputs = [input("x", [1, 3, 4, 4])]
      let data = try DataSet.open(folder, inputs: inputs, preprocessing: Preprocessing(preset: "unit"))
      #expect(data.classNames == ["Dog", "cat"] && data.hasLabels)
      let samples = try all(data.samples())
      #expect(samples.map(\.label) == [0, 1, 1])
      #expect(samples.map(\.origin) == ["Dog/x.png", "cat/a", "cat/b.png"].map { folder + "/" + $0 })
      try put(Data("class,label\ncat,281\nDog,151\n".utf8), folder + "/map")
      let mapped = try DataSet.open(
        folder, inputs: inputs, preprocessing: Preprocessing(preset: "unit"), labels: LabelTable(path: folder + "/map"))
      #expect(try all(mapped.samples()).map(\.label) == [151, 281, 281])
      let flat = try DataSet.open(folder + "/cat", inputs: inputs, preprocessing: Preprocessing(preset: "none"))
      #expect(!flat.hasLabels && flat.count == 2)
      #expect(throws: DataError.self) { try DataSet.open(folder, inputs: inputs) }
    }
  }
}
