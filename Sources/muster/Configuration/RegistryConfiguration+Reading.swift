import Build
import Vocabulary

extension RegistryConfiguration {
    /// Reads `registries`:
    ///
    ///     registries:
    ///       authorities: /etc/muster/ca.pem
    ///       credentials: /etc/muster/docker.json
    ///       hosts:
    ///         - name: docker.io
    ///           mirrors: [https://mirror.example.org]
    ///         - name: registry.example.org:5000
    ///           plain: true
    init(reading reader: inout SettingsReader) throws(ConfigurationError) {
        self.init(
            authorities: try reader.optional("registries.authorities"),
            credentials: try reader.optional("registries.credentials")
        )
        hosts = try reader.structure("registries.hosts", default: .sequence([])) { node throws(ConfigurationError) in
            try Self.hosts(node)
        }
    }

    private static func hosts(_ node: SettingsNode?) throws(ConfigurationError) -> [String: Host] {
        guard let node else { return [:] }
        guard case .sequence(let items) = node.content else {
            throw ConfigurationError(
                "\(node.place): registries.hosts: found \(node.found), expected a list of registries"
            )
        }
        var hosts: [String: Host] = [:]
        for item in items {
            var fields = try SettingsFields(item, of: "registries.hosts")
            let name: String = try fields.required("name")
            let mirrors: [String] = try fields.list("mirrors")
            let isPlain: Bool? = try fields.optional("plain")
            try fields.finish()
            guard name == "localhost" || DockerReference("\(name)/x")?.registry == name else {
                throw ConfigurationError(
                    "\(item.place): registries.hosts: found '\(name)', expected a registry such as docker.io or host:5000"
                )
            }
            guard hosts[name] == nil else {
                throw ConfigurationError("\(item.place): registries.hosts: '\(name)' is there twice")
            }
            for mirror in mirrors where !mirror.hasPrefix("https://") && !mirror.hasPrefix("http://") {
                throw ConfigurationError(
                    "\(item.place): registries.hosts.mirrors: found '\(mirror)', expected a URL such as "
                        + "https://mirror.example.org"
                )
            }
            hosts[name] = Host(mirrors: mirrors, isPlain: isPlain)
        }
        return hosts
    }
}
