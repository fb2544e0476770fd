import Foundation
import Inventory
import Synchronization
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// The bearer tokens in a file of the data directory: they are good though every database is away.
///
/// The file is replaced whole, and read again when it has changed; only its owner may read it.
public final class TokenFile: Sendable {
    public let path: String
    private let state = Mutex(State())

    private struct State {
        var tokens: [AccessToken] = []
        /// Of the file that the tokens were read from; nil before one was.
        var version: Version?
    }

    private struct Version: Equatable {
        var inode: ino_t
        var size: off_t
        var seconds: Int
        var nanoseconds: Int
    }

    private struct Document: Codable {
        var tokens: [AccessToken]
    }

    /// - Parameter path: need not be there.
    public init(path: String) { self.path = path }

    /// The tokens, by name.
    ///
    /// - Throws: `ControlError` when the file cannot be read, or is not what it should be.
    public func tokens() throws -> [AccessToken] {
        try state.withLock { state in
            try refresh(&state)
            return state.tokens
        }
    }

    /// The token that somebody shows; nil when there is none like it. Takes the same time whatever it is that differs.
    func token(_ secret: some StringProtocol) throws -> AccessToken? {
        let shown = AccessToken.hash(of: secret).octets
        var found: AccessToken?
        for token in try tokens() {
            let difference = zip(token.hash.octets, shown).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { found = token }
        }
        return found
    }

    /// Makes a token.
    ///
    /// - Returns: it, and its secret, which is kept nowhere.
    /// - Throws: `ControlError` for a name that is taken or none, or a file that cannot be written.
    func create(_ request: TokenRequest, at now: Timestamp) throws -> (token: AccessToken, secret: String) {
        guard Self.isName(request.name) else {
            throw ControlError(
                .invalid,
                "name: found '\(request.name)', expected 1 to 63 letters, digits, dots, dashes and underscores"
            )
        }
        let secret = AccessToken.newSecret()
        let token = AccessToken(
            name: request.name,
            role: request.role,
            hash: AccessToken.hash(of: secret),
            created: Time(now),
            expires: request.expires.map { Time(Timestamp(milliseconds: now.milliseconds + $0.milliseconds)) }
        )
        try change { tokens in
            guard !tokens.contains(where: { $0.name == token.name }) else {
                throw ControlError(.conflict, "there is a token '\(token.name)' already; `muster token rm` removes it")
            }
            tokens.append(token)
            tokens.sort { $0.name < $1.name }
        }
        return (token, secret)
    }

    /// - Throws: `ControlError` when there is no such token, or the file cannot be written.
    func remove(named name: String) throws {
        try change { tokens in
            guard let index = tokens.firstIndex(where: { $0.name == name }) else {
                throw ControlError(.notFound, "there is no token '\(name)'; `muster token ls` shows what there is")
            }
            tokens.remove(at: index)
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private func change(_ body: (inout [AccessToken]) throws -> Void) throws {
        try state.withLock { state in
            try refresh(&state)
            var tokens = state.tokens
            try body(&tokens)
            do {
                let bytes = Array(try ControlJSON.encoder.encode(Document(tokens: tokens)))
                try AtomicFile.replace(path, mode: 0o600) { try $0.append(bytes) }
            } catch {
                throw ControlError(.unavailable, "cannot keep the tokens: \(error)")
            }
            state = State(tokens: tokens, version: version)
        }
    }

    private func refresh(_ state: inout State) throws {
        let version = version
        guard version != state.version else { return }
        guard version != nil else {
            state = State()
            return
        }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            state = State(tokens: try ControlJSON.decoder.decode(Document.self, from: data).tokens, version: version)
        } catch {
            state = State()
            throw ControlError(.unavailable, "cannot read the tokens in \(path): \(error)")
        }
    }

    /// nil when there is no file.
    private var version: Version? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Version(
            inode: status.st_ino,
            size: status.st_size,
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec
        )
    }
}
