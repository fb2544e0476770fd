import Vocabulary

/// Who a script is asked for: `?mac=…&uuid=…&serial=…&arch=…&platform=…`, as iPXE fills it in.
///
/// A value that does not parse counts as not given: a machine is never refused for what its firmware says about it.
struct BootIdentityQuery: Hashable, Sendable {
    var identity: MachineIdentity
    var platform: BootRequest.Platform?
    /// False when nothing was said at all: the machine has not been asked yet. With empty or broken values it has.
    var isPresent: Bool

    /// - Parameter mac: From the path (`/boot.ipxe/<mac>`); stronger than the query's.
    init(_ target: RequestTarget, mac: MACAddress?) {
        let named = target.text(of: "mac").flatMap { MACAddress($0) }
        let mac = [mac, named].compactMap(\.self).first { !$0.isGroupOrZero }
        platform =
            switch target.text(of: "platform") {
            case "pcbios": .bios
            case "efi": .efi
            default: nil
            }
        var architecture = target.text(of: "arch").flatMap { Architecture($0) }
        // iPXE's BIOS builds are 32-bit programs and say so on every PC; processors that are really no more than
        // that have not been made for so long that the kernel is left to refuse them.
        if platform == .bios, architecture == .i386 { architecture = .amd64 }
        identity = MachineIdentity(
            mac: mac,
            uuid: target.text(of: "uuid").flatMap { MachineUUID($0) },
            serial: target.text(of: "serial"),
            architecture: architecture
        )
        let said: [StaticString] = ["mac", "uuid", "serial"]
        isPresent = mac != nil || said.contains { target.value(of: $0) != nil }
    }
}
