import FoundationEssentials

/// The configuration with where it came from: what loading gives.
struct EffectiveConfiguration: Sendable {
    var configuration: Configuration
    var settings: [SettingsReader.Setting]
    /// The file that was read; nil when there is none.
    var file: String?
    /// `MUSTER_…` variables that are no setting.
    var strayVariables: [String]

    /// Variables of ours that are not settings.
    private static let otherVariables: Set<String> = [
        "MUSTER_CONFIG", "MUSTER_SERVER", "MUSTER_TOKEN", "MUSTER_CA_FILE", "MUSTER_LONG", "MUSTER_SKIP",
        "MUSTER_LIMIT",
    ]

    /// Loads the configuration: flags before environment before file before defaults.
    ///
    /// - Parameters:
    ///   - explicitFile: `--config`; else `$MUSTER_CONFIG`, `./muster.yml`, `/etc/muster/muster.yml`.
    ///   - flags: values of the command line by key, with the flag for a place.
    ///   - environment: the process's.
    ///   - candidates: the files that are tried, in order, when none was named.
    /// - Throws: `ConfigurationError`; also when a file was named and cannot be read.
    static func load(
        file explicitFile: String?,
        flags: [String: SettingsNode],
        environment: [String: String],
        candidates: [String] = ["muster.yml", "/etc/muster/muster.yml"]
    ) throws(ConfigurationError) -> EffectiveConfiguration {
        let named = explicitFile ?? environment["MUSTER_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        let path = named ?? candidates.first { FileManager.default.fileExists(atPath: $0) }
        var document = SettingsNode(content: .mapping([]), place: "")
        if let path {
            document = try SettingsNode(yaml: try read(path), source: path)
        }
        var reader = SettingsReader(flags: flags, environment: environment, file: document)
        let configuration = try Configuration(reading: &reader)
        return EffectiveConfiguration(
            configuration: configuration,
            settings: reader.settings,
            file: path,
            strayVariables: reader.strayVariables(others: otherVariables)
        )
    }

    private static func read(_ path: String) throws(ConfigurationError) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let reason =
                switch (error as? CocoaError)?.code {
                case .fileReadNoSuchFile?: "there is no such file"
                case .fileReadNoPermission?: "permission denied"
                case .fileReadInapplicableStringEncoding?, .fileReadCorruptFile?: "it is not UTF-8"
                default: "\(error)"
                }
            throw ConfigurationError("cannot read the configuration \(path): \(reason)")
        }
    }
}
