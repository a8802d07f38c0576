import DLCTensor
import Foundation

/// Reading and writing NumPy files by path.
package enum NumpyFiles {
  /// The array of a .npy file.
  package static func read(_ path: String) throws(DataError) -> Tensor {
    try NumpyFormat.decode(FileAccess.read(path), path: path)
  }

  /// The arrays of a .npz file by name, in the file's order.
  package static func readArchive(_ path: String) throws(DataError) -> [(name: String, tensor: Tensor)] {
    let archive = try ZipArchive(FileAccess.read(path), path: path)
    var arrays: [(name: String, tensor: Tensor)] = []
    for member in archive.members where member.name.hasSuffix(".npy") {
      let tensor = try NumpyFormat.decode(archive.contents(of: member), path: "\(path):\(member.name)")
      arrays.append((String(member.name.dropLast(4)), tensor))
    }
    return arrays
  }

  /// Writes a .npy file.
  package static func write(_ tensor: Tensor, to path: String) throws(DataError) {
    try FileAccess.write(NumpyFormat.encode(tensor), to: path)
  }
}
