import ArgumentParser
import Build

/// What EFI programs are signed with, for commands that write some.
struct SigningOptions: ParsableArguments, Sendable {
    @Option(
        name: [.customLong("secureboot-key")],
        help: .init("Sign EFI programs with this key (PEM).", valueName: "file")
    )
    var signingKey: String?

    @Option(
        name: [.customLong("secureboot-cert")],
        help: .init("The certificate of --secureboot-key (PEM).", valueName: "file")
    )
    var signingCertificate: String?

    func validate() throws {
        guard (signingKey == nil) == (signingCertificate == nil) else {
            throw ValidationError("--secureboot-key and --secureboot-cert belong together")
        }
    }

    /// nil for programs that are not signed.
    var key: SigningKey? {
        signingKey.flatMap { key in signingCertificate.map { SigningKey(key: key, certificate: $0) } }
    }
}

/// The formats of `--format`, `kernel+initrd` unless given.
///
/// - Throws: `ValidationError`, so that the exit status says bad usage.
func imageFormats(named formats: [String]) throws -> [any ImageFormat] {
    do {
        return try ImageFormats.parse(formats.isEmpty ? "kernel+initrd" : formats.joined(separator: ","))
    } catch {
        throw ValidationError("--format: \(error)")
    }
}
