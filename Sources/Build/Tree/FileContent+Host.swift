import Foundation
import Vocabulary

import struct Crypto.SHA256

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension FileContent {
    /// The path of a file that a definition names: `~` is the home of who builds.
    static func path(ofHostFile source: String) -> String { NSString(string: source).expandingTildeInPath }

    /// A file of this host, read once for its digest.
    /// - Throws: `BuildError` when it cannot be read or is no regular file.
    init(hostFile path: String) throws(BuildError) {
        let file = try POSIXFile(path, flags: O_RDONLY)
        let size = try file.regularSize()
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        self.init(digest: Digest(octets: Array(hash.finalize()))!, size: size, place: .host(path: path))
    }
}
