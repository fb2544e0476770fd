/// A message of DHCP (RFC 2131 section 2), as a client without an address writes and reads it.
///
///     op 1, htype 1, hlen 1, hops 1, xid 4, secs 2, flags 2, ciaddr 4, yiaddr 4, siaddr 4, giaddr 4,
///     chaddr 16, sname 64, file 128, magic 4, options
struct DHCPMessage: Equatable {
    /// Option 53.
    enum Kind: UInt8 {
        case discover = 1
        case offer, request, decline, acknowledge, refuse, release
    }

    var kind: Kind
    /// As the client chose it; the answers have the same.
    var transaction: UInt32
    /// Seconds since the client began.
    var seconds: UInt16 = 0
    /// What the client has already, to be extended.
    var clientAddress: UInt32 = 0
    /// What the server gives.
    var yourAddress: UInt32 = 0
    /// Six bytes.
    var hardwareAddress: [UInt8]
    var options: [(code: UInt8, value: [UInt8])] = []

    private static let fixed = 236
    private static let magic: [UInt8] = [99, 130, 83, 99]
    /// RFC 2131 section 2: what every server and relay takes.
    private static let shortest = 300

    enum Option {
        static let mask: UInt8 = 1
        static let router: UInt8 = 3
        static let pad: UInt8 = 0
        static let requestedAddress: UInt8 = 50
        static let leaseTime: UInt8 = 51
        static let kind: UInt8 = 53
        static let server: UInt8 = 54
        static let wanted: UInt8 = 55
        static let reason: UInt8 = 56
        static let end: UInt8 = 255
    }

    static func == (left: DHCPMessage, right: DHCPMessage) -> Bool { left.bytes == right.bytes }

    init(_ kind: Kind, transaction: UInt32, hardwareAddress: [UInt8]) {
        self.kind = kind
        self.transaction = transaction
        self.hardwareAddress = hardwareAddress
    }

    /// The first of an option's values that is four bytes.
    func number(_ code: UInt8) -> UInt32? {
        for option in options where option.code == code && option.value.count >= 4 {
            return UInt32(bigEndian: option.value[..<4])
        }
        return nil
    }

    func text(_ code: UInt8) -> String? { options.first { $0.code == code }.map { String($0.value) } }

    var bytes: [UInt8] {
        var bytes: [UInt8] = [kind == .offer || kind == .acknowledge || kind == .refuse ? 2 : 1, 1, 6, 0]
        bytes += transaction.bigEndianBytes
        bytes += [UInt8(seconds >> 8), UInt8(seconds & 255), 0, 0]
        bytes += clientAddress.bigEndianBytes
        bytes += yourAddress.bigEndianBytes
        bytes += [UInt8](repeating: 0, count: 8)
        bytes += hardwareAddress
        bytes += [UInt8](repeating: 0, count: Self.fixed - bytes.count)
        bytes += Self.magic
        bytes += [Option.kind, 1, kind.rawValue]
        for option in options { bytes += [option.code, UInt8(option.value.count)] + option.value }
        bytes.append(Option.end)
        while bytes.count < Self.shortest { bytes.append(Option.pad) }
        return bytes
    }

    /// nil for what is no message of DHCP over Ethernet.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > Self.fixed + 4, bytes[1] == 1, bytes[2] == 6,
            bytes[Self.fixed..<(Self.fixed + 4)].elementsEqual(Self.magic)
        else { return nil }
        transaction = UInt32(bigEndian: bytes[4..<8])
        seconds = UInt16(bytes[8]) << 8 | UInt16(bytes[9])
        clientAddress = UInt32(bigEndian: bytes[12..<16])
        yourAddress = UInt32(bigEndian: bytes[16..<20])
        hardwareAddress = Array(bytes[28..<34])
        var kind: Kind?
        var rest = bytes[(Self.fixed + 4)...]
        while let code = rest.popFirst(), code != Option.end {
            if code == Option.pad { continue }
            guard let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
            let value = Array(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
            if code == Option.kind {
                kind = value.first.flatMap { Kind(rawValue: $0) }
            } else {
                options.append((code, value))
            }
        }
        guard let kind else { return nil }
        self.kind = kind
    }
}

extension UInt32 {
    init(bigEndian bytes: ArraySlice<UInt8>) { self = bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    var bigEndianBytes: [UInt8] {
        [UInt8(self >> 24), UInt8(self >> 16 & 255), UInt8(self >> 8 & 255), UInt8(self & 255)]
    }

    /// An IPv4 address in host byte order, as people write it.
    var addressText: String { "\(self >> 24).\(self >> 16 & 255).\(self >> 8 & 255).\(self & 255)" }
}
