import ArgumentParser
import DLCCompiler
import DLCData
import DLCReport
import DLCTensor
import Foundation

/// Flags that every command has.
struct CommonOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON object on standard output and nothing else there.")
  var json = false

  @Flag(name: .long, help: "Print results and errors only.")
  var quiet = false

  @Option(name: .long, help: "Number of threads (default: all cores).")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads must be between 1 and 256, found \(threads).")
    }
  }

  /// Threads to run with.
  var threadCount: Int { threads ?? Engine.processorCount }

  /// A remark for the user on standard error.
  func note(_ text: String) {
    if !quiet { Terminal.error("note: \(text)") }
  }
}

/// How a model is turned into a plan.
struct ModelOptions: ParsableArguments {
  @Option(name: .customLong("dim"), help: ArgumentHelp("Bind a symbolic dimension (repeat).", valueName: "NAME=N"))
  var dimensions: [String] = []

  @Option(
    name: .customLong("constant"),
    help: ArgumentHelp("Fix an input to a value when compiling (repeat).", valueName: "NAME=FILE.npy"))
  var constants: [String] = []

  @Option(name: [.customShort("O"), .customLong("optimize")], help: "Optimization level: 0 (none), 1, 2.")
  var optimize = 2

  @Option(name: .long, help: "Apply only the first N patches of the optional passes, to find one that is wrong.")
  var stopAfter: Int?

  func validate() throws {
    guard (0...2).contains(optimize) else { throw ValidationError("--optimize must be 0, 1 or 2, found \(optimize).") }
    if let stopAfter, stopAfter < 0 { throw ValidationError("--stop-after must not be negative, found \(stopAfter).") }
  }

  /// Options for the compiler; `shapes` are NAME=1,2,3 bindings.
  func compileOptions(shapes: [String] = []) throws -> CompileOptions {
    var options = CompileOptions()
    options.level = optimize
    options.stopAfter = stopAfter
    for binding in dimensions {
      let (name, value) = try KeyValue.split(binding, flag: "--dim")
      guard let extent = Int(value) else { throw ValidationError("--dim \(binding): '\(value)' is no number.") }
      options.importing.dimensions[name] = extent
    }
    for binding in shapes {
      let (name, value) = try KeyValue.split(binding, flag: "--input")
      let extents = value.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard extents.allSatisfy({ $0 != nil }) else {
        throw ValidationError("--input \(binding): a shape is numbers with commas, such as 1,3,224,224.")
      }
      options.importing.inputShapes[name] = extents.compactMap { $0 }
    }
    for binding in constants {
      let (name, path) = try KeyValue.split(binding, flag: "--constant")
      options.importing.constants[name] = try NumpyFiles.read(path)
    }
    return options
  }
}

/// NAME=VALUE arguments.
enum KeyValue {
  static func split(_ text: String, flag: String) throws -> (String, String) {
    // Input names may contain '='; the value may not.
    guard let position = text.lastIndex(of: "="), position != text.startIndex else {
      throw ValidationError("\(flag) needs NAME=VALUE, found '\(text)'.")
    }
    return (String(text[..<position]), String(text[text.index(after: position)...]))
  }
}
