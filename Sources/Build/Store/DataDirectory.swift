#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A directory of the store: made when missing, written atomically, and owned by whoever owns the data directory, so
/// that an image that root imports is still the server's to collect.
struct DataDirectory: Sendable, Hashable {
    let path: String

    /// Makes `path` and its missing parents (mode 0755).
    init(_ path: String) throws {
        self.path = path
        try Self.make(path)
    }

    private static func make(_ path: String) throws {
        guard mkdir(path, 0o755) != 0 else { return adopt(path) }
        switch errno {
        case EEXIST:
            return
        case ENOENT:
            guard let parent = parent(of: path) else { throw BuildError.system("cannot make the directory \(path)") }
            try make(parent)
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw BuildError.system("cannot make the directory \(path)")
            }
            adopt(path)
        default:
            throw BuildError.system("cannot make the directory \(path)")
        }
    }

    private static func parent(of path: String) -> String? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return nil }
        return String(path[..<slash])
    }

    /// Gives what root just made to the owner of the directory around it; for everybody else it is theirs already.
    static func adopt(_ path: String) {
        guard geteuid() == 0, let parent = parent(of: path) else { return }
        var owner = stat()
        guard stat(parent, &owner) == 0 else { return }
        _ = lchown(path, owner.st_uid, owner.st_gid)
    }

    /// A new empty file with an unguessable name, and that name. It is locked for as long as it is open, which says that
    /// somebody is writing it.
    func temporaryFile() throws -> POSIXFile {
        while true {
            let name = ".\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
            let file = try POSIXFile("\(path)/\(name)", flags: O_RDWR | O_CREAT | O_EXCL)
            // Whoever removes leftovers may have looked between the two calls.
            guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0, access(file.path, F_OK) == 0 else { continue }
            Self.adopt(file.path)
            return file
        }
    }

    /// Makes what `file` holds appear under `name`, all or nothing, also after a power cut.
    /// - Parameter isDurable: false for what is not worth waiting for: a power cut may take or damage it.
    func publish(_ file: POSIXFile, as name: String, isDurable: Bool = true) throws {
        if isDurable { try file.synchronize() }
        let target = "\(path)/\(name)"
        guard rename(file.path, target) == 0 else { throw BuildError.system("cannot write \(target)") }
        if isDurable { try synchronize() }
    }

    /// Writes a small file under `name`, replacing what was there, all or nothing.
    /// - Parameter isDurable: false for what whoever reads it can tell from what a power cut makes of it.
    func replace(_ name: String, with bytes: [UInt8], isDurable: Bool = true) throws {
        let file = try temporaryFile()
        do {
            try bytes.withUnsafeBytes { try file.write($0) }
            try publish(file, as: name, isDurable: isDurable)
        } catch {
            unlink(file.path)
            throw error
        }
    }

    /// The bytes of a small file; nil when there is none of that name.
    /// - Parameter limit: in bytes; a longer file is an error.
    func read(_ name: String, limit: Int) throws -> [UInt8]? {
        guard access("\(path)/\(name)", F_OK) == 0 else { return nil }
        let file = try POSIXFile("\(path)/\(name)", flags: O_RDONLY)
        let size = try file.regularSize()
        guard size <= UInt64(limit) else { throw BuildError(.corrupt, "\(file.path) has \(size) bytes, too many") }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return Array(bytes[..<count])
    }

    /// The names in the directory, without hidden ones; unordered.
    func names() throws -> [String] {
        guard let stream = opendir(path) else { throw BuildError.system("cannot list \(path)") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    func remove(_ name: String) throws {
        guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else {
            throw BuildError.system("cannot remove \(path)/\(name)")
        }
    }

    /// Removes the temporary files that nobody writes any more: their processes were killed.
    func removeLeftovers() {
        guard let stream = opendir(path) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix("."), name.hasSuffix(".tmp"),
                let file = try? POSIXFile("\(path)/\(name)", flags: O_RDONLY),
                flock(file.descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unlink(file.path)
        }
    }

    private func synchronize() throws {
        try POSIXFile(path, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }
}
