import Foundation
import Vocabulary

/// Makes the root of an image a file system, with dm-verity's tree behind it: one blob that machines fetch.
///
/// Equal roots are equal bytes, and are made once.
struct FetchedRoot: Sendable {
    let blobs: BlobStore
    let index: RootIndex
    let locks: KeyLocks
    let dataDirectory: String
    var tools = FormatTools.host

    /// As `ImageManifest.Part.part` names the parts of an initrd.
    private static let part = "root"
    /// Of the file system's end, and of everything in the tree behind it, in bytes.
    private static let block: UInt64 = 4096
    /// Counted up whenever the same root would become other bytes.
    private static let version = 1

    /// - Parameters:
    ///   - image: its root is what is written; of its manifest nothing is used.
    ///   - hasVerity: whether its kernel can make use of a tree.
    /// - Throws: `BuildError` for a program that is missing, with its package, and for what the file system cannot carry.
    func build(
        _ type: RootType,
        _ image: BuiltImage,
        hasVerity: Bool,
        contents: any SegmentContents,
        observe: @escaping BuildObserver
    ) async throws -> ImageManifest.Root {
        let key = try Self.key(type, image.root, hasVerity: hasVerity)
        let lock = try await locks.acquire(key)
        defer { lock.release() }
        if let root = try index.root(key) {
            observe(.stored(part: Self.part, size: root.size, isCached: true))
            return root
        }
        let files = image.root.entries.compactMap { placed -> FileContent? in
            if case .file(let content) = placed.entry.kind { content } else { nil }
        }
        try await contents.prepare(files)
        let total = files.reduce(0) { $0 + $1.size }
        observe(.compressing(part: Self.part, read: 0, total: total))
        let root = try await write(type, image, key, hasVerity: hasVerity)
        try index.add(root, for: key)
        observe(.stored(part: Self.part, size: root.size, isCached: false))
        return root
    }

    /// Names everything that the file system's bytes depend on.
    private static func key(_ type: RootType, _ root: MachineRoot, hasVerity: Bool) throws -> Digest {
        var hash = KeyHash()
        hash.add(text: "muster root \(version) \(type) \(hasVerity)")
        for plan in try SegmentPlan.plans(of: root) { hash.add(plan.key(compression: SegmentCompression(.none))) }
        for placed in root.entries {
            for attribute in placed.entry.attributes {
                hash.add(bytes: placed.entry.path.bytes)
                hash.add(text: attribute.name)
                hash.add(bytes: attribute.value)
            }
        }
        return hash.finish()
    }

    private func write(
        _ type: RootType,
        _ image: BuiltImage,
        _ key: Digest,
        hasVerity: Bool
    ) async throws -> ImageManifest.Root {
        let place = try WorkDirectory(in: "\(dataDirectory)/roots/work")
        defer { withExtendedLifetime(place) {} }
        let work = FormatWork(
            name: Self.part,
            output: place.path,
            scratch: place.path,
            blobs: blobs,
            tools: tools,
            files: try OutputFiles(in: place.path, blobs: blobs)
        )
        let path = work.output("root.img")
        try await RootFileSystemFormat.write(type, image, identity: key, at: path, in: work)
        let verity = hasVerity ? try await addTree(to: path, key, in: work) : nil
        let blob = try await BlockingWork.run { [blobs] _ in try blobs.store(file: path) }
        return ImageManifest.Root(digest: blob.digest, size: blob.size, type: type, verity: verity)
    }

    /// Puts the tree of hashes behind the file system.
    private func addTree(to path: String, _ key: Digest, in work: FormatWork) async throws -> ImageManifest.Verity {
        let size = try FileCopy.size(of: path)
        guard size > 0, size.isMultiple(of: Self.block) else {
            throw BuildError(.corrupt, "the file system has \(size) bytes, which is no number of whole blocks")
        }
        let identity = DerivedIdentity(image: key)
        let salt = key.hex
        let hashFile = work.scratch("root.hash")
        try await tools.run(
            .verity,
            [
                "format", path, path, "--hash=sha256", "--data-block-size=\(Self.block)",
                "--hash-block-size=\(Self.block)", "--data-blocks=\(size / Self.block)", "--hash-offset=\(size)",
                "--salt=\(salt)", "--uuid=\(identity.uuid("verity"))", "--root-hash-file=\(hashFile)",
            ]
        )
        let text = try String(contentsOfFile: hashFile, encoding: .utf8)
        guard let hash = Digest(hex: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw BuildError(.corrupt, "veritysetup says '\(text)', expected the hash of the tree's topmost block")
        }
        return ImageManifest.Verity(hash: hash, offset: size, salt: salt)
    }
}
