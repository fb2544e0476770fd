import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why a question to a registry failed, and whether asking again may help.
struct RegistryFailure: Error {
    var error: BuildError
    var isTransient: Bool
    /// What the registry asked for (Retry-After, RFC 9110 §10.2.3).
    var pause: Duration?

    init(_ code: BuildError.Code, _ message: String, isTransient: Bool = false, pause: Duration? = nil) {
        error = BuildError(code, message)
        self.isTransient = isTransient
        self.pause = pause
    }

    /// What the network says, in words for people.
    init(_ error: any Error, asking endpoint: RegistryEndpoint) {
        let place = "cannot talk to \(endpoint.url)"
        switch error {
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self.init(
                .unavailable,
                "\(place): TLS failed (\(error)): give its certificate authority in the configuration, "
                    + "registries: {authorities: FILE}, or say that it speaks plain HTTP, "
                    + "registries: {hosts: [{name: \(endpoint.name), plain: true}]}"
            )
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "its name has no address"
            self.init(.unavailable, "\(place): \(reason)")
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            self.init(.unavailable, "\(place): nobody listens there (connection refused)")
        case let error as HTTPClientError:
            self.init(.unavailable, "\(place): \(error.shortDescription)", isTransient: true)
        default:
            self.init(.unavailable, "\(place): \(error)", isTransient: true)
        }
    }

    /// What an answer that is no success means.
    ///
    /// - Parameters:
    ///   - what: what was asked for, such as `the image library/alpine:3`.
    ///   - login: where credentials were looked for, and whether there were any.
    init(
        status: HTTPResponseStatus,
        headers: HTTPHeaders,
        body: String,
        asking endpoint: RegistryEndpoint,
        for what: String,
        login: String
    ) {
        let reason = body.isEmpty ? "" : ": \(body)"
        let answer = "\(endpoint.url) answered \(status.code) \(status.reasonPhrase) for \(what)\(reason)"
        switch status.code {
        case 401, 403:
            self.init(
                .unavailable,
                "\(answer); \(login): log in with `docker login \(endpoint.name)`, or check the name"
            )
        case 404:
            self.init(.notFound, answer)
        case 400 where endpoint.isPlain:
            // What Go's servers say to plain HTTP on a port for TLS.
            self.init(
                .unavailable,
                "\(answer); it was asked without TLS: if it wants it, say "
                    + "registries: {hosts: [{name: \(endpoint.name), plain: false}]}"
            )
        case 408, 429, 500...599:
            let seconds = headers.first(name: "Retry-After").flatMap { Int64($0) }
            self.init(.unavailable, answer, isTransient: true, pause: seconds.map { .seconds(max(0, $0)) })
        default:
            self.init(.unavailable, answer)
        }
    }
}

/// The body of an error answer (OCI distribution specification 1.1, error codes).
struct RegistryErrors: Decodable {
    struct Entry: Decodable {
        var code: String?
        var message: String?
    }
    var errors: [Entry]?

    /// The first error, fit for a terminal; empty when there is none.
    static func reason(in body: [UInt8]) -> String {
        let first = (try? JSONDecoder().decode(RegistryErrors.self, from: Data(body)))?.errors?.first
        let text = first?.message ?? first?.code ?? ""
        let printable = text.unicodeScalars.filter { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
        return String(printable.prefix(200).map(Character.init))
    }
}
