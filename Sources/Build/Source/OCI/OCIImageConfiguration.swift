import Vocabulary

/// The configuration of an image as it is stored (OCI image specification 1.1, configuration; Docker's is the same in
/// what is read here).
struct OCIImageConfiguration: Codable {
    struct Program: Codable {
        var entryPoint: [String]?
        var command: [String]?
        var environment: [String]?
        var workingDirectory: String?
        var labels: [String: String]?

        enum CodingKeys: String, CodingKey {
            case entryPoint = "Entrypoint"
            case command = "Cmd"
            case environment = "Env"
            case workingDirectory = "WorkingDir"
            case labels = "Labels"
        }
    }

    struct RootFileSystem: Codable {
        /// Always `layers`.
        var type: String?
        /// Of the layers' tar archives before compression, the lowest first.
        var diffIDs: [Digest]?

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    var architecture: String?
    var os: String?
    var variant: String?
    /// RFC 3339.
    var created: String?
    var config: Program?
    var rootfs: RootFileSystem?
}

extension OCIImageConfiguration {
    init(parsing bytes: [UInt8], name: String) throws(BuildError) {
        self = try decodeJSON(Self.self, from: bytes, name: name)
    }

    /// nil when it does not say what it is for.
    var platform: OCIPlatform? {
        guard let architecture, !architecture.isEmpty else { return nil }
        let isPlain = variant?.isEmpty ?? true
        let system = os ?? ""
        return OCIPlatform(
            architecture: architecture,
            os: system.isEmpty ? "linux" : system,
            variant: isPlain ? nil : variant
        )
    }
}

extension ImageConfiguration {
    init(_ stored: OCIImageConfiguration) {
        self.init()
        guard let program = stored.config else { return }
        entryPoint = program.entryPoint ?? []
        command = program.command ?? []
        environment = program.environment ?? []
        workingDirectory = program.workingDirectory ?? ""
        labels = program.labels ?? [:]
    }
}
