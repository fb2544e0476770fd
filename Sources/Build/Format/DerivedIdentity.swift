import Vocabulary

/// The identifiers that file systems and disks want to be random, derived from the image instead: different for every
/// image and every purpose, and the same whenever and wherever the image is written.
struct DerivedIdentity: Sendable {
    let image: Digest

    private func octets(_ purpose: String) -> [UInt8] {
        Digest(of: image.octets + Array("muster \(purpose)".utf8)).octets
    }

    /// Never 0.
    func number(_ purpose: String) -> UInt32 {
        max(1, octets(purpose).prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// The 16 octets of a UUID of version 8, which is whatever its maker likes (RFC 9562 §5.8).
    func uuidOctets(_ purpose: String) -> [UInt8] {
        var uuid = Array(octets(purpose).prefix(16))
        uuid[6] = uuid[6] & 0x0f | 0x80
        uuid[8] = uuid[8] & 0x3f | 0x80
        return uuid
    }

    /// In lower case, with dashes.
    func uuid(_ purpose: String) -> String {
        let octets = uuidOctets(purpose)
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hexadecimal(octets[$0]) }.joined(separator: "-")
    }
}
