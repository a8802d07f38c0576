import DLCTensor

extension OnnxTensor {
  /// The tensor's values. Elements that lie in a file as they lie in memory stay there; 2-bit and 4-bit integers
  /// become 8-bit ones.
  ///
  /// - Throws: `OnnxError` for a type without numbers, extents that cannot be, or data of another size.
  package func tensor() throws(OnnxError) -> Tensor {
    if isSegment {
      throw .unsupported(place, found: "a tensor in segments", advice: "Save the model with whole tensors.")
    }
    let layout = try elementLayout()
    guard let shape = Shape(checking: dims) else {
      throw .invalid(place, expected: "extents of 0 or more whose product fits memory", found: "\(dims)")
    }
    let type = TensorType(layout.element, shape)
    let byteCount = layout.byteCount(of: shape.count)
    switch payload {
    case .absent:
      guard byteCount == 0 else { throw mismatch(byteCount, found: "none") }
      return Tensor(type) { _ in }
    case .strings:
      throw .invalid(place, expected: "numbers", found: "string_data")
    case .external(let location):
      let file = try source.externalFile(location.path, place: place)
      guard location.length ?? byteCount == byteCount else {
        throw mismatch(byteCount, found: "\(location.length ?? 0) bytes in \(location.path)")
      }
      guard let window = file.window(offset: location.offset, length: byteCount) else {
        throw mismatch(
          byteCount, found: "offset \(location.offset) in \(location.path), a file of \(file.bytes.count) bytes")
      }
      return layout.tensor(type, window, owner: file)
    case .runs(let runs):
      guard let first = runs.first, runs.allSatisfy({ $0.field == first.field }) else {
        throw .invalid(
          place, expected: "data in one field", found: Set(runs.map(\.field.name)).sorted().joined(separator: " and "))
      }
      if first.field == .rawData {
        guard first.length == byteCount, let window = source.file.window(offset: first.offset, length: byteCount) else {
          throw mismatch(byteCount, found: "\(first.length) bytes of raw_data")
        }
        return layout.tensor(type, window, owner: source.file)
      }
      return try typedData(runs, first.field, layout: layout, type: type)
    }
  }

  private func elementLayout() throws(OnnxError) -> OnnxElementLayout {
    if let layout = OnnxElementLayout(code: elementTypeCode) { return layout }
    guard let name = OnnxElementLayout.name(ofCode: elementTypeCode) else {
      throw .invalid(place, expected: "an element type of ONNX", found: "type \(elementTypeCode)")
    }
    throw .unsupported(
      place, found: "element type \(name)", advice: "Export the model with f32, f16 or integer tensors.")
  }

  private func mismatch(_ byteCount: Int, found: String) -> OnnxError {
    .invalid(place, expected: "\(byteCount) bytes of data for extents \(dims)", found: found)
  }

  /// Elements of `float_data` and its siblings.
  private func typedData(
    _ runs: [OnnxPayloadRun], _ field: OnnxPayloadRun.Field, layout: OnnxElementLayout, type: TensorType
  ) throws(OnnxError) -> Tensor {
    guard field == layout.field else {
      throw .invalid(place, expected: "\(type.element) in \(layout.field.name)", found: field.name)
    }
    // Each int32 of a type below 8 bits carries one byte.
    let expected = layout.bits < 8 ? layout.byteCount(of: type.shape.count) : type.shape.count
    var found = 0
    for run in runs { found += run.count }
    guard found == expected else {
      throw .invalid(
        place, expected: "\(expected) values in \(field.name) for extents \(dims)", found: "\(found)")
    }
    if !field.isVarint, runs.count == 1, let run = runs.first, !run.isTagged,
      let window = source.file.window(offset: run.offset, length: type.byteCount)
    {
      return layout.tensor(type, window, owner: source.file)
    }
    if layout.bits < 8 {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(expected)
      try decode(runs) { (word) in
        guard let byte = UInt8(exactly: Int64(bitPattern: word)) else { return false }
        bytes.append(byte)
        return true
      }
      return bytes.withUnsafeBytes { layout.unpacked(type, $0) }
    }
    return try Tensor(type) { (memory) throws(OnnxError) in
      var at = 0
      try decode(runs) { (word) in
        guard let bits = layout.bits(of: word) else { return false }
        withUnsafeBytes(of: bits.littleEndian) {
          UnsafeMutableRawBufferPointer(rebasing: memory[at..<at + type.element.size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[0..<type.element.size]))
        }
        at += type.element.size
        return true
      }
    }
  }

  /// Hands every element's bits to `body`, which answers whether they fit the type.
  private func decode(_ runs: [OnnxPayloadRun], _ body: (UInt64) -> Bool) throws(OnnxError) {
    for run in runs {
      guard let window = source.file.window(offset: run.offset, length: run.length) else {
        preconditionFailure("the pre-scan records runs inside the file")
      }
      var cursor = WireCursor(bytes: window, isTagged: run.isTagged, field: run.field)
      while let word = cursor.next() {
        guard body(word) else {
          throw .invalid(
            place, expected: "values of the element type in \(run.field.name)", found: "\(Int64(bitPattern: word))")
        }
      }
    }
  }
}
