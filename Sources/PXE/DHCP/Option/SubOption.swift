/// One option inside another: a code, a length, octets. Options 43, 82 and 175 are lists of them.
public struct SubOption: Hashable, Sendable {
    public var code: UInt8
    public var octets: [UInt8]

    public init(_ code: UInt8, _ octets: [UInt8]) {
        self.code = code
        self.octets = octets
    }

    /// How a list ends and what may stand between.
    enum Framing { case plain, padded }

    /// The sub-options in `octets`, as far as they are well formed.
    /// - Parameter framing: `padded` lists have pads (0) and may end with 255 (RFC 2132 §8.4); `plain` ones have
    ///   neither (RFC 3046 §2.0).
    /// - Returns: nil when one reaches beyond the end.
    static func list(parsing octets: some Collection<UInt8>, framing: Framing) -> [SubOption]? {
        var list: [SubOption] = []
        var rest = octets[...]
        while let code = rest.popFirst() {
            if framing == .padded {
                if code == 0 { continue }
                if code == 255 { break }
            }
            guard let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
            list.append(SubOption(code, Array(rest.prefix(Int(length)))))
            rest = rest.dropFirst(Int(length))
        }
        return list
    }

    /// Codes, lengths and octets one after another; each at most 255 octets long.
    static func encode(_ list: [SubOption]) -> [UInt8] {
        list.flatMap { [$0.code, UInt8(min(255, $0.octets.count))] + $0.octets.prefix(255) }
    }
}
