import Build
import Inventory
import PXE
import Vocabulary

/// What `muster serve` and every other command go by: the keys of `muster.yml`, checked.
struct Configuration: Hashable, Sendable {
    /// Databases, blobs, caches, the snapshot and the socket lie here.
    var data: String
    /// The provisioning networks' interfaces.
    var interfaces: [String]
    /// The server's address on them; nil to take it from the interface.
    var address: IPv4Address?
    /// Whom `serve` becomes when it is started by root.
    var user: String
    var log: LogLevel
    var dhcp: DHCP
    var tftp: TFTP
    var http: HTTP
    var control: Control
    var health: Health
    /// What no roll may exceed, and what freezes all of them.
    var rollout: Rollout
    /// The name or digest of the image for machines whose last good one fails again and again; nil for none.
    var rescue: String?
    var debian: Debian
    /// Where container images are pulled from.
    var registries: RegistryConfiguration
    /// A directory whose templates replace ours of the same name.
    var templates: String?

    struct DHCP: Hashable, Sendable {
        enum Mode: String, SettingsChoice { case off, proxy, server }

        var mode: Mode
        var subnets: [Subnet]
        /// Which loader an architecture or a vendor class gets.
        var loaders: LoaderTable
        /// The relay agents that may ask for leases.
        var relays: [IPv4Address]
        /// Bindings go by hardware address alone: for firmware and systems that each say another option 61.
        var ignoreClientID: Bool
        /// Ask the link for an address before it is offered.
        var probe: Bool
        /// Router advertisements of lifetime 0, for networks without a router (iPXE waits for one).
        var routerAdvertisements: Bool
    }

    struct Subnet: Hashable, Sendable {
        var network: IPv4Network
        /// nil: only machines with an address of their own are served.
        var range: AddressRange?
        var router: IPv4Address?
        var dns: [IPv4Address]
        var domain: String?
        var ntp: [IPv4Address]
        var leaseTime: TimeSpan
    }

    struct TFTP: Hashable, Sendable {
        var port: UInt16
        /// Answers from port 69 itself, for firewalls that know no TFTP.
        var singlePort: Bool
        var maxTransfers: Int
    }

    struct HTTP: Hashable, Sendable {
        struct TLS: Hashable, Sendable {
            /// Paths of PEM files.
            var certificate: String
            var key: String
        }

        var port: UInt16
        var tls: TLS?
        /// Image downloads at once; machines past it wait their turn.
        var maxConcurrentDownloads: Int
        var maxConnections: Int
        /// Networks whose requests are believed without proof, whatever machine they name: for clients behind NAT and for
        /// load tests. Who is in one of them can take any machine's boot.
        var trustedNetworks: [IPv4Network]
    }

    struct Control: Hashable, Sendable {
        /// nil for none: the unix socket alone.
        var listen: Endpoint?
        /// The unix socket's path.
        var socket: String
        /// What TCP's callers may do that show no token.
        var anonymous: Anonymous
        /// nil for HTTP in the clear.
        var tls: HTTP.TLS?

        enum Anonymous: String, SettingsChoice { case viewer, none }
    }

    struct Health: Hashable, Sendable {
        /// How long a machine must stay up after fetching everything to count as healthy, where nothing reports.
        var settle: TimeSpan
    }

    struct Rollout: Hashable, Sendable {
        struct Brake: Hashable, Sendable {
            /// So many machines that turn sick within a time, and at least so many, freeze the fleet.
            var share: Share
            var atLeast: Int
            var within: TimeSpan
        }

        /// Of all machines of all profiles; nil for no ceiling.
        var maxUnavailable: Share?
        /// The same in each failure domain, by the label that names it.
        var per: [String: Share]
        var brake: Brake
    }

    struct Debian: Hashable, Sendable {
        /// nil for the mirrors of the system's own sources.
        var mirror: String?
    }

    enum LogLevel: String, SettingsChoice { case trace, debug, info, notice, warning, error }
}
