import PXE

#if canImport(Glibc)
import Glibc
#endif

/// A user of this host.
struct Account: Hashable, Sendable {
    var name: String
    var uid: uid_t
    var gid: gid_t

    /// - Throws: `ServeError` with the command that makes the user, when there is none.
    init(named name: String) throws(ServeError) {
        guard let entry = getpwnam(name)?.pointee else {
            throw ServeError(
                """
                there is no user '\(name)' to become; make it with
                  \(Self.creation(name))
                or name another with the key `user`
                """
            )
        }
        (self.name, uid, gid) = (name, entry.pw_uid, entry.pw_gid)
    }

    static var isRoot: Bool { geteuid() == 0 }

    /// The command that makes a user for serving.
    static func creation(_ name: String) -> String {
        "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(name)"
    }

    /// Becomes this user for good, keeping what binding ports and packet sockets again needs.
    ///
    /// Credentials belong to a thread, so there must be one only.
    /// - Throws: `ServeError` with the step that the system refused.
    func become() throws(ServeError) {
        precondition(Self.threadCount == 1, "privileges are dropped by one thread, before there are others")
        do {
            try ProcessPrivileges.drop(to: name)
        } catch {
            throw ServeError("\(error)")
        }
    }

    private static var threadCount: Int {
        guard let directory = opendir("/proc/self/task") else { return 1 }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != UInt8(ascii: ".") { count += 1 }
        }
        return count
    }
}

/// Why `serve` does not start.
struct ServeError: Error, CustomStringConvertible, Hashable {
    var description: String

    init(_ description: String) { self.description = description }
}
