/// A SHA-256 digest: the only name that bytes have here.
///
/// In the OCI's spelling it is `sha256:<hex>`; in URLs, paths and file names it is the bare lower-case hex.
public struct Digest: Hashable, Sendable {
    private let a: UInt64, b: UInt64, c: UInt64, d: UInt64

    /// The digest in 32 octets; nil when there are not exactly 32.
    public init?(octets: some Collection<UInt8>) {
        // Unspecialised for callers in other modules, this asks the collection for its storage instead of each octet.
        let words =
            octets.withContiguousStorageIfAvailable { Self.words(UnsafeRawBufferPointer($0)) }
            ?? Array(octets).withUnsafeBytes { Self.words($0) }
        guard let words else { return nil }
        (a, b, c, d) = words
    }

    private static func words(_ octets: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64, UInt64)? {
        guard octets.count == 32 else { return nil }
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        return (word(0), word(8), word(16), word(24))
    }

    /// 64 lower-case hexadecimal digits; nil otherwise.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 64, !hex.utf8.contains(where: { UInt8(ascii: "A")...UInt8(ascii: "F") ~= $0 }),
            let octets = parseHexadecimal(hex)
        else { return nil }
        self.init(octets: octets)
    }

    public var octets: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, word) in [a, b, c, d].enumerated() {
                raw.storeBytes(of: word.bigEndian, toByteOffset: 8 * index, as: UInt64.self)
            }
            count = 32
        }
    }

    /// Lends the digest's 32 octets without an array for them.
    public func withUnsafeOctets(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeBytes(of: (a.bigEndian, b.bigEndian, c.bigEndian, d.bigEndian), body)
    }

    /// The bare lower-case hex, 64 characters.
    public var hex: String { hexadecimal(octets) }

    /// The first 12 characters of `hex`: what is shown to people and printed on consoles.
    public var short: String { hexadecimal((0..<6).map { UInt8(truncatingIfNeeded: a >> (56 - 8 * $0)) }) }
}

extension Digest: CustomStringConvertible, LosslessStringConvertible {
    /// `sha256:<hex>`.
    public var description: String { "sha256:\(hex)" }

    /// Takes both spellings, with and without `sha256:`.
    public init?(_ description: String) {
        self.init(hex: description.hasPrefix("sha256:") ? description.dropFirst(7) : description[...])
    }
}

extension Digest: Comparable {
    public static func < (x: Digest, y: Digest) -> Bool { (x.a, x.b, x.c, x.d) < (y.a, y.b, y.c, y.d) }
}

extension Digest: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "a digest: sha256: and 64 lower-case hex digits")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
