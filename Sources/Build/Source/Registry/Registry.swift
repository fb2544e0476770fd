import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Vocabulary

/// Asks registries (OCI distribution specification 1.1) over one HTTP client: who is asking, again after failures that pass,
/// and never past the limits of its configuration.
///
/// Whoever made it calls `shutdown` when it is no longer needed.
public final class Registry: Sendable {
    let configuration: RegistryConfiguration
    private let client: HTTPClient
    private let credentials: RegistryCredentials
    private let trust: RegistryTrust
    private let pause: @Sendable (Duration) async throws -> Void
    /// Authorization headers that were accepted, by endpoint and scope.
    private let accepted = Mutex<[Scope: String]>([:])

    private struct Scope: Hashable {
        var endpoint: String
        var repository: String
        var isPush: Bool
    }

    /// - Throws: `BuildError` for a certificate file or a `config.json` that cannot be read.
    public convenience init(_ configuration: RegistryConfiguration) throws {
        try self.init(configuration) { try await Task.sleep(for: $0) }
    }

    /// - Parameter pause: waits that long before the next attempt.
    init(
        _ configuration: RegistryConfiguration,
        pause: @escaping @Sendable (Duration) async throws -> Void
    ) throws {
        self.configuration = configuration
        self.pause = pause
        credentials = try RegistryCredentials(path: configuration.credentials)
        trust = try RegistryTrust(configuration)
        var http = HTTPClient.Configuration()
        http.tlsConfiguration = trust.everywhere
        http.timeout.connect = .milliseconds(configuration.connectTimeout.milliseconds)
        http.timeout.read = .milliseconds(configuration.readTimeout.milliseconds)
        // Asking again is decided here, where a person can be told.
        http.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: http)
    }

    public func shutdown() async { try? await client.shutdown() }

    /// One question, asked again while that may help.
    ///
    /// - Parameter body: makes the request and reads the answer; throws `RegistryFailure`.
    func attempting<Value>(_ body: () async throws -> Value) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let failure as RegistryFailure {
                try Task.checkCancellation()
                guard failure.isTransient, attempt < configuration.attempts else {
                    guard failure.isTransient, attempt > 1 else { throw failure.error }
                    throw BuildError(failure.error.code, "\(failure.error) (tried \(attempt) times)")
                }
                let wanted = failure.pause ?? .milliseconds(500 << (attempt - 1))
                guard wanted <= configuration.longestPause else {
                    throw BuildError(
                        failure.error.code,
                        "\(failure.error); it asks to be left alone for \(wanted.components.seconds) s: try again then"
                    )
                }
                try await pause(wanted)
                attempt += 1
            }
        }
    }

    /// Sends a request, with credentials where they are asked for, and hands out the answer if it is a success.
    ///
    /// - Parameters:
    ///   - path: below `/v2/`, or a whole URL, as registries say where to upload.
    ///   - what: what is asked for, in errors.
    ///   - accepting: statuses besides 200 to 299 that are answers.
    /// - Throws: `RegistryFailure`, `CancellationError`.
    func send(
        _ path: String,
        method: HTTPMethod = .GET,
        of repository: String,
        at endpoint: RegistryEndpoint,
        headers: HTTPHeaders = [:],
        body: (@Sendable () throws -> HTTPClientRequest.Body)? = nil,
        isPush: Bool = false,
        for what: String,
        accepting: Set<UInt> = []
    ) async throws -> HTTPClientResponse {
        let scope = Scope(endpoint: endpoint.url, repository: repository, isPush: isPush)
        var login = "no credentials were asked for"
        for isAgain in [false, true] {
            var request = HTTPClientRequest(url: path.contains("://") ? path : "\(endpoint.url)/v2/\(path)")
            request.method = method
            request.headers = headers
            request.headers.add(name: "User-Agent", value: "muster")
            request.body = try body?()
            if RegistryEndpoint.authority(of: request.url) == RegistryEndpoint.authority(of: endpoint.url),
                let value = accepted.withLock({ $0[scope] })
            {
                request.headers.replaceOrAdd(name: "Authorization", value: value)
            }
            let response = try await execute(request, at: endpoint)
            if (200..<300).contains(response.status.code) || accepting.contains(response.status.code) {
                return response
            }
            if response.status == .unauthorized, !isAgain,
                let challenge = RegistryChallenge.best(of: response.headers["WWW-Authenticate"])
            {
                let credential = try await credentials.credential(for: endpoint.name)
                login =
                    credential == nil
                    ? "\(credentials.path) has no credentials for \(endpoint.name)"
                    : "it did not take the credentials of \(credentials.path)"
                if let value = try await authorization(challenge, credential, scope, endpoint) {
                    accepted.withLock { $0[scope] = value }
                    continue
                }
            }
            throw await failure(response, endpoint, what, login)
        }
        preconditionFailure("the second answer is returned or thrown")
    }

    /// - Throws: `RegistryFailure` when there is no answer at all.
    private func execute(_ request: HTTPClientRequest, at endpoint: RegistryEndpoint) async throws -> HTTPClientResponse
    {
        var request = request
        request.tlsConfiguration = try trust.configuration(for: request.url)
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch {
            try Task.checkCancellation()
            throw RegistryFailure(error, asking: endpoint)
        }
    }

    private func failure(
        _ response: HTTPClientResponse,
        _ endpoint: RegistryEndpoint,
        _ what: String,
        _ login: String
    ) async -> RegistryFailure {
        let body = (try? await response.body.collect(upTo: 1 << 16)).map { Array($0.readableBytesView) } ?? []
        return RegistryFailure(
            status: response.status,
            headers: response.headers,
            body: RegistryErrors.reason(in: body),
            asking: endpoint,
            for: what,
            login: login
        )
    }
}

// MARK: - Tokens

extension Registry {
    private struct Token: Decodable {
        var token: String?
        var accessToken: String?
        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
        }
    }

    /// What answers a challenge; nil when there are no credentials and they are needed.
    private func authorization(
        _ challenge: RegistryChallenge,
        _ credential: RegistryCredential?,
        _ scope: Scope,
        _ endpoint: RegistryEndpoint
    ) async throws -> String? {
        guard case .bearer(let realm, let service, let asked) = challenge else { return credential?.basic }
        let isSafe =
            realm.hasPrefix("https://") || endpoint.isPlain
            || RegistryEndpoint.isLoopback(RegistryEndpoint.authority(of: realm))
        guard isSafe else {
            throw RegistryFailure(
                .unavailable,
                "\(endpoint.url) wants credentials sent to \(realm) without encryption: refused"
            )
        }
        let actions = scope.isPush ? "pull,push" : "pull"
        var fields = [("service", service ?? ""), ("scope", asked ?? "repository:\(scope.repository):\(actions)")]
        var request: HTTPClientRequest
        if case .identityToken(let token) = credential {
            fields += [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "muster")]
            request = HTTPClientRequest(url: realm)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: Self.form(fields)))
        } else {
            request = HTTPClientRequest(url: realm + (realm.contains("?") ? "&" : "?") + Self.form(fields))
            if let basic = credential?.basic { request.headers.add(name: "Authorization", value: basic) }
        }
        let response = try await execute(request, at: endpoint)
        guard response.status == .ok else {
            let login =
                credential == nil
                ? "\(credentials.path) has no credentials for \(endpoint.name)"
                : "it did not take the credentials of \(credentials.path)"
            let realm = RegistryEndpoint(url: realm, name: endpoint.name)
            throw await failure(response, realm, "a token for \(scope.repository)", login)
        }
        do {
            let body = Array(try await response.body.collect(upTo: 1 << 20).readableBytesView)
            let answer = try decodeJSON(Token.self, from: body, name: "the token of \(realm)")
            return (answer.token ?? answer.accessToken).map { "Bearer \($0)" }
        } catch let error as BuildError {
            throw RegistryFailure(error.code, error.message)
        } catch {
            try Task.checkCancellation()
            throw RegistryFailure(error, asking: endpoint)
        }
    }

    /// `application/x-www-form-urlencoded`, which is a query too.
    private static func form(_ fields: [(String, String)]) -> String {
        fields.filter { !$0.1.isEmpty }.map { name, value in
            let escaped = value.utf8.map { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    String(Unicode.Scalar(byte))
                default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                }
            }.joined()
            return "\(name)=\(escaped)"
        }.joined(separator: "&")
    }
}
