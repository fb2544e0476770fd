import Vocabulary

/// Where a container lies in the machine's root, and the two files beside its root file system.
struct ContainerFiles {
    enum Section: String { case onboot, onshutdown, services }

    /// `containers/onboot/000-NAME` …, without a slash at either end.
    let directory: BytePath
    /// The container that has the root file system, when that is an earlier one with the same image.
    let shared: BytePath?
    let specification: RuntimeSpecification

    static func directory(_ section: Section, index: Int, name: String) -> String {
        let digits = String(index)
        let number = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        return "containers/\(section.rawValue)/" + (section == .services ? name : "\(number)-\(name)")
    }

    /// Where the container's root file system lies: of a writable container `lower`, with an overlay over it.
    static func root(in directory: BytePath, isReadOnly: Bool) -> BytePath {
        directory.appending(isReadOnly ? "rootfs" : "lower")
    }

    /// `runtime.json`: what the init does around the container's start.
    var runtime: SpecificationJSON {
        let runtime = specification.settings.runtime ?? RuntimeSettings()
        let bound = runtime.boundNamespaces ?? RuntimeSettings.BoundNamespaces()
        return .object([
            "cgroups": .array((runtime.controlGroups ?? []).map(SpecificationJSON.string)),
            "mounts": .array((rootMounts + (runtime.mounts ?? [])).map(RuntimeSpecification.json)),
            "mkdir": .array((runtime.directories ?? []).map(SpecificationJSON.string)),
            "interfaces": .array((runtime.interfaces ?? []).map(Self.json)),
            "bindNS": .object([
                "cgroup": .string(bound.controlGroup ?? ""), "ipc": .string(bound.interProcess ?? ""),
                "mnt": .string(bound.mount ?? ""), "net": .string(bound.network ?? ""),
                "pid": .string(bound.processes ?? ""), "user": .string(bound.users ?? ""),
                "uts": .string(bound.hostNames ?? ""),
            ]),
            "namespace": .string(runtime.namespace ?? ""),
        ])
    }

    /// What makes `rootfs`: a bind of a read-only root, an overlay with its upper half in memory over a writable one.
    private var rootMounts: [ContainerSettings.Mount] {
        let base = "/" + String(decoding: directory.bytes, as: UTF8.self)
        let lower = shared.map { "/" + String(decoding: $0.bytes, as: UTF8.self) }
        func mount(
            _ destination: String,
            type: String?,
            source: String?,
            _ options: [String]
        ) -> ContainerSettings.Mount {
            var mount = ContainerSettings.Mount()
            mount.destination = destination
            mount.type = type
            mount.source = source
            mount.options = options
            return mount
        }
        if specification.isReadOnly {
            return [mount("\(base)/rootfs", type: nil, source: lower ?? "\(base)/rootfs", ["bind"])]
        }
        return [
            mount("\(base)/tmp", type: "tmpfs", source: "tmpfs", []),
            mount("\(base)/tmp", type: nil, source: nil, ["remount", "private"]),
            mount(
                "\(base)/rootfs",
                type: "overlay",
                source: "overlay",
                [
                    "lowerdir=\(lower ?? "\(base)/lower")", "upperdir=\(base)/tmp/upper", "workdir=\(base)/tmp/work",
                ]
            ),
        ]
    }

    private static func json(_ interface: RuntimeSettings.Interface) -> SpecificationJSON {
        .members([
            "name": .nonEmpty(interface.name), "add": .nonEmpty(interface.type), "peer": .nonEmpty(interface.peer),
            "createInRoot": interface.isCreatedInRoot == true ? .bool(true) : nil,
        ])
    }
}
