internal import Crypto
import Foundation
import Vocabulary

/// The snapshot on disk, so that a restart serves before, and without, the inventory.
///
/// It is a list of commits: all that there was when it was made, as one commit, and then those that followed. A commit
/// is one frame or several, so that neither writing nor reading needs more memory than a frame:
/// ```
/// magic (16 bytes) | frame | frame | …
/// frame = length (4 bytes, little endian) | contents (length bytes) | checksum (32 bytes)
/// contents = 1 in the last frame of a commit, else 0 | sequence | change | change | …
/// ```
/// A frame's checksum is the SHA-256 of the checksum before it (of the magic, for the first), its length and its
/// contents. What a power cut left of the last commit is left out.
struct SnapshotFile: Sendable {
    let path: String

    /// Where the next commit goes.
    struct End: Hashable, Sendable {
        /// Of the last frame.
        var checksum: [UInt8]
        /// Bytes of the file.
        var length: Int
        /// Bytes of the first commit, with what is before it.
        var base: Int

        /// Whether the commits that followed have become as much as the first, so that it had better be made anew.
        var isLong: Bool { length - base > max(base, 1 << 20) }
    }

    static let magic = Array("muster-snapshot4".utf8)
    private static let checksumLength = 32

    // MARK: Writing

    /// Replaces the file: written whole beside it, flushed, then renamed over it, so that a reader and a power cut see
    /// the old or the new one.
    ///
    /// - Throws: `InventoryError.Code.unavailable`; the old file is still there then.
    func replace(with contents: Snapshot.Contents) throws -> End {
        try explaining {
            var encoder = Encoder(checksum: Array(SHA256.hash(data: Self.magic)))
            var length = Self.magic.count
            try AtomicFile.replace(path) { output in
                try output.append(Self.magic)
                try encoder.append(contents.changes, sequence: contents.sequence) { bytes in
                    try output.append(bytes)
                    length += bytes.count
                }
            }
            return End(checksum: encoder.checksum, length: length, base: length)
        }
    }

    /// Writes commits behind those that are there.
    ///
    /// - Throws: `InventoryError.Code.unavailable`, also when the file does not end where it did; it has to be replaced
    ///   then.
    func append(_ deltas: [InventoryDelta], at end: End) throws -> End {
        try explaining {
            var encoder = Encoder(checksum: end.checksum)
            var length = end.length
            try AtomicFile.append(to: path, length: end.length) { output in
                for delta in deltas {
                    try encoder.append(delta.changes, sequence: delta.sequence) { bytes in
                        try output.append(bytes)
                        length += bytes.count
                    }
                }
            }
            return End(checksum: encoder.checksum, length: length, base: end.base)
        }
    }

    private func explaining<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw InventoryError(.unavailable, "cannot write the snapshot \(path): \(error)", cause: error)
        }
    }

    private struct Encoder {
        private(set) var checksum: [UInt8]
        private static let frame = 64 << 10

        mutating func append(
            _ changes: some Sequence<InventoryChange>,
            sequence: Int64,
            write: ([UInt8]) throws -> Void
        ) throws {
            var frame = Self.begin(sequence)
            for change in changes {
                if frame.bytes.count >= Self.frame {
                    try write(end(frame, isLast: false))
                    frame = Self.begin(sequence)
                }
                frame.append(change)
            }
            try write(end(frame, isLast: true))
        }

        /// Without its length, and not the last.
        private static func begin(_ sequence: Int64) -> ByteWriter {
            var frame = ByteWriter()
            frame.append(raw: [0, 0, 0, 0, 0])
            frame.append(UInt64(bitPattern: sequence))
            return frame
        }

        private mutating func end(_ frame: ByteWriter, isLast: Bool) -> [UInt8] {
            var bytes = frame.bytes
            let length = UInt32(bytes.count - 4)
            for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
            bytes[4] = isLast ? 1 : 0
            checksum = SnapshotFile.checksum(of: bytes, after: checksum)
            return bytes + checksum
        }
    }

    private static func checksum(of frame: [UInt8], after before: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: before)
        hash.update(data: frame)
        return Array(hash.finalize())
    }

    // MARK: Reading

    /// What a file holds.
    struct Kept: Sendable {
        var snapshot: Snapshot
        /// nil when the file ends in something that is no commit.
        var end: End?
    }

    /// - Throws: `InventoryError`: `.notFound` when there is none, `.corrupt` when its first commit is damaged.
    func load() throws -> Kept {
        guard FileManager.default.fileExists(atPath: path) else {
            throw InventoryError(.notFound, "there is no snapshot \(path)")
        }
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            let size = Int(try handle.seekToEnd())
            try handle.seek(toOffset: 0)
            return try Self.decode { count in
                // Never more than there is, whatever a length in the file says.
                try handle.read(upToCount: min(count, size)).map { [UInt8]($0) } ?? []
            }
        } catch let error as InventoryError {
            throw InventoryError(.corrupt, "the snapshot \(path) is damaged: \(error.message)", cause: error)
        } catch {
            throw InventoryError(.unavailable, "cannot read the snapshot \(path)", cause: error)
        }
    }

    /// - Parameter read: the next so many bytes, fewer at the end.
    static func decode(_ read: @escaping (Int) throws -> [UInt8]) throws -> Kept {
        guard try read(magic.count) == magic else {
            throw InventoryError(.corrupt, "it does not begin as a snapshot does")
        }
        var decoder = Decoder(read: read)
        guard var frame = try decoder.frame() else { throw InventoryError(.corrupt, "it ends after its first bytes") }
        var snapshot = Snapshot(sequence: frame.sequence)
        for change in frame.changes { snapshot.apply(change) }
        while !frame.isLast {
            guard let next = try decoder.frame() else { throw InventoryError(.corrupt, "its end is missing") }
            for change in next.changes { snapshot.apply(change) }
            frame = next
        }
        let base = decoder.length
        do {
            while let delta = try decoder.commit() {
                guard snapshot.apply(delta) else { return Kept(snapshot: snapshot, end: nil) }
            }
        } catch let error as InventoryError where error.code == .corrupt {
            // With what is no commit, all that comes after it is left out.
            return Kept(snapshot: snapshot, end: nil)
        }
        return Kept(
            snapshot: snapshot,
            end: End(checksum: decoder.checksum, length: decoder.length, base: base)
        )
    }

    private struct Decoder {
        struct Frame {
            var isLast: Bool
            var sequence: Int64
            var changes: [InventoryChange]
        }

        let read: (Int) throws -> [UInt8]
        private(set) var checksum = Array(SHA256.hash(data: SnapshotFile.magic))
        private(set) var length = SnapshotFile.magic.count

        init(read: @escaping (Int) throws -> [UInt8]) { self.read = read }

        /// - Returns: nil at the end.
        /// - Throws: `InventoryError.Code.corrupt`, or what reading throws.
        mutating func frame() throws -> Frame? {
            let header = try read(4)
            if header.isEmpty { return nil }
            let count = header.reversed().reduce(0) { $0 << 8 | Int($1) }
            let contents = header.count == 4 ? try read(count) : []
            let expected = contents.count == count ? try read(SnapshotFile.checksumLength) : []
            guard !contents.isEmpty, SnapshotFile.checksum(of: header + contents, after: checksum) == expected else {
                throw InventoryError(.corrupt, "its bytes are not those that were written")
            }
            checksum = expected
            length += header.count + contents.count + expected.count
            var reader = ByteReader(contents[...])
            do {
                let isLast = try reader.byte() == 1
                var frame = Frame(isLast: isLast, sequence: Int64(bitPattern: try reader.integer()), changes: [])
                while !reader.isAtEnd { frame.changes.append(try reader.change()) }
                return frame
            } catch is ByteReader.Malformed {
                throw InventoryError(.corrupt, "its bytes make no sense")
            }
        }

        /// A whole commit; nil at the end.
        mutating func commit() throws -> InventoryDelta? {
            guard var frame = try frame() else { return nil }
            var delta = InventoryDelta(sequence: frame.sequence, changes: frame.changes)
            while !frame.isLast {
                guard let next = try self.frame(), next.sequence == delta.sequence else {
                    throw InventoryError(.corrupt, "the end of a commit is missing")
                }
                delta.changes += next.changes
                frame = next
            }
            return delta
        }
    }
}

extension Snapshot.Contents {
    /// What makes it of nothing.
    fileprivate var changes: some Sequence<InventoryChange> {
        let few =
            profiles.values.map(InventoryChange.profile) + assignments.assignments.map(InventoryChange.assignment)
            + releases.values.joined().map(InventoryChange.release)
            + meant.map { InventoryChange.meant(profile: $0.key, release: $0.value) }
        return [AnySequence(few), AnySequence(table.machines.lazy.map(InventoryChange.machine))].joined()
    }
}
