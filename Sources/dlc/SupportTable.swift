import ArgumentParser
import DLCReport

/// `dlc support-table`: the table of formats/operators.md, made from the mapping table.
struct SupportTable: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the table of supported ONNX operators as Markdown.", shouldDisplay: false)

  func run() throws {
    print(OperatorSupport.markdown, terminator: "")
  }
}
