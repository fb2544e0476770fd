import Synchronization
import Vocabulary

@testable import PXE

/// An authority that knows what a test tells it and remembers what it was told.
final class FixedAuthority: BootAuthority {
    private let hosts = Mutex<[MACAddress: Host]>([:])
    private let holders = Mutex<[IPv4Address: MACAddress]>([:])
    private let seen = Mutex<[Observation]>([])

    init(hosts: [MACAddress: Host] = [:]) {
        for (mac, host) in hosts { describe(mac, host) }
    }

    func describe(_ mac: MACAddress, _ host: Host?) {
        let old = hosts.withLock { hosts in
            defer { hosts[mac] = host }
            return hosts[mac]
        }
        holders.withLock { holders in
            if let address = old?.address { holders[address] = nil }
            if let address = host?.address { holders[address] = mac }
        }
    }

    func host(for identity: MachineIdentity) -> Host? { identity.mac.flatMap { mac in hosts.withLock { $0[mac] } } }
    func reservation(of address: IPv4Address) -> MACAddress? { holders.withLock { $0[address] } }
    func answer(_ request: BootRequest, reply: @escaping @Sendable (BootAnswer) -> Void) {
        reply(.pause(Pause(lines: [], seconds: 1)))
    }
    func answer(_ call: MachineCall, reply: @escaping @Sendable (MachineCallAnswer) -> Void) { reply(.closed) }
    func content(_ name: ResourceName) -> Content? { nil }
    func metadata(_ item: MetadataItem, for peer: IPv4Address) -> Content? { nil }
    func observe(_ observation: Observation) { seen.withLock { $0.append(observation) } }
    var observations: [Observation] { seen.withLock { $0 } }
}

let mac1 = MACAddress("52:54:00:00:00:01")!
let mac2 = MACAddress("52:54:00:00:00:02")!
let serverAddress = IPv4Address(192, 168, 77, 1)
let network = IPv4Network("192.168.77.0/24")!
let start = Moment(wall: Timestamp(milliseconds: 1_800_000_000_000), uptime: .seconds(1000))

func address(_ last: UInt8) -> IPv4Address { IPv4Address(192, 168, 77, last) }

extension DHCPLink {
    static let sample = DHCPLink(name: "eth0", addresses: [.init(serverAddress, prefixLength: 24)], configured: nil)
}

extension DHCPConfiguration {
    static func sample(
        mode: Mode = .server,
        range: ClosedRange<IPv4Address>? = address(100)...address(199)
    ) -> DHCPConfiguration {
        var configuration = DHCPConfiguration(mode: mode, interfaces: [Interface(name: "eth0")], httpPort: 8080)
        configuration.subnets = [
            DHCPSubnet(
                network: network,
                pools: range.map { [.init(range: $0)] } ?? [],
                router: address(254),
                dns: [address(253)],
                domain: "lab.test"
            )
        ]
        configuration.probesAddresses = false
        return configuration
    }
}

/// How a packet of a test came: broadcast to port 67 unless said otherwise.
func arrival(
    from source: IPv4Address = .any,
    port: UInt16 = 67,
    to destination: IPv4Address = .broadcast,
    link: DHCPLink = .sample
) -> DHCPArrival {
    DHCPArrival(
        link: link,
        source: Endpoint(address: source, port: port == 4011 ? 4011 : 68),
        destination: destination,
        port: port
    )
}

extension DHCPPacket {
    static func sample(
        _ type: DHCPMessageType,
        mac: MACAddress = mac1,
        xid: UInt32 = 0x1234_5678,
        _ fill: (inout DHCPPacket) -> Void = { _ in }
    ) -> DHCPPacket {
        var packet = DHCPPacket(operation: .request, xid: xid, chaddr: HardwareAddress(mac))
        packet.options.set(.messageType, to: [type.rawValue])
        fill(&packet)
        return packet
    }

    /// A PXE client of an architecture.
    mutating func becomePXE(_ architecture: ClientArchitecture, class name: String = "PXEClient") {
        let digits = String(architecture.rawValue)
        let code = String(repeating: "0", count: 5 - digits.count) + digits
        options.set(.vendorClass, to: "\(name):Arch:\(code):UNDI:003000")
        options.set(.clientArchitecture, to: architecture.rawValue)
        options.set(.clientMachineIdentifier, to: [0] + Array(1...16))
    }

    /// iPXE with HTTP.
    mutating func becomeIPXE(_ architecture: ClientArchitecture = .bios) {
        becomePXE(architecture)
        options.set(.userClass, to: "iPXE")
        options.set(.ipxe, to: [0x13, 1, 1, 0x15, 1, 1])
    }
}

/// A server with its clients: one packet after another, the disk always willing.
final class ServerConversation {
    var server: DHCPServer
    let authority: FixedAuthority
    var now = start

    init(
        _ configuration: DHCPConfiguration = .sample(),
        hosts: [MACAddress: Host] = [:],
        leases: [Lease] = []
    ) {
        authority = FixedAuthority(hosts: hosts)
        server = DHCPServer(configuration: configuration, authority: authority, leases: leases, now: start)
        server.ownAddresses = [serverAddress]
    }

    func send(_ packet: DHCPPacket, _ from: DHCPArrival = arrival()) -> DHCPOutcome {
        server.receive(packet, from: from, now: now)
    }

    /// DISCOVER and REQUEST.
    /// - Returns: the outcome of the REQUEST; nil without an OFFER.
    func lease(
        _ mac: MACAddress = mac1,
        xid: UInt32 = 1,
        _ from: DHCPArrival = arrival(),
        _ fill: (inout DHCPPacket) -> Void = { _ in }
    ) -> DHCPOutcome? {
        guard let offer = send(.sample(.discover, mac: mac, xid: xid, fill), from).reply?.packet else { return nil }
        return send(
            .sample(.request, mac: mac, xid: xid) { packet in
                fill(&packet)
                packet.options.set(.serverIdentifier, to: offer.options.address(.serverIdentifier)!)
                packet.options.set(.requestedAddress, to: offer.yiaddr)
            },
            from
        )
    }
}

extension DHCPOutcome {
    var type: DHCPMessageType? { reply?.packet.messageType }
    var yiaddr: IPv4Address? { reply?.packet.yiaddr }
}

/// What a value that changes does, for use inside `#expect`, which holds values still.
final class Subject<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

extension Subject<ProxyDHCP> {
    func receive(_ packet: DHCPPacket, from arrival: DHCPArrival, now: Moment) -> DHCPOutcome {
        value.receive(packet, from: arrival, now: now)
    }
}

extension Subject<LoopGuard> {
    func record(_ mac: MACAddress, token: UInt32? = nil, now: Moment) -> LoopGuard.Verdict {
        value.record(mac, token: token, now: now)
    }
}

extension Subject<RogueWatch> {
    func saw(reply packet: DHCPPacket, from mac: MACAddress?, on link: DHCPLink, now: Moment) -> Observation? {
        value.saw(reply: packet, from: mac, on: link, now: now)
    }
}

extension Subject<DHCPServer> {
    func receive(_ packet: DHCPPacket, from arrival: DHCPArrival, now: Moment) -> DHCPOutcome {
        value.receive(packet, from: arrival, now: now)
    }
}

extension ServerConversation {
    func addressesToProbe() -> [IPv4Address] { server.addressesToProbe(on: .sample, now: now) }
    func notWritten(_ change: LeaseTable.Change) -> Bool { server.notWritten(change) }
}
