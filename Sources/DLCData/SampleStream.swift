import DLCTensor
import Foundation

/// Samples one after another, read ahead on background threads in a bounded queue. The order does not depend on the threads.
///
/// `next()` may be called from several threads.
package final class SampleStream: @unchecked Sendable {
  private let queue: Queue

  init(
    _ source: any SampleSource, order: [Int]?, limit: Int?, skipsBad: Bool, refusesNaN: Bool, workers: Int, depth: Int
  ) {
    let total = skipsBad ? source.count : min(limit ?? source.count, source.count)
    queue = Queue(
      total: total, limit: limit ?? total, skipsBad: skipsBad, refusesNaN: refusesNaN, depth: max(depth, workers))
    for _ in 0..<max(1, min(source.isShareable ? workers : 1, total)) {
      Thread.detachNewThread { [queue] in queue.work(source, order) }
    }
  }

  deinit { queue.stop() }

  /// The next sample; nil after the last. Throws what reading it threw, unless bad samples are skipped.
  package func next() throws(DataError) -> Sample? { try queue.next()?.sample }

  /// As `next()`, with the number of samples given before it.
  package func nextNumbered() throws(DataError) -> (number: Int, sample: Sample)? { try queue.next() }

  /// Samples left out so far, in order.
  package var skipped: [SkippedSample] { queue.skippedSoFar }

  /// What threads share.
  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private let total: Int
    private let limit: Int
    private let skipsBad: Bool
    private let refusesNaN: Bool
    private let depth: Int
    private var claimed = 0
    private var taken = 0
    private var given = 0
    private var ready: [Int: Result<Sample, DataError>] = [:]
    private var skipped: [SkippedSample] = []
    private var origins: [Int: String] = [:]
    private var stopped = false

    init(total: Int, limit: Int, skipsBad: Bool, refusesNaN: Bool, depth: Int) {
      self.total = total
      self.limit = limit
      self.skipsBad = skipsBad
      self.refusesNaN = refusesNaN
      self.depth = depth
    }

    func stop() {
      condition.lock()
      stopped = true
      ready = [:]
      condition.broadcast()
      condition.unlock()
    }

    var skippedSoFar: [SkippedSample] {
      condition.lock()
      defer { condition.unlock() }
      return skipped
    }

    /// A background thread: claims the next place while the queue has room, and reads.
    func work(_ source: any SampleSource, _ order: [Int]?) {
      var reader: Result<any SampleReader, DataError>?
      while let place = claim() {
        let index = order?[place] ?? place
        let result: Result<Sample, DataError>
        if reader == nil {
          do { reader = .success(try source.reader(shuffled: order != nil)) } catch { reader = .failure(error) }
        }
        switch reader {
        case .success(var opened):
          do {
            let sample = try opened.read(index)
            if refusesNaN { try sample.requireNumbers() }
            result = .success(sample)
          } catch { result = .failure(error) }
          reader = .success(opened)
        case .failure(let error): result = .failure(error)
        case nil: return
        }
        condition.lock()
        if !stopped {
          ready[place] = result
          if case .failure = result { origins[place] = source.origin(index) }
        }
        condition.broadcast()
        condition.unlock()
      }
    }

    private func claim() -> Int? {
      condition.lock()
      defer { condition.unlock() }
      while !stopped, claimed < total, claimed >= taken + depth { condition.wait() }
      guard !stopped, claimed < total else { return nil }
      claimed += 1
      return claimed - 1
    }

    func next() throws(DataError) -> (number: Int, sample: Sample)? {
      condition.lock()
      defer { condition.unlock() }
      while true {
        guard !stopped, taken < total, given < limit else { return nil }
        let place = taken
        guard let result = ready.removeValue(forKey: place) else {
          condition.wait()
          continue
        }
        taken += 1
        condition.broadcast()
        switch result {
        case .success(let sample):
          given += 1
          return (given - 1, sample)
        case .failure(let error):
          guard skipsBad else {
            stopped = true
            throw error
          }
          skipped.append(SkippedSample(origin: origins.removeValue(forKey: place) ?? "", reason: "\(error)"))
        }
      }
    }
  }
}
