/// `runtime.json`: what is done around a container's start, in the machine's own namespaces. The builder writes it, as
/// LinuxKit does.
struct RuntimeActions: Equatable {
    struct Interface: Equatable {
        var name: String
        /// The kind of link to make; nil for one that is there.
        var kind: String?
        /// The other end of a pair, which stays with the machine.
        var peer: String?
        var isMadeInRoot = false
    }

    struct BoundNamespace: Equatable {
        /// As `/proc/PID/ns` has it.
        var kind: String
        var path: String
    }

    var controlGroups: [String] = []
    var mounts: [MountRequest] = []
    /// Absolute, or relative to the container's root file system.
    var directories: [String] = []
    var interfaces: [Interface] = []
    var boundNamespaces: [BoundNamespace] = []
    /// containerd's.
    var namespace = "services.linuxkit"

    init() {}

    /// - Throws: for what is no JSON. Keys that are not known are no concern of ours.
    init(parsing bytes: [UInt8]) throws(InitError) {
        let json = try JSONParser.parse(bytes)
        controlGroups = json["cgroups"]?.texts ?? []
        directories = json["mkdir"]?.texts ?? []
        if let name = json["namespace"]?.text, name != "" { namespace = name }
        for mount in json["mounts"]?.elements ?? [] {
            guard let destination = mount["destination"]?.text else { throw InitError("a mount has no destination") }
            mounts.append(
                MountRequest(
                    destination: destination,
                    type: mount["type"]?.text,
                    source: mount["source"]?.text,
                    options: MountOptions(mount["options"]?.texts ?? [])
                )
            )
        }
        for interface in json["interfaces"]?.elements ?? [] { interfaces.append(try Self.interface(interface)) }
        if case .object(let members)? = json["bindNS"] {
            for member in members {
                guard let path = member.value.text, path != "" else { continue }
                boundNamespaces.append(BoundNamespace(kind: member.name, path: path))
            }
        }
    }

    private static func interface(_ json: JSON) throws(InitError) -> Interface {
        guard let name = json["name"]?.text, name != "" else { throw InitError("an interface has no name") }
        var interface = Interface(name: name)
        interface.peer = json["peer"]?.text
        interface.kind = json["add"]?.text ?? (interface.peer == nil ? nil : "veth")
        interface.isMadeInRoot = json["createInRoot"] == .bool(true)
        if interface.kind == "veth" {
            guard interface.peer != nil else {
                throw InitError("the interface \(name) is one end of a pair without a peer")
            }
            interface.isMadeInRoot = true
        }
        return interface
    }
}
