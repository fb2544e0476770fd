import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// Somebody else's DHCP server: dnsmasq in a network namespace of its own, joined to the lab's bridge by a cable.
struct ForeignDHCP: Sendable {
    static let address = IPv4Address(192, 168, 77, 2)
    static let firstAddress = IPv4Address(192, 168, 77, 200)
    static let lastAddress = IPv4Address(192, 168, 77, 220)

    /// Serves addresses, and nothing to boot, until it is cancelled.
    ///
    /// - Parameter lab: the lab's process, whose namespace has the bridge.
    static func serve(beside lab: Int32, directory: String) async throws {
        // The cable's other end goes to the namespace of the shell, by the shell's own number.
        let script = """
            ip link set lo up
            nsenter --net --target \(lab) ip link add foreign type veth peer name eth0 netns $$
            nsenter --net --target \(lab) ip link set foreign master \(LabNetwork.bridge) up
            ip address add \(address)/24 dev eth0
            ip link set eth0 up
            exec dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --no-ping --interface=eth0 \
                --dhcp-range=\(firstAddress),\(lastAddress),1h --dhcp-leasefile="\(directory)/foreign.leases" \
                --log-facility="\(directory)/foreign.log" --pid-file=
            """
        let command = ["unshare", "--net", "--", "sh", "-e", "-c", script]
        let status = try await LabProcess.run(command, log: directory + "/foreign.out")
        guard !Task.isCancelled else { return }
        let said = (try? String(contentsOfFile: directory + "/foreign.out", encoding: .utf8)) ?? ""
        throw LabError("dnsmasq ended (\(status)): \(said)")
    }
}
