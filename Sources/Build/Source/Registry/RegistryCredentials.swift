import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Who somebody is to a registry.
enum RegistryCredential: Hashable, Sendable {
    case password(user: String, password: String)
    /// What `docker login` got from the registry instead of keeping a password (OAuth 2 refresh token).
    case identityToken(String)

    /// The value of an Authorization header (RFC 7617); nil for a token, which is exchanged first.
    var basic: String? {
        guard case .password(let user, let password) = self else { return nil }
        return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }
}

/// The credentials that `docker login` kept: Docker's `config.json` and the credential helpers that it names.
struct RegistryCredentials: Sendable {
    /// The file that is read.
    let path: String
    private let file: File
    private let searchPath: String?

    private struct File: Decodable {
        struct Entry: Decodable {
            var auth: String?
            var username: String?
            var password: String?
            var identitytoken: String?
        }
        var auths: [String: Entry]?
        var credHelpers: [String: String]?
        var credsStore: String?
    }

    private struct HelperAnswer: Decodable {
        var user: String
        var secret: String
        enum CodingKeys: String, CodingKey {
            case user = "Username"
            case secret = "Secret"
        }
    }

    /// - Parameter path: nil for where Docker keeps it.
    /// - Throws: `BuildError` when there is a file that cannot be read. None at all is fine: nobody logged in.
    init(path: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let directory = environment["DOCKER_CONFIG"] ?? (environment["HOME"] ?? "/root") + "/.docker"
        searchPath = environment["PATH"]
        self.path = path ?? directory + "/config.json"
        let parts = self.path.split(separator: "/", omittingEmptySubsequences: false)
        let files = DirectoryFiles(path: parts.dropLast().joined(separator: "/"))
        guard let bytes = try files.read(String(parts.last ?? ""), limit: 1 << 20), !bytes.isEmpty else {
            file = File()
            return
        }
        file = try decodeJSON(File.self, from: bytes, name: self.path)
    }

    /// The credential for a registry; nil when nobody logged in to it.
    ///
    /// - Parameter registry: `docker.io`, `localhost:5000`.
    /// - Throws: `BuildError` when a helper is missing or fails, or an entry is damaged.
    func credential(for registry: String) async throws -> RegistryCredential? {
        let keys = registry == "docker.io" ? ["https://index.docker.io/v1/", "index.docker.io", registry] : [registry]
        for key in keys {
            if let helper = file.credHelpers?[key] { return try await ask(helper, about: key) }
        }
        if let store = file.credsStore, !store.isEmpty {
            for key in keys {
                if let credential = try await ask(store, about: key) { return credential }
            }
        }
        let entry = (file.auths ?? [:]).first { key, _ in
            keys.contains(key) || keys.contains(RegistryEndpoint.authority(of: key))
        }
        return try entry.flatMap { try credential($0.value, of: registry) }
    }

    private func credential(_ entry: File.Entry, of registry: String) throws -> RegistryCredential? {
        if let token = entry.identitytoken, !token.isEmpty { return .identityToken(token) }
        if let auth = entry.auth, !auth.isEmpty {
            let text = Data(base64Encoded: auth).map { String(decoding: $0, as: UTF8.self) }
            guard let text, let colon = text.firstIndex(of: ":") else {
                throw BuildError(
                    .invalidInput,
                    "\(path): the entry of \(registry) is damaged ('auth' is not base64 of user:password): log in again"
                )
            }
            return .password(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
        }
        guard let user = entry.username, let password = entry.password, !user.isEmpty else { return nil }
        return .password(user: user, password: password)
    }

    /// Asks a credential helper (docker-credential-helpers' protocol): the registry to its input, JSON from its output.
    private func ask(_ helper: String, about registry: String) async throws -> RegistryCredential? {
        let program = "docker-credential-\(helper)"
        guard !helper.contains("/") else {
            throw BuildError(.invalidInput, "\(path): '\(helper)' is no name of a credential helper")
        }
        // A file and no pipe: a helper that ends without reading must not end us (SIGPIPE).
        let question = try TemporaryFile(in: FileManager.default.temporaryDirectory.path)
        try question.descriptor.writeAll(registry.utf8)
        try question.descriptor.seek(offset: 0, from: .start)
        let output: String
        let isFine: Bool
        do {
            let result = try await Subprocess.run(
                .name(program),
                arguments: ["get"],
                environment: .inherit.updating(["PATH": searchPath]),
                input: .fileDescriptor(question.descriptor, closeAfterSpawningProcess: false),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 16)
            )
            output = result.standardOutput
            isFine = result.terminationStatus.isSuccess
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw BuildError(
                .unavailable,
                "\(path) keeps the credentials of \(registry) with \(program), which is not installed on this host"
            )
        }
        guard isFine else {
            // What every helper says for a registry that it does not know.
            if output.contains("credentials not found") { return nil }
            let reason = output.split(separator: "\n").first ?? "it said nothing"
            throw BuildError(.unavailable, "\(program) gave no credentials for \(registry): \(reason)")
        }
        let answer = try decodeJSON(HelperAnswer.self, from: Array(output.utf8), name: "the answer of \(program)")
        return answer.user == "<token>"
            ? .identityToken(answer.secret) : .password(user: answer.user, password: answer.secret)
    }
}
