import StrictYAML
import Vocabulary

/// How one container runs, all said: what `config.json` is written from (OCI runtime specification 1.2).
struct RuntimeSpecification {
    /// A container's settings over its label's.
    let settings: ContainerSettings
    let configuration: ImageConfiguration
    /// The user that each container's name stands for.
    let identifiers: [String: UInt32]
    /// Where each volume is, and whether it may be written.
    let volumes: [String: Volume]
    /// For what turns out to be wrong.
    let place: SourcePlace

    struct Volume: Hashable, Sendable {
        /// Absolute, in the machine's root.
        var path: String
        var isReadOnly: Bool
    }

    var isReadOnly: Bool { settings.isReadOnly ?? false }

    /// `config.json`.
    /// - Throws: `DefinitionError` with what cannot be written.
    func json() throws(DefinitionError) -> SpecificationJSON {
        .members([
            "ociVersion": .string("1.2.1"),
            "process": try process(),
            "root": .members(["path": .string("rootfs"), "readonly": isReadOnly ? .bool(true) : nil]),
            "hostname": .nonEmpty(settings.hostName),
            "annotations": Self.texts(settings.annotations),
            "mounts": .array(try mounts().map(Self.json)),
            "linux": .members([
                "resources": resources,
                "namespaces": .array(namespaces),
                "devices": .nonEmpty(deviceNodes),
                "sysctl": Self.texts(settings.kernelParameters),
                "cgroupsPath": .nonEmpty(settings.controlGroupPath),
                "uidMappings": .nonEmpty((settings.userMappings ?? []).map(Self.json)),
                "gidMappings": .nonEmpty((settings.groupMappings ?? []).map(Self.json)),
                "rootfsPropagation": .nonEmpty(settings.rootPropagation),
                "maskedPaths": .strings(settings.maskedPaths ?? []),
                "readonlyPaths": .strings(settings.readOnlyPaths ?? []),
            ]),
        ])
    }

    func refusal(_ message: String) -> DefinitionError { DefinitionError(message, at: place) }

    // MARK: Process

    private func process() throws(DefinitionError) -> SpecificationJSON {
        let directory = settings.workingDirectory ?? configuration.workingDirectory
        return .members([
            "user": .members([
                "uid": .unsigned(UInt64(try number(settings.user))),
                "gid": .unsigned(UInt64(try number(settings.group))),
                "additionalGids": .nonEmpty(try additionalGroups()),
            ]),
            "args": .strings(settings.command ?? configuration.entryPoint + configuration.command),
            "env": .strings(settings.environment ?? configuration.environment),
            "cwd": .string(directory.isEmpty ? "/" : directory),
            "capabilities": try capabilities(),
            "rlimits": .nonEmpty((settings.limits ?? []).map(Self.json)),
            "noNewPrivileges": settings.hasNoNewPrivileges == true ? .bool(true) : nil,
            "oomScoreAdj": settings.outOfMemoryScore.map { .integer(Int64($0)) },
        ])
    }

    private func additionalGroups() throws(DefinitionError) -> [SpecificationJSON] {
        var groups: [SpecificationJSON] = []
        for group in settings.additionalGroups ?? [] { groups.append(.unsigned(UInt64(try number(group)))) }
        return groups
    }

    private func number(_ user: UserReference?) throws(DefinitionError) -> UInt32 {
        switch user {
        case nil: return 0
        case .number(let number): return number
        case .entry(let name):
            guard let number = identifiers[name] else {
                throw refusal("found the user or group '\(name)', expected a number or the name of a container")
            }
            return number
        }
    }

    /// Everything a container may have is bounding, inheritable and permitted; what it was given is effective.
    private func capabilities() throws(DefinitionError) -> SpecificationJSON {
        // Of the image's label and the definition together.
        let words = Set(settings.capabilities ?? []).intersection(["all", "none"])
        if let word = words.first, settings.capabilities?.count != 1 {
            let others = settings.capabilities!.filter { $0 != word }.joined(separator: ", ")
            throw refusal("found the capability '\(word)' beside \(others), expected it alone, in label and definition")
        }
        let given: [String] =
            switch settings.capabilities ?? [] {
            case ["all"]: Capability.all
            case ["none"]: []
            default: settings.capabilities ?? []
            }
        let ambient = settings.ambientCapabilities ?? []
        let all = SpecificationJSON.strings(Set(given + ambient).sorted())
        return .members([
            "bounding": all, "inheritable": all, "permitted": all,
            "effective": .strings(given), "ambient": .strings(ambient),
        ])
    }

    // MARK: Namespaces

    private var namespaces: [SpecificationJSON] {
        let asked = [
            ("network", settings.network, "root"), ("ipc", settings.interProcess, "root"),
            ("uts", settings.hostNames, "root"),
            ("pid", settings.processes, "new"), ("user", settings.users, "root"),
        ]
        let others = asked.compactMap { type, said, standard -> SpecificationJSON? in
            switch said.flatMap({ $0.isEmpty ? nil : $0 }) ?? standard {
            case "host", "root": nil
            case "new", "none": .members(["type": .string(type)])
            case let path: .members(["type": .string(type), "path": .string(path)])
            }
        }
        return others + [.members(["type": .string("mount")])]
    }

    // MARK: Devices

    private var nodes: [ContainerSettings.Device] { (settings.devices ?? []).filter { $0.path != "all" } }

    private var deviceNodes: [SpecificationJSON] {
        nodes.map { device in
            .members([
                "path": .string(device.path), "type": .string(device.type),
                "major": .integer(device.major ?? 0), "minor": .integer(device.minor ?? 0),
                "fileMode": device.mode.map { .unsigned(UInt64($0)) },
            ])
        }
    }

    private var deviceRules: [SpecificationJSON] {
        (settings.devices ?? []).map { device in
            let isAll = device.path == "all"
            return .members([
                "allow": .bool(true), "type": .string(device.type), "access": .string("rwm"),
                "major": isAll ? nil : .integer(device.major ?? 0), "minor": isAll ? nil : .integer(device.minor ?? 0),
            ])
        }
    }

    private var resources: SpecificationJSON { (settings.resources ?? Resources()).json(deviceRules: deviceRules) }

    // MARK: Small things

    private static func texts(_ texts: [String: String]?) -> SpecificationJSON? {
        texts.flatMap { $0.isEmpty ? nil : .object($0.mapValues(SpecificationJSON.string)) }
    }

    static func json(_ mapping: ContainerSettings.IDMapping) -> SpecificationJSON {
        .members([
            "containerID": .unsigned(UInt64(mapping.containerID)), "hostID": .unsigned(UInt64(mapping.hostID)),
            "size": .unsigned(UInt64(mapping.size)),
        ])
    }

    private static func json(_ limit: ContainerSettings.ResourceLimit) -> SpecificationJSON {
        .members(["type": .string(limit.type), "soft": .unsigned(limit.soft), "hard": .unsigned(limit.hard)])
    }

    static func json(_ mount: ContainerSettings.Mount) -> SpecificationJSON {
        .members([
            "destination": .string(mount.destination ?? ""), "type": .nonEmpty(mount.type),
            "source": .nonEmpty(mount.source),
            "options": .strings(mount.options),
            "uidMappings": .nonEmpty(mount.userMappings.map(json)),
            "gidMappings": .nonEmpty(mount.groupMappings.map(json)),
        ])
    }
}

extension DefinitionError {
    init(_ message: String, at place: SourcePlace) {
        self.init(problems: [YAMLProblem(message, at: place)])
    }
}
