import Vocabulary

/// What segments are made of.
protocol SegmentContents: ContentReader {
    /// Does what takes long (unpacking layers) before the contents are read.
    func prepare(_ contents: [FileContent]) async throws
}

/// Makes the segments of a root that are not in the store yet, a few at a time.
struct SegmentBuilder: Sendable {
    let blobs: BlobStore
    let index: SegmentIndex
    let locks: KeyLocks
    let compression: SegmentCompression

    /// Segments that are written at the same time, and the memory that their compressors may take together, in bytes. A
    /// segment that needs more is written alone.
    private static let width = 2
    private static let memory = 64 << 20

    /// The segments of `plans` in their order.
    ///
    /// - Throws: `BuildError` for what a newc archive cannot carry, what cannot be read, and a disk that is full;
    ///   `CancellationError`. What was finished before stays in the store for the next build.
    func build(
        _ plans: [SegmentPlan],
        contents: any SegmentContents,
        observe: @escaping BuildObserver
    ) async throws -> [ImageManifest.Part] {
        let keys = plans.map { $0.key(compression: compression) }
        var segments: [Blob?] = try keys.map(index.segment)
        for (plan, segment) in zip(plans, segments) {
            if let segment { observe(.stored(part: plan.part, size: segment.size, isCached: true)) }
        }
        // The largest first: it is what everybody waits for.
        var missing = plans.indices.filter { segments[$0] == nil }.sorted {
            plans[$0].contentSize < plans[$1].contentSize
        }
        try await withThrowingTaskGroup(of: (Int, Step).self) { group in
            var running: [Int: Int] = [:]
            while true {
                while let next = missing.last {
                    let need = compression.memory(size: plans[next].archiveSize)
                    let used = running.values.reduce(0, +)
                    guard running.isEmpty || running.count < Self.width && used + need <= Self.memory else { break }
                    missing.removeLast()
                    running[next] = need
                    group.addTask { (next, try await make(plans[next], keys[next], contents, observe)) }
                }
                guard let (index, step) = try await group.next() else { return }
                running[index] = nil
                switch step {
                case .written(let segment):
                    // The disk is waited for while the next segment is compressed.
                    group.addTask { (index, .stored(try await store(segment, plans[index], keys[index], observe))) }
                case .stored(let blob):
                    segments[index] = blob
                }
            }
        }
        return zip(plans, segments).map { plan, segment in
            ImageManifest.Part(digest: segment!.digest, size: segment!.size, part: plan.part)
        }
    }

    /// How far a segment is.
    private enum Step: Sendable {
        case written(WrittenSegment)
        case stored(Blob)
    }

    /// A segment whose bytes are all written and not yet waited for.
    ///
    /// Handed from the task that wrote it to the one that stores it, and used by nobody else.
    private struct WrittenSegment: @unchecked Sendable {
        let blob: BlobWriter
        let lock: KeyLocks.Held
    }

    /// One build of a key at a time, in this process and in all others: whoever comes second finds what the first made.
    private func make(
        _ plan: SegmentPlan,
        _ key: Digest,
        _ contents: any SegmentContents,
        _ observe: @escaping BuildObserver
    ) async throws -> Step {
        let lock = try await locks.acquire(key)
        if let segment = try index.segment(key) {
            lock.release()
            observe(.stored(part: plan.part, size: segment.size, isCached: true))
            return .stored(segment)
        }
        try await contents.prepare(plan.items.compactMap(\.content))
        let compression = compression
        let total = plan.contentSize
        return try await BlockingWork.run { [blobs] cancellation in
            observe(.compressing(part: plan.part, read: 0, total: total))
            var reported: UInt64 = 0
            let writer = SegmentWriter(plan: plan, compression: compression, contents: contents)
            let blob = try writer.write(into: blobs) { read in
                try cancellation.check()
                // Often enough for a display, seldom enough to cost nothing.
                guard read - reported >= 4 << 20 else { return }
                reported = read
                observe(.compressing(part: plan.part, read: read, total: total))
            }
            return .written(WrittenSegment(blob: blob, lock: lock))
        }
    }

    /// Waits for the disk, and tells everybody that the segment is there.
    private func store(
        _ segment: WrittenSegment,
        _ plan: SegmentPlan,
        _ key: Digest,
        _ observe: @escaping BuildObserver
    ) async throws -> Blob {
        defer { segment.lock.release() }
        let blob = try await BlockingWork.run { _ in try segment.blob.commit() }
        try index.add(blob, for: key)
        observe(.stored(part: plan.part, size: blob.size, isCached: false))
        return blob
    }
}
