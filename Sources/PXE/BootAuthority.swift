import Vocabulary

/// The one thing that the wire protocols ask: who is this, and what should it boot?
///
/// DHCP, TFTP, HTTP and the scripts know packets; the authority knows machines, images and leases. Every call is
/// answered from memory, from any thread, without waiting; only `answer` may take time, because what it
/// promises is written to the ledger before the answer leaves.
public protocol BootAuthority: Sendable {
    /// The machine that a DHCP client claims to be; nil for a machine that nobody has described.
    func host(for identity: MachineIdentity) -> Host?

    /// The NIC that an address is reserved for, if any: a pool gives such an address to nobody else.
    func reservation(of address: IPv4Address) -> MACAddress?

    /// What a machine that asks for its script gets. `reply` is called exactly once, on any thread.
    func answer(_ request: BootRequest, reply: @escaping @Sendable (BootAnswer) -> Void)

    /// What a machine gets that asks under its boot's name. `reply` is called exactly once, on any thread.
    func answer(_ call: MachineCall, reply: @escaping @Sendable (MachineCallAnswer) -> Void)

    /// The bytes behind a name; nil when there are none.
    func content(_ name: ResourceName) -> Content?

    /// What is public of the machine that has an address; nil for what nobody said, and for who is nobody's machine.
    func metadata(_ item: MetadataItem, for peer: IPv4Address) -> Content?

    /// Something was seen on the wire. Must return at once.
    func observe(_ observation: Observation)
}

/// A described machine, as far as the wire protocols need to know it.
public struct Host: Hashable, Sendable {
    public var name: String
    /// The address reserved for the NIC that asked; nil when a pool may serve it.
    public var address: IPv4Address?
    /// The machine's own loader instead of the table's (a file name under the loaders); nil for the table's.
    public var loader: String?
    /// False for machines that must not be given anything to boot (rejected, retired).
    public var mayBoot: Bool

    public init(name: String, address: IPv4Address? = nil, loader: String? = nil, mayBoot: Bool = true) {
        self.name = name
        self.address = address
        self.loader = loader
        self.mayBoot = mayBoot
    }
}

/// A machine asking for its script.
public struct BootRequest: Hashable, Sendable {
    public enum Dialect: Hashable, Sendable { case ipxe, grub }
    public enum Platform: Hashable, Sendable { case bios, efi }

    public var identity: MachineIdentity
    /// Where the request came from: effects need it to belong to the machine.
    public var peer: IPv4Address
    /// The address and port of the boot plane's HTTP that the client can reach.
    public var server: Endpoint
    public var dialect: Dialect
    public var platform: Platform?
    /// How the script travels: GRUB fetches the kernel the way its configuration came.
    public var carrier: Transfer.Carrier
    /// True when the script was asked for over TLS: its URLs begin with `https`.
    public var isSecure: Bool
    /// True for HEAD and whatever else must not have effects: the script is rendered dry, with boot id `preview`.
    public var isDry: Bool

    public init(
        identity: MachineIdentity,
        peer: IPv4Address,
        server: Endpoint,
        dialect: Dialect,
        platform: Platform? = nil,
        carrier: Transfer.Carrier = .http,
        isSecure: Bool = false,
        isDry: Bool = false
    ) {
        self.identity = identity
        self.peer = peer
        self.server = server
        self.dialect = dialect
        self.platform = platform
        self.carrier = carrier
        self.isSecure = isSecure
        self.isDry = isDry
    }
}

/// What a machine gets for an answer. There is always one: never an error, never nothing.
public enum BootAnswer: Hashable, Sendable {
    /// A kernel.
    case boot(BootInstructions)
    /// Something to read on the screen, and a time after which to ask again.
    case pause(Pause)
}

/// All that a script with a kernel in it is made of.
public struct BootInstructions: Hashable, Sendable {
    public var boot: BootID
    public var machine: String
    public var mac: MACAddress
    public var image: Digest
    /// The image's and the profile's arguments, without those that every boot carries.
    public var commandLine: String
    public var hasInitrd: Bool
    /// Whether a machine segment follows the image's initrd.
    public var hasSegment: Bool

    public init(
        boot: BootID,
        machine: String,
        mac: MACAddress,
        image: Digest,
        commandLine: String,
        hasInitrd: Bool,
        hasSegment: Bool = false
    ) {
        self.boot = boot
        self.machine = machine
        self.mac = mac
        self.image = image
        self.commandLine = commandLine
        self.hasInitrd = hasInitrd
        self.hasSegment = hasSegment
    }
}

/// A screen that asks again: for an unknown machine, a storm, a build, an image that is not there.
public struct Pause: Hashable, Sendable {
    /// What to show, a line each. Anything may stand in them: the script escapes it.
    public var lines: [String]
    /// Seconds until the machine asks again.
    public var seconds: Int

    public init(lines: [String], seconds: Int) {
        self.lines = lines
        self.seconds = seconds
    }
}

/// What the wire protocols saw, for the ledger, the events and the counters.
public enum Observation: Hashable, Sendable {
    /// A DISCOVER of a PXE, HTTP-boot or iPXE client: a machine is at the start of a boot.
    case discovered(MachineIdentity, client: BootClientKind, interface: String)
    /// A loader or a script URL was named to a machine.
    case loaderOffered(MachineIdentity, loader: String)
    /// A relay passed on that a client takes an address of another server (proxy mode, option 50 or `ciaddr`): all that is
    /// known of who asks from behind a router.
    case addressed(IPv4Address, mac: MACAddress)
    /// Bytes of a resource left for a peer: all of `range`, or the transfer ended early.
    case transferred(Transfer)
    /// Another DHCP server answered on a network that we serve.
    case rogueServer(IPv4Address, mac: MACAddress?, interface: String)
    /// A client found its address in use.
    case declined(IPv4Address, by: MACAddress)
    /// A pool has no address left.
    case poolExhausted(IPv4Network)
    /// The same machine keeps asking for a loader or a script.
    case looping(MACAddress, requestsPerMinute: Int)
    /// An event that has no machine: its stable dotted kind and a sentence.
    case notice(kind: String, message: String)
}

/// What kind of client sent a DISCOVER.
public enum BootClientKind: String, Hashable, Sendable, Codable {
    /// A firmware's PXE client (option 60 `PXEClient`).
    case pxe
    /// UEFI HTTP boot (option 60 `HTTPClient`).
    case httpBoot
    /// iPXE, by option 77 or 175.
    case ipxe
    /// An operating system.
    case other
}

/// One transfer of one resource, over.
public struct Transfer: Hashable, Sendable {
    public enum Carrier: String, Hashable, Sendable, Codable { case tftp, http }

    public var carrier: Carrier
    public var peer: IPv4Address
    public var name: ResourceName
    /// The boot whose URL or name it was.
    public var boot: BootID?
    /// The bytes that left, by offset in the resource.
    public var range: Range<UInt64>
    /// The resource's whole length.
    public var total: UInt64

    public init(
        carrier: Carrier,
        peer: IPv4Address,
        name: ResourceName,
        boot: BootID?,
        range: Range<UInt64>,
        total: UInt64
    ) {
        self.carrier = carrier
        self.peer = peer
        self.name = name
        self.boot = boot
        self.range = range
        self.total = total
    }
}
