internal import Crypto
import Foundation
import Vocabulary

/// The snapshot on disk, so that a restart serves before, and without, the inventory.
///
/// ```
/// magic (16 bytes) | sequence | profiles | assignments | releases | machines | SHA-256 of all before (32 bytes)
/// ```
/// Profiles and assignments are documents, as people write them; machines are packed, because there are many.
public struct SnapshotFile: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    static let magic = Array("muster-snapshot1".utf8)
    private static let checksumLength = 32

    /// Replaces the file: written whole beside it, flushed, then renamed over it, so that a reader and a power cut see
    /// the old or the new one.
    ///
    /// - Throws: `InventoryError.Code.unavailable`; the old file is still there then.
    public func write(_ snapshot: Snapshot) throws {
        do {
            try AtomicFile.replace(path, with: Self.encode(snapshot))
        } catch {
            throw InventoryError(.unavailable, "cannot write the snapshot \(path): \(error)", cause: error)
        }
    }

    /// - Throws: `InventoryError`: `.notFound` when there is none, `.corrupt` when it is damaged.
    public func load() throws -> Snapshot {
        guard FileManager.default.fileExists(atPath: path) else {
            throw InventoryError(.notFound, "there is no snapshot \(path)")
        }
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw InventoryError(.unavailable, "cannot read the snapshot \(path)", cause: error)
        }
        do {
            return try Self.decode(bytes)
        } catch let error as InventoryError {
            throw InventoryError(.corrupt, "the snapshot \(path) is damaged: \(error.message)", cause: error)
        }
    }

    static func encode(_ snapshot: Snapshot) -> [UInt8] {
        var writer = ByteWriter()
        writer.reserveCapacity(256 * snapshot.machineCount + 4096)
        writer.append(raw: magic)
        writer.append(UInt64(bitPattern: snapshot.sequence))
        writer.append(snapshot.profiles.count)
        for profile in snapshot.profiles.values { writer.append(profile.document.json) }
        let rules = snapshot.assignments.assignments
        writer.append(rules.count)
        for rule in rules { writer.append(rule.document.json) }
        let releases = snapshot.releases.values.flatMap { $0 }
        writer.append(releases.count)
        for release in releases {
            writer.append(release.profile)
            writer.append(release.number)
            writer.append(UInt64(bitPattern: release.created.milliseconds))
            writer.append(release.images.count)
            for (architecture, image) in release.images {
                writer.append(architecture.rawValue)
                writer.append(image)
            }
        }
        writer.append(snapshot.machineCount)
        for machine in snapshot.machines { writer.append(machine) }
        writer.append(raw: SHA256.hash(data: writer.bytes))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws -> Snapshot {
        let payload = bytes.dropLast(checksumLength)
        guard payload.starts(with: magic) else {
            throw InventoryError(.corrupt, "it does not begin as a snapshot does")
        }
        guard SHA256.hash(data: payload) == bytes.suffix(checksumLength) else {
            throw InventoryError(.corrupt, "its checksum is not that of its bytes")
        }
        var reader = ByteReader(payload.dropFirst(magic.count))
        do {
            return try reader.snapshot()
        } catch is ByteReader.Malformed {
            throw InventoryError(.corrupt, "its bytes make no sense")
        }
    }
}

extension ByteReader {
    fileprivate mutating func snapshot() throws -> Snapshot {
        var snapshot = Snapshot(sequence: Int64(bitPattern: try integer()))
        for _ in 0..<(try count()) { snapshot.apply(.profile(try Profile(document: try text()))) }
        for _ in 0..<(try count()) { snapshot.apply(.assignment(try Assignment(document: try text()))) }
        for _ in 0..<(try count()) { snapshot.apply(.release(try release())) }
        let machines = try count()
        snapshot.reserveCapacity(machines: machines)
        for _ in 0..<machines { snapshot.apply(.machine(try machine())) }
        guard isAtEnd else { throw Malformed() }
        return snapshot
    }

    private mutating func release() throws(Malformed) -> Release {
        let profile = try text()
        guard let number = Int(exactly: try integer()) else { throw Malformed() }
        let created = Timestamp(milliseconds: Int64(bitPattern: try integer()))
        var images: [Architecture: Vocabulary.Digest] = [:]
        for _ in 0..<(try count()) { images[Architecture(rawValue: try text())] = try digest() }
        return Release(profile: profile, number: number, images: images, created: created)
    }
}
