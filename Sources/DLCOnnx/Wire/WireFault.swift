import COnnxProto

/// What the pre-scan found wrong with the bytes of a message.
package enum WireFault: Sendable, Hashable {
  /// The data ends inside a value.
  case truncated
  /// A varint of more than 10 bytes.
  case longVarint
  /// A length, in bytes, that passes the end of its message.
  case lengthPastEnd(UInt64)
  /// A tag whose field number is 0 or too large.
  case fieldNumber(tag: UInt64)
  /// A wire type that the field cannot have.
  case wireType(UInt64)
  /// Packed numbers of a length, in bytes, that is no multiple of their size.
  case packedLength(UInt64)
  /// A single value that stands there twice.
  case appearsTwice
  /// A name that is not UTF-8 or holds NUL.
  case notText
  /// Messages nested deeper than the limit.
  case tooDeep(limit: Int)
  /// More fields than the limit.
  case tooManyFields(limit: Int)
  /// More messages, names and payloads than the limit.
  case tooManyRecords(limit: Int)
  /// More numbers outside tensors than the limit.
  case tooManyNumbers(limit: Int)
  /// More bytes that are not numeric payload than the limit.
  case tooLarge(limit: Int)
  /// Memory ran out.
  case noMemory

  /// The fault of a scan; nil when it found none.
  init?(_ scan: borrowing dlc_wire_scan) {
    let value = scan.fault_value
    switch scan.fault {
    case DLC_WIRE_SOUND: return nil
    case DLC_WIRE_TRUNCATED: self = .truncated
    case DLC_WIRE_LONG_VARINT: self = .longVarint
    case DLC_WIRE_LENGTH: self = .lengthPastEnd(value)
    case DLC_WIRE_FIELD_NUMBER: self = .fieldNumber(tag: value)
    case DLC_WIRE_WIRE_TYPE: self = .wireType(value)
    case DLC_WIRE_PACKED: self = .packedLength(value)
    case DLC_WIRE_TWICE: self = .appearsTwice
    case DLC_WIRE_TEXT: self = .notText
    case DLC_WIRE_DEPTH: self = .tooDeep(limit: Int(value))
    case DLC_WIRE_FIELDS: self = .tooManyFields(limit: Int(value))
    case DLC_WIRE_RECORDS: self = .tooManyRecords(limit: Int(value))
    case DLC_WIRE_NUMBERS: self = .tooManyNumbers(limit: Int(value))
    case DLC_WIRE_SIZE: self = .tooLarge(limit: Int(value))
    default: self = .noMemory
    }
  }

  /// What to try.
  var advice: String {
    switch self {
    case .truncated, .lengthPastEnd:
      "The file is cut short or is not ONNX: export or download it again."
    case .longVarint, .fieldNumber, .wireType, .packedLength, .appearsTwice, .notText:
      "The file is damaged or is not ONNX: check it with onnx.checker."
    case .tooDeep, .tooManyFields, .tooManyRecords, .tooManyNumbers, .tooLarge:
      "Simplify the model, or keep large tables in initializers."
    case .noMemory:
      "Close other programs or use a machine with more memory."
    }
  }
}

extension WireFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated: "the data ends inside a value"
    case .longVarint: "a varint runs past 10 bytes"
    case .lengthPastEnd(let length): "a length of \(length) bytes passes the end of its message"
    case .fieldNumber(let tag): "tag \(tag) names no valid field"
    case .wireType(let type): "wire type \(type) does not fit the field"
    case .packedLength(let length): "\(length) bytes of packed numbers are no whole number of elements"
    case .appearsTwice: "a value that may stand once appears twice"
    case .notText: "a name is not UTF-8 text"
    case .tooDeep(let limit): "messages are nested more than \(limit) deep"
    case .tooManyFields(let limit): "more than \(limit) fields"
    case .tooManyRecords(let limit): "more than \(limit) messages and names"
    case .tooManyNumbers(let limit): "more than \(limit) numbers outside tensors"
    case .tooLarge(let limit): "more than \(limit) bytes outside numeric tensors"
    case .noMemory: "memory ran out"
    }
  }
}
