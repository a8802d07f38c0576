import ArgumentParser

/// A command of the contract that this version does not have: says so and exits with 64.
protocol LaterCommand: ParsableCommand {
  static var name: String { get }
  var arguments: [String] { get }
}

extension LaterCommand {
  static func describe(_ abstract: String) -> CommandConfiguration {
    CommandConfiguration(
      commandName: name, abstract: abstract + " (not available in this version)", shouldDisplay: true)
  }

  func run() throws {
    throw ValidationError("'dlc \(Self.name)' is not available in this version.")
  }
}

struct Prune: LaterCommand {
  static let name = "prune"
  static let configuration = describe("Removes weights or channels.")
  @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

struct Distill: LaterCommand {
  static let name = "distill"
  static let configuration = describe("Fine-tunes a student network from a teacher.")
  @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

struct Train: LaterCommand {
  static let name = "train"
  static let configuration = describe("Fine-tunes a network with labels.")
  @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}
