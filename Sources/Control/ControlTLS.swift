import Foundation
import HummingbirdCore
import HummingbirdTLS
import NIOSSL

#if canImport(Glibc)
import Glibc
#endif

extension ControlServer.Configuration {
    /// Paths of PEM files: the certificate with those that it stands on, and its key. Read each time that TCP begins.
    public struct TLS: Hashable, Sendable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }
    }
}

extension ControlServer.Configuration.TLS {
    /// - Throws: `ControlError` with the setting, its file, what is wrong with it and what to do.
    var builder: HTTPServerBuilder {
        get throws {
            let chain = try Self.parse("certificate", certificate, "a PEM certificate") {
                try NIOSSLCertificate.fromPEMBytes($0)
            }
            let privateKey = try Self.parse("key", key, "a PEM key without a passphrase") {
                try NIOSSLPrivateKey(bytes: $0, format: .pem)
            }
            let settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(privateKey)
            )
            do {
                // The listener makes its own when it begins, and would not say which files do not fit.
                _ = try NIOSSLContext(configuration: settings)
                return try .tls(tlsConfiguration: settings)
            } catch {
                throw ControlError(
                    .unavailable,
                    "control.tls: the key in \(key) does not belong to the certificate in \(certificate) (\(error)); "
                        + "put the two that were made together there"
                )
            }
        }
    }

    private static func parse<Value>(
        _ setting: String,
        _ path: String,
        _ wanted: String,
        _ parse: ([UInt8]) throws -> Value
    ) throws -> Value {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let reason = access(path, R_OK) == 0 ? error.localizedDescription : String(cString: strerror(errno))
            throw ControlError(
                .unavailable,
                "control.tls.\(setting): \(path) cannot be read: \(reason); "
                    + "put it there, readable by the user that `muster serve` runs as"
            )
        }
        do {
            return try parse(Array(bytes))
        } catch {
            throw ControlError(
                .unavailable,
                "control.tls.\(setting): \(path) is not \(wanted) (\(error)); put one there"
            )
        }
    }
}
