/// A processor that a bundle is for.
package enum BundleTarget: String, CaseIterable, Sendable {
  case x86 = "x86-64"
  case x86v3 = "x86-64-v3"
  case x86v4 = "x86-64-v4"
  case aarch64
  case aarch64Dotprod = "aarch64-dotprod"
  case armv7
  case riscv64
  case portable

  /// The family as scripts/build-runtime names it.
  var family: String {
    switch self {
    case .x86, .x86v3, .x86v4: "x86-64"
    case .aarch64, .aarch64Dotprod: "aarch64"
    case .armv7: "armv7"
    case .riscv64: "riscv64"
    case .portable: BundleTarget.hostFamily
    }
  }

  /// Instruction sets left out. Portable code stays for any x86, where a processor may lack the vectors; where the level
  /// promises them, and on ARM, it goes.
  var definitions: [String] {
    switch self {
    case .x86, .riscv64: []
    case .x86v3: ["DLC_NO_AVX512", "DLC_NO_SCALAR"]
    case .x86v4: ["DLC_NO_SCALAR"]
    case .aarch64, .aarch64Dotprod, .armv7: ["DLC_NO_SCALAR"]
    case .portable: ["DLC_NO_AVX2", "DLC_NO_NEON"]
    }
  }

  /// The C compiler to name in what the user is told.
  var compiler: String {
    guard family != BundleTarget.hostFamily else { return "gcc" }
    return family == "armv7" ? "arm-linux-gnueabihf-gcc" : "\(family.replacing("-", with: "_"))-linux-gnu-gcc"
  }

  private static var hostFamily: String {
    #if arch(arm64)
      "aarch64"
    #elseif arch(arm)
      "armv7"
    #elseif arch(riscv64)
      "riscv64"
    #else
      "x86-64"
    #endif
  }
}
