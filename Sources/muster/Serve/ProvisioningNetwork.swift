import PXE

/// The interfaces that machines boot on.
struct ProvisioningNetwork: Hashable, Sendable {
    /// Empty: there is none but loopback, and DHCP is not served.
    var interfaces: [String]

    /// - Parameter present: the interfaces that the host has.
    /// - Throws: `ServeError` when none is configured and the host has several to choose from.
    init(_ configuration: Configuration, among present: [NetworkInterface]) throws(ServeError) {
        guard configuration.interfaces.isEmpty else {
            interfaces = configuration.interfaces
            return
        }
        let candidates = present.filter { !$0.isLoopback && $0.isUp && !$0.addresses.isEmpty }.map(\.name)
        guard candidates.count <= 1 || configuration.dhcp.mode == .off else {
            throw ServeError(
                """
                this host has several networks (\(candidates.joined(separator: ", "))): say which one machines boot on, \
                with --interface or the key `interface`
                """
            )
        }
        interfaces = configuration.dhcp.mode == .off ? [] : candidates
    }
}
