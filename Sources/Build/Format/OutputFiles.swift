import Foundation
import Synchronization
import Vocabulary

/// The files of one directory that hold blobs one behind the other, and what is known of those that earlier builds wrote
/// there: what still stands as it was written need not be written again.
///
/// Small files `outputs/<digest of the path>` of the data directory say what was written, and by which identity the file
/// is known since. Safe from any thread.
final class OutputFiles: Sendable {
    private struct Record: Codable {
        var path: String
        var identity: FileIdentity
        /// What the file holds.
        var digests: [Digest]
        var sizes: [UInt64]
    }

    /// What becomes of a file.
    private enum Fate {
        /// It stands there already.
        case kept
        /// It stands there with the first `shared` of its blobs already.
        case patched(Concatenation, shared: Int)
        case written(Concatenation)
    }

    private static let largest = 1 << 20
    private let records: DataDirectory
    private let directory: String
    private let blobs: BlobStore
    private let fates = Mutex<[String: Fate]>([:])

    /// - Parameter directory: where the files appear; it exists.
    init(in directory: String, blobs: BlobStore) throws {
        records = try DataDirectory("\(blobs.dataDirectory)/outputs")
        guard let path = realpath(directory, nil) else { throw BuildError.system("cannot find \(directory)") }
        defer { free(path) }
        self.directory = String(cString: path)
        self.blobs = blobs
    }

    /// Writes the file at `path`, for somebody to move it to its place, unless less is to be done: nothing, or what
    /// `finish` does.
    func write(_ file: String, _ contents: Concatenation, to path: String) async throws {
        let fate = fate(of: file, contents)
        fates.withLock { $0[file] = fate }
        guard case .written = fate else { return }
        let blobs = blobs
        try await BlockingWork.run { cancellation in
            let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
            try contents.write(to: file, from: blobs, cancellation)
        }
    }

    private func fate(of file: String, _ contents: Concatenation) -> Fate {
        let path = "\(directory)/\(file)"
        guard let record = read(Self.name(of: path)), record.path == path, record.identity == FileIdentity(of: path)
        else { return .written(contents) }
        let old = Concatenation(zip(record.digests, record.sizes).map { Blob(digest: $0, size: $1) })
        if old == contents { return .kept }
        let shared = zip(old.blobs, contents.blobs).prefix { $0 == $1 }.count
        // Less is not worth that nobody can read the file for a moment.
        guard contents.offset(of: shared) > contents.size / 2 else { return .written(contents) }
        return .patched(contents, shared: shared)
    }

    /// Whether the file needs nobody to move it to its place.
    func isInPlace(_ file: String) -> Bool {
        fates.withLock { fates in
            switch fates[file] {
            case .kept, .patched: true
            case .written, nil: false
            }
        }
    }

    /// Changes the files of which a part is to be written.
    /// - Parameter work: a directory beside them that nobody else looks into.
    func finish(in work: String) async throws {
        for (file, fate) in fates.withLock({ $0 }) {
            guard case .patched(let contents, let shared) = fate else { continue }
            let (path, blobs) = ("\(directory)/\(file)", blobs)
            try await BlockingWork.run { cancellation in
                if let patch = try FilePatch(of: path, in: work) {
                    try patch.apply(contents, keeping: shared, from: blobs)
                } else {
                    let new = "\(work)/\(file)"
                    try contents.write(
                        to: POSIXFile(new, flags: O_WRONLY | O_CREAT | O_EXCL),
                        from: blobs,
                        cancellation
                    )
                    guard rename(new, path) == 0 else { throw BuildError.system("cannot write \(path)") }
                }
            }
        }
    }

    /// Remembers what was written, as it stands there now. What cannot be remembered is written again next time.
    func remember() async throws {
        for (file, fate) in fates.withLock({ $0 }) {
            let contents: Concatenation
            switch fate {
            case .kept: continue
            case .patched(let all, _), .written(let all): contents = all
            }
            let path = "\(directory)/\(file)"
            guard let identity = FileIdentity(of: path), try await settle(identity), identity == FileIdentity(of: path)
            else { continue }
            let record = Record(
                path: path,
                identity: identity,
                digests: contents.blobs.map(\.digest),
                sizes: contents.blobs.map(\.size)
            )
            guard let bytes = try? JSONEncoder().encode(record) else { continue }
            try? records.replace(Self.name(of: path), with: Array(bytes), isDurable: false)
        }
    }

    /// - Returns: false for a clock that stands still.
    private func settle(_ identity: FileIdentity) async throws -> Bool {
        for _ in 0..<50 where !identity.isSettled { try await Task.sleep(for: .milliseconds(1)) }
        return identity.isSettled
    }

    /// Forgets files that are gone, or are something else by now.
    static func collect(dataDirectory: String) throws {
        let records = try DataDirectory("\(dataDirectory)/outputs")
        for name in try records.names() {
            if let record = Self.read(name, in: records), record.identity == FileIdentity(of: record.path) { continue }
            try records.remove(name)
        }
    }

    private func read(_ name: String) -> Record? { Self.read(name, in: records) }

    private static func read(_ name: String, in records: DataDirectory) -> Record? {
        guard let bytes = try? records.read(name, limit: largest),
            let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)),
            record.digests.count == record.sizes.count
        else { return nil }
        return record
    }

    private static func name(of path: String) -> String { Digest(of: Array(path.utf8)).hex }
}
