import PXE
import Vocabulary

/// One way from DISCOVER to ACK, as firmware and iPXE go it, behind a relay agent (RFC 2131 §4.4.1). Without I/O.
struct DHCPExchange {
    enum Client { case firmware, ipxe }

    /// What an ACK brought.
    struct Lease: Hashable {
        var address: IPv4Address
        /// Where the boot file is.
        var server: IPv4Address
        /// A TFTP name or a URL; empty when nothing is offered.
        var file: String
    }

    enum Event: Hashable {
        /// The REQUEST is to be sent.
        case offered
        case acknowledged(Lease)
        /// A NAK: to begin again.
        case refused
        case ignored
    }

    /// Until something is sent again (PXE 2.1 §2.2.8): one after another, then the client gives up.
    static let timeouts: [Duration] = [.seconds(4), .seconds(8), .seconds(16), .seconds(32)]

    let client: Client
    let identity: SimulatedIdentity
    /// The same from DISCOVER to ACK.
    let xid: UInt32
    let relay: IPv4Address
    private var offer: (address: IPv4Address, server: IPv4Address)?
    private(set) var sent = 0

    init(_ client: Client, identity: SimulatedIdentity, xid: UInt32, relay: IPv4Address) {
        self.client = client
        self.identity = identity
        self.xid = xid
        self.relay = relay
    }

    var isRequesting: Bool { offer != nil }

    /// How long to wait for an answer to what was sent last; nil when that was the last try.
    var timeout: Duration? { sent <= Self.timeouts.count && sent > 0 ? Self.timeouts[sent - 1] : nil }

    /// What is to be sent now: DISCOVER, or REQUEST once there is an offer.
    /// - Parameter seconds: since the machine began to ask.
    mutating func datagram(seconds: UInt16) -> [UInt8] {
        sent += 1
        var packet = DHCPPacket(operation: .request, xid: xid, chaddr: HardwareAddress(identity.mac))
        packet.hops = 1
        packet.secs = seconds
        packet.giaddr = relay
        packet.options.set(.messageType, to: [(offer == nil ? DHCPMessageType.discover : .request).rawValue])
        if let offer {
            packet.options.set(.requestedAddress, to: offer.address)
            packet.options.set(.serverIdentifier, to: offer.server)
        }
        packet.options.set(.parameterRequestList, to: Self.asked)
        packet.options.set(.maximumMessageSize, to: UInt16(1472))
        packet.options.set(.clientMachineIdentifier, to: [0] + Self.option97(identity.uuid))
        packet.options.set(.clientArchitecture, to: ClientArchitecture.x64.rawValue)
        packet.options.set(.clientNetworkInterface, to: [1, 3, 16])
        packet.options.set(.vendorClass, to: "PXEClient:Arch:00007:UNDI:003016")
        if client == .ipxe {
            packet.options.set(.userClass, to: "iPXE")
            packet.options.set(.ipxe, to: Self.features)
        }
        // Circuit, and that the answer is wanted at the port that this came from (RFC 8357).
        packet.options.set(.relayAgentInformation, to: [1, 3] + Array("sim".utf8) + [19, 0])
        return packet.encode()
    }

    mutating func received(_ packet: DHCPPacket) -> Event {
        guard packet.xid == xid, packet.chaddr.mac == identity.mac else { return .ignored }
        switch packet.messageType {
        case .offer where offer == nil:
            guard let server = packet.options.address(.serverIdentifier), packet.yiaddr != .any else { return .ignored }
            offer = (packet.yiaddr, server)
            sent = 0
            return .offered
        case .ack where offer != nil:
            return .acknowledged(Lease(address: packet.yiaddr, server: packet.siaddr, file: Self.file(packet)))
        case .nak where offer != nil: return .refused
        default: return .ignored
        }
    }

    private static func file(_ packet: DHCPPacket) -> String {
        packet.options.text(.bootFileName) ?? String(decoding: packet.file, as: UTF8.self)
    }

    /// As EDK2 asks.
    private static let asked: [UInt8] = [1, 3, 6, 12, 15, 28, 42, 43, 51, 54, 58, 59, 60, 66, 67, 97, 175]
    /// HTTP, TFTP, DNS, EFI, menu.
    private static let features: [UInt8] = [0x13, 1, 1, 0x15, 1, 1, 0x17, 1, 1, 0x24, 1, 1, 0x27, 1, 1]

    /// The first three groups of a UUID have their octets the other way round there (SMBIOS 2.6).
    private static func option97(_ uuid: MachineUUID) -> [UInt8] { uuid.byteSwapped.octets }
}
