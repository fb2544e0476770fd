import CLinuxNet
import Vocabulary

/// Whom the kernel sends to that is meant for an IPv4 address.
public enum Neighbour: Hashable, Sendable {
    /// This network card, on a link of ours.
    case card(MACAddress)
    /// The address is of a network of ours, and nobody is known to have it now; or the links cannot be listed.
    case silent
    /// Somebody behind a router, this host itself, or nobody.
    case beyond
}

/// What the kernel knows about who has which IPv4 address on the link: one netlink exchange a question.
public enum NeighbourTable {
    /// Who has `address`, without asking the network.
    public static func neighbour(at address: IPv4Address) -> Neighbour {
        // Who cannot see the links believes nobody.
        guard let links = try? links() else { return .silent }
        let candidates = links.filter { $0.reaches(address) }
        if let mac = mac(of: address, on: candidates) { return .card(mac) }
        let isOwn = links.contains { $0.addresses.contains { $0.address == address } }
        return candidates.isEmpty || isOwn ? .beyond : .silent
    }

    /// The hardware address behind `address`; nil when the kernel does not know it, without asking the network.
    public static func mac(of address: IPv4Address) -> MACAddress? {
        guard let links = try? links() else { return nil }
        return mac(of: address, on: links.filter { $0.reaches(address) })
    }

    /// All of a loopback interface's network is this host itself: nobody is found there.
    private static func links() throws(SystemError) -> [NetworkInterface] {
        try NetworkInterface.all().filter { !$0.isLoopback }
    }

    private static func mac(of address: IPv4Address, on links: [NetworkInterface]) -> MACAddress? {
        for link in links {
            var octets = [UInt8](repeating: 0, count: 6)
            guard muster_neighbour(link.index, address.rawValue, &octets) == 1 else { continue }
            guard let mac = MACAddress(octets: octets), !mac.isGroupOrZero else { continue }
            return mac
        }
        return nil
    }
}

extension NetworkInterface {
    /// Whether an address is of one of its networks.
    fileprivate func reaches(_ address: IPv4Address) -> Bool {
        addresses.contains { $0.network?.contains(address) == true }
    }
}
