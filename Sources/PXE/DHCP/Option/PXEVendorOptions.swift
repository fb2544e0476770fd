import Vocabulary

/// Option 43 between a PXE client and its server (PXE 2.1 §2.2, table 2-1).
public struct PXEVendorOptions: Hashable, Sendable {
    /// Sub-option 6: how to look for boot servers.
    public struct DiscoveryControl: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let noBroadcast = Self(rawValue: 1)
        public static let noMulticast = Self(rawValue: 2)
        public static let onlyListedServers = Self(rawValue: 4)
        /// No menu, no discovery: load the file that this very offer names.
        public static let bootFileOfOffer = Self(rawValue: 8)
    }

    /// An entry of sub-option 8: the servers of one type.
    public struct BootServer: Hashable, Sendable {
        public var type: UInt16
        public var addresses: [IPv4Address]
        public init(type: UInt16, addresses: [IPv4Address]) {
            self.type = type
            self.addresses = addresses
        }
    }

    /// An entry of sub-option 9: a line of the menu. Type 0 is "boot from the local disk".
    public struct MenuItem: Hashable, Sendable {
        public var type: UInt16
        public var text: [UInt8]
        public init(type: UInt16, text: [UInt8]) {
            self.type = type
            self.text = text
        }
    }

    /// Sub-option 10: what stands over the menu, and how long. 0 seconds chooses the first item at once, 255 never.
    public struct Prompt: Hashable, Sendable {
        public var timeout: UInt8
        public var text: [UInt8]
        public init(timeout: UInt8, text: [UInt8]) {
            self.timeout = timeout
            self.text = text
        }
    }

    /// Sub-option 71: what the client chose. Bit 15 of the layer asks for credentials.
    public struct BootItem: Hashable, Sendable {
        public var type: UInt16
        public var layer: UInt16
        public init(type: UInt16, layer: UInt16) {
            self.type = type
            self.layer = layer
        }
        public var asksForCredentials: Bool { layer & 0x8000 != 0 }
    }

    public var discoveryControl: DiscoveryControl?
    public var bootServers: [BootServer] = []
    public var menu: [MenuItem] = []
    public var prompt: Prompt?
    public var bootItem: BootItem?
    /// Whatever else there was, in order.
    public var others: [SubOption] = []

    public init() {}

    /// nil when it is not a list of sub-options, as other vendors' contents are not.
    public init?(parsing octets: some Collection<UInt8>) {
        guard let list = SubOption.list(parsing: octets, framing: .padded) else { return nil }
        for option in list {
            switch (option.code, option.octets.count) {
            case (6, 1): discoveryControl = DiscoveryControl(rawValue: option.octets[0])
            case (8, 3...): bootServers += Self.servers(option.octets[...])
            case (9, 3...): menu += Self.items(option.octets[...])
            case (10, 1...): prompt = Prompt(timeout: option.octets[0], text: Array(option.octets[1...]))
            case (71, 4): bootItem = BootItem(type: option.octets.word(at: 0), layer: option.octets.word(at: 2))
            default: others.append(option)
            }
        }
    }

    /// With the END that PXE wants (PXE 2.1 §2.2).
    public var encoded: [UInt8] {
        var list: [SubOption] = []
        if let discoveryControl { list.append(SubOption(6, [discoveryControl.rawValue])) }
        if !bootServers.isEmpty {
            let octets = bootServers.flatMap { server in
                server.type.octets + [UInt8(clamping: server.addresses.count)] + server.addresses.flatMap(\.octets)
            }
            list.append(SubOption(8, octets))
        }
        if !menu.isEmpty {
            let octets = menu.flatMap { $0.type.octets + [UInt8(clamping: $0.text.count)] + $0.text.prefix(255) }
            list.append(SubOption(9, octets))
        }
        if let prompt { list.append(SubOption(10, [prompt.timeout] + prompt.text)) }
        if let bootItem { list.append(SubOption(71, bootItem.type.octets + bootItem.layer.octets)) }
        return SubOption.encode(list + others) + [DHCPOptionCode.end.rawValue]
    }

    /// "Load the file of this offer and ask nobody": keeps firmware from port 4011 and from a menu.
    static let bootFileOfOffer: [UInt8] = [6, 1, DiscoveryControl.bootFileOfOffer.rawValue, 255]

    /// What the boot ROM of a Raspberry Pi looks for before it believes that a server is meant for it.
    static let raspberryPi: [UInt8] = {
        var options = PXEVendorOptions()
        options.discoveryControl = [.noBroadcast, .noMulticast]
        options.menu = [MenuItem(type: 0, text: Array("Raspberry Pi Boot".utf8))]
        options.prompt = Prompt(timeout: 0, text: Array("PXE".utf8))
        return options.encoded
    }()

    private static func servers(_ octets: ArraySlice<UInt8>) -> [BootServer] {
        var (rest, servers) = (octets, [BootServer]())
        while rest.count >= 3 {
            let head = Array(rest.prefix(3))
            let body = rest.dropFirst(3).prefix(4 * Int(head[2]))
            guard body.count == 4 * Int(head[2]) else { break }
            let addresses = stride(from: body.startIndex, to: body.endIndex, by: 4).compactMap {
                IPv4Address(octets: body[$0..<$0 + 4])
            }
            servers.append(BootServer(type: head.word(at: 0), addresses: addresses))
            rest = rest.dropFirst(3 + body.count)
        }
        return servers
    }

    private static func items(_ octets: ArraySlice<UInt8>) -> [MenuItem] {
        var (rest, items) = (octets, [MenuItem]())
        while rest.count >= 3 {
            let head = Array(rest.prefix(3))
            let text = rest.dropFirst(3).prefix(Int(head[2]))
            guard text.count == Int(head[2]) else { break }
            items.append(MenuItem(type: head.word(at: 0), text: Array(text)))
            rest = rest.dropFirst(3 + text.count)
        }
        return items
    }
}

extension [UInt8] {
    /// The caller has checked that two octets are there.
    fileprivate func word(at index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index + 1]) }
}

extension UInt16 {
    fileprivate var octets: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}
