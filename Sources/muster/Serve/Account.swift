import CLinuxNet

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
                  useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(name)
                or name another with the key `user`
                """
            )
        }
        (self.name, uid, gid) = (name, entry.pw_uid, entry.pw_gid)
    }

    static var isRoot: Bool { geteuid() == 0 }

    /// What `serve` keeps of root: binding ports below 1024 again after a reload or when an interface returns, and
    /// packet sockets and sockets bound to a device.
    private static let kept: UInt64 = 1 << UInt64(MUSTER_CAP_NET_BIND_SERVICE) | 1 << UInt64(MUSTER_CAP_NET_RAW)

    /// Becomes this user for good, keeping two capabilities.
    ///
    /// Credentials belong to a thread, so there must be one only.
    /// - Throws: `ServeError` with the step that the system refused.
    func become() throws(ServeError) {
        guard Self.threadCount == 1 else {
            preconditionFailure("privileges are dropped by one thread, before there are others")
        }
        if let step = muster_drop_privileges(name, uid, gid, Self.kept) {
            let reason = String(cString: strerror(errno))
            throw ServeError("cannot become user \(name): \(String(cString: step)): \(reason)")
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
