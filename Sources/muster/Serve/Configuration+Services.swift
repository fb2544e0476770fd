import PXE
import Vocabulary

extension Configuration {
    /// What DHCP does.
    func dhcpConfiguration(on network: ProvisioningNetwork) -> DHCPConfiguration {
        let mode: DHCPConfiguration.Mode =
            switch dhcp.mode {
            case .off: .off
            case .proxy: .proxy
            case .server: .server
            }
        var result = DHCPConfiguration(
            mode: network.interfaces.isEmpty ? .off : mode,
            interfaces: network.interfaces.map { .init(name: $0, address: address) },
            httpPort: http.port,
            subnets: dhcp.subnets.map(DHCPSubnet.init)
        )
        result.loaders = dhcp.loaders
        result.leaseQueryRelays = Set(dhcp.relays)
        result.identification = dhcp.ignoreClientID ? .hardwareAddress : .clientIdentifier
        result.probesAddresses = dhcp.probe
        return result
    }

    func tftpConfiguration(on network: ProvisioningNetwork) -> TFTPService.Configuration {
        var result = TFTPService.Configuration()
        result.port = tftp.port
        result.interfaces = network.interfaces
        result.isSinglePort = tftp.singlePort
        result.maximumTransfers = tftp.maxTransfers
        result.httpPort = http.port
        return result
    }

    /// HTTP listens on every address, so that it does not matter when the provisioning network gets its own; but who
    /// serves a loopback address is heard by nobody outside.
    var httpConfiguration: HTTPBootService.Configuration {
        var result = HTTPBootService.Configuration()
        if let address, address.isLoopback { result.addresses = [address] }
        if let tls = http.tls {
            result.tls = .init(port: http.port, certificateChain: tls.certificate, privateKey: tls.key)
            result.port = nil
        } else {
            result.port = http.port
        }
        result.limits.connections = http.maxConnections
        return result
    }
}

extension DHCPSubnet {
    fileprivate init(_ subnet: Configuration.Subnet) {
        self.init(
            network: subnet.network,
            pools: subnet.range.map { [Pool(range: $0.addresses)] } ?? [],
            router: subnet.router,
            dns: subnet.dns,
            leaseTime: subnet.leaseTime.duration,
            domain: subnet.domain
        )
        ntp = subnet.ntp
    }
}
