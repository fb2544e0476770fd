/// The name of one boot of one machine: 26 characters of Crockford's base 32, time first, so that they sort by age.
///
/// 48 bits of milliseconds since 1970 and 80 bits from the system's random generator (the layout of a ULID), so
/// that nobody can guess another machine's. `preview` stands in scripts that are rendered without effect.
public struct BootID: Hashable, Sendable {
    public let rawValue: String

    /// What a script carries when nothing was begun by asking for it.
    public static let preview = BootID(unchecked: "preview")

    private init(unchecked: String) { rawValue = unchecked }

    /// - Parameter milliseconds: since 1970; only the low 48 bits are kept.
    public init(milliseconds: UInt64, using generator: inout some RandomNumberGenerator) {
        let high = generator.next()
        let low = UInt16.random(in: .min ... .max, using: &generator)
        let alphabet = Self.alphabet
        rawValue = String(unsafeUninitializedCapacity: 26) { buffer in
            var time = milliseconds & 0xffff_ffff_ffff
            for index in stride(from: 9, through: 0, by: -1) {
                buffer[index] = alphabet[Int(time & 31)]
                time >>= 5
            }
            var bits = (high, UInt64(low))
            for index in stride(from: 25, through: 10, by: -1) {
                buffer[index] = alphabet[Int(bits.1 & 31)]
                bits.1 = bits.1 >> 5 | (bits.0 & 31) << 11
                bits.0 >>= 5
            }
            return 26
        }
    }

    /// - Parameter milliseconds: since 1970.
    public init(milliseconds: UInt64) {
        var generator = SystemRandomNumberGenerator()
        self.init(milliseconds: milliseconds, using: &generator)
    }

    /// 26 lower-case characters of the alphabet, or `preview`; nil otherwise.
    public init?(_ text: String) {
        guard text == "preview" || (text.utf8.count == 26 && text.utf8.allSatisfy(Self.alphabet.contains)) else {
            return nil
        }
        rawValue = text
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

extension BootID: CustomStringConvertible, LosslessStringConvertible, Comparable, Codable {
    public var description: String { rawValue }
    public static func < (a: BootID, b: BootID) -> Bool { a.rawValue < b.rawValue }
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "a boot id")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
