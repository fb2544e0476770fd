import Vocabulary

/// Finds what the programs of an image need to run: loaders, shared libraries and the interpreters of scripts.
struct LibraryClosure {
    let architecture: Architecture
    let spool: PackageSpool
    /// Those that were looked at.
    private var done: Set<BytePath> = []

    init(architecture: Architecture, spool: PackageSpool) {
        self.architecture = architecture
        self.spool = spool
    }

    /// Something that was found in none of the packages.
    struct Missing: Hashable, Sendable {
        /// `libssl.so.3`, or a whole path.
        var name: String
        /// Who needs it.
        var user: BytePath
    }

    /// Whether a path may be a library's: these are unpacked of packages that are only depended on.
    static func mayNeed(_ path: BytePath) -> Bool {
        let name = path.bytes.split(separator: UInt8(ascii: "/")).last ?? []
        guard path.bytes.starts(with: "lib".utf8) || path.bytes.starts(with: "usr/lib".utf8) else { return false }
        // libc.so.6, libcrypto.so.3, ld-linux-x86-64.so.2, libfoo-1.2.so
        return PathPattern.matches("*.so", name) || PathPattern.matches("*.so.*", name)
    }

    /// Keeps what the files that are kept need, and what that needs, as far as `packages` have it.
    ///
    /// - Returns: what none of them has. Asked again with more packages, only what was missing is looked for.
    mutating func close(_ kept: inout KeptFiles, over packages: [UnpackedPackage]) throws -> [Missing] {
        var missing: [Missing] = []
        while true {
            let waiting = Set(missing.map(\.user))
            let todo = kept.entries.keys.filter { !done.contains($0) && !waiting.contains($0) }
            if todo.isEmpty { return missing }
            for path in todo.sorted() {
                let unmet = try needs(of: path, kept.entries[path]!, &kept, packages)
                if unmet.isEmpty { done.insert(path) }
                missing += unmet
            }
        }
    }

    private func needs(
        of path: BytePath,
        _ entry: TreeEntry,
        _ kept: inout KeptFiles,
        _ packages: [UnpackedPackage]
    ) throws -> [Missing] {
        guard case .file(let content) = entry.kind, content.size > 2 else { return [] }
        let start = try read(content, 0, 2)
        if start == Array("#!".utf8), entry.permissions & 0o111 != 0 {
            let line = try read(content, 0, Int(min(content.size, 256))).dropFirst(2).prefix {
                $0 != UInt8(ascii: "\n")
            }
            guard let program = line.split(separator: UInt8(ascii: " ")).first else { return [] }
            let name = String(decoding: program, as: UTF8.self)
            return try keep(name, &kept, packages) ? [] : [Missing(name: name, user: path)]
        }
        let name = "\(path)"
        guard start == [0x7f, 0x45],
            let file = try ELFFile(size: content.size, name: name, read: { try read(content, $0, $1) }),
            file.machine == architecture.machine
        else { return [] }
        var missing: [Missing] = []
        if let interpreter = file.interpreter, try !keep(interpreter, &kept, packages) {
            missing.append(Missing(name: interpreter, user: path))
        }
        for library in file.needed where try !find(library, for: path, file, &kept, packages) {
            missing.append(Missing(name: library, user: path))
        }
        return missing
    }

    /// Keeps a library from the first directory that has it, in the loader's order (ld.so(8)).
    private func find(
        _ library: String,
        for path: BytePath,
        _ file: ELFFile,
        _ kept: inout KeptFiles,
        _ packages: [UnpackedPackage]
    ) throws -> Bool {
        if library.contains("/") { return try keep(library, &kept, packages) }
        let origin = "/" + (path.parent.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "")
        let own = file.searchPath.map {
            $0.replacing("${ORIGIN}", with: origin).replacing("$ORIGIN", with: origin)
        }
        let multiarch = architecture.multiarch
        let standard = ["lib/\(multiarch)", "usr/lib/\(multiarch)", "lib", "usr/lib", "lib64", "usr/lib64"]
        for directory in own + standard where try keep("\(directory)/\(library)", &kept, packages) { return true }
        return false
    }

    private func keep(_ path: String, _ kept: inout KeptFiles, _ packages: [UnpackedPackage]) throws -> Bool {
        guard let clean = BytePath("").resolving(link: BytePath("/" + path)) else { return false }
        return try kept.keep(needed: clean, among: packages)
    }

    private func read(_ content: FileContent, _ offset: UInt64, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try spool.read(content, at: offset, into: $0) }
        return bytes
    }
}

extension Architecture {
    /// `e_machine` of its programs (ELF).
    fileprivate var machine: UInt16 {
        switch self {
        case .amd64: 62
        case .arm64: 183
        case .riscv64: 243
        default: 0
        }
    }
}
