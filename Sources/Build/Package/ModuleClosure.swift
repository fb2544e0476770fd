import Vocabulary

/// Keeps the kernel modules that modules which are kept depend on, whatever a recipe drops.
struct ModuleClosure {
    let spool: PackageSpool
    let package: UnpackedPackage

    func close(_ kept: inout KeptFiles) throws {
        var files: [String: TreeEntry] = [:]
        for entry in package.entries.values {
            if let name = Self.name(entry.path) { files[name] = entry }
        }
        var waiting = kept.entries.keys.filter { package.entries[$0] != nil && Self.name($0) != nil }
        while let path = waiting.popLast() {
            guard case .file(let content)? = kept.entries[path]?.kind else { continue }
            let bytes = try spool.bytes(of: content)
            for name in bytes.withUnsafeBytes({ KernelModules.dependencies(inModule: $0) }) {
                guard let needed = files[KernelModules.canonical(name)], !kept.holds(needed.path) else { continue }
                try kept.keep(needed, of: package)
                waiting.append(needed.path)
            }
        }
    }

    /// What a module is called; nil for what is none.
    private static func name(_ path: BytePath) -> String? {
        let file = path.bytes.split(separator: UInt8(ascii: "/")).last ?? []
        guard file.suffix(3).elementsEqual(".ko".utf8) else { return nil }
        return KernelModules.canonical(String(decoding: file.dropLast(3), as: UTF8.self))
    }
}
