import Foundation
import StrictYAML

/// Reads the keys of a container: of an entry in a definition, or of an image's label.
struct ContainerSettingsReader {
    let log: ProblemLog

    static let keys = [
        "capabilities", "capabilities.add", "ambient", "mounts", "binds", "binds.add", "tmpfs", "devices", "command",
        "env", "cwd", "net", "ipc", "uts", "pid", "userns", "hostname", "readonly", "maskedPaths", "readonlyPaths",
        "uid",
        "gid", "additionalGids", "noNewPrivileges", "oomScoreAdj", "rootfsPropagation", "cgroupsPath", "resources",
        "sysctl", "annotations", "rlimits", "uidMappings", "gidMappings", "runtime",
        "muster",
    ]

    func settings(_ reader: MappingReader) -> ContainerSettings {
        var settings = ContainerSettings()
        settings.capabilities = capabilities(reader, "capabilities")
        settings.addedCapabilities = capabilities(reader, "capabilities.add")
        settings.ambientCapabilities = reader.list("ambient", of: "capabilities", capability)
        settings.mounts = reader.list("mounts", of: "mounts", mount)
        settings.binds = reader.list("binds", of: "binds", bind)
        settings.addedBinds = reader.list("binds.add", of: "binds", bind)
        settings.temporaryFileSystems = reader.list("tmpfs", of: "temporary file systems", temporaryFileSystem)
        settings.devices = reader.list("devices", of: "devices", device)
        settings.command = reader.strings("command")
        settings.environment = reader.strings("env")
        settings.workingDirectory = reader.string("cwd")
        settings.network = reader.string("net")
        settings.interProcess = reader.string("ipc")
        settings.hostNames = reader.string("uts")
        settings.processes = reader.string("pid")
        settings.users = reader.string("userns")
        settings.hostName = reader.string("hostname")
        settings.isReadOnly = reader.bool("readonly")
        settings.maskedPaths = reader.strings("maskedPaths")
        settings.readOnlyPaths = reader.strings("readonlyPaths")
        settings.user = reader["uid"].flatMap(log.user)
        settings.group = reader["gid"].flatMap(log.user)
        settings.additionalGroups = reader.list("additionalGids", of: "groups", log.user)
        settings.hasNoNewPrivileges = reader.bool("noNewPrivileges")
        settings.outOfMemoryScore = reader.integer("oomScoreAdj")
        settings.rootPropagation = reader.string("rootfsPropagation")
        settings.controlGroupPath = reader.string("cgroupsPath")
        settings.resources = reader["resources"].flatMap { ResourcesReader(log: log).resources($0) }
        settings.kernelParameters = reader.mapping("sysctl", of: "names to texts") { log.string($0) }
        settings.annotations = reader.mapping("annotations", of: "names to texts") { log.string($0) }
        settings.limits = reader.list("rlimits", of: "limits as name,soft,hard", limit)
        settings.userMappings = reader.list("uidMappings", of: "mappings", mapping)
        settings.groupMappings = reader.list("gidMappings", of: "mappings", mapping)
        settings.runtime = reader["runtime"].flatMap(runtime)
        settings.supervision = reader["muster"].flatMap { SupervisionReader(log: log).settings($0) }
        return settings
    }

    // MARK: Capabilities

    private func capabilities(_ reader: MappingReader, _ key: String) -> [String]? {
        // The one word may be in any case, and stands alone.
        if case .sequence(let sequence)? = reader[key], sequence.count == 1, let node = sequence.first,
            let word = node.verbatim?.lowercased(), word == "all" || word == "none"
        {
            return [word]
        }
        return reader.list(key, of: "capabilities", capability)
    }

    private func capability(_ node: Node) -> String? {
        guard let name = log.string(node, "a capability") else { return nil }
        guard Capability.all.contains(name) else {
            let hint = nearest(to: name, in: Capability.all).map { "; did you mean '\($0)'?" } ?? ""
            log.add(
                "found '\(name)', expected a capability as CAP_NET_ADMIN, or 'all' or 'none' alone\(hint)",
                at: node
            )
            return nil
        }
        return name
    }

    // MARK: Mounts

    func mount(_ node: Node) -> ContainerSettings.Mount? {
        let known = ["destination", "type", "source", "options", "uidmappings", "gidmappings"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var mount = ContainerSettings.Mount()
        mount.destination = reader.string("destination")
        mount.type = reader.string("type")
        mount.source = reader.string("source")
        mount.options = reader.strings("options") ?? []
        mount.userMappings = reader.list("uidmappings", of: "mappings", mapping) ?? []
        mount.groupMappings = reader.list("gidmappings", of: "mappings", mapping) ?? []
        return mount
    }

    private func bind(_ node: Node) -> ContainerSettings.Bind? {
        guard let text = log.string(node, "a bind as source:destination[:options]") else { return nil }
        let fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 2 || fields.count == 3 else {
            log.add("found '\(text)', expected a bind as source:destination[:option,option]", at: node)
            return nil
        }
        let options = fields.count == 3 ? fields[2].split(separator: ",", omittingEmptySubsequences: false) : nil
        return ContainerSettings.Bind(source: fields[0], destination: fields[1], options: options?.map(String.init))
    }

    private func temporaryFileSystem(_ node: Node) -> ContainerSettings.TemporaryFileSystem? {
        guard let text = log.string(node, "a temporary file system as path[:options]") else { return nil }
        let fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard fields.count <= 2 else {
            log.add("found '\(text)', expected a temporary file system as path[:option,option]", at: node)
            return nil
        }
        let options = fields.count == 2 ? fields[1].split(separator: ",", omittingEmptySubsequences: false) : []
        return ContainerSettings.TemporaryFileSystem(destination: fields[0], options: options.map(String.init))
    }

    // MARK: Devices, limits, identifiers

    private func device(_ node: Node) -> ContainerSettings.Device? {
        guard let reader = MappingReader(node, known: ["path", "type", "major", "minor", "mode"], log: log) else {
            return nil
        }
        let path = reader.required("path", "the device's path, or 'all'").flatMap { log.string($0) }
        let type = reader.required("type", "the device's type: a, b, c, u or p").flatMap { log.string($0) }
        if let type, let node = reader["type"], !["a", "b", "c", "u", "p"].contains(type) {
            log.add("found '\(type)', expected the device's type: a, b, c, u or p", at: node)
        }
        let major: Int64? = reader.integer("major")
        let minor: Int64? = reader.integer("minor")
        let mode = reader["mode"].flatMap(log.octal)
        guard let path, let type else { return nil }
        guard path == "all" || reader.has("mode") else {
            log.add("found no 'mode' for the device \(path), expected text of octal digits", at: node)
            return nil
        }
        var device = ContainerSettings.Device(path: path, type: type)
        device.major = major ?? 0
        device.minor = minor ?? 0
        device.mode = mode.map(UInt32.init)
        return device
    }

    private func limit(_ node: Node) -> ContainerSettings.ResourceLimit? {
        guard let text = log.string(node, "a limit as name,soft,hard") else { return nil }
        let fields = text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard fields.count == 3 else {
            log.add("found '\(text)', expected a limit as name,soft,hard", at: node)
            return nil
        }
        let name = fields[0].uppercased()
        let type = name.hasPrefix("RLIMIT_") ? name : "RLIMIT_\(name)"
        guard ResourceLimitName.all.contains(type) else {
            let hint = nearest(to: type, in: ResourceLimitName.all).map { "; did you mean '\($0)'?" } ?? ""
            log.add("found the unknown limit '\(fields[0])', expected one of getrlimit(2) as NOFILE\(hint)", at: node)
            return nil
        }
        func number(_ text: String) -> UInt64? {
            text.lowercased() == "unlimited" ? .max : isNumber(text) ? UInt64(text) : nil
        }
        guard let soft = number(fields[1]), let hard = number(fields[2]) else {
            log.add("found '\(text)', expected numbers or 'unlimited' after the limit's name", at: node)
            return nil
        }
        return ContainerSettings.ResourceLimit(type: type, soft: soft, hard: hard)
    }

    private func mapping(_ node: Node) -> ContainerSettings.IDMapping? {
        guard let reader = MappingReader(node, known: ["hostID", "containerID", "size"], log: log) else { return nil }
        return ContainerSettings.IDMapping(
            hostID: reader.integer("hostID") ?? 0,
            containerID: reader.integer("containerID") ?? 0,
            size: reader.integer("size") ?? 0
        )
    }

    // MARK: runtime

    private func runtime(_ node: Node) -> RuntimeSettings? {
        let known = ["cgroups", "mounts", "mkdir", "interfaces", "bindNS", "namespace"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var runtime = RuntimeSettings()
        runtime.controlGroups = reader.strings("cgroups")
        runtime.mounts = reader.list("mounts", of: "mounts", mount)
        runtime.directories = reader.strings("mkdir")
        runtime.interfaces = reader.list("interfaces", of: "interfaces", interface)
        runtime.boundNamespaces = reader["bindNS"].flatMap(boundNamespaces)
        runtime.namespace = reader.string("namespace")
        return runtime
    }

    private func interface(_ node: Node) -> RuntimeSettings.Interface? {
        guard let reader = MappingReader(node, known: ["name", "add", "peer", "createInRoot"], log: log) else {
            return nil
        }
        var interface = RuntimeSettings.Interface()
        interface.name = reader.string("name")
        interface.type = reader.string("add")
        interface.peer = reader.string("peer")
        interface.isCreatedInRoot = reader.bool("createInRoot")
        return interface
    }

    private func boundNamespaces(_ node: Node) -> RuntimeSettings.BoundNamespaces? {
        let known = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var bound = RuntimeSettings.BoundNamespaces()
        bound.controlGroup = reader.string("cgroup")
        bound.interProcess = reader.string("ipc")
        bound.mount = reader.string("mnt")
        bound.network = reader.string("net")
        bound.processes = reader.string("pid")
        bound.users = reader.string("user")
        bound.hostNames = reader.string("uts")
        return bound
    }
}
