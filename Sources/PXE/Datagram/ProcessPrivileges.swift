import CLinuxNet
import Glibc

/// What the process may do: given up once, at the start, for good.
public enum ProcessPrivileges {
    /// Becomes `user` and keeps CAP_NET_BIND_SERVICE and CAP_NET_RAW (ambient, so that children have them too), so
    /// that ports below 1024 and packet sockets can be opened again when an interface returns.
    ///
    /// Capabilities belong to threads: to be called while there is only one.
    /// - Throws: when there is no such user, or what the kernel said. The process must not go on then.
    public static func drop(to user: String) throws(SystemError) {
        errno = 0
        guard let entry = getpwnam(user) else {
            throw SystemError("become user", user, code: errno == 0 ? ENOENT : errno)
        }
        let kept = UInt64(1) << UInt64(MUSTER_CAP_NET_BIND_SERVICE) | 1 << UInt64(MUSTER_CAP_NET_RAW)
        if let step = muster_drop_privileges(user, entry.pointee.pw_uid, entry.pointee.pw_gid, kept) {
            throw SystemError("become user", "\(user) (\(String(cString: step)))")
        }
    }
}
