import Vocabulary

/// The small initrd of an image whose root machines fetch: the image's own init, the modules for the way to the root, and
/// what the root is.
struct FetchingInitrd {
    let whole: MachineRoot
    let root: ImageManifest.Root
    let contents: any LayerContents
    let modified: Int64

    /// Where the init finds what it is to fetch.
    static let description: BytePath = "etc/muster/root.json"
    private static let indexes = ["modules.dep", "modules.alias", "modules.softdep"]
    /// What drivers of network cards load from `lib/firmware`.
    private static let firmware: [BytePath] = [
        "bnx2", "bnx2x", "cxgb3", "cxgb4", "e100", "intel/ice", "mellanox", "qed", "rtl_nic", "tigon",
    ]

    /// The tree of the initrd, with the kernel and its command line as they are.
    func tree() async throws -> MachineRoot {
        let files = FileTree(modified: modified)
        guard let program = entries["init"], case .file = program.kind else {
            throw BuildError(
                .invalidInput,
                "a root that machines fetch needs Muster's own init, and there is no /init in this image: expected "
                    + "localhost/init below `init:`"
            )
        }
        try files.put(program, part: 1)
        for name: BytePath in ["dev", "etc", "proc", "sys"] {
            try files.put(TreeEntry(path: name, kind: .directory, permissions: 0o755, modified: modified), part: 1)
        }
        for directory in Self.moduleDirectories(in: whole) {
            for entry in try await modules(in: directory) { try files.put(entry, part: 1) }
        }
        for entry in firmwareEntries { try files.put(entry, part: 1) }
        let file = TreeEntry.Kind.file(FileContent(root.json.bytes))
        try files.put(TreeEntry(path: Self.description, kind: file, permissions: 0o644, modified: modified), part: 1)
        var small = whole
        small.parts = [.boot, MachineRoot.Part(name: "fetch")]
        small.entries = files.entries
        return small
    }

    // MARK: Modules

    /// What is known of the kernel's modules; nil when it has none in files.
    static func modules(of whole: MachineRoot, _ contents: any LayerContents) async throws -> FetchingModules? {
        guard let directory = moduleDirectories(in: whole).first else { return nil }
        return try await index(in: directory, of: entries(of: whole), contents)
    }

    /// `lib/modules/<release>`, wherever the root has them.
    private static func moduleDirectories(in whole: MachineRoot) -> [BytePath] {
        let suffix = Array("/modules.dep".utf8)
        return whole.entries.compactMap { placed in
            let path = placed.entry.path.bytes
            guard path.suffix(suffix.count).elementsEqual(suffix) else { return nil }
            let parts = path.split(separator: UInt8(ascii: "/"))
            let isOwn =
                parts.count >= 4 && parts[parts.count - 3].elementsEqual("modules".utf8)
                && parts[parts.count - 4].elementsEqual("lib".utf8)
                && (parts.count == 4 || parts.count == 5 && parts[0].elementsEqual("usr".utf8))
            return isOwn ? BytePath(path.dropLast(suffix.count)) : nil
        }
    }

    private static func index(
        in directory: BytePath,
        of entries: [BytePath: TreeEntry],
        _ contents: any LayerContents
    ) async throws -> FetchingModules {
        func read(_ name: String) async throws -> [UInt8]? {
            guard case .file(let content)? = entries[directory.appending(BytePath(name))]?.kind else { return nil }
            return try await contents.bytes(of: content, limit: 16 << 20)
        }
        return FetchingModules(
            dependencies: try await read("modules.dep") ?? [],
            preferences: try await read("modules.softdep") ?? [],
            builtin: try await read("modules.builtin")
        )
    }

    /// What of the modules in `directory` is needed, below `lib/modules`, whatever that is in the root.
    private func modules(in directory: BytePath) async throws -> [TreeEntry] {
        let entries = entries
        let selection = try await Self.index(in: directory, of: entries, contents).selection(for: root.type)
        let release = directory.bytes.split(separator: UInt8(ascii: "/")).last ?? []
        let target = BytePath(Array("lib/modules/".utf8) + release)
        var found: [TreeEntry] = []
        for path in selection.sorted() {
            guard var entry = entries[directory.appending(BytePath(path))] else { continue }
            if case .hardLink(let other) = entry.kind { entry.kind = entries[other]?.kind ?? entry.kind }
            guard case .file = entry.kind else { continue }
            entry.path = target.appending(BytePath(path))
            found.append(entry)
        }
        for name in Self.indexes {
            guard var entry = entries[directory.appending(BytePath(name))], case .file(let content) = entry.kind else {
                continue
            }
            let bytes = try await contents.bytes(of: content, limit: 16 << 20)
            entry.kind = .file(FileContent(FetchingModules.filtered(bytes, named: name, for: selection)))
            entry.path = target.appending(BytePath(name))
            found.append(entry)
        }
        return found
    }

    private var firmwareEntries: [TreeEntry] {
        whole.entries.compactMap { placed in
            let path = placed.entry.path.bytes
            let below = path.starts(with: "usr/".utf8) ? Array(path.dropFirst(4)) : path
            let isWanted = Self.firmware.contains { below.starts(with: "lib/firmware/\($0)/".utf8) }
            guard isWanted else { return nil }
            var entry = placed.entry
            switch entry.kind {
            case .file, .symbolicLink: break
            default: return nil
            }
            entry.path = BytePath(below)
            return entry
        }
    }

    private var entries: [BytePath: TreeEntry] { Self.entries(of: whole) }

    private static func entries(of whole: MachineRoot) -> [BytePath: TreeEntry] {
        Dictionary(whole.entries.map { ($0.entry.path, $0.entry) }, uniquingKeysWith: { first, _ in first })
    }
}
