import Glibc

/// How many descriptors the process may hold.
public enum OpenFileLimit {
    /// Raises the soft limit to the hard one. It is 1024 by default for the sake of `select`, which nothing here uses,
    /// and each transfer with a port of its own needs a descriptor.
    public static func raise() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }
}
