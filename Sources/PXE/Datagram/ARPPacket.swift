import Vocabulary

/// An ARP packet for IPv4 over Ethernet (RFC 826).
struct ARPPacket: Hashable, Sendable {
    enum Operation: UInt16, Sendable {
        case request = 1
        case reply = 2
    }

    static let etherType: UInt16 = 0x0806

    var operation: Operation
    var senderMAC: MACAddress
    var senderAddress: IPv4Address
    var targetMAC: MACAddress
    var targetAddress: IPv4Address

    /// "Does anybody have this address?", without claiming one: the sender's is all zero (RFC 5227 2.1.1).
    static func probe(for address: IPv4Address, from mac: MACAddress) -> ARPPacket {
        ARPPacket(
            operation: .request,
            senderMAC: mac,
            senderAddress: .any,
            targetMAC: MACAddress(rawValue: 0),
            targetAddress: address
        )
    }

    var encoded: [UInt8] {
        [0, 1, 8, 0, 6, 4, 0, UInt8(operation.rawValue)]
            + senderMAC.octets + senderAddress.octets + targetMAC.octets + targetAddress.octets
    }

    init(
        operation: Operation,
        senderMAC: MACAddress,
        senderAddress: IPv4Address,
        targetMAC: MACAddress,
        targetAddress: IPv4Address
    ) {
        self.operation = operation
        self.senderMAC = senderMAC
        self.senderAddress = senderAddress
        self.targetMAC = targetMAC
        self.targetAddress = targetAddress
    }

    /// nil for anything but Ethernet and IPv4; padding after it is ignored.
    init?(parsing bytes: [UInt8]) {
        guard bytes.count >= 28, bytes.starts(with: [0, 1, 8, 0, 6, 4, 0]),
            let operation = Operation(rawValue: UInt16(bytes[7])),
            let senderMAC = MACAddress(octets: bytes[8..<14]), let senderAddress = IPv4Address(octets: bytes[14..<18]),
            let targetMAC = MACAddress(octets: bytes[18..<24]), let targetAddress = IPv4Address(octets: bytes[24..<28])
        else { return nil }
        self.init(
            operation: operation,
            senderMAC: senderMAC,
            senderAddress: senderAddress,
            targetMAC: targetMAC,
            targetAddress: targetAddress
        )
    }
}
