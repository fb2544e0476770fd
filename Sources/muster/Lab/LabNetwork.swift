import Build
import FoundationEssentials
import Vocabulary

/// The lab's network: a bridge with the server's address on it, and a tap for each machine.
///
/// Everything is made in the network namespace of this process, which `unshare` made for it and which nobody else can
/// name: it is gone, with bridge and taps, when the last process in it ends, however that happens.
struct LabNetwork: Sendable {
    static let bridge = "muster0"
    static let network = IPv4Network("192.168.77.0/24")!
    static let server = IPv4Address(192, 168, 77, 1)
    static let firstAddress = IPv4Address(192, 168, 77, 100)
    static let lastAddress = IPv4Address(192, 168, 77, 199)

    /// Brings up the loopback interface and the bridge.
    static func make() async throws {
        // IPv6 without duplicate address detection, so that router advertisements leave at once; frames past netfilter,
        // where the kernel has hooks for those of bridges. Kernels without either have nothing to switch off.
        try? write("0", to: "/proc/sys/net/ipv6/conf/default/accept_dad")
        try await ip(["link", "set", "lo", "up"])
        // A port forwards at once, instead of after the 15 seconds that a switch would listen for loops.
        try await ip(["link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0"])
        for hook in ["iptables", "ip6tables", "arptables"] {
            try? write("0", to: "/proc/sys/net/bridge/bridge-nf-call-\(hook)")
        }
        try await ip(["address", "add", "\(server)/\(network.prefixLength)", "dev", bridge])
        try await ip(["link", "set", bridge, "up"])
    }

    static func addTap(_ name: String) async throws {
        try await ip(["tuntap", "add", "dev", name, "mode", "tap"])
        try await ip(["link", "set", name, "master", bridge, "up"])
    }

    private static func ip(_ arguments: [String]) async throws {
        try await HostProgram.run("ip", arguments)
    }

    private static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }
}
