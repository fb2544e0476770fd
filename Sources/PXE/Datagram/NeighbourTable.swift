import CLinuxNet
import Vocabulary

/// Whom the kernel sends to that is meant for an IPv4 address.
public enum Neighbour: Hashable, Sendable {
    /// This network card, on a link of ours.
    case card(MACAddress)
    /// The address is of a network of ours, and nobody is known to have it now.
    case silent
    /// Somebody behind a router, this host itself, or nobody.
    case beyond
}

/// What the kernel knows about who has which IPv4 address on the link: one netlink exchange a question.
public enum NeighbourTable {
    /// Who has `address`, without asking the network.
    public static func neighbour(at address: IPv4Address) -> Neighbour {
        if let mac = mac(of: address) { return .card(mac) }
        // All of a loopback interface's network is this host itself.
        let own = ((try? NetworkInterface.all()) ?? []).filter { !$0.isLoopback }.flatMap(\.addresses)
        guard !own.contains(where: { $0.address == address }) else { return .beyond }
        return own.contains { $0.network?.contains(address) == true } ? .silent : .beyond
    }

    /// The hardware address behind `address`; nil when the kernel does not know it, without asking the network.
    /// - Parameter interface: where to look; nil for every interface that has a network with the address in it.
    public static func mac(of address: IPv4Address, on interface: NetworkInterface? = nil) -> MACAddress? {
        let candidates =
            interface.map { [$0] }
            ?? ((try? NetworkInterface.all()) ?? []).filter { candidate in
                !candidate.isLoopback && candidate.addresses.contains { $0.network?.contains(address) == true }
            }
        for candidate in candidates {
            var octets = [UInt8](repeating: 0, count: 6)
            guard muster_neighbour(candidate.index, address.rawValue, &octets) == 1 else { continue }
            guard let mac = MACAddress(octets: octets), !mac.isGroupOrZero else { continue }
            return mac
        }
        return nil
    }
}
