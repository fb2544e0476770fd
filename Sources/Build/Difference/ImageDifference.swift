import Vocabulary

/// How two images differ: what stands in `old` and not in `new`, and the other way round.
public struct ImageDifference: Hashable, Sendable {
    /// Something that is there before, after, or both and not the same.
    public struct Change<Value: Hashable & Sendable>: Hashable, Sendable {
        public var old: Value?
        public var new: Value?

        public init(old: Value?, new: Value?) {
            self.old = old
            self.new = new
        }
    }

    public struct Named<Value: Hashable & Sendable>: Hashable, Sendable {
        public var name: String
        public var change: Change<Value>
    }

    /// A package by where it is installed, and its versions: several where the database has several.
    public struct Package: Hashable, Sendable {
        public var kind: InstalledPackage.Kind
        public var root: BytePath
        public var name: String
        public var architecture: String
        public var change: Change<String>
    }

    public struct File: Hashable, Sendable {
        public var path: BytePath
        public var change: Change<ImageContents.File>

        /// What of a file that both have is not the same: `type`, `content`, `target`, `device`, `mode`, `owner`.
        public var aspects: [String] {
            guard let old = change.old, let new = change.new else { return [] }
            var aspects: [String] = []
            if old.type != new.type { aspects.append("type") }
            if old.digest != new.digest { aspects.append("content") }
            if old.target != new.target { aspects.append("target") }
            if old.device != new.device { aspects.append("device") }
            if old.permissions != new.permissions { aspects.append("mode") }
            if old.owner != new.owner || old.group != new.group { aspects.append("owner") }
            return aspects
        }
    }

    public var old: Digest
    public var new: Digest
    /// Of everything that a machine fetches, in bytes.
    public var size: Change<UInt64>
    /// nil when the same.
    public var architecture: Change<Architecture>?
    /// nil when the same.
    public var kernel: Change<Blob>?
    /// Arguments of the kernel that only the old command line has, or has more often.
    public var removedArguments: [String] = []
    /// Arguments of the kernel that only the new command line has, or has more often.
    public var addedArguments: [String] = []
    /// The parts of the initrd, in their order, those of the old image first; then the root that it fetches.
    public var parts: [Named<Blob>] = []
    public var labels: [Named<String>] = []
    /// By root and name.
    public var packages: [Package] = []
    /// By path.
    public var files: [File] = []

    public var isEmpty: Bool {
        architecture == nil && kernel == nil && removedArguments.isEmpty && addedArguments.isEmpty && parts.isEmpty
            && labels.isEmpty && packages.isEmpty && files.isEmpty
    }
}

extension ImageDifference {
    /// Compares two images; their initrds are read only when a part differs.
    /// - Throws: `BuildError` when there is no such image or a part of it cannot be read.
    public init(from old: Digest, to new: Digest, in store: ImageStore) throws {
        let (oldManifest, newManifest) = (try store.manifest(old), try store.manifest(new))
        self.init(old, oldManifest, new, newManifest)
        guard oldManifest.initrd.map(\.digest) != newManifest.initrd.map(\.digest) else { return }
        let oldContents = try ImageContents(of: oldManifest, in: store.blobs)
        let newContents = try ImageContents(of: newManifest, in: store.blobs)
        compare(oldContents, newContents)
    }

    /// The same, on a thread that may be kept waiting.
    public static func between(_ old: Digest, _ new: Digest, in store: ImageStore) async throws -> ImageDifference {
        try await BlockingWork.run { _ in try ImageDifference(from: old, to: new, in: store) }
    }

    private init(_ old: Digest, _ oldManifest: ImageManifest, _ new: Digest, _ newManifest: ImageManifest) {
        func size(_ manifest: ImageManifest) -> UInt64 { manifest.blobs.reduce(0) { $0 + $1.size } }
        func arguments(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }
        func parts(_ manifest: ImageManifest) -> [(String, Blob)] {
            manifest.initrd.map { ($0.part, Blob(digest: $0.digest, size: $0.size)) }
                + (manifest.root.map { [("root", Blob(digest: $0.digest, size: $0.size))] } ?? [])
        }
        self.old = old
        self.new = new
        self.size = Change(old: size(oldManifest), new: size(newManifest))
        if oldManifest.architecture != newManifest.architecture {
            architecture = Change(old: oldManifest.architecture, new: newManifest.architecture)
        }
        if oldManifest.kernel != newManifest.kernel {
            kernel = Change(old: oldManifest.kernel, new: newManifest.kernel)
        }
        let (before, after) = (arguments(oldManifest.commandLine), arguments(newManifest.commandLine))
        removedArguments = Self.without(after, before)
        addedArguments = Self.without(before, after)
        self.parts = Self.changes(parts(oldManifest), parts(newManifest)).map { Named(name: $0, change: $1) }
        let labels = [oldManifest, newManifest].map { $0.labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        self.labels = Self.changes(labels[0], labels[1]).map { Named(name: $0, change: $1) }
    }

    private mutating func compare(_ old: ImageContents, _ new: ImageContents) {
        struct Identity: Hashable, Comparable {
            var root: BytePath
            var name: String
            var architecture: String
            var kind: InstalledPackage.Kind
            static func < (a: Identity, b: Identity) -> Bool {
                (a.root, a.name, a.architecture, a.kind.rawValue) < (b.root, b.name, b.architecture, b.kind.rawValue)
            }
        }
        func versions(_ contents: ImageContents) -> [(Identity, String)] {
            let all = Dictionary(
                grouping: contents.packages,
                by: { Identity(root: $0.root, name: $0.name, architecture: $0.architecture, kind: $0.kind) }
            )
            return all.map { ($0.key, $0.value.map(\.version).joined(separator: ", ")) }
        }
        packages = Self.changes(versions(old), versions(new)).sorted { $0.0 < $1.0 }.map { identity, change in
            Package(
                kind: identity.kind,
                root: identity.root,
                name: identity.name,
                architecture: identity.architecture,
                change: change
            )
        }
        // Which part a file comes with is no difference: it is the parts' to say.
        func files(_ contents: ImageContents) -> [(BytePath, ImageContents.File)] {
            contents.files.map { file in
                var file = file
                file.part = ""
                return (file.path, file)
            }
        }
        let (before, after) = (Dictionary(uniqueKeysWithValues: old.files.map { ($0.path, $0) }), new.files)
        let there = Dictionary(uniqueKeysWithValues: after.map { ($0.path, $0) })
        self.files = Self.changes(files(old), files(new)).sorted { $0.0 < $1.0 }.map { path, _ in
            File(path: path, change: Change(old: before[path], new: there[path]))
        }
    }

    /// `list` without one of each of `others`.
    private static func without(_ others: [String], _ list: [String]) -> [String] {
        var counts = Dictionary(others.map { ($0, 1) }, uniquingKeysWith: +)
        return list.filter { word in
            guard let count = counts[word], count > 0 else { return true }
            counts[word] = count - 1
            return false
        }
    }

    /// What differs under each key, in the order of `old`, then of `new`.
    private static func changes<Key: Hashable, Value: Hashable & Sendable>(
        _ old: [(Key, Value)],
        _ new: [(Key, Value)]
    ) -> [(Key, Change<Value>)] {
        let before = Dictionary(old, uniquingKeysWith: { $1 })
        let after = Dictionary(new, uniquingKeysWith: { $1 })
        var seen: Set<Key> = []
        return (old + new).compactMap { key, _ in
            guard seen.insert(key).inserted, before[key] != after[key] else { return nil }
            return (key, Change(old: before[key], new: after[key]))
        }
    }
}
