import Build
import Inventory
import PXE
import Vocabulary

extension Configuration {
    /// Asks for every key that exists, in the order in which `muster config` prints them.
    ///
    /// - Throws: `ConfigurationError` for the first value that is none, or the first key that does not exist.
    init(reading reader: inout SettingsReader) throws(ConfigurationError) {
        data = try reader.value("data", default: "/var/lib/muster")
        interfaces = try reader.list("interface")
        address = try reader.optional("address")
        user = try reader.value("user", default: "muster")
        log = try reader.value("log", default: .info)
        dhcp = try DHCP(reading: &reader)
        tftp = TFTP(
            port: try reader.value("tftp.port", default: 69),
            singlePort: try reader.value("tftp.singlePort", default: false),
            maxTransfers: try reader.value("tftp.maxTransfers", default: 4096)
        )
        http = try HTTP(reading: &reader)
        control = try Control(reading: &reader, data: data)
        health = Health(settle: try reader.value("health.settle", default: .minutes(5)))
        rollout = try Rollout(reading: &reader)
        rescue = try reader.optional("rescue")
        debian = Debian(mirror: try reader.optional("debian.mirror"))
        registries = try RegistryConfiguration(reading: &reader)
        templates = try reader.optional("templates")
        try reader.finish()
    }
}

extension Configuration.DHCP {
    fileprivate init(reading reader: inout SettingsReader) throws(ConfigurationError) {
        mode = try reader.value("dhcp.mode", default: .proxy)
        subnets = try reader.structure("dhcp.subnets", default: .sequence([])) { node throws(ConfigurationError) in
            try Configuration.Subnet.list(node)
        }
        loaders = try reader.structure("dhcp.loaders", default: .mapping([])) { node throws(ConfigurationError) in
            try LoaderTable(setting: node, for: "dhcp.loaders")
        }
        relays = try reader.list("dhcp.relays")
        ignoreClientID = try reader.value("dhcp.ignoreClientID", default: true)
        probe = try reader.value("dhcp.probe", default: true)
        routerAdvertisements = try reader.value("dhcp.routerAdvertisements", default: false)
    }
}

extension Configuration.Subnet {
    fileprivate static func list(_ node: SettingsNode?) throws(ConfigurationError) -> [Configuration.Subnet] {
        guard let node else { return [] }
        guard case .sequence(let items) = node.content else {
            throw ConfigurationError("\(node.place): dhcp.subnets: found \(node.found), expected a list of networks")
        }
        var subnets: [Configuration.Subnet] = []
        for item in items {
            let subnet = try Configuration.Subnet(item)
            if let other = subnets.first(where: { $0.network.overlaps(subnet.network) }) {
                throw ConfigurationError(
                    "\(item.place): dhcp.subnets: \(subnet.network) overlaps \(other.network), expected networks apart"
                )
            }
            subnets.append(subnet)
        }
        return subnets
    }

    private init(_ node: SettingsNode) throws(ConfigurationError) {
        var fields = try SettingsFields(node, of: "dhcp.subnets")
        network = try fields.required("network")
        range = try fields.optional("range")
        router = try fields.optional("router")
        dns = try fields.list("dns")
        domain = try fields.optional("domain")
        ntp = try fields.list("ntp")
        leaseTime = try fields.optional("leaseTime") ?? .minutes(60)
        try fields.finish()

        func refuse(_ what: String) -> ConfigurationError { ConfigurationError("\(node.place): dhcp.subnets: \(what)") }
        if let range, !network.isHost(range.addresses.lowerBound) || !network.isHost(range.addresses.upperBound) {
            throw refuse("range \(range.setting) does not lie in \(network)")
        }
        if let router, !network.isHost(router) { throw refuse("router \(router) is no host of \(network)") }
        if leaseTime < .minutes(1) { throw refuse("leaseTime \(leaseTime.setting) is too short, expected 1m or more") }
    }
}

extension Configuration.HTTP {
    fileprivate init(reading reader: inout SettingsReader) throws(ConfigurationError) {
        port = try reader.value("http.port", default: 8080)
        tls = try TLS(reading: &reader, of: "http")
        maxConcurrentDownloads = try reader.value("http.maxConcurrentDownloads", default: 64)
        maxConnections = try reader.value("http.maxConnections", default: 16_384)
        trustedNetworks = try reader.list("http.trustedNetworks")
    }
}

extension Configuration.Rollout {
    fileprivate init(reading reader: inout SettingsReader) throws(ConfigurationError) {
        maxUnavailable = try reader.optional("rollout.maxUnavailable")
        per = try reader.structure("rollout.per", default: .mapping([])) { node throws(ConfigurationError) in
            guard let node else { return [:] }
            guard case .mapping(let entries) = node.content else {
                throw ConfigurationError(
                    "\(node.place): rollout.per: found \(node.found), expected a mapping of labels to numbers"
                )
            }
            var limits: [String: Share] = [:]
            for entry in entries {
                limits[entry.key] = try entry.value.scalar(Share.self, for: "rollout.per.\(entry.key)")
            }
            return limits
        }
        brake = Brake(
            share: try reader.value("rollout.brake.share", default: .percent(20)),
            atLeast: try reader.value("rollout.brake.atLeast", default: 3),
            within: try reader.value("rollout.brake.within", default: .minutes(10))
        )
    }
}

extension Configuration.HTTP.TLS {
    fileprivate init?(reading reader: inout SettingsReader, of part: String) throws(ConfigurationError) {
        let certificate: String? = try reader.optional("\(part).tls.certificate")
        let key: String? = try reader.optional("\(part).tls.key")
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): self.init(certificate: certificate, key: key)
        case (nil, _):
            throw ConfigurationError("\(part).tls.key is given and \(part).tls.certificate is not, expected both")
        case (_, nil):
            throw ConfigurationError("\(part).tls.certificate is given and \(part).tls.key is not, expected both")
        }
    }
}

extension Configuration.Control {
    fileprivate init(reading reader: inout SettingsReader, data: String) throws(ConfigurationError) {
        let listen = try reader.value("control.listen", default: Listen.at(Endpoint(address: .loopback, port: 8081)))
        self.listen = if case .at(let endpoint) = listen { endpoint } else { nil }
        socket = try reader.value("control.socket", default: data + "/muster.sock")
        // Who is on this host may look, as ever; who is elsewhere shows a token.
        let isLocal = self.listen?.address.isLoopback ?? true
        anonymous = try reader.value("control.anonymous", default: isLocal ? .viewer : .none)
        tls = try Configuration.HTTP.TLS(reading: &reader, of: "control")
    }

    private enum Listen: SettingsValue {
        case off
        case at(Endpoint)

        static var expected: String { "\(Endpoint.expected), or off" }
        init?(setting text: String) {
            if text == "off" {
                self = .off
            } else if let endpoint = Endpoint(setting: text) {
                self = .at(endpoint)
            } else {
                return nil
            }
        }
        var setting: String {
            switch self {
            case .off: "off"
            case .at(let endpoint): endpoint.setting
            }
        }
    }
}

extension IPv4Network {
    fileprivate func overlaps(_ other: IPv4Network) -> Bool {
        contains(other.address) || other.contains(address)
    }
}
