import Vocabulary

import struct Crypto.SHA256

extension Digest {
    /// The digest of bytes in memory.
    package init(of bytes: some Sequence<UInt8>) {
        var hash = SHA256()
        hash.update(data: Array(bytes))
        self.init(octets: Array(hash.finalize()))!
    }
}
