/// A package version, ordered as dpkg orders them (deb-version(7)): epoch, upstream version, Debian revision.
public struct DebianVersion: Hashable, Sendable, CustomStringConvertible {
    /// The first iPXE with arm64, and with one package for every architecture.
    static let secondGenerationIPXE = DebianVersion("2.0")

    public let description: String
    private let epoch: Int
    private let upstream: [UInt8]
    private let revision: [UInt8]

    public init(_ text: some StringProtocol) {
        description = String(text)
        var rest = Array(text.utf8)[...]
        var epoch = 0
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            epoch = Int(String(decoding: rest[..<colon], as: UTF8.self)) ?? 0
            rest = rest[(colon + 1)...]
        }
        self.epoch = epoch
        if let dash = rest.lastIndex(of: UInt8(ascii: "-")) {
            upstream = Array(rest[..<dash])
            revision = Array(rest[(dash + 1)...])
        } else {
            upstream = Array(rest)
            revision = []
        }
    }

    public static func == (a: DebianVersion, b: DebianVersion) -> Bool { a.order(b) == 0 }

    public func hash(into hasher: inout Hasher) {
        // Equal versions may be spelled differently (1.0 and 1.00); the epoch is all that they surely share.
        hasher.combine(epoch)
    }

    private func order(_ other: DebianVersion) -> Int {
        if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
        let order = Self.compare(upstream, other.upstream)
        return order == 0 ? Self.compare(revision, other.revision) : order
    }

    /// Compares runs of non-digits by `weight` and runs of digits by value, in turn.
    private static func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var a = a[...]
        var b = b[...]
        while !a.isEmpty || !b.isEmpty {
            let (textA, textB) = (a.prefix { !isDigit($0) }, b.prefix { !isDigit($0) })
            for offset in 0..<max(textA.count, textB.count) {
                let x = weight(textA.dropFirst(offset).first)
                let y = weight(textB.dropFirst(offset).first)
                if x != y { return x < y ? -1 : 1 }
            }
            (a, b) = (a.dropFirst(textA.count), b.dropFirst(textB.count))
            let (digitsA, digitsB) = (a.prefix(while: isDigit), b.prefix(while: isDigit))
            let (x, y) = (digitsA.drop { $0 == UInt8(ascii: "0") }, digitsB.drop { $0 == UInt8(ascii: "0") })
            if x.count != y.count { return x.count < y.count ? -1 : 1 }
            if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) ? -1 : 1 }
            (a, b) = (a.dropFirst(digitsA.count), b.dropFirst(digitsB.count))
        }
        return 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// A tilde sorts before everything, even the end; letters before all other characters.
    private static func weight(_ byte: UInt8?) -> Int {
        switch byte {
        case nil: 0
        case UInt8(ascii: "~")?: -1
        case let byte?
        where UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte:
            Int(byte)
        case let byte?: Int(byte) + 256
        }
    }
}

extension DebianVersion: Comparable {
    public static func < (a: DebianVersion, b: DebianVersion) -> Bool { a.order(b) < 0 }
}
