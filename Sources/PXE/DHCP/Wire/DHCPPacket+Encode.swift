import Vocabulary

extension DHCPPacket {
    /// BOOTP relays and old ROMs drop shorter ones (RFC 1542 §2.1).
    public static let minimumLength = 300
    /// Every client takes an IP packet of 576 octets (RFC 2131 §2): 28 of headers, 548 of message.
    static let guaranteedLength = 548

    /// The packet's octets, at most `limit`.
    ///
    /// When the options do not fit their field, `file` and `sname` take some (option 52), unless they hold text that
    /// no option repeats; what still does not fit is left out, the least important first; no option is cut.
    /// Option 82 always stands last and always fits or is left out itself.
    public func encode(limit: Int = 1472, paddedTo minimum: Int = minimumLength) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(max(minimum, Self.headerLength + 320))
        let size = options.reduce(1) { $0 + Self.encodedSize($1.octets.count) }
        if Self.headerLength + size <= limit {
            appendFixedPart(to: &octets, file: file, sname: sname)
            for option in options where option.code != .relayAgentInformation { octets.append(option: option) }
            if let relay = options[.relayAgentInformation] { octets.append(option: (.relayAgentInformation, relay)) }
            octets.append(DHCPOptionCode.end.rawValue)
        } else {
            appendCramped(to: &octets, limit: limit)
        }
        if octets.count < minimum { octets.append(contentsOf: repeatElement(0, count: minimum - octets.count)) }
        return octets
    }

    /// Codes and lengths included, in pieces of 255 (RFC 3396 §6).
    private static func encodedSize(_ count: Int) -> Int { count + 2 * max(1, (count + 254) / 255) }

    private func appendFixedPart(to octets: inout [UInt8], file: [UInt8], sname: [UInt8]) {
        octets += [operation.rawValue, chaddr.type, chaddr.length, hops]
        octets.append(bigEndian: xid)
        octets.append(bigEndian: UInt32(secs) << 16 | UInt32(flags))
        for address in [ciaddr, yiaddr, siaddr, giaddr] { octets.append(bigEndian: address.rawValue) }
        for word in [chaddr.high, chaddr.low] {
            octets.append(bigEndian: UInt32(word >> 32))
            octets.append(bigEndian: UInt32(truncatingIfNeeded: word))
        }
        octets.append(field: sname, length: Self.snameField.count)
        octets.append(field: file, length: Self.fileField.count)
        octets.append(bigEndian: Self.cookie)
    }

    /// One of the three places that options can stand in.
    private struct Field {
        var capacity: Int
        var members: Set<Int> = []
    }

    private func appendCramped(to octets: inout [UInt8], limit: Int) {
        let fileIsFree = file.isEmpty || options.contains(.bootFileName)
        let snameIsFree = sname.isEmpty || options.contains(.tftpServerName)
        let relay = options[.relayAgentInformation].flatMap { Self.encodedSize($0.count) <= limit / 2 ? $0 : nil }
        // One octet for END; three for option 52.
        var fields = [
            Field(capacity: limit - Self.headerLength - 4 - (relay.map { Self.encodedSize($0.count) } ?? 0)),
            Field(capacity: fileIsFree ? Self.fileField.count - 1 : 0),
            Field(capacity: snameIsFree ? Self.snameField.count - 1 : 0),
        ]
        for index in importance() {
            let size = Self.encodedSize(options[index].octets.count)
            guard let field = fields.firstIndex(where: { $0.capacity >= size }) else { continue }
            fields[field].capacity -= size
            fields[field].members.insert(index)
        }
        let texts = fields[1...].map { field in
            var text: [UInt8] = []
            for index in field.members.sorted() { text.append(option: options[index]) }
            return text.isEmpty ? text : text + [DHCPOptionCode.end.rawValue]
        }
        let overload: UInt8 = (texts[0].isEmpty ? 0 : 1) | (texts[1].isEmpty ? 0 : 2)
        appendFixedPart(
            to: &octets,
            file: texts[0].isEmpty ? file : texts[0],
            sname: texts[1].isEmpty ? sname : texts[1]
        )
        for index in fields[0].members.sorted() { octets.append(option: options[index]) }
        if overload != 0 { octets += [DHCPOptionCode.overload.rawValue, 1, overload] }
        if let relay { octets.append(option: (.relayAgentInformation, relay)) }
        octets.append(DHCPOptionCode.end.rawValue)
    }

    /// The positions of the options but 82, those first that a client cannot do without.
    private func importance() -> [Int] {
        let all = options.indices.filter { options[$0].code != .relayAgentInformation }
        return all.filter { Self.essential.contains(options[$0].code) }
            + all.filter { !Self.essential.contains(options[$0].code) }
    }

    private static let essential: Set<DHCPOptionCode> = [
        .messageType, .serverIdentifier, .leaseTime, .subnetMask, .router, .clientIdentifier, .vendorClass,
        .clientMachineIdentifier, .vendorInformation, .bootFileName, .tftpServerName,
    ]
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: UInt32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(field text: [UInt8], length: Int) {
        append(contentsOf: text.prefix(length))
        append(contentsOf: repeatElement(0, count: Swift.max(0, length - text.count)))
    }

    /// In pieces of 255 octets where it is longer (RFC 3396 §6).
    fileprivate mutating func append(option: (code: DHCPOptionCode, octets: ArraySlice<UInt8>)) {
        var rest = option.octets
        repeat {
            let piece = rest.prefix(255)
            append(option.code.rawValue)
            append(UInt8(piece.count))
            append(contentsOf: piece)
            rest = rest.dropFirst(255)
        } while !rest.isEmpty
    }
}
