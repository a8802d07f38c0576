import DLCGraph
import DLCTensor

/// Everything that lies in memory while a plan runs, and what shares memory with what.
///
/// A slot is a value of the graph, a temporary of a lowering, or the copy behind an output. A slot without a link has memory
/// of its own; a linked one is a view of another.
struct Slots {
  /// How a slot lies inside another.
  enum Link {
    /// The same elements under the slot's own shape.
    case whole(of: Int)
    /// The elements from `starts` on.
    case part(of: Int, starts: [Int])
  }

  /// One operand of a call on a slot: what a view must be able to serve.
  struct Use {
    var shape: Shape
    var acceptsPitch: Bool
  }

  private(set) var types: [TensorType] = []
  private(set) var constants: [Tensor?] = []
  private(set) var names: [String] = []
  /// What the integers of a slot stand for, where that is known.
  private(set) var quantizations: [Int: QuantizationParameters] = [:]
  private var links: [Link?] = []
  /// Slots linked directly to each slot.
  private var linked: [[Int]] = []
  private var uses: [[Use]] = []
  /// Slots whose memory the caller sees (inputs and outputs): dense and their own.
  private(set) var isPort: [Bool] = []

  /// Adds a slot and gives its number.
  mutating func add(_ type: TensorType, name: String, constant: Tensor? = nil) -> Int {
    types.append(type)
    constants.append(constant)
    names.append(name)
    links.append(nil)
    linked.append([])
    uses.append([])
    isPort.append(false)
    return types.count - 1
  }

  /// Says what the integers of a slot stand for.
  mutating func setQuantization(_ slot: Int, _ parameters: QuantizationParameters) {
    quantizations[slot] = parameters
  }

  mutating func markPort(_ slot: Int) { isPort[slot] = true }

  mutating func addUse(_ slot: Int, _ use: Use) { uses[slot].append(use) }

  func isLinked(_ slot: Int) -> Bool { links[slot] != nil }

  /// Whether `slot` is a view of `other` directly.
  func isLinked(_ slot: Int, to other: Int) -> Bool {
    switch links[slot] {
    case nil: false
    case .whole(let target), .part(let target, _): target == other
    }
  }

  /// The slot whose memory `slot` lies in, and where; nil when its rows do not lie evenly there.
  func resolve(_ slot: Int) -> (root: Int, view: MemoryView)? {
    switch links[slot] {
    case nil: return (slot, MemoryView(types[slot].shape))
    case .whole(let target):
      guard let outer = resolve(target), let view = outer.view.reshaped(to: types[slot].shape) else { return nil }
      return (outer.root, view)
    case .part(let target, let starts):
      guard let outer = resolve(target), let view = outer.view.part(starts: starts, extents: types[slot].shape) else {
        return nil
      }
      return (outer.root, view)
    }
  }

  /// Links `slot` when every use of it, and of the slots that lie in it, can be served from there; otherwise changes nothing.
  mutating func tryLink(_ slot: Int, _ link: Link) -> Bool {
    guard links[slot] == nil, !isPort[slot], constants[slot] == nil, !types[slot].shape.isEmpty else { return false }
    let target =
      switch link {
      case .whole(let target), .part(let target, _): target
      }
    links[slot] = link
    guard serves(slot) else {
      links[slot] = nil
      return false
    }
    linked[target].append(slot)
    return true
  }

  /// As `tryLink`, also for a slot that is another one's bytes already: then that one becomes the view, so that a value that is
  /// only reshaped before it is joined with others is computed in its place there. Nothing when either is in `apart`.
  mutating func tryLinkWithSource(_ slot: Int, _ link: Link, _ apart: Set<Int>) -> Bool {
    var chain = [slot]
    while case .whole(let source) = links[chain[chain.count - 1]] { chain.append(source) }
    if chain.contains(where: apart.contains) { return false }
    let source = chain[chain.count - 1]
    guard chain.count > 1, links[source] == nil, !isPort[source], constants[source] == nil else {
      return tryLink(slot, link)
    }
    for (view, host) in zip(chain, chain.dropFirst()) { turn(view, into: host) }
    if tryLink(slot, link) { return true }
    for (view, host) in zip(chain, chain.dropFirst()).reversed() { turn(host, into: view) }
    return false
  }

  /// Makes `host`, whose bytes `view` is, a view of `view` instead.
  private mutating func turn(_ view: Int, into host: Int) {
    links[view] = nil
    linked[host].removeAll { $0 == view }
    links[host] = .whole(of: view)
    linked[view].append(host)
  }

  private func serves(_ slot: Int) -> Bool {
    guard let place = resolve(slot), place.root != slot else { return false }
    for use in uses[slot] {
      guard let view = place.view.reshaped(to: use.shape), view.isDense || use.acceptsPitch else { return false }
    }
    return linked[slot].allSatisfy(serves)
  }
}
