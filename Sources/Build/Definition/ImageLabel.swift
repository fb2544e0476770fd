import StrictYAML
internal import Yams

extension ContainerSettings {
    /// The settings that an image brings along, in its `org.mobyproject.config` label: JSON or YAML.
    ///
    /// - Throws: `DefinitionError` for what a definition could not say either; problems name the image and the place
    ///   in the label.
    public init(label text: String, of image: ImageReference) throws(DefinitionError) {
        let log = ProblemLog(path: "\(image), label \(ImageConfiguration.settingsLabel)")
        do {
            if let node = try compose(yaml: text) {
                if let reader = MappingReader(node, known: ContainerSettingsReader.keys, log: log) {
                    self = ContainerSettingsReader(log: log).settings(reader)
                    guard log.problems.isEmpty else { throw DefinitionError(problems: log.problems) }
                    return
                }
            } else {
                log.add("found nothing, expected a container's settings", line: 0, column: 0)
            }
        } catch let error as DefinitionError {
            throw error
        } catch {
            log.add(yaml: error)
        }
        throw DefinitionError(problems: log.problems)
    }

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
        merged.boundNamespaces = boundNamespaces ?? label.boundNamespaces
        merged.namespace = namespace ?? label.namespace
        return merged
    }
}
