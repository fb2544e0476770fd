import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What SO_PEERCRED says of the process at the other end of a unix socket: `struct ucred`, unix(7).
public struct SocketCredentials: Sendable {
    public var process: pid_t = 0
    public var user: uid_t = 0
    public var group: gid_t = 0

    public init() {}
}

/// Who is at the other end of a unix socket, as the kernel knows it.
enum SocketPeer {
    /// The names of users that were looked up: asking may mean a directory server.
    private static let names = Mutex<[uid_t: String]>([:])

    /// The user who connected.
    static func user(of channel: any Channel) async throws -> uid_t {
        guard let provider = channel as? any SocketOptionProvider else {
            throw ControlError(.unauthorized, "the connection does not say who is at its other end")
        }
        let peer: SocketCredentials = try await provider.unsafeGetSocketOption(
            level: .socket,
            name: .init(rawValue: SO_PEERCRED)
        )
        .get()
        return peer.user
    }

    /// What a user is called, else its number.
    static func name(of user: uid_t) -> String {
        if let known = names.withLock({ $0[user] }) { return known }
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer in
            getpwuid_r(user, &entry, buffer.baseAddress!, buffer.count, &found)
            return found.map { String(cString: $0.pointee.pw_name) } ?? "uid \(user)"
        }
        names.withLock { names in
            if names.count > 1000 { names = [:] }
            names[user] = name
        }
        return name
    }
}
