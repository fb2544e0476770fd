import CInit

/// What `runtime.json` asks for, done in the machine's own namespaces.
extension Container {
    /// Before the container is made: mounts, directories, control groups, in this order.
    func prepare() throws(InitError) {
        for mount in actions.mounts {
            let target = absolute(mount.destination)
            try Mounting.mount(mount, on: target)
            // A read-only container's root, bound onto itself: runc makes missing mount points in it before it seals it, but
            // the machine's own root is sealed already.
            let bind = UInt32(SYS_MOUNT_BIND)
            if target == rootFileSystem, mount.options.flags & bind != 0 {
                try Mounting.mount(nil, on: target, type: nil, flags: bind | UInt32(SYS_MOUNT_REMOUNT))
            }
        }
        for directory in actions.directories { try FileSystem.makeDirectories(absolute(directory)) }
        for group in actions.controlGroups { try FileSystem.makeDirectories("/sys/fs/cgroup/\(group)") }
    }

    private func absolute(_ path: String) -> String { path.hasBytes(prefix: "/") ? path : "\(rootFileSystem)/\(path)" }

    /// Whether there is anything to `connect`.
    var isConnected: Bool { !actions.interfaces.isEmpty || !actions.boundNamespaces.isEmpty }

    /// When the container's first process is there, and waits: links for its network, names for its namespaces.
    func connect(process: Int32) throws(InitError) {
        for interface in actions.interfaces { try add(interface, to: process) }
        for bound in actions.boundNamespaces {
            let bytes = Array(bound.path.utf8)
            if let slash = bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 {
                try FileSystem.makeDirectories(String(Array(bytes[..<slash])))
            }
            if FileSystem.exists(bound.path) {
                sys_unmount(bound.path, true)
            } else {
                try FileSystem.write(bound.path, "")
            }
            let namespace = "/proc/\(process)/ns/\(bound.kind)"
            try Mounting.mount(namespace, on: bound.path, type: nil, flags: UInt32(SYS_MOUNT_BIND))
        }
    }

    private func add(_ interface: RuntimeActions.Interface, to process: Int32) throws(InitError) {
        if let kind = interface.kind {
            let message = LinkMessage.make(
                interface.name,
                kind: kind,
                peer: interface.peer,
                process: interface.isMadeInRoot ? nil : process
            )
            try Self.request(message, "make the network link \(interface.name) of the kind \(kind)")
            guard interface.isMadeInRoot else { return }
        }
        let index = sys_interface_index(interface.name)
        guard index > 0 else { throw InitError("find the network link \(interface.name)", code: Int(index)) }
        let message = LinkMessage.move(index: index, process: process)
        try Self.request(message, "give the network link \(interface.name) to \(identifier)")
    }

    private static func request(_ message: LinkMessage, _ attempt: String) throws(InitError) {
        let result = message.bytes.withUnsafeBytes { sys_route_request($0.baseAddress!, $0.count) }
        guard result >= 0 else { throw InitError(attempt, code: Int(result)) }
    }

    /// When it runs no more and will not again.
    func release() {
        for mount in actions.mounts.reversed() where mount.options.flags & UInt32(SYS_MOUNT_REMOUNT) == 0 {
            let target = absolute(mount.destination)
            if target.hasBytes(prefix: directory + "/") { sys_unmount(target, true) }
        }
    }
}
