import DLCCompiler
import DLCOnnx

/// Everything that would stop a model from being compiled.
package enum ModelCheck {
  package struct Outcome {
    package var model: String
    package var problems: [ImportProblem] = []
    package var notes: [String] = []

    package var compiles: Bool { problems.isEmpty }

    package var json: JSONValue {
      .object([
        ("compiles", .bool(compiles)),
        (
          "problems",
          .array(
            problems.map {
              .object([
                ("node", .string($0.node)), ("operator", .string($0.op)), ("opset", .integer($0.opset)),
                ("type", .string($0.type)), ("reason", .string($0.reason)), ("try", .string($0.advice)),
              ])
            })
        ),
      ])
    }

    package var lines: [String] {
      if compiles { return ["\(model) compiles."] }
      return ["\(model): \(problems.count) \(problems.count == 1 ? "thing stops" : "things stop") it:"]
        + problems.map { "  \($0)" }
    }
  }

  /// Imports, optimizes and lowers the model without writing a plan. Throws `Failure` for a file that is no ONNX.
  package static func run(_ model: String, options: CompileOptions) throws -> Outcome {
    guard Engine.isOnnx(model) else {
      throw Failure(.badData, "'\(model)' is a plan already; give the .onnx file it was made from.")
    }
    var outcome = Outcome(model: model)
    do {
      outcome.notes = try Engine.open(model, options: options).notes
    } catch let error as UncompilableModel {
      outcome.problems = error.problems
    }
    return outcome
  }
}
