import DLCGraph

/// The passes in the order in which they run.
package enum Pipeline {
  /// Optimization levels: 0 only what the plan writer needs, 1 what is cheap and always pays, 2 everything.
  package static let levels = 0...2

  /// All passes up to `level` that run unasked.
  package static func standard(level: Int) -> [Pass] { parts(level: level).float + parts(level: level).rest }

  /// The passes up to `level` in two parts: those that leave a channels-first float graph with its fusions made, which is what
  /// quantization works on, and the rest. `dynamic`: activations of integer weights are quantized when run.
  package static func parts(level: Int, dynamic: Bool = false) -> (float: [Pass], rest: [Pass]) {
    let passes = all.filter { dynamic || $0.name != Pass.quantizeDynamically.name }
    let cut = (passes.firstIndex { $0.name == Pass.fuseResidual.name } ?? passes.endIndex - 1) + 1
    return (passes[..<cut].filter { $0.level <= level }, passes[cut...].filter { $0.level <= level })
  }

  /// Names of the passes that put a node's work into the one before it, among those before quantization.
  package static let fusions: Set<String> = [Pass.fuseActivation.name, Pass.fuseResidual.name]

  /// The table of contents.
  package static let all: [Pass] = [
    .recognizeDynamicProducts,
    .unmarkIntegerSums,
    .widenHalf,
    .removeDead,
    .shareCommon,
    .canonicalize,
    .foldConstants,
    .recognizeFunctions,
    .recognizeLayerNorm,
    .fuseBatchNorm,
    .decomposeBatchNorm,
    .foldAffine,
    .fusePadding,
    .fuseActivation,
    .fuseResidual,
    .unsignedActivations,
    .integerMovement,
    .integerFunctions,
    .formIntegers,
    .fuseTables,
    .storeTables,
    .dequantizeConstants,
    .spatialChannelsLast,
    .alignRanks,
    .shareCommon,
    .chooseLayout,
    .mergeTransposes,
    .flattenIntoWeights,
    .canonicalize,
    .foldConstants,
    .recognizeLayerNorm,
    .foldAffine,
    .fuseActivation,
    .affineAsDepthwise,
    .fuseResidual,
    .transposesIntoMatMul,
    .formDynamicProducts,
    .quantizeDynamically,
    .storeWeights,
    .shareCommon,
    .removeDead,
  ]
}
