import ArgumentParser
import DLCReport

/// `dlc bundle`: what a device needs to run a plan.
struct Bundle: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes what a device needs to run a plan, and no more.",
    discussion: """
      The folder gets the plan (as a file and a C array), dlc.h, a static library with only the kernels, element types \
      and instruction sets that the plan uses, a sample main.c, and files for CMake and pkg-config. Building it needs \
      swiftc and gcc for the target on this machine, and nothing of them on the device. With --threads 1 the library is built \
      without threads, which makes it smaller.

      Example: dlc bundle model.plan --target aarch64 -o model-aarch64
      """)

  @Argument(help: "A plan, or an .onnx file.")
  var model: String

  @Option(help: "The processor: \(BundleTarget.allCases.map(\.rawValue).joined(separator: ", ")).")
  var target: String

  @Option(name: [.customShort("o"), .customLong("output")], help: "The folder to write.")
  var output: String

  @OptionGroup var shapeOptions: ShapeOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard BundleTarget(rawValue: target) != nil else {
      throw ValidationError(
        "--target must be one of \(BundleTarget.allCases.map(\.rawValue).joined(separator: ", ")), found '\(target)'.")
    }
  }

  func run() throws {
    try Terminal.exitStatus {
      let options = try modelOptions.compileOptions(for: model, shapes: shapeOptions.shapes)
      let opened = try Engine.open(model, options: options)
      for note in opened.notes { common.note(note) }
      guard let target = BundleTarget(rawValue: target) else { return }
      let bundle = try DeviceBundle(opened, target: target, threads: common.threads, folder: output)
      if common.json { return Terminal.json(bundle.json) }
      if !common.quiet { print(bundle.text) }
    }
  }
}
