import DLCCompiler
import DLCData
import DLCOnnx
import DLCTensor
import Foundation

extension Engine {
  /// What `dlc compile --emit onnx` reports.
  package struct ExportOutcome {
    /// The file that was written.
    package var path: String
    package var bytes: Int
    package var operators: Int
    package var notes: [String]
    package var seconds: Double
    package var quantization: QuantizationOutcome?

    package var json: JSONValue {
      .object(
        [
          ("onnx", .string(path)), ("onnx_bytes", .integer(bytes)), ("operators", .integer(operators)),
          ("seconds", .number(seconds)),
        ] + (quantization.map { [("quantization", $0.json)] } ?? []))
    }

    package var text: String {
      "\(path): \(Listing.grouped(bytes)) bytes of ONNX for \(operators) operators, written in \(short(seconds)) s"
        + (quantization.map { "\n" + $0.lines.joined(separator: "\n") } ?? "")
    }
  }

  /// Writes `model` as ONNX after the passes that keep it channels-first: batch normalization folded, constants computed.
  /// With a request it is quantized, and written with QuantizeLinear and DequantizeLinear around what computes in integers.
  package static func export(
    _ model: String, to output: String, options: CompileOptions, quantization request: QuantizationRequest? = nil
  ) throws -> ExportOutcome {
    guard isOnnx(model) else {
      throw Failure(.badData, "'\(model)' is a plan already; give the .onnx file it was made from.")
    }
    if let reason = FileAccess.reasonNotToReplace(output) {
      throw Failure(.cannotWrite, "cannot write '\(output)': \(reason).")
    }
    var prepared: Compiler.Prepared
    var quantization: QuantizationOutcome?
    if let request {
      var options = options
      let (quantized, outcome) = try quantize(model, for: output, &options, request)
      prepared = quantized
      prepared.notes += outcome.notes
      quantization = outcome
    } else {
      prepared = try prepare(model, options)
    }
    let start = DispatchTime.now().uptimeNanoseconds
    let bytes: Int
    do { bytes = try OnnxWriter.write(prepared.graph, to: output, metadata: prepared.channelScales.metadata) } catch {
      switch error {
      case .unsupported, .tooLarge: throw Failure(.badData, "\(model): \(error)")
      case .cannotWrite: throw Failure(.cannotWrite, "\(error)")
      case .malformed: throw Failure(.ourFault, "\(error)")
      }
    }
    return ExportOutcome(
      path: output, bytes: bytes, operators: prepared.graph.nodeCount, notes: prepared.notes,
      seconds: prepared.seconds + Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9,
      quantization: quantization)
  }
}
