import Vocabulary

import struct Crypto.SHA256

/// SHA-256 over fields that cannot run into each other: what has no fixed length begins with its length.
struct KeyHash {
    private var hash = SHA256()
    private var buffer: [UInt8] = []

    init() { buffer.reserveCapacity(1 << 16) }

    mutating func add(_ number: UInt64) {
        withUnsafeBytes(of: number.bigEndian) { buffer.append(contentsOf: $0) }
    }

    mutating func add(bytes: [UInt8]) {
        add(UInt64(bytes.count))
        buffer.append(contentsOf: bytes)
        if buffer.count > 1 << 16 { flush() }
    }

    mutating func add(text: String) { add(bytes: Array(text.utf8)) }

    mutating func add(_ digest: Digest) { digest.withUnsafeOctets { buffer.append(contentsOf: $0) } }

    private mutating func flush() {
        buffer.withUnsafeBytes { hash.update(bufferPointer: $0) }
        buffer.removeAll(keepingCapacity: true)
    }

    mutating func finish() -> Digest {
        flush()
        return Digest(octets: Array(hash.finalize()))!
    }
}
