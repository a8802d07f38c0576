import DLCTensor

/// Groups samples into the batches that a model takes. Used from one thread at a time.
package final class BatchStream {
  private let stream: SampleStream
  private let inputs: [DataInput]
  private let rows: Int
  private var index = 0
  /// A whole run that came while a batch was being filled.
  private var waiting: Sample?

  init(_ stream: SampleStream, inputs: [DataInput]) {
    self.stream = stream
    self.inputs = inputs
    rows = DataInput.rows(inputs)
  }

  /// Samples left out so far, in order.
  package var skipped: [SkippedSample] { stream.skipped }

  /// The next batch; nil after the last. A last batch that is not full repeats its last sample.
  package func next() throws(DataError) -> Batch? {
    var samples: [Sample] = []
    while samples.count < rows {
      var following = takeWaiting()
      if following == nil { following = try stream.next() }
      guard let sample = following else { break }
      if rows > 1, isWhole(sample) {
        if samples.isEmpty { return batch([sample], rows: 1, inputs: sample.inputs) }
        waiting = sample
        break
      }
      samples.append(sample)
    }
    guard let last = samples.last else { return nil }
    if rows == 1 { return batch(samples, rows: 1, inputs: last.inputs) }
    var joined: [String: Tensor] = [:]
    for input in inputs {
      joined[input.name] = Tensor(input.type) { target in
        let bytes = input.rowType(rows: rows).byteCount
        for row in 0..<rows {
          guard let tensor = samples[min(row, samples.count - 1)].inputs[input.name] else { continue }
          tensor.withBytes {
            UnsafeMutableRawBufferPointer(rebasing: target[row * bytes..<(row + 1) * bytes]).copyMemory(from: $0)
          }
        }
      }
    }
    return batch(samples, rows: rows, inputs: joined)
  }

  private func takeWaiting() -> Sample? {
    defer { waiting = nil }
    return waiting
  }

  private func isWhole(_ sample: Sample) -> Bool {
    inputs.contains { sample.inputs[$0.name]?.shape == $0.type.shape }
  }

  private func batch(_ samples: [Sample], rows: Int, inputs: [String: Tensor]) -> Batch {
    index += 1
    return Batch(inputs: inputs, samples: samples, rows: rows, index: index - 1)
  }
}
