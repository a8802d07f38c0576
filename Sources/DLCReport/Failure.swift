/// Exit statuses of the command line (sysexits.h numbers).
package enum ExitStatus: Int32, Sendable {
  case done = 0
  case missedBar = 1
  case usage = 64
  case badData = 65
  case noInput = 66
  case ourFault = 70
  case cannotWrite = 73
}

/// Why a command ends early: a message of one or two sentences and the exit status.
package struct Failure: Error, Sendable {
  package var status: ExitStatus
  package var message: String

  package init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }
}
