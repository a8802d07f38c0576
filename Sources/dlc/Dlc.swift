import ArgumentParser

/// The command line.
@main
struct Dlc: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dlc",
    abstract: "Compiles trained ONNX networks to compact plans and runs them.",
    discussion: """
      MODEL is an .onnx file or a plan; a command that needs a plan compiles ONNX in memory.

      Exit status: 0 done, 1 a bar was missed, 64 wrong usage, 65 bad input data, 66 no such input, 70 a fault of dlc, \
      73 the output cannot be written.
      """,
    version: "0.1.0",
    subcommands: [
      Compile.self, Run.self, Verify.self, Diff.self, Bench.self, Inspect.self, Check.self, SupportTable.self,
      Evaluate.self, Prune.self, Distill.self, Train.self, Bundle.self,
    ])
}
