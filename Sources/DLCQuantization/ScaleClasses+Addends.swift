import DLCGraph
import DLCOperators
import DLCTensor

extension ScaleClasses {
  /// Cuts constants that are only added to what their sums can show, and chooses their parameters again.
  ///
  /// A mask of -1e9 brings a sum below its range, and so does one of -100: the result saturates alike. But the smaller number
  /// leaves steps for the addends that count, and other runtimes a product of scales that fits their integers.
  func cutAddends(_ choices: inout [ValueID: RangeChoice], _ element: ElementType) {
    for value in Set(participation.nodes.flatMap { network.graph[$0].inputs }).sorted() {
      guard let constant = network.graph.constant(value), constant.element == .float32, let known = choices[value],
        let range = addendRange(value, choices)
      else { continue }
      let cut = constant.floats().map { Float(min(max(Double($0), range.lowerBound), range.upperBound)) }
      if cut == constant.floats() { continue }
      var histogram = Histogram()
      histogram.add(Tensor(cut, shape: constant.shape))
      var constraints = RangeSearch.Constraints()
      constraints.element = element
      constraints.keepsRange = true
      var choice = RangeSearch(histogram, constraints).choose(.minMax)
      choice.method = known.method
      choices[value] = choice
    }
  }

  /// The numbers beyond which an addend changes none of the sums that read it; nil where something else reads it.
  private func addendRange(_ value: ValueID, _ choices: [ValueID: RangeChoice]) -> ClosedRange<Double>? {
    var result: ClosedRange<Double>?
    for user in network.graph[value].users {
      let node = network.graph[user]
      guard participation.nodes.contains(user), participation.stores(node.outputs[0], network),
        let op = node.op as? Binary, op.kind == .add || op.kind == .subtract && node.inputs[1] == value,
        let other = node.inputs.first(where: { $0 != value }).flatMap({ choices[$0] })?.parameters.realRange(),
        let sum = choices[node.outputs[0]]?.parameters.realRange()
      else { return nil }
      // sum = other + value, or other - value.
      let (low, high) =
        op.kind == .add
        ? (sum.lowerBound - other.upperBound, sum.upperBound - other.lowerBound)
        : (other.lowerBound - sum.upperBound, other.upperBound - sum.lowerBound)
      // A little more, for the addend is rounded too; zero is among the numbers of every range.
      let margin = (high - low) / 64
      result = min(low - margin, 0, result?.lowerBound ?? 0)...max(high + margin, 0, result?.upperBound ?? 0)
    }
    return result
  }
}
