import Foundation
import NIOCore
import NIOSSL

#if canImport(Glibc)
import Glibc
#endif

/// Where the server is that commands ask, and what they show it.
enum ServerPlace: Hashable, Sendable, CustomStringConvertible {
    case socket(String)
    /// - `url`: without a slash at its end.
    /// - `authority`: a PEM file with the certificates that the server's may stand on; nil for the system's.
    case network(url: String, token: String?, authority: String?)

    /// Never the token.
    var description: String {
        switch self {
        case .socket(let path): path
        case .network(let url, _, _): url
        }
    }

    var token: String? {
        switch self {
        case .socket: nil
        case .network(_, let token, _): token
        }
    }

    /// The URL of one of the server's paths.
    func url(_ path: String) throws -> String {
        switch self {
        case .socket(let socket):
            guard let url = URL(httpURLWithSocketPath: socket, uri: path) else {
                throw ClientError("cannot use '\(socket)' as a socket's path")
            }
            return url.absoluteString
        case .network(let url, _, _): return url + path
        }
    }

    func tlsConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        guard case .network(_, _, let authority?) = self else { return configuration }
        do {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
        } catch {
            throw ClientError("cannot read the certificates in \(authority): \(error)")
        }
        return configuration
    }

    /// Says why the socket cannot be used, when it is for a reason that the file system knows.
    func explain() throws {
        guard case .socket(let socket) = self else { return }
        if access(socket, F_OK) != 0 {
            switch errno {
            case EACCES: throw notAllowed
            default: throw ClientError("muster serve is not running: there is no socket \(socket) (--data says where)")
            }
        }
        if access(socket, R_OK | W_OK) != 0, errno == EACCES { throw notAllowed }
    }

    /// Why a connection came to nothing.
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        // BoringSSL's reasons are names in a text, and nothing else.
        case is NIOSSLError where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            "its certificate is not one that this host trusts; --ca-file names the one that it stands on"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "its certificate is for another name than this"
        default: "\(error)"
        }
    }

    private var notAllowed: ClientError {
        ClientError(
            "you may not use \(self): join its group (usermod -aG muster $USER, then log in again) or be root"
        )
    }
}
