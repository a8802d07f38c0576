import ArgumentParser
import DLCCompiler
import DLCData
import DLCReport
import Foundation

/// Output and exit statuses.
enum Terminal {
  static func error(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// One JSON object on standard output.
  static func json(_ object: JSONValue) {
    print(object.text)
  }

  /// A fault of the command line that shows only once the command runs: printed as one message, status 64.
  private static func usage(_ message: String) -> ExitCode {
    error("error: \(message)")
    return ExitCode(ExitStatus.usage.rawValue)
  }

  /// Runs a command's work; a failure is printed as one message and becomes the exit status of the contract.
  static func exitStatus(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ValidationError {
      throw usage(error.message)
    } catch let failure as Failure {
      error("error: \(failure.message)")
      throw ExitCode(failure.status.rawValue)
    } catch let error as UncompilableModel {
      Terminal.error("error: \(error.failure.message)")
      throw ExitCode(ExitStatus.badData.rawValue)
    } catch let failure as DataError {
      // Reasons that come from a reader of another format are whole sentences.
      let text = "\(failure)"
      error("error: \(text.hasSuffix(".") ? text : text + ".")")
      switch failure {
      case .missing: throw ExitCode(ExitStatus.noInput.rawValue)
      case .malformed: throw ExitCode(ExitStatus.badData.rawValue)
      case .unwritable: throw ExitCode(ExitStatus.cannotWrite.rawValue)
      }
    }
  }
}
