import Vocabulary

extension DHCPPacket {
    /// No network carries a longer one.
    private static let maximumLength = 9216
    /// No client sends more.
    private static let maximumOptions = 255

    /// - Throws: `DHCPError` for what must not be answered.
    public init(parsing octets: [UInt8]) throws(DHCPError) {
        try self.init(parsing: octets.span)
    }

    /// - Throws: `DHCPError` for what must not be answered.
    public init(parsing octets: Span<UInt8>) throws(DHCPError) {
        guard octets.count >= Self.headerLength else {
            throw DHCPError(.truncated, "\(octets.count) octets, fewer than \(Self.headerLength)")
        }
        guard octets.count <= Self.maximumLength else {
            throw DHCPError(.tooLong, "\(octets.count) octets, more than \(Self.maximumLength)")
        }
        guard let operation = Operation(rawValue: octets[0]) else {
            throw DHCPError(.operation, "op \(octets[0]) is neither 1 nor 2")
        }
        guard octets[2] <= 16 else { throw DHCPError(.hardware, "hlen \(octets[2]) is more than 16") }
        guard octets[3] <= Self.maximumHops else { throw DHCPError(.hops, "hops \(octets[3]) is more than 16") }
        guard octets.uint32(at: 236) == Self.cookie else { throw DHCPError(.cookie, "no DHCP magic cookie") }
        let words = (octets.uint64(at: 28), octets.uint64(at: 36))
        self.init(
            operation: operation,
            xid: octets.uint32(at: 4),
            chaddr: HardwareAddress(type: octets[1], length: octets[2], words: words)
        )
        hops = octets[3]
        secs = UInt16(truncatingIfNeeded: octets.uint32(at: 8) >> 16)
        flags = UInt16(truncatingIfNeeded: octets.uint32(at: 8))
        ciaddr = IPv4Address(rawValue: octets.uint32(at: 12))
        yiaddr = IPv4Address(rawValue: octets.uint32(at: 16))
        siaddr = IPv4Address(rawValue: octets.uint32(at: 20))
        giaddr = IPv4Address(rawValue: octets.uint32(at: 24))
        try parseOptions(octets)
    }

    /// The options field, then `file` and `sname` if option 52 says that they hold options too, in this order
    /// (RFC 2131 §4.1, RFC 3396 §5).
    private mutating func parseOptions(_ octets: Span<UInt8>) throws(DHCPError) {
        options.reserve(options: 16, octets: octets.count - Self.headerLength)
        try Self.parse(octets, in: Self.headerLength..<octets.count, to: &options)
        var overload: UInt8 = 0
        if let value = options[.overload] {
            guard value.count == 1, let first = value.first, (1...3).contains(first) else {
                throw DHCPError(.option, "option 52 is not 1, 2 or 3")
            }
            overload = first
            options.remove(.overload)
        }
        if overload & 1 != 0 {
            try Self.parse(octets, in: Self.fileField, to: &options)
        } else {
            file = octets.text(in: Self.fileField)
        }
        if overload & 2 != 0 {
            try Self.parse(octets, in: Self.snameField, to: &options)
        } else {
            sname = octets.text(in: Self.snameField)
        }
        options.remove(.overload)
    }

    /// Adds the options in `field`. A missing END is forgiven; an option that reaches beyond the field is not.
    private static func parse(
        _ octets: Span<UInt8>,
        in field: Range<Int>,
        to options: inout DHCPOptions
    ) throws(DHCPError) {
        var index = field.lowerBound
        while index < field.upperBound {
            let code = DHCPOptionCode(rawValue: octets[index])
            if code == .end { return }
            index += 1
            if code == .pad { continue }
            guard index < field.upperBound else { throw DHCPError(.truncated, "option \(code) has no length") }
            let end = index + 1 + Int(octets[index])
            guard end <= field.upperBound else {
                throw DHCPError(.truncated, "option \(code) reaches \(end - field.upperBound) octets beyond its field")
            }
            guard options.count < maximumOptions else { throw DHCPError(.option, "too many options") }
            octets.extracting(index + 1..<end).withUnsafeBufferPointer { options.append(code, piece: $0) }
            index = end
        }
    }
}

/// Each caller has proved that the octets are there: the fixed part is 240 long.
extension Span<UInt8> {
    fileprivate func uint32(at index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(self[index + $1]) }
    }

    fileprivate func uint64(at index: Int) -> UInt64 {
        UInt64(uint32(at: index)) << 32 | UInt64(uint32(at: index + 4))
    }

    /// A field without the NULs at its end.
    fileprivate func text(in field: Range<Int>) -> [UInt8] {
        var end = field.upperBound
        while end > field.lowerBound, self[end - 1] == 0 { end -= 1 }
        return end == field.lowerBound
            ? [] : extracting(field.lowerBound..<end).withUnsafeBufferPointer { Array($0) }
    }
}
