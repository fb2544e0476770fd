import CInit

/// Files by their paths, whole and bounded.
enum FileSystem {
    /// The longest file that anybody reads at once, in bytes: modules.alias of a kernel with all modules has 1.5 MB.
    static let longest = 16 << 20

    /// - Throws: when the file cannot be read or is longer than `limit` bytes.
    static func read(_ path: String, limit: Int = longest) throws(InitError) -> [UInt8] {
        let descriptor = sys_open(path, UInt32(SYS_OPEN_READ))
        guard descriptor >= 0 else { throw InitError("read \(path)", code: Int(descriptor)) }
        defer { sys_close(descriptor) }
        var bytes: [UInt8] = []
        var size = 4096
        while true {
            let begin = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: size))
            let count = bytes.withUnsafeMutableBytes { sys_read(descriptor, $0.baseAddress! + begin, size) }
            guard count >= 0 else { throw InitError("read \(path)", code: count) }
            bytes.removeLast(size - count)
            if count == 0 { return bytes }
            guard bytes.count <= limit else { throw InitError("cannot read \(path): it has more than \(limit) bytes") }
            size = min(size * 2, 1 << 20)
        }
    }

    /// The only line of a file as the kernel has them in /proc and /sys; nil when there is none to be read.
    static func line(_ path: String) -> String? {
        guard let bytes = try? read(path, limit: 64 << 10) else { return nil }
        return String(bytes.trimmed)
    }

    /// Whether the file is there, however it is reached.
    static func exists(_ path: String) -> Bool { sys_type(path, true) >= 0 }
    static func isDirectory(_ path: String) -> Bool { sys_type(path, true) == SYS_TYPE_DIRECTORY }
    static func isLink(_ path: String) -> Bool { sys_type(path, false) == SYS_TYPE_LINK }

    /// Replaces what the file holds, and makes it (0600) when it is missing.
    static func write(_ path: String, _ text: String, creates: Bool = true) throws(InitError) {
        let how = SYS_OPEN_WRITE | (creates ? SYS_OPEN_CREATE : 0)
        let descriptor = sys_open(path, UInt32(how))
        guard descriptor >= 0 else { throw InitError("write \(path)", code: Int(descriptor)) }
        defer { sys_close(descriptor) }
        let result = write(Array(text.utf8), to: descriptor)
        guard result >= 0 else { throw InitError("write \(path)", code: result) }
    }

    /// - Returns: 0, or a negative error number.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { sys_write(descriptor, $0.baseAddress! + written, $0.count - written) }
            guard count > 0 else { return count }
            written += count
        }
        return 0
    }

    /// Names in the directory, sorted by bytes; none when there is no such directory.
    static func names(in path: String) -> [String] {
        let descriptor = sys_directory_open(path)
        guard descriptor >= 0 else { return [] }
        defer { sys_close(descriptor) }
        var names: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { sys_directory_read(descriptor, $0.baseAddress!, $0.count) }
            guard count > 0 else { break }
            var entry = 0
            while entry + 19 < count {
                let name = buffer[(entry + 19)..<count].prefix { $0 != 0 }
                if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) { names.append(Array(name)) }
                entry += Int(buffer[entry + 16]) | Int(buffer[entry + 17]) << 8
            }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names.map { String($0) }
    }

    /// Makes the directory (0755) and those above it that are missing.
    static func makeDirectories(_ path: String) throws(InitError) {
        if isDirectory(path) { return }
        let bytes = Array(path.utf8)
        for end in bytes.indices.dropFirst() where bytes[end] == UInt8(ascii: "/") {
            sys_mkdir(String(Array(bytes[..<end])), 0o755)
        }
        let result = sys_mkdir(path, 0o755)
        guard result >= 0 || result == ErrorNumber.exists else { throw InitError("make \(path)", code: Int(result)) }
    }

    /// What the link leads to, or only the last part of it.
    static func target(of path: String, last: Bool = false) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            sys_readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count > 0 else { return nil }
        let target = buffer[..<count]
        guard last, let slash = target.lastIndex(of: UInt8(ascii: "/")) else { return String(Array(target)) }
        return String(Array(target[(slash + 1)...]))
    }
}
