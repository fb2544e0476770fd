import PXE
import Testing
import Vocabulary

@testable import muster

@Suite("Configuration")
struct ConfigurationTests {
    static func load(
        _ yaml: String = "",
        flags: [String: String] = [:],
        environment: [String: String] = [:]
    ) throws(ConfigurationError) -> (configuration: Configuration, settings: [SettingsReader.Setting]) {
        let flags = Dictionary(
            uniqueKeysWithValues: flags.map { ($0, SettingsNode(content: .scalar($1), place: "--flag")) }
        )
        let file = try SettingsNode(yaml: yaml, source: "muster.yml")
        var reader = SettingsReader(flags: flags, environment: environment, file: file)
        return (try Configuration(reading: &reader), reader.settings)
    }

    @Test("without a file, everything has its default")
    func defaults() throws {
        let configuration = try Self.load().configuration
        #expect(configuration.data == "/var/lib/muster")
        #expect(configuration.control.socket == "/var/lib/muster/muster.sock")
        #expect(configuration.control.listen == Endpoint(address: .loopback, port: 8081))
        #expect(configuration.dhcp.mode == .proxy)
        #expect(configuration.http.port == 8080)
        #expect(configuration.tftp.port == 69)
        #expect(configuration.user == "muster")
    }

    @Test("the contract's example is read whole")
    func example() throws {
        let configuration = try Self.load(
            """
            data: /srv/muster
            interface: eth0
            address: 192.168.77.1
            dhcp:
              mode: server
              subnets:
                - network: 192.168.77.0/24
                  range: 192.168.77.100-192.168.77.199
                  router: 192.168.77.254
                  dns: [192.168.77.254]
                  leaseTime: 1h
              routerAdvertisements: true
            tftp: { port: 69 }
            http: { port: 8080 }
            control: { listen: 127.0.0.1:8081 }
            """
        ).configuration
        #expect(configuration.interfaces == ["eth0"])
        #expect(configuration.address == IPv4Address(192, 168, 77, 1))
        #expect(configuration.control.socket == "/srv/muster/muster.sock")
        #expect(configuration.dhcp.routerAdvertisements)
        let subnet = try #require(configuration.dhcp.subnets.first)
        #expect(subnet.network == IPv4Network("192.168.77.0/24"))
        #expect(subnet.range == AddressRange(setting: "192.168.77.100-192.168.77.199"))
        #expect(subnet.router == IPv4Address(192, 168, 77, 254))
        #expect(subnet.dns == [IPv4Address(192, 168, 77, 254)])
        #expect(subnet.leaseTime.setting == "1h")
    }

    @Test("what no roll may exceed, the brake and the rescue image are read, and have their defaults")
    func rollout() throws {
        let said = try Self.load(
            """
            rescue: rescue
            rollout:
              maxUnavailable: 5%
              per: { rack: 1, zone: 25% }
              brake: { share: 3, atLeast: 7, within: 90s }
            """
        ).configuration
        #expect(said.rescue == "rescue" && said.rollout.maxUnavailable == .percent(5))
        #expect(said.rollout.per == ["rack": .count(1), "zone": .percent(25)])
        #expect(said.rollout.brake == .init(share: .count(3), atLeast: 7, within: .seconds(90)))
        let none = try Self.load("rollout: {}").configuration
        #expect(none.rescue == nil && none.rollout.maxUnavailable == nil && none.rollout.per.isEmpty)
        #expect(none.rollout.brake == .init(share: .percent(20), atLeast: 3, within: .minutes(10)))
        let environment = ["MUSTER_ROLLOUT_PER": "{rack: 2}", "MUSTER_ROLLOUT_BRAKE_AT_LEAST": "5"]
        let variables = try Self.load(environment: environment).configuration.rollout
        #expect(variables.per == ["rack": .count(2)] && variables.brake.atLeast == 5)
    }

    @Test("flags come before the environment, that before the file, that before the default")
    func precedence() throws {
        let yaml = "http: { port: 1 }\ntftp: { port: 1 }\nuser: file"
        let environment = ["MUSTER_HTTP_PORT": "2", "MUSTER_TFTP_PORT": "2"]
        let loaded = try Self.load(yaml, flags: ["http.port": "3"], environment: environment)
        #expect(loaded.configuration.http.port == 3)
        #expect(loaded.configuration.tftp.port == 2)
        #expect(loaded.configuration.user == "file")
        let origins = Dictionary(uniqueKeysWithValues: loaded.settings.map { ($0.key, $0.origin.description) })
        #expect(origins["http.port"] == "--flag")
        #expect(origins["tftp.port"] == "MUSTER_TFTP_PORT")
        #expect(origins["user"] == "muster.yml:3:7")
        #expect(origins["data"] == "default")
    }

    @Test(
        "every key has its variable",
        arguments: [
            ("data", "MUSTER_DATA"),
            ("dhcp.mode", "MUSTER_DHCP_MODE"),
            ("dhcp.routerAdvertisements", "MUSTER_DHCP_ROUTER_ADVERTISEMENTS"),
            ("dhcp.ignoreClientID", "MUSTER_DHCP_IGNORE_CLIENT_ID"),
            ("http.tls.certificate", "MUSTER_HTTP_TLS_CERTIFICATE"),
            ("http.maxConcurrentDownloads", "MUSTER_HTTP_MAX_CONCURRENT_DOWNLOADS"),
        ]
    )
    func variables(key: String, variable: String) {
        #expect(SettingsReader.variable(for: key) == variable)
    }

    @Test("lists and mappings stand in the environment as YAML in one line")
    func structuredVariables() throws {
        let configuration = try Self.load(environment: [
            "MUSTER_DHCP_SUBNETS": "[{network: 10.0.0.0/8}]",
            "MUSTER_INTERFACE": "[eth0, eth1]",
            "MUSTER_HTTP_TRUSTED_NETWORKS": "[10.8.0.0/16]",
            "MUSTER_DHCP_LOADERS": "{x64: mine.efi, Vendor: {0x000b: theirs.efi}}",
        ]).configuration
        #expect(configuration.dhcp.subnets.map(\.network.description) == ["10.0.0.0/8"])
        #expect(configuration.interfaces == ["eth0", "eth1"])
        #expect(configuration.http.trustedNetworks.map(\.description) == ["10.8.0.0/16"])
        #expect(configuration.dhcp.loaders.loaders[.x64] == "mine.efi")
        #expect(configuration.dhcp.loaders.vendorClasses == ["Vendor": [.arm64: "theirs.efi"]])
    }

    @Test(
        "what cannot be used says where, what and what instead",
        arguments: [
            ("dhcp:\n  mod: proxy", "muster.yml:2:3: unknown key 'mod': did you mean 'mode'?"),
            ("htpp: {}", "muster.yml:1:1: unknown key 'htpp': did you mean 'http'?"),
            ("dhcp: { mode: on }", "muster.yml:1:15: dhcp.mode: found 'on', expected one of off, proxy, server"),
            ("http: 80", "muster.yml:1:7: found '80' for 'http', expected a mapping of maxConcurrentDownloads, "),
            ("http: { port: 65536 }", "muster.yml:1:15: http.port: found '65536', expected a port, 0 to 65535"),
            ("http: { port: [80] }", "muster.yml:1:15: http.port: found a list, expected a port"),
            ("http: { tls: { key: k.pem } }", "http.tls.key is given and http.tls.certificate is not"),
            ("rescue: [web]", "muster.yml:1:9: rescue: found a list, expected a text"),
            ("rollout: 5%", "muster.yml:1:10: found '5%' for 'rollout', expected a mapping of "),
            ("rollout: { maxUnavailable: some }", "muster.yml:1:28: rollout.maxUnavailable: found 'some', expected a "),
            ("rollout: { maxUnavailable: 101% }", "rollout.maxUnavailable: found '101%', expected a number"),
            ("rollout: { maxUnavailable: -1 }", "rollout.maxUnavailable: found '-1', expected a number of machines"),
            ("rollout: { maxUnavailable: 1.5 }", "rollout.maxUnavailable: found '1.5', expected a number of machines"),
            ("rollout: { per: 1 }", "muster.yml:1:17: rollout.per: found '1', expected a mapping of labels"),
            ("rollout: { per: [rack] }", "muster.yml:1:17: rollout.per: found a list, expected a mapping of labels"),
            ("rollout: { per: { rack: } }", "muster.yml:1:25: rollout.per.rack: found "),
            ("rollout: { per: { rack: one } }", "muster.yml:1:25: rollout.per.rack: found 'one', expected a number"),
            ("rollout: { per: { rack: { a: 1 } } }", "rollout.per.rack: found a mapping, expected a number"),
            ("rollout: { brake: 20% }", "muster.yml:1:19: found '20%' for 'rollout.brake', expected a mapping of "),
            ("rollout: { brake: { share: 120% } }", "rollout.brake.share: found '120%', expected a number"),
            ("rollout: { brake: { atLeast: 0 } }", "rollout.brake.atLeast: found '0', expected a whole number"),
            ("rollout: { brake: { within: 10 } }", "rollout.brake.within: found '10', expected a time such as 30s"),
            ("rollout: { brake: { shares: 1 } }", "muster.yml:1:21: unknown key 'shares': did you mean 'share'?"),
            ("rollout: { max: 1 }", "muster.yml:1:12: unknown key 'max'"),
            ("address: 192.168.77", "muster.yml:1:10: address: found '192.168.77', expected an IPv4 address"),
            ("data: a\ndata: b", "found 'data' twice in one mapping"),
            ("dhcp: [", "found broken YAML"),
            ("- a", "muster.yml:1:1: found a list for the configuration"),
            (
                "dhcp: { subnets: [{ range: 10.0.0.1-10.0.0.9 }] }",
                "muster.yml:1:19: dhcp.subnets: 'network' is missing, expected a network such as"
            ),
            ("dhcp: { subnets: [{ network: 10.0.0.1/8 }] }", "1:30: dhcp.subnets.network: found '10.0.0.1/8'"),
            (
                "dhcp: { subnets: [{ network: 10.0.0.0/24, range: 10.0.1.1-10.0.1.9 }] }",
                "range 10.0.1.1-10.0.1.9 does not lie in 10.0.0.0/24"
            ),
            (
                "dhcp: { subnets: [{ network: 10.0.0.0/24, ranges: x }] }",
                "muster.yml:1:43: unknown key 'ranges': did you mean 'range'?"
            ),
            (
                "dhcp: { subnets: [{ network: 10.0.0.0/24, leaseTime: 1 }] }",
                "dhcp.subnets.leaseTime: found '1', expected a time such as"
            ),
            (
                "dhcp: { subnets: [{ network: 10.0.0.0/8 }, { network: 10.1.0.0/16 }] }",
                "10.1.0.0/16 overlaps 10.0.0.0/8"
            ),
        ]
    )
    func errors(yaml: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.load(yaml) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test("a bad variable is named")
    func badVariable() {
        let error = #expect(throws: ConfigurationError.self) {
            try Self.load(environment: ["MUSTER_DHCP_MODE": "on"])
        }
        #expect(error?.description.hasPrefix("MUSTER_DHCP_MODE: dhcp.mode: found 'on'") == true)
    }

    @Test("an empty key keeps its default")
    func emptyKey() throws {
        #expect(try Self.load("http:\nuser: ~\n").configuration == Self.load().configuration)
    }
}
