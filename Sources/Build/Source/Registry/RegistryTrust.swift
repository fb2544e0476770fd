import Foundation
import NIOSSL
import Synchronization

/// Whose certificates are believed, beside those of the system's authorities: for all registries what the configuration
/// names, and for one of them what lies where Docker looks for it, `certs.d/HOST[:PORT]/ca.crt`.
final class RegistryTrust: Sendable {
    let everywhere: TLSConfiguration
    private let directory: String
    /// By host and port; nil for those of which nothing is said.
    private let known = Mutex<[String: TLSConfiguration?]>([:])

    /// - Throws: `BuildError` for a certificate file that cannot be read.
    init(_ configuration: RegistryConfiguration) throws(BuildError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = configuration.authorities { tls.additionalTrustRoots = [try Self.authorities(in: file)] }
        everywhere = tls
        directory = configuration.certificates
    }

    /// What holds for the server of a URL; nil for what holds everywhere.
    /// - Throws: `BuildError` for a certificate file that cannot be read.
    func configuration(for url: String) throws(BuildError) -> TLSConfiguration? {
        let server = RegistryEndpoint.authority(of: url)
        if let known = known.withLock({ $0[server] }) { return known }
        let file = "\(directory)/\(server)/ca.crt"
        var found: TLSConfiguration?
        if !server.hasPrefix("."), FileManager.default.fileExists(atPath: file) {
            var tls = everywhere
            tls.additionalTrustRoots.append(try Self.authorities(in: file))
            found = tls
        }
        known.withLock { $0[server] = .some(found) }
        return found
    }

    private static func authorities(in file: String) throws(BuildError) -> NIOSSLAdditionalTrustRoots {
        do {
            return .certificates(try NIOSSLCertificate.fromPEMFile(file))
        } catch {
            throw BuildError(.invalidInput, "cannot read certificates from \(file): \(error)")
        }
    }
}
