/// What writing a plan came to; sizes in bytes.
package struct PlanReport: Sendable {
  /// One stretch of the arena.
  package struct Buffer: Sendable, Hashable {
    /// The model's name for what first lies there, or empty.
    package var name: String
    package var offset: Int
    package var bytes: Int
    /// Steps that it is alive at, the last included; the number of steps stands for "to the end".
    package var steps: ClosedRange<Int>
  }

  package var arenaBytes: Int
  /// The most that is alive at one step: no placement needs less.
  package var arenaLowerBoundBytes: Int
  package var weightsBytes: Int
  package var planBytes: Int
  package var macs: Int
  /// Most scratch memory that a part of a step asks for, on 64-bit machines.
  package var scratchBytes: Int
  /// Most stack that a call of the runtime takes.
  package var stackBytes: Int
  package var steps: Int
  package var buffers: [Buffer]
}
