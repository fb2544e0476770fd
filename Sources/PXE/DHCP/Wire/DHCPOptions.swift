import Vocabulary

/// The options of a packet, in order, each code once.
///
/// An option that was sent in several pieces is one option here (RFC 3396 §5); the order is that of the first pieces.
/// The octets of all options lie in one buffer, so that a packet costs two allocations however many options it has.
public struct DHCPOptions: Sendable {
    private struct Entry: Sendable {
        var code: DHCPOptionCode
        var start: Int
        var count: Int
    }

    private var entries: [Entry] = []
    private var octets: [UInt8] = []

    public init() {}

    public var count: Int { entries.count }

    /// The octets of an option; nil when it is not there. An option without octets is there and empty.
    public subscript(code: DHCPOptionCode) -> ArraySlice<UInt8>? {
        entries.first { $0.code == code }.map { octets[$0.start..<$0.start + $0.count] }
    }

    public func contains(_ code: DHCPOptionCode) -> Bool { entries.contains { $0.code == code } }

    /// Sets an option where it stands, or adds it at the end.
    public mutating func set(_ code: DHCPOptionCode, to value: some Collection<UInt8>) {
        let entry = Entry(code: code, start: octets.count, count: value.count)
        octets.append(contentsOf: value)
        if let index = entries.firstIndex(where: { $0.code == code }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    /// Adds a further piece to an option, or the option itself (RFC 3396 §5).
    mutating func append(_ code: DHCPOptionCode, piece: some Collection<UInt8>) {
        guard let index = entries.firstIndex(where: { $0.code == code }) else {
            entries.append(Entry(code: code, start: octets.count, count: piece.count))
            octets.append(contentsOf: piece)
            return
        }
        let old = entries[index]
        if old.start + old.count != octets.count {
            entries[index].start = octets.count
            octets.append(contentsOf: octets[old.start..<old.start + old.count])
        }
        octets.append(contentsOf: piece)
        entries[index].count += piece.count
    }

    public mutating func remove(_ code: DHCPOptionCode) { entries.removeAll { $0.code == code } }

    /// Makes room for what a reply usually has.
    mutating func reserve(options: Int, octets count: Int) {
        entries.reserveCapacity(options)
        octets.reserveCapacity(count)
    }
}

extension DHCPOptions: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { entries.count }
    public subscript(position: Int) -> (code: DHCPOptionCode, octets: ArraySlice<UInt8>) {
        let entry = entries[position]
        return (entry.code, octets[entry.start..<entry.start + entry.count])
    }
}

extension DHCPOptions: Hashable {
    public static func == (a: DHCPOptions, b: DHCPOptions) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0.code == $1.code && $0.octets == $1.octets }
    }
    public func hash(into hasher: inout Hasher) {
        for option in self {
            hasher.combine(option.code)
            hasher.combine(option.octets)
        }
    }
}

/// The kinds of value that most options have (RFC 2132 §2). A value of the wrong length is as good as none.
extension DHCPOptions {
    public func address(_ code: DHCPOptionCode) -> IPv4Address? { self[code].flatMap { IPv4Address(octets: $0) } }

    public func uint16(_ code: DHCPOptionCode) -> UInt16? {
        guard let value = self[code], value.count == 2 else { return nil }
        return value.reduce(0) { $0 << 8 | UInt16($1) }
    }

    public func uint32(_ code: DHCPOptionCode) -> UInt32? {
        guard let value = self[code], value.count == 4 else { return nil }
        return value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Text up to its first NUL, which some clients send and some do not; nil when it is empty or no UTF-8.
    public func text(_ code: DHCPOptionCode) -> String? {
        guard let value = self[code]?.prefix(while: { $0 != 0 }), !value.isEmpty else { return nil }
        return String(validating: value, as: UTF8.self)
    }

    public mutating func set(_ code: DHCPOptionCode, to address: IPv4Address) {
        withUnsafeBytes(of: address.rawValue.bigEndian) { set(code, to: $0) }
    }

    public mutating func set(_ code: DHCPOptionCode, to addresses: [IPv4Address]) {
        set(code, to: addresses.flatMap(\.octets))
    }

    public mutating func set(_ code: DHCPOptionCode, to value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { set(code, to: $0) }
    }

    public mutating func set(_ code: DHCPOptionCode, to value: UInt16) {
        withUnsafeBytes(of: value.bigEndian) { set(code, to: $0) }
    }

    public mutating func set(_ code: DHCPOptionCode, to text: String) { set(code, to: text.utf8) }
}
