import PXE
import Vocabulary

extension BootRequest {
    static let sampleMAC = MACAddress(rawValue: 0x5254_0012_3456)

    static func ipxe(
        mac: MACAddress? = sampleMAC,
        architecture: Architecture? = .amd64,
        isSecure: Bool = false
    ) -> BootRequest {
        BootRequest(
            identity: MachineIdentity(mac: mac, architecture: architecture),
            peer: IPv4Address(192, 0, 2, 50),
            server: Endpoint(address: IPv4Address(192, 0, 2, 1), port: 8080),
            dialect: .ipxe,
            isSecure: isSecure
        )
    }

    static func grub(
        mac: MACAddress? = sampleMAC,
        carrier: Transfer.Carrier = .tftp,
        port: UInt16 = 8080
    ) -> BootRequest {
        BootRequest(
            identity: MachineIdentity(mac: mac, architecture: .amd64),
            peer: IPv4Address(192, 0, 2, 50),
            server: Endpoint(address: IPv4Address(192, 0, 2, 1), port: port),
            dialect: .grub,
            carrier: carrier
        )
    }
}

extension BootInstructions {
    static func sample(
        machine: String = "n12",
        commandLine: String = "console=ttyS0",
        hasInitrd: Bool = true,
        hasSegment: Bool = false
    ) -> BootInstructions {
        var generator = SystemRandomNumberGenerator()
        return BootInstructions(
            boot: BootID(milliseconds: 1_700_000_000_000, using: &generator),
            machine: machine,
            mac: BootRequest.sampleMAC,
            image: Digest(octets: [UInt8](repeating: 0xab, count: 32))!,
            commandLine: commandLine,
            hasInitrd: hasInitrd,
            hasSegment: hasSegment
        )
    }
}
