import CDLC
import DLCRuntime
import Foundation

/// `dlc bundle`: the folder that a device's build needs for one plan.
package struct DeviceBundle {
  package let folder: String
  package let target: BundleTarget
  /// File names in the folder, with their bytes.
  package let files: [(name: String, bytes: Int)]
  let model: LoadedModel
  let use: BundleUse
  let build: RuntimeBuild

  /// Writes the bundle of the plan (or, compiled in memory, of the model) at `path`. Throws `Failure`.
  /// With one thread the library has no others: sessions of more are refused.
  package init(_ model: LoadedModel, target: BundleTarget, threads: Int? = nil, folder: String) throws {
    self.model = model
    self.target = target
    self.folder = folder
    use = BundleUse(model.program)
    // Everything is made beside its place and moved there once it is whole.
    let place = URL(fileURLWithPath: folder).standardizedFileURL
    let work = place.deletingLastPathComponent().appendingPathComponent(".\(place.lastPathComponent).\(getpid())")
    let manager = FileManager.default
    do { try manager.createDirectory(at: work, withIntermediateDirectories: true) } catch {
      throw Failure(.cannotWrite, "cannot write '\(folder)': \(error.localizedDescription)")
    }
    defer { try? manager.removeItem(at: work) }
    build = try RuntimeBuild(
      family: target.family,
      arguments: use.buildArguments
        + (target.definitions + (threads == 1 ? ["DLC_NO_THREADS"] : [])).flatMap { ["--define", $0] },
      into: work.path)
    let plan = DeviceBundle.plan(of: model, codeBytes: build.codeBytes)
    let texts = BundleTexts(model: model, target: target, libraries: build.libraries)
    do {
      try plan.write(to: work.appendingPathComponent("model.plan"))
      for (name, text) in texts.files { try Data(text.utf8).write(to: work.appendingPathComponent(name)) }
      try Data(plan.withUnsafeBytes { texts.planArray($0) }).write(to: work.appendingPathComponent("model_plan.c"))
      try manager.createDirectory(at: place, withIntermediateDirectories: true)
      var sizes: [(String, Int)] = []
      for name in try manager.contentsOfDirectory(atPath: work.path).sorted() {
        let (from, to) = (work.appendingPathComponent(name), place.appendingPathComponent(name))
        sizes.append((name, try from.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0))
        guard rename(from.path, to.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
      }
      files = sizes
    } catch {
      throw Failure(.cannotWrite, "cannot write '\(folder)': \(error.localizedDescription)")
    }
  }

  /// The command that links the sample on the developer's machine, from inside the folder.
  package var command: String {
    texts.command
  }

  /// The plan with the library's code in its certificate, where it has one.
  private static func plan(of model: LoadedModel, codeBytes: Int) -> Data {
    var plan = Data(model.program.bytes)
    let place = Int(model.program.certificateEntry.code_bytes_at)
    if place > 0 {
      withUnsafeBytes(of: UInt64(codeBytes).littleEndian) { plan.replaceSubrange(place..<place + 8, with: $0) }
    }
    return plan
  }

  private var texts: BundleTexts { BundleTexts(model: model, target: target, libraries: build.libraries) }

  package var json: JSONValue {
    let info = model.info
    return .object([
      ("bundle", .string(folder)), ("target", .string(target.rawValue)), ("plan_bytes", .integer(info.plan_bytes)),
      ("weights_bytes", .integer(info.weights_bytes)), ("arena_bytes", .integer(info.arena_bytes)),
      ("scratch_bytes", .integer(info.scratch_bytes)), ("code_bytes", .integer(build.codeBytes)),
      ("data_bytes", .integer(build.dataBytes + build.zeroedBytes)),
      ("stack_bound_bytes", .integer(model.stackBound)), ("macs", .integer(model.macs)),
      ("kernels", .array(use.kernels.map { .string($0) })), ("types", .array(use.typeNames.map { .string($0) })),
      ("command", .string(command)),
      ("files", .array(files.map { .object([("name", .string($0.name)), ("bytes", .integer($0.bytes))]) })),
    ])
  }

  package var text: String {
    let info = model.info
    return """
      \(folder): \(use.kernels.joined(separator: ", ")) for \(target.rawValue), types \(use.typeNames.joined(separator: ", "))
      code \(Listing.grouped(build.codeBytes)) bytes, plan \(Listing.grouped(info.plan_bytes)), arena \
      \(Listing.grouped(info.arena_bytes)), scratch \(Listing.grouped(info.scratch_bytes)) per thread, stack at most \
      \(Listing.grouped(model.stackBound))
      cd \(folder) && \(command) && ./main model.plan
      """
  }
}
