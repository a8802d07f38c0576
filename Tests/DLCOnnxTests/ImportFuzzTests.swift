import DLCTensor
import Foundation
import Testing

@testable import DLCOnnx

/// Damaged models are imported or refused, quickly, and never trap.
///
/// `DLC_FUZZ_MODELS` names more models (colon between paths); each gets 5,000 flipped bits and 500 truncations.
@Suite struct ImportFuzzTests {
  /// A model of many kinds of nodes, so that a flipped bit meets many mappings.
  private static let sample = ModelBuilder {
    $0.input("x", ["N", 4, 8, 8])
    $0.weights("w", Tensor([Float](repeating: 0.5, count: 4 * 4 * 9), shape: [4, 4, 3, 3]))
    $0.weights("shape", [1, -1, 4])
    $0.weights("axes", [1])
    $0.weights("pads", [0, 0, 1, 1, 0, 0, 1, 1])
    $0.node(
      "Conv", ["x", "w"], ["a"], [("kernel_shape", .ints([3, 3])), ("pads", .ints([1, 1, 1, 1])), ("group", .int(1))])
    $0.node("Pad", ["a", "pads"], ["b"])
    $0.node("MaxPool", ["b"], ["c", "places"], [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))])
    $0.node("ConvTranspose", ["c", "w"], ["d"], [("output_padding", .ints([1, 1])), ("strides", .ints([2, 2]))])
    $0.node("ReduceSum", ["d", "axes"], ["e"])
    $0.node("F", ["e"], ["f"], [("alpha", .float(0.5))], domain: "local")
    $0.node("Reshape", ["f", "shape"], ["g"])
    $0.node("Transpose", ["g"], ["h"], [("perm", .ints([0, 2, 1]))])
    $0.node("Softmax", ["h"], ["i"], [("axis", .int(-1))])
    $0.node("Einsum", ["i", "i"], ["j"], [("equation", .text("bij,bkj->bik"))])
    $0.node("TopK", ["j", "axes"], ["y", "z"])
    $0.output("y", ["N", nil, nil])
    $0.function(
      "F", ["p"], ["q"], required: ["alpha"],
      nodes: [ModelBuilder.node("Elu", ["p"], ["q"], [("alpha", .reference("alpha", kind: 1))])])
  }.bytes

  /// Quantized operators in all their forms.
  private static let quantized = ModelBuilder(opset: 21) {
    $0.imports("com.microsoft")
    $0.input("x", [1, 2, 5, 5])
    $0.weights("s", Tensor(Float(0.1)))
    $0.weights("z", Tensor(UInt8(120)))
    $0.weights("s2", Tensor([0.25, 0.5] as [Float], shape: [2]))
    $0.weights("z2", Tensor([0, 3] as [Int8], shape: [2]))
    $0.weights("w", Tensor((0..<16).map { Int8($0 * 9 - 70) }, shape: [2, 2, 2, 2]))
    $0.weights("b", Tensor([5, -6] as [Int32], shape: [2]))
    $0.weights("blocks", Tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 1, 2, 2]))
    $0.node("QuantizeLinear", ["x", "s", "z"], ["q"])
    $0.node("QLinearConv", ["q", "s", "z", "w", "s2", "z2", "s", "z", "b"], ["c"], [("strides", .ints([1, 1]))])
    $0.node("ConvInteger", ["c", "w", "z", "z2"], ["d"], [("pads", .ints([1, 1, 0, 0]))])
    $0.node("DequantizeLinear", ["d", "s2"], ["e"], [("axis", .int(1))])
    $0.node("DynamicQuantizeLinear", ["e"], ["f", "fs", "fz"])
    $0.node("QLinearMatMul", ["f", "fs", "fz", "c", "s", "z", "s", "z"], ["g"])
    $0.node("MatMulInteger", ["g", "f", "z", "fz"], ["h"])
    $0.node("Cast", ["h"], ["i"], [("to", .int(1))])
    $0.node("QLinearAdd", ["g", "s", "z", "f", "fs", "fz", "s", "z"], ["j"], domain: "com.microsoft")
    $0.node(
      "QLinearConcat", ["s", "z", "j", "s", "z", "f", "fs", "fz"], ["k"], [("axis", .int(1))], domain: "com.microsoft")
    $0.node(
      "QLinearAveragePool", ["k", "s", "z", "s", "z"], ["l"],
      [("kernel_shape", .ints([2, 2])), ("channels_last", .int(1))],
      domain: "com.microsoft")
    $0.node("DequantizeLinear", ["w", "blocks"], ["m"], [("axis", .int(1)), ("block_size", .int(2))])
    for name in ["i", "m"] { $0.output(name) }
    $0.output("l", type: 2)
  }.bytes

  private func attempt(_ bytes: [UInt8], _ what: String) {
    let clock = ContinuousClock()
    let start = clock.now
    if let model = try? OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx")),
      let result = try? Importer.run(model, file: "m.onnx", options: ImportOptions())
    {
      // What can be imported can be written, or is refused.
      _ = try? OnnxWriter.bytes(of: result.graph)
    }
    let seconds = clock.now - start
    if seconds > .seconds(2) { Issue.record("\(what) took \(seconds)") }
  }

  private func damage(_ bytes: [UInt8], _ name: String, flips: Int, cuts: Int) {
    var random = SplitMix(state: 42)
    for k in 0..<flips {
      var damaged = bytes
      // Structure stands mostly outside of long runs of weights: half of the flips go to the first and last 4 KiB.
      let span = k % 2 == 0 ? bytes.count : min(bytes.count, 4096)
      let near = Int(random.next() % UInt64(span))
      let place = k % 4 == 1 ? bytes.count - 1 - near : near
      let bit = random.next() % 8
      damaged[place] ^= 1 << bit
      attempt(damaged, "\(name) with bit \(bit) of byte \(place) flipped")
    }
    for k in 0..<cuts {
      let length = k < 64 ? bytes.count - 1 - k : Int(random.next() % UInt64(bytes.count))
      attempt(Array(bytes[..<max(length, 0)]), "\(name) cut to \(length)")
    }
  }

  @Test(arguments: [("the sample", sample), ("the quantized sample", quantized)])
  func survivesDamage(name: String, bytes: [UInt8]) throws {
    let whole = try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
    _ = try Importer.run(whole, file: "m.onnx", options: ImportOptions())
    damage(bytes, name, flips: 1500, cuts: 200)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["DLC_FUZZ_MODELS"] != nil))
  func survivesDamageOfRealModels() throws {
    for path in (ProcessInfo.processInfo.environment["DLC_FUZZ_MODELS"] ?? "").split(separator: ":") {
      damage(Array(try Data(contentsOf: URL(filePath: String(path)))), String(path), flips: 5000, cuts: 500)
    }
  }
}
