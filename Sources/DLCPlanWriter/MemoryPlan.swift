import DLCGraph
import DLCTensor

/// Which buffer each slot lies in, and where the buffers lie in the arena.
struct MemoryPlan {
  struct Buffer {
    var name: String
    var bytes: Int
    var steps: ClosedRange<Int>
    var offset = 0
  }

  private(set) var buffers: [Buffer] = []
  private(set) var arenaBytes = 0
  private(set) var lowerBoundBytes = 0
  private var bufferOfRoot: [Int: Int] = [:]
  private let slots: Slots

  /// Finds lifetimes, lets results take the memory of inputs that die, and places the buffers.
  init(_ schedule: Schedule) throws(PlanError) {
    slots = schedule.slots
    let end = schedule.steps.count
    var first: [Int: Int] = [:]
    var last: [Int: Int] = [:]
    func touch(_ root: Int, _ step: Int) {
      first[root] = min(first[root] ?? step, step)
      last[root] = max(last[root] ?? step, step)
    }
    for slot in schedule.inputs {
      touch(slot, 0)
      touch(slot, end)
    }
    for (k, step) in schedule.steps.enumerated() {
      for operand in step.operands {
        guard let slot = operand.slot, slots.constants[slot] == nil else { continue }
        guard let place = slots.resolve(slot) else {
          throw .malformed("'\(step.name)' sees a view that does not lie evenly")
        }
        if slots.constants[place.root] == nil { touch(place.root, k) }
      }
    }
    for slot in schedule.outputs { touch(slot, end) }
    let heir = MemoryPlan.inherit(schedule, first: first, last: &last)
    assign(first, last, heir)
    let requests = buffers.map { ArenaPlanner.Request(bytes: $0.bytes, steps: $0.steps) }
    let placement = ArenaPlanner.place(requests)
    for k in buffers.indices { buffers[k].offset = placement.offsets[k] }
    arenaBytes = placement.byteCount
    lowerBoundBytes = ArenaPlanner.lowerBound(requests)
  }

  /// In-place pairs: for each root that takes over another's memory, that other root.
  private static func inherit(_ schedule: Schedule, first: [Int: Int], last: inout [Int: Int]) -> [Int: Int] {
    var heir: [Int: Int] = [:]
    let slots = schedule.slots
    func host(_ root: Int) -> Int {
      var root = root
      while let next = heir[root] { root = next }
      return root
    }
    for (k, step) in schedule.steps.enumerated() {
      for pair in step.call.inPlace {
        guard let input = step.operands[pair.input].slot, let output = step.operands[pair.output].slot,
          slots.constants[input] == nil, !slots.isLinked(output), heir[output] == nil, !slots.isPort[input],
          let source = slots.resolve(input), slots.constants[source.root] == nil, !slots.isPort[source.root],
          first[output] == k
        else { continue }
        let root = host(source.root)
        // The whole buffer must be the input, dying here, and whatever else this step reads of it must be read element by
        // element as the result is written, which operands that may be the result's place themselves are.
        guard root != output, last[root] == k, source.view.isDense, source.view.offset == 0,
          slots.types[input].byteCount == slots.types[output].byteCount,
          slots.types[source.root].byteCount == slots.types[output].byteCount,
          slots.types[root].byteCount == slots.types[output].byteCount
        else { continue }
        let others = step.operands.indices.filter { $0 != pair.input && $0 != pair.output }
        let shared = others.contains { other in
          guard let slot = step.operands[other].slot, slots.constants[slot] == nil, let place = slots.resolve(slot),
            host(place.root) == root
          else { return false }
          return !step.call.inPlace.contains { $0.input == other && $0.output == pair.output }
            || step.operands[other].type != step.operands[pair.input].type
        }
        if shared { continue }
        heir[output] = root
        last[root] = max(k, last[output] ?? k)
        break
      }
    }
    return heir.mapValues(host)
  }

  private mutating func assign(_ first: [Int: Int], _ last: [Int: Int], _ heir: [Int: Int]) {
    for root in first.keys.sorted() where heir[root] == nil {
      bufferOfRoot[root] = buffers.count
      buffers.append(
        Buffer(
          name: slots.names[root], bytes: slots.types[root].byteCount,
          steps: (first[root] ?? 0)...(last[root] ?? 0)))
    }
    for (root, host) in heir { bufferOfRoot[root] = bufferOfRoot[host] }
  }

  /// The buffer of a slot (nil: its bytes are the constant `constant`), and its view there.
  func place(_ slot: Int) -> (buffer: Int?, constant: Tensor?, view: MemoryView)? {
    guard let place = slots.resolve(slot) else { return nil }
    if let constant = slots.constants[place.root] { return (nil, constant, place.view) }
    guard let buffer = bufferOfRoot[place.root] else { return nil }
    return (buffer, nil, place.view)
  }
}
