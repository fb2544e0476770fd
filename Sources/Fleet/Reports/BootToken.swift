import Build
import Vocabulary

/// The secret by which a boot's system is known: 32 random bytes, spelled as 64 hexadecimal digits.
///
/// Made when the machine segment is, and in that segment only; what is kept is its digest.
struct BootToken: Sendable {
    /// ASCII, as it stands in the segment and behind `Bearer`.
    let text: [UInt8]

    init() {
        var generator = SystemRandomNumberGenerator()
        text = Array(hexadecimal((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }).utf8)
    }

    var digest: Digest { Digest(of: text) }

    /// Whether `text` is the token whose digest was kept. Takes as long for any two of the same length.
    static func matches(_ text: [UInt8], _ kept: Digest) -> Bool {
        zip(Digest(of: text).octets, kept.octets).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
