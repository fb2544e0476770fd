import Foundation
import Vocabulary

/// Makes container images of Debian packages. Needs no privileges and runs nothing of what it unpacks.
public struct PackageBuilder: Sendable {
    private let directory: DataDirectory
    private let cache: ContainerCache
    private let debian: DebianState

    /// - Throws: `BuildError` when the directories of the data directory cannot be made.
    public init(dataDirectory: String, debian: DebianState) throws {
        directory = try DataDirectory("\(dataDirectory)/packages")
        cache = try ContainerCache(dataDirectory: dataDirectory)
        self.debian = debian
    }

    /// Makes the image of a recipe, and puts it into the cache under its name.
    ///
    /// - Parameters:
    ///   - lock: the packages that it has to be made of; nil for what the mirror signs today.
    ///   - epoch: no file is younger, in seconds since 1970 (SOURCE_DATE_EPOCH).
    /// - Throws: `DefinitionError` for what a recipe says wrongly; `BuildError` for packages that cannot be had or lack
    ///   what is needed of them. The cache and the lock are as they were then.
    public func build(
        _ recipe: PackageRecipe,
        lock: PackageLock? = nil,
        epoch: Int64? = nil,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> PackageBuild {
        let name = "\(recipe.reference) (\(recipe.architecture))"
        observe(.resolving(source: name))
        let scratch = "\(directory.path)/.\(String(UInt64.random(in: .min ... .max), radix: 36)).work"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let spool = try PackageSpool(in: directory)
        let resolved = try await packages(of: recipe, lock)
        var selection = PackageSelection(recipe: recipe, resolved: resolved, spool: spool, debian: debian, epoch: epoch)
        selection.isLocked = lock != nil
        selection.observe = observe
        var kept = try await selection.files()
        let modified = epoch ?? TreeEntry.standardTime
        try await PackageSteps(spool: spool, scratch: scratch, modified: modified).perform(recipe.steps, on: &kept)
        let used = kept.used.sorted { $0.name < $1.name }
        try selection.describe(used, in: &kept, modified: modified)
        kept.addDirectories(of: selection.unpacked, modified: modified)
        let entries = try kept.sorted()
        let image = PackageImage(recipe: recipe, spool: spool, cache: cache, created: modified)
        observe(.compressing(part: name, read: 0, total: 0))
        let written = try await BlockingWork.run { try image.write(entries, $0) }
        let change = try await publish(image, written, used)
        observe(.ready(source: name, isCached: false))
        return PackageBuild(
            reference: recipe.reference,
            architecture: recipe.architecture,
            digest: written.manifest.digest,
            size: written.layer.size,
            unpackedSize: written.unpackedSize,
            packages: used,
            lock: change.path,
            changes: change.changes
        )
    }

    private func packages(of recipe: PackageRecipe, _ lock: PackageLock?) async throws -> [ResolvedPackage] {
        guard !recipe.packages.isEmpty else { return [] }
        guard let lock else {
            do {
                return try await debian.resolve(recipe.packageNames, architecture: recipe.architecture)
            } catch let error as BuildError {
                throw BuildError(error.code, "cannot find out what \(recipe.reference) is made of: \(error.message)")
            }
        }
        guard let packages = lock.packages(of: recipe.reference, recipe.architecture) else {
            throw BuildError(.notFound, "the lock says nothing of \(recipe.reference) for \(recipe.architecture)")
        }
        return packages
    }

    /// Names the image and writes its lock.
    private func publish(
        _ image: PackageImage,
        _ written: PackageImage.Written,
        _ used: [ResolvedPackage]
    ) async throws -> (path: String, changes: [PackageChange]) {
        let recipe = image.recipe
        let file = "\(recipe.reference.repository):\(recipe.reference.tag ?? "latest").lock"
        let path = "\(directory.path)/\(file)"
        let parent = try DataDirectory(String(path[..<path.lastIndex(of: "/")!]))
        let guarding = try await FileLock.acquire(path: "\(directory.path)/.lock")
        defer { withExtendedLifetime(guarding) {} }
        let name = String(path.split(separator: "/").last!)
        let old = try parent.read(name, limit: 16 << 20)
        var lock = PackageLock()
        if let old { lock = try PackageLock(parsing: String(decoding: old, as: UTF8.self), path: path) }
        let before = lock.packages(of: recipe.reference, recipe.architecture)
        lock.set(used, of: recipe.reference, recipe.architecture)
        try image.name(written)
        let text = Array(lock.text.utf8)
        if text != old { try parent.replace(name, with: text) }
        return (path, before.map { PackageChange.between($0, used) } ?? [])
    }
}

/// An image that was made of packages.
public struct PackageBuild: Hashable, Sendable {
    public var reference: DockerReference
    public var architecture: Architecture
    /// Of the image's manifest.
    public var digest: Digest
    /// Of its layer as it lies in the cache, in bytes.
    public var size: UInt64
    /// Of its layer's archive, in bytes.
    public var unpackedSize: UInt64
    /// Those that something was kept of, by name.
    public var packages: [ResolvedPackage]
    /// The file that names them.
    public var lock: String
    /// What differs from when the image was made before; empty when nothing does, or it never was.
    public var changes: [PackageChange]
}
