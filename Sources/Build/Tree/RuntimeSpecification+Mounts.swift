/// What is mounted in a container: what every one has, then `mounts`, `binds` and `tmpfs`, a later one in the place of an
/// earlier one with the same destination.
extension RuntimeSpecification {
    /// Sorted by destination.
    func mounts() throws(DefinitionError) -> [ContainerSettings.Mount] {
        var mounts: [String: ContainerSettings.Mount] = [:]
        func add(_ mount: ContainerSettings.Mount) { mounts[mount.destination!] = mount }
        for mount in standardMounts { add(mount) }
        for mount in settings.mounts ?? [] { add(try complete(mount)) }
        for bind in settings.binds ?? [] { add(try mount(bind)) }
        for file in settings.temporaryFileSystems ?? [] {
            add(ContainerSettings.Mount(file.destination, type: "tmpfs", options: file.options))
        }
        return mounts.values.sorted { $0.destination!.utf8.lexicographicallyPrecedes($1.destination!.utf8) }
    }

    private var standardMounts: [ContainerSettings.Mount] {
        let last = isReadOnly ? ["ro"] : []
        return [
            .init("/dev", type: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] + last),
            .init(
                "/dev/pts",
                type: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
            ),
            .init("/proc", type: "proc", options: ["nosuid", "nodev", "noexec", "relatime"]),
            .init("/sys", type: "sysfs", options: ["nosuid", "noexec", "nodev"] + last),
            .init("/sys/fs/cgroup", type: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"]),
        ]
    }

    /// Fills in what the kernel's own file systems leave unsaid.
    private func complete(_ mount: ContainerSettings.Mount) throws(DefinitionError) -> ContainerSettings.Mount {
        var mount = mount
        let kernels = ["mqueue", "devpts", "proc", "sysfs", "cgroup"]
        if mount.type ?? "" == "" {
            if let source = mount.source, kernels.contains(source) {
                mount.type = source
            } else if mount.destination == "/dev" {
                mount.type = "tmpfs"
            } else {
                throw refusal("found a mount at '\(mount.destination ?? "")' without a type, expected one")
            }
        }
        if mount.source ?? "" == "" { mount.source = mount.type }
        if mount.destination ?? "" == "" {
            let places = [
                "proc": "/proc", "devpts": "/dev/pts", "sysfs": "/sys", "cgroup": "/sys/fs/cgroup",
                "mqueue": "/dev/mqueue",
            ]
            guard let place = places[mount.type!] else {
                throw refusal("found a mount of type '\(mount.type!)' without a destination, expected one")
            }
            mount.destination = place
        }
        if mount.type == "bind", let source = mount.source, !source.hasPrefix("/") {
            let isWriting = !mount.options.contains("ro")
            mount.source = try path(ofVolume: source, isWriting: isWriting)
        }
        return mount
    }

    private func mount(_ bind: ContainerSettings.Bind) throws(DefinitionError) -> ContainerSettings.Mount {
        var source = bind.source
        if !source.hasPrefix("/") { source = try path(ofVolume: source, isWriting: bind.options != ["ro"]) }
        let options = bind.options.map { $0 + ["rbind"] } ?? ["rw", "rbind", "rshared"]
        return ContainerSettings.Mount(bind.destination, type: "bind", source: source, options: options)
    }

    /// A source that begins with no slash names a volume.
    private func path(ofVolume name: String, isWriting: Bool) throws(DefinitionError) -> String {
        guard let volume = volumes[name] else {
            let known =
                volumes.isEmpty ? "there are none" : "there are \(volumes.keys.sorted().joined(separator: ", "))"
            throw refusal(
                "found a bind of the volume '\(name)', expected an absolute path or a volume's name; \(known)"
            )
        }
        guard !volume.isReadOnly || !isWriting else {
            throw refusal("found a bind that may write to the read-only volume '\(name)', expected the one option 'ro'")
        }
        return volume.path
    }
}

extension ContainerSettings.Mount {
    /// - Parameter source: the type unless said otherwise, as the kernel's own file systems have it.
    init(_ destination: String, type: String, source: String? = nil, options: [String] = []) {
        self.init()
        self.destination = destination
        self.type = type
        self.source = source ?? type
        self.options = options
    }
}
