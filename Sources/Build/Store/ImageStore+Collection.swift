import Vocabulary

extension ImageStore {
    /// What a collection removed, or would.
    public struct Collection: Hashable, Sendable {
        /// Releases that no name has any more.
        public var releases = 0
        public var blobs = 0
        /// Of those blobs.
        public var bytes: UInt64 = 0
        /// Tables of layers that are not in the cache any more.
        public var tables = 0
    }

    /// Removes what nobody needs: releases of names beyond the newest, and every blob that is part of no image that is
    /// left. Segments that a build could have used again are among them; it makes them again. Tables of layers that the
    /// cache has not any more go too.
    ///
    /// - Parameters:
    ///   - images: kept whatever their names say: what machines are assigned, last good or pinned to.
    ///   - releases: how many of each name are kept, the newest; at least 1.
    ///   - isDryRun: only count.
    /// - Throws: `BuildError` when somebody builds or imports meanwhile, and when an image that is to be kept cannot be
    ///   read: then nothing is removed.
    public func collect(keeping images: Set<Digest>, releases: Int = 3, isDryRun: Bool = false) throws -> Collection {
        guard let alone = try StoreUse(in: directory, alone: true) else {
            throw BuildError(
                .unavailable,
                "something is built or imported in this data directory; try again when it is done"
            )
        }
        defer { alone.end() }
        var result = Collection()
        var kept = images
        var changed: [NamedImage] = []
        for var named in try names() {
            let old = named.releases.count
            let newest = named.releases.suffix(max(1, releases))
            // A machine may still be on an image of an old release: then the name keeps knowing it.
            named.releases =
                named.releases.dropLast(newest.count)
                .filter { !images.isDisjoint(with: $0.images.values) } + newest
            result.releases += old - named.releases.count
            if named.releases.count < old { changed.append(named) }
            for release in named.releases { kept.formUnion(release.images.values) }
        }
        var blobs = kept
        for image in kept {
            do {
                for blob in try manifest(image).blobs { blobs.insert(blob.digest) }
            } catch let error as BuildError where error.code == .notFound {
                // Somebody is on an image that is not here: there is nothing of it to keep.
                continue
            }
        }
        if !isDryRun { for named in changed { try save(named) } }
        for blob in try self.blobs.all() where !blobs.contains(blob.digest) {
            result.blobs += 1
            result.bytes += blob.size
            if !isDryRun { try self.blobs.remove(blob.digest) }
        }
        if !isDryRun {
            _ = try SegmentIndex(dataDirectory: dataDirectory, blobs: self.blobs).collect(keeping: blobs)
            try RootIndex(dataDirectory: dataDirectory, blobs: self.blobs).collect(keeping: blobs)
            try BuildIndex(dataDirectory: dataDirectory).collect(keeping: blobs)
            try OutputFiles.collect(dataDirectory: dataDirectory)
        }
        result.tables = try LayerTables(dataDirectory: dataDirectory).collect(isDryRun: isDryRun)
        return result
    }
}
