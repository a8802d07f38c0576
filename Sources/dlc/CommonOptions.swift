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

  @Option(
    name: [.customShort("O", allowingJoined: true), .customLong("optimize")],
    help: "Optimization level: 0 (none), 1, 2.")
  var optimize = 2

  @Option(name: .long, help: "Apply only the first N patches of the optional passes, to find one that is wrong.")
  var stopAfter: Int?

  func validate() throws {
    guard (0...2).contains(optimize) else { throw ValidationError("--optimize must be 0, 1 or 2, found \(optimize).") }
    if let stopAfter, stopAfter < 0 { throw ValidationError("--stop-after must not be negative, found \(stopAfter).") }
  }

  /// Options for the compiler of `models`; `shapes` are NAME=1,2,3 bindings. Plans alone have nothing left to bind.
  func compileOptions(for models: String..., shapes: [String] = []) throws -> CompileOptions {
    if !models.isEmpty, models.allSatisfy({ !Engine.isOnnx($0) }),
      let flag = dimensions.isEmpty ? constants.isEmpty ? shapes.isEmpty ? nil : "--input" : "--constant" : "--dim"
    {
      throw ValidationError("\(flag) has no effect on a plan, whose shapes are fixed; give the .onnx file instead.")
    }
    var options = CompileOptions()
    options.level = optimize
    options.stopAfter = stopAfter
    for binding in dimensions {
      let (name, value) = try KeyValue.split(binding, flag: "--dim")
      guard let extent = Int(value) else { throw ValidationError("--dim \(binding): '\(value)' is no number.") }
      try KeyValue.add(extent, name, to: &options.importing.dimensions, flag: "--dim")
    }
    for binding in shapes {
      let (name, value) = try KeyValue.split(binding, flag: "--input")
      let extents = value.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard extents.allSatisfy({ $0 != nil }) else {
        throw ValidationError("--input \(binding): a shape is numbers with commas, such as 1,3,224,224.")
      }
      try KeyValue.add(extents.compactMap { $0 }, name, to: &options.importing.inputShapes, flag: "--input")
    }
    for binding in constants {
      let (name, path) = try KeyValue.split(binding, flag: "--constant", isFile: true)
      try KeyValue.add(try NumpyFiles.read(path), name, to: &options.importing.constants, flag: "--constant")
    }
    return options
  }
}

/// Shapes of inputs, for commands that take no values.
struct ShapeOptions: ParsableArguments {
  @Option(
    name: .customLong("input"),
    help: ArgumentHelp("Bind an input's shape (repeat).", valueName: "NAME=1,3,224,224"))
  var shapes: [String] = []
}

/// NAME=VALUE arguments.
enum KeyValue {
  /// The name and the value of `text`. Both may hold '=': a value that is a file is one that exists, others hold none.
  static func split(_ text: String, flag: String, isFile: Bool = false) throws -> (String, String) {
    let positions = text.indices.filter { text[$0] == "=" && $0 != text.startIndex }
    func value(_ position: String.Index) -> String { String(text[text.index(after: position)...]) }
    let existing = isFile ? positions.first { FileManager.default.fileExists(atPath: value($0)) } : nil
    guard let position = existing ?? positions.last, !value(position).isEmpty else {
      throw ValidationError("\(flag) needs NAME=\(isFile ? "FILE.npy" : "VALUE"), found '\(text)'.")
    }
    return (String(text[..<position]), value(position))
  }

  /// Adds a binding; a name may be bound once.
  static func add<Value>(_ value: Value, _ name: String, to bindings: inout [String: Value], flag: String) throws {
    guard bindings.updateValue(value, forKey: name) == nil else {
      throw ValidationError("\(flag) binds '\(name)' twice.")
    }
  }
}
