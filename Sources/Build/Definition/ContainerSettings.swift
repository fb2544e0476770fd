/// How a container runs, as far as it was said: in a definition, or in an image's `org.mobyproject.config` label.
///
/// nil means that nothing was said; an empty list is an empty list, and replaces what the label or the image says.
public struct ContainerSettings: Hashable, Sendable {
    /// `CAP_…`, or the one word `all` or `none`.
    public var capabilities: [String]?
    /// Beside the label's.
    public var addedCapabilities: [String]?
    public var ambientCapabilities: [String]?
    public var mounts: [Mount]?
    public var binds: [Bind]?
    /// Beside the label's.
    public var addedBinds: [Bind]?
    public var temporaryFileSystems: [TemporaryFileSystem]?
    public var devices: [Device]?
    public var command: [String]?
    public var environment: [String]?
    public var workingDirectory: String?
    /// `host`, `root`, `new`, `none` or a path; nil and empty are the key's own default.
    public var network: String?
    public var interProcess: String?
    public var hostNames: String?
    public var processes: String?
    public var users: String?
    public var hostName: String?
    public var isReadOnly: Bool?
    public var maskedPaths: [String]?
    public var readOnlyPaths: [String]?
    public var user: UserReference?
    public var group: UserReference?
    public var additionalGroups: [UserReference]?
    public var hasNoNewPrivileges: Bool?
    public var outOfMemoryScore: Int?
    public var rootPropagation: String?
    public var controlGroupPath: String?
    public var resources: Resources?
    public var kernelParameters: [String: String]?
    public var annotations: [String: String]?
    public var limits: [ResourceLimit]?
    public var userMappings: [IDMapping]?
    public var groupMappings: [IDMapping]?
    public var runtime: RuntimeSettings?
    public var supervision: SupervisionSettings?

    public init() {}

    public struct Mount: Hashable, Sendable {
        public var destination: String?
        public var type: String?
        public var source: String?
        public var options: [String] = []
        public var userMappings: [IDMapping] = []
        public var groupMappings: [IDMapping] = []
        public init() {}
    }

    /// `source:destination[:option,option]`.
    public struct Bind: Hashable, Sendable {
        public var source: String
        public var destination: String
        /// nil when there was no third field.
        public var options: [String]?

        public init(source: String, destination: String, options: [String]? = nil) {
            self.source = source
            self.destination = destination
            self.options = options
        }
    }

    /// `destination[:option,option]`.
    public struct TemporaryFileSystem: Hashable, Sendable {
        public var destination: String
        public var options: [String]

        public init(destination: String, options: [String] = []) {
            self.destination = destination
            self.options = options
        }
    }

    public struct Device: Hashable, Sendable {
        /// `all` for a rule without a device node.
        public var path: String
        /// `a`, `b`, `c`, `u` or `p`.
        public var type: String
        public var major: Int64?
        public var minor: Int64?
        public var mode: UInt32?

        public init(path: String, type: String) {
            self.path = path
            self.type = type
        }
    }

    public struct IDMapping: Hashable, Sendable {
        public var hostID: UInt32
        public var containerID: UInt32
        public var size: UInt32

        public init(hostID: UInt32, containerID: UInt32, size: UInt32) {
            self.hostID = hostID
            self.containerID = containerID
            self.size = size
        }
    }

    /// `name,soft,hard`.
    public struct ResourceLimit: Hashable, Sendable {
        /// `RLIMIT_…`.
        public var type: String
        /// `UInt64.max` for unlimited.
        public var soft: UInt64
        public var hard: UInt64

        public init(type: String, soft: UInt64, hard: UInt64) {
            self.type = type
            self.soft = soft
            self.hard = hard
        }
    }
}

/// `runtime:`: what the init does around a container's start. Each key replaces the label's.
public struct RuntimeSettings: Hashable, Sendable {
    public var controlGroups: [String]?
    public var mounts: [ContainerSettings.Mount]?
    /// Directories to make.
    public var directories: [String]?
    public var interfaces: [Interface]?
    public var boundNamespaces: BoundNamespaces?
    /// containerd's.
    public var namespace: String?

    public init() {}

    public struct Interface: Hashable, Sendable {
        public var name: String?
        public var type: String?
        public var peer: String?
        public var isCreatedInRoot: Bool?
        public init() {}
    }

    /// Paths that the container's namespaces are bound to.
    public struct BoundNamespaces: Hashable, Sendable {
        public var controlGroup: String?
        public var interProcess: String?
        public var mount: String?
        public var network: String?
        public var processes: String?
        public var users: String?
        public var hostNames: String?
        public init() {}
    }
}

/// `resources:`: limits of a container's control group, in the units of the OCI runtime specification 1.2.
public struct Resources: Hashable, Sendable {
    public var devices: [DeviceRule] = []
    public var memory: Memory?
    public var processor: Processor?
    public var processLimit: Int64?
    public var blockDevices: BlockDevices?
    public var hugePageLimits: [HugePageLimit] = []
    public var network: Network?

    public init() {}

    public struct DeviceRule: Hashable, Sendable {
        public var isAllowed = false
        public var type: String?
        public var major: Int64?
        public var minor: Int64?
        public var access: String?
        public init() {}
    }

    /// In bytes.
    public struct Memory: Hashable, Sendable {
        public var limit: Int64?
        public var reservation: Int64?
        public var swap: Int64?
        public var kernel: Int64?
        public var kernelTCP: Int64?
        public var swappiness: UInt64?
        public var disablesOutOfMemoryKiller: Bool?
        public init() {}
    }

    /// Periods and quotas in microseconds.
    public struct Processor: Hashable, Sendable {
        public var shares: UInt64?
        public var quota: Int64?
        public var period: UInt64?
        public var realtimeRuntime: Int64?
        public var realtimePeriod: UInt64?
        public var processors: String?
        public var memoryNodes: String?
        public init() {}
    }

    public struct BlockDevices: Hashable, Sendable {
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public var weightDevices: [WeightDevice] = []
        /// In bytes a second.
        public var readRates: [Throttle] = []
        public var writeRates: [Throttle] = []
        /// In operations a second.
        public var readOperations: [Throttle] = []
        public var writeOperations: [Throttle] = []
        public init() {}
    }

    public struct WeightDevice: Hashable, Sendable {
        public var major: Int64
        public var minor: Int64
        public var weight: UInt16?
        public var leafWeight: UInt16?

        public init(major: Int64, minor: Int64) {
            self.major = major
            self.minor = minor
        }
    }

    public struct Throttle: Hashable, Sendable {
        public var major: Int64
        public var minor: Int64
        public var rate: UInt64

        public init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }
    }

    public struct HugePageLimit: Hashable, Sendable {
        /// `2MB` …
        public var pageSize: String
        /// In bytes.
        public var limit: UInt64

        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    public struct Network: Hashable, Sendable {
        public var classID: UInt32?
        public var priorities: [Priority] = []
        public init() {}

        public struct Priority: Hashable, Sendable {
            public var name: String
            public var priority: UInt32

            public init(name: String, priority: UInt32) {
                self.name = name
                self.priority = priority
            }
        }
    }
}
