import DLCCompiler
import DLCData
import DLCTensor

/// Data of many samples with answers: rows of an .npz, a CSV with columns of the outputs.
extension Verification {
  /// Compares sample by sample. Throws `Failure` when the data holds no answers.
  func runSamples(_ options: CompileOptions) throws -> Outcome {
    let loaded = try Engine.open(model, options: options)
    var outcome = Outcome()
    outcome.notes = loaded.notes
    let session = try loaded.session(threads: threads)
    let batches = try data.batches(for: loaded, notes: &outcome.notes)
    while let batch = try batches.next() {
      let outputs = try session.run(try loaded.fill(batch.inputs, seed: nil))
      for (row, sample) in batch.samples.enumerated() {
        guard sample.target != nil || loaded.outputs.contains(where: { sample.expected[$0.name] != nil }) else {
          let names = loaded.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
          throw Failure(
            .badData, "'\(sample.origin)' holds no answer for any output; the model's outputs are \(names).")
        }
        let rows = outputs.map { part(row, of: batch.rows, $0) }
        compare(rows, loaded, sample.origin, &outcome) { k, name in
          let answer =
            sample.expected[name] ?? (k == 0 ? sample.target.map { Tensor($0, shape: Shape([$0.count])) } : nil)
          // A row lacks the axis of the batch, and text knows no types.
          return answer.map {
            $0.count == rows[k].count ? $0.cast(to: rows[k].element).reshaped(to: rows[k].shape) : $0
          }
        }
      }
    }
    outcome.lines += SkippedSample.lines(batches.skipped)
    outcome.conclude()
    return outcome
  }

  /// Part `row` of `rows` along the leading axis.
  private func part(_ row: Int, of rows: Int, _ tensor: Tensor) -> Tensor {
    guard rows > 1, let extent = tensor.shape.dimensions.first, extent % rows == 0 else { return tensor }
    let type = TensorType(tensor.element, Shape([extent / rows] + tensor.shape.dimensions.dropFirst()))
    return Tensor(type) { target in
      tensor.withBytes { target.copyBytes(from: $0[row * type.byteCount..<(row + 1) * type.byteCount]) }
    }
  }
}
