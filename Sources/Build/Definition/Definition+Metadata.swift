import StrictYAML

/// The merged definition as a text: what `files:` entries with `metadata` hold, and what `muster build --dry-run` prints.
extension Definition {
    /// Byte for byte what LinuxKit writes (linuxkit.md 2.7): image names whole, but for those of volumes; in YAML, empty
    /// sections are `[]`, in JSON `null`. Of `resources` and the mappings of users it writes names that it does not
    /// read; here they are those that a definition has, without what was not said.
    public func metadata(_ format: FileEntry.MetadataFormat) -> [UInt8] {
        switch format {
        case .yaml: document(isJSON: false).yaml
        case .json: document(isJSON: true).indentedJSON
        }
    }

    private func document(isJSON: Bool) -> YAMLValue {
        var members = [YAMLValue.Member("kernel", (kernel?.document ?? KernelEntry.noDocument))]
        func add(_ name: String, _ values: [YAMLValue]) { members.append(YAMLValue.Member(name, .list(values))) }
        add("init", initImages.map { .string($0.image.description) })
        add("onboot", onboot.map { $0.document(isJSON: isJSON) })
        add("onshutdown", onshutdown.map { $0.document(isJSON: isJSON) })
        add("services", services.map { $0.document(isJSON: isJSON) })
        add("files", files.map(\.document))
        add("volumes", volumes.map(\.document))
        if let initrdCompression {
            let kernel = YAMLValue.members([.init("initrd", .string(initrdCompression.rawValue))])
            members.append(.init("muster", .members([.init("kernel", kernel)])))
        }
        return .members(members)
    }
}

// MARK: Sections

extension KernelEntry {
    fileprivate static var noDocument: YAMLValue { .members([.init("image", .string(""))]) }

    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("image", .string(image?.description ?? ""))
        members.add("cmdline", nonEmpty: commandLine)
        members.add("binary", nonEmpty: binary)
        members.add("tar", tar.map(YAMLValue.string))
        members.add("ucode", microcode.map(YAMLValue.string))
        return members.value
    }
}

extension VolumeEntry {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("name", .string(name))
        members.add("image", nonEmpty: imageText)
        members.add("readonly", isReadOnly ? .bool(true) : nil)
        members.add("format", format == .filesystem ? nil : .string(format.rawValue))
        members.add("platforms", platforms.isEmpty ? nil : .strings(platforms))
        return members.value
    }
}

extension FileEntry {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("path", .string(pathText))
        members.add("directory", .bool(content == .directory))
        switch content {
        case .directory: break
        case .symbolicLink(let target): members.add("symlink", .string(target))
        case .text(let text): members.add("contents", .string(text))
        case .source(let path): members.add("source", .string(path))
        case .metadata(let format): members.add("metadata", .string(format.rawValue))
        }
        members.add("optional", .bool(isOptional))
        members.add("mode", nonEmpty: modeText)
        members.add("uid", owner?.document)
        members.add("gid", group?.document)
        return members.value
    }
}

extension UserReference {
    fileprivate var document: YAMLValue {
        switch self {
        case .number(let number): .integer(Int128(number))
        case .entry(let name): .string(name)
        }
    }
}

// MARK: Containers

extension ContainerEntry {
    fileprivate func document(isJSON: Bool) -> YAMLValue {
        var members = MemberList()
        members.add("name", .string(name))
        members.add("image", .string(image.description))
        settings.write(to: &members, isJSON: isJSON)
        return members.value
    }
}

extension ContainerSettings {
    fileprivate func write(to members: inout MemberList, isJSON: Bool) {
        members.add("capabilities", capabilities.map(YAMLValue.strings))
        members.add("capabilities.add", addedCapabilities.map(YAMLValue.strings))
        members.add("ambient", ambientCapabilities.map(YAMLValue.strings))
        members.add("mounts", mounts.map { .list($0.map { $0.document(isJSON: isJSON) }) })
        members.add("binds", binds.map { .strings($0.map(\.text)) })
        members.add("binds.add", addedBinds.map { .strings($0.map(\.text)) })
        members.add("tmpfs", temporaryFileSystems.map { .strings($0.map(\.text)) })
        members.add("devices", devices.map { .list($0.map(\.document)) })
        members.add("command", command.map(YAMLValue.strings))
        members.add("env", environment.map(YAMLValue.strings))
        members.add("cwd", nonEmpty: workingDirectory)
        members.add("net", nonEmpty: network)
        members.add("pid", nonEmpty: processes)
        members.add("ipc", nonEmpty: interProcess)
        members.add("uts", nonEmpty: hostNames)
        members.add("userns", nonEmpty: users)
        members.add("hostname", nonEmpty: hostName)
        members.add("readonly", isReadOnly.map(YAMLValue.bool))
        members.add("maskedPaths", maskedPaths.map(YAMLValue.strings))
        members.add("readonlyPaths", readOnlyPaths.map(YAMLValue.strings))
        members.add("uid", user?.document)
        members.add("gid", group?.document)
        members.add("additionalGids", additionalGroups.map { .list($0.map(\.document)) })
        members.add("noNewPrivileges", hasNoNewPrivileges.map(YAMLValue.bool))
        members.add("oomScoreAdj", outOfMemoryScore.map { .integer(Int128($0)) })
        members.add("rootfsPropagation", rootPropagation.map(YAMLValue.string))
        members.add("cgroupsPath", controlGroupPath.map(YAMLValue.string))
        members.add("resources", resources?.document)
        members.add("sysctl", kernelParameters.map(YAMLValue.texts))
        members.add("annotations", annotations.map(YAMLValue.texts))
        members.add("rlimits", limits.map { .strings($0.map(\.text)) })
        members.add("uidMappings", userMappings.map { .list($0.map(\.document)) })
        members.add("gidMappings", groupMappings.map { .list($0.map(\.document)) })
        members.add("runtime", runtime?.document(isJSON: isJSON))
        members.add("muster", supervision?.document)
    }
}

extension ContainerSettings.Mount {
    fileprivate func document(isJSON: Bool) -> YAMLValue {
        var members = MemberList()
        members.add("destination", .string(destination ?? ""))
        if isJSON {
            members.add("type", nonEmpty: type)
            members.add("source", nonEmpty: source)
            members.add("options", options.isEmpty ? nil : .strings(options))
        } else {
            members.add("type", .string(type ?? ""))
            members.add("source", .string(source ?? ""))
            members.add("options", .strings(options))
        }
        if !isJSON || !userMappings.isEmpty { members.add("uidmappings", .list(userMappings.map(\.document))) }
        if !isJSON || !groupMappings.isEmpty { members.add("gidmappings", .list(groupMappings.map(\.document))) }
        return members.value
    }
}

extension ContainerSettings.Bind {
    fileprivate var text: String {
        ([source, destination] + (options.map { [$0.joined(separator: ",")] } ?? [])).joined(separator: ":")
    }
}

extension ContainerSettings.TemporaryFileSystem {
    fileprivate var text: String { options.isEmpty ? destination : "\(destination):\(options.joined(separator: ","))" }
}

extension ContainerSettings.ResourceLimit {
    fileprivate var text: String {
        func text(_ number: UInt64) -> String { number == .max ? "unlimited" : String(number) }
        return "\(type),\(text(soft)),\(text(hard))"
    }
}

extension ContainerSettings.Device {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("path", .string(path))
        members.add("type", .string(type))
        members.add("major", .integer(Int128(major ?? 0)))
        members.add("minor", .integer(Int128(minor ?? 0)))
        members.add("mode", mode.map { .string("0" + String($0, radix: 8)) })
        return members.value
    }
}

extension ContainerSettings.IDMapping {
    fileprivate var document: YAMLValue {
        .members([
            .init("hostID", .integer(Int128(hostID))), .init("containerID", .integer(Int128(containerID))),
            .init("size", .integer(Int128(size))),
        ])
    }
}

// MARK: runtime

extension RuntimeSettings {
    fileprivate func document(isJSON: Bool) -> YAMLValue {
        var members = MemberList()
        members.add("cgroups", controlGroups.map(YAMLValue.strings))
        members.add("mounts", mounts.map { .list($0.map { $0.document(isJSON: isJSON) }) })
        members.add("mkdir", directories.map(YAMLValue.strings))
        members.add("interfaces", interfaces.map { .list($0.map(\.document)) })
        let bound = boundNamespaces?.document ?? .members([])
        if isJSON || bound != .members([]) { members.add("bindNS", bound) }
        members.add("namespace", namespace.map(YAMLValue.string))
        return members.value
    }
}

extension RuntimeSettings.Interface {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("name", nonEmpty: name)
        members.add("add", nonEmpty: type)
        members.add("peer", nonEmpty: peer)
        members.add("createInRoot", isCreatedInRoot == true ? .bool(true) : nil)
        return members.value
    }
}

extension RuntimeSettings.BoundNamespaces {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("cgroup", controlGroup.map(YAMLValue.string))
        members.add("ipc", interProcess.map(YAMLValue.string))
        members.add("mnt", mount.map(YAMLValue.string))
        members.add("net", network.map(YAMLValue.string))
        members.add("pid", processes.map(YAMLValue.string))
        members.add("user", users.map(YAMLValue.string))
        members.add("uts", hostNames.map(YAMLValue.string))
        return members.value
    }
}
