import StrictYAML

extension ContainerSettings {
    /// The settings that an image brings along, in its `org.mobyproject.config` label: JSON or YAML.
    ///
    /// - Throws: `DefinitionError` for what a definition could not say either; problems name the image and the place
    ///   in the label.
    public init(label text: String, of image: ImageReference) throws(DefinitionError) {
        let log = ProblemLog(path: "\(image), label \(ImageConfiguration.settingsLabel)")
        self.init()
        if text.utf8.count > Self.longestLabel {
            log.add("found \(text.utf8.count) bytes, expected at most \(Self.longestLabel)", line: 0, column: 0)
        } else if let node = log.onlyDocument(text) {
            for (key, _) in node.mapping ?? Node.Mapping([], mark: node.mark) {
                guard let name = key.scalar?.string, name == "name" || name == "image" else { continue }
                log.add("found '\(name)' in an image's label, expected it in a definition only", at: key)
            }
            if log.problems.isEmpty, let reader = MappingReader(node, known: ContainerSettingsReader.keys, log: log) {
                self = ContainerSettingsReader(log: log).settings(reader)
            }
        } else if log.problems.isEmpty {
            log.add("found nothing, expected a container's settings", line: 0, column: 0)
        }
        guard log.problems.isEmpty else { throw DefinitionError(problems: log.problems) }
    }

    /// In bytes; images whose labels are longer were made by nobody.
    private static let longestLabel = 1 << 20

    /// What a definition says over what the image's label says: every key replaces the label's, but the two `.add` keys,
    /// which follow them. An `.add` beside the key itself is of no effect.
    public func over(_ label: ContainerSettings) -> ContainerSettings {
        var merged = ContainerSettings()
        func take<Value>(_ key: WritableKeyPath<ContainerSettings, Value?>) {
            merged[keyPath: key] = self[keyPath: key] ?? label[keyPath: key]
        }
        let labelCapabilities = label.capabilities ?? label.addedCapabilities
        let labelBinds = label.binds ?? label.addedBinds
        merged.capabilities =
            capabilities ?? addedCapabilities.map { (labelCapabilities ?? []) + $0 } ?? labelCapabilities
        merged.binds = binds ?? addedBinds.map { (labelBinds ?? []) + $0 } ?? labelBinds
        take(\.ambientCapabilities)
        take(\.mounts)
        take(\.temporaryFileSystems)
        take(\.devices)
        take(\.command)
        take(\.environment)
        take(\.workingDirectory)
        take(\.network)
        take(\.interProcess)
        take(\.hostNames)
        take(\.processes)
        take(\.users)
        take(\.hostName)
        take(\.isReadOnly)
        take(\.maskedPaths)
        take(\.readOnlyPaths)
        take(\.user)
        take(\.group)
        take(\.additionalGroups)
        take(\.hasNoNewPrivileges)
        take(\.outOfMemoryScore)
        take(\.rootPropagation)
        take(\.controlGroupPath)
        take(\.resources)
        take(\.kernelParameters)
        take(\.annotations)
        take(\.limits)
        take(\.userMappings)
        take(\.groupMappings)
        merged.runtime = runtime.map { $0.over(label.runtime) } ?? label.runtime
        merged.supervision = supervision.map { $0.over(label.supervision) } ?? label.supervision
        return merged
    }
}

extension RuntimeSettings {
    fileprivate func over(_ label: RuntimeSettings?) -> RuntimeSettings {
        guard let label else { return self }
        var merged = self
        merged.controlGroups = controlGroups ?? label.controlGroups
        merged.mounts = mounts ?? label.mounts
        merged.directories = directories ?? label.directories
        merged.interfaces = interfaces ?? label.interfaces
        merged.boundNamespaces = boundNamespaces.map { $0.over(label.boundNamespaces) } ?? label.boundNamespaces
        merged.namespace = namespace ?? label.namespace
        return merged
    }
}

extension RuntimeSettings.BoundNamespaces {
    fileprivate func over(_ label: Self?) -> Self {
        guard let label else { return self }
        var merged = self
        merged.controlGroup = controlGroup ?? label.controlGroup
        merged.interProcess = interProcess ?? label.interProcess
        merged.mount = mount ?? label.mount
        merged.network = network ?? label.network
        merged.processes = processes ?? label.processes
        merged.users = users ?? label.users
        merged.hostNames = hostNames ?? label.hostNames
        return merged
    }
}
