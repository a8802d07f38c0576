import DLCGraph
import DLCOperators
import DLCTensor
import Foundation
import Testing

@testable import DLCQuantization

private func network() throws -> TestNetwork {
  var net = TestNetwork()
  let a = try net.convolution(net.input([1, 2, 4, 4]), 4, name: "a")
  let b = try net.convolution(a, 4, name: "b")
  net.output(try net.convolution(b, 2, function: nil, name: "y"))
  return net
}

/// Keeps what was saved last.
private final class Store {
  var data: Data?
  var saves = 0
  var checkpoint: CalibrationCheckpoint {
    CalibrationCheckpoint(interval: 3, load: { self.data }) { (data: Data) throws(QuantizationError) in
      self.data = data
      self.saves += 1
    }
  }
}

@Suite struct ObservationTests {
  private func quantize(
    _ net: TestNetwork, _ store: Store?, bytes: Int = 128 << 20, count: Int = 10, stopAfter: Int = .max
  ) throws -> QuantizedGraph {
    var options = QuantizationOptions()
    options.observedBytes = bytes
    options.costModel = .everything
    var steps = 0
    return try PostTrainingQuantization.quantize(
      net.graph, options: options, samples: net.samples(count), runner: referenceRunner, checkpoint: store?.checkpoint,
      progress: { (progress: QuantizationProgress) throws(QuantizationError) in
        if progress.stage == .observing { steps += 1 }
        if steps > stopAfter { throw .stopped }
      })
  }

  @Test(arguments: [(1, 4), (300, 7), (300, 13)]) func resumedCalibrationGivesTheSameNetwork(
    _ bytes: Int, _ stop: Int
  ) throws {
    let net = try network()
    let store = Store()
    #expect(throws: QuantizationError.stopped) { try quantize(net, store, bytes: bytes, stopAfter: stop) }
    #expect(store.data != nil)
    let resumed = try quantize(net, store, bytes: bytes)
    let whole = try quantize(net, nil, bytes: bytes)
    #expect(resumed.graph.contentDigest == whole.graph.contentDigest)
    #expect(resumed.report.tensors == whole.report.tensors)
  }

  @Test func finishedCalibrationIsNotRunAgain() throws {
    let net = try network()
    let store = Store()
    _ = try quantize(net, store)
    let before = store.saves
    var observed = 0
    _ = try PostTrainingQuantization.quantize(
      net.graph, samples: net.samples(10), runner: referenceRunner,
      progress: { (progress: QuantizationProgress) throws(QuantizationError) in
        if progress.stage == .observing { observed += 1 }
      })
    #expect(observed == 10)
    _ = try quantize(net, store, stopAfter: 0)
    #expect(store.saves == before)
  }

  @Test func stateOfOtherDataIsRefused() throws {
    let store = Store()
    _ = try quantize(try network(), store)
    #expect(throws: QuantizationError.self) { try quantize(try network(), store, count: 9) }
    store.data = Data("{\"key\": 3".utf8)
    #expect(throws: QuantizationError.checkpoint("it is damaged")) { try quantize(try network(), store) }
  }

  @Test func passesKeepValuesUnderTheBound() throws {
    let net = try network()
    var options = QuantizationOptions()
    options.observedBytes = 600
    options.costModel = .everything
    nonisolated(unsafe) var widest = 0
    let result = try PostTrainingQuantization.quantize(
      net.graph, options: options, samples: net.samples(4),
      runner: { (graph: Graph) throws(QuantizationError) in
        if graph.outputs.first?.name == "probe0" {
          widest = max(widest, graph.outputs.reduce(0) { $0 + graph[$1.value].type.byteCount })
        }
        return try referenceRunner(graph)
      })
    #expect(widest > 0 && widest <= 600)
    #expect(result.report.tensors.count == 3)
  }
}
