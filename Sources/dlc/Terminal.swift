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

  /// Runs a command's work; a failure is printed as one message and becomes the exit status of the contract.
  static func exitStatus(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let failure as Failure {
      error("error: \(failure.message)")
      throw ExitCode(failure.status.rawValue)
    } catch let error as UncompilableModel {
      Terminal.error("error: \(error.failure.message)")
      throw ExitCode(ExitStatus.badData.rawValue)
    } catch let failure as DataError {
      error("error: \(failure)")
      switch failure {
      case .missing: throw ExitCode(ExitStatus.noInput.rawValue)
      case .malformed: throw ExitCode(ExitStatus.badData.rawValue)
      case .unwritable: throw ExitCode(ExitStatus.cannotWrite.rawValue)
      }
    }
  }
}
