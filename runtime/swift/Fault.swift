import CDLC
import CDLCPlan

/// Why a call fails. The sentence stands in the calling thread's message buffer, so that an error allocates nothing.
package struct Fault: Error {
  package let status: dlc_status

  /// Starts the message with `text`.
  init(_ status: dlc_status, _ text: StaticString) {
    self.status = status
    dlc_message_clear()
    append(text)
  }

  /// What was thrown already, and has its message.
  init(raised status: dlc_status) { self.status = status }

  /// The whole message.
  package static var message: UnsafePointer<CChar> { dlc_message() }

  func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { dlc_message_bytes($0.baseAddress, $0.count) }
    }
  }

  func with(_ number: Int) -> Fault {
    dlc_message_number(Int64(number))
    return self
  }

  func with(_ text: StaticString) -> Fault {
    append(text)
    return self
  }

  func with(_ text: dlc_plan_text) -> Fault {
    dlc_message_bytes(text.bytes, Int(text.count))
    return self
  }

  func with(_ text: UnsafePointer<CChar>) -> Fault {
    dlc_message_text(text)
    return self
  }
}

/// The word for a port in messages. Typed: a bare literal would become a `String`, whose code is larger than the engine's.
func portKind(isOutput: Bool) -> StaticString { isOutput ? "output " : "input " }
