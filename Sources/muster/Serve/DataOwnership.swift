#if canImport(Glibc)
import Glibc
#endif

/// Who owns the data directory: the server must own all of it, whoever worked in it before.
enum DataOwnership {
    /// Makes `path` if it is missing and gives all of it to `account`.
    ///
    /// - Throws: `ServeError` with the path that the system refused.
    static func give(_ path: String, to account: Account) throws(ServeError) {
        try makeDirectory(path)
        try own(path, uid: account.uid, gid: account.gid)
    }

    private static func makeDirectory(_ path: String) throws(ServeError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw refused("make directory", made) }
        }
    }

    private static func own(_ path: String, uid: uid_t, gid: gid_t) throws(ServeError) {
        var status = stat()
        // What goes away meanwhile (a temporary file) needs no owner.
        guard lstat(path, &status) == 0 else { return }
        if status.st_uid != uid || status.st_gid != gid {
            guard lchown(path, uid, gid) == 0 || errno == ENOENT else { throw refused("change the owner of", path) }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in try names(in: path) { try own(path + "/" + name, uid: uid, gid: gid) }
    }

    private static func names(in path: String) throws(ServeError) -> [String] {
        guard let directory = opendir(path) else { throw refused("read directory", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func refused(_ what: String, _ path: String) -> ServeError {
        ServeError("cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
