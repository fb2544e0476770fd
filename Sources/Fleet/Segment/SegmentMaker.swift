import Build
import Dispatch
import Inventory
import Synchronization
import Vocabulary

/// Makes the machine segments that take time, because files or secrets are in them: beside the boot plane's threads.
///
/// Requests wait in a line of bounded length; `FleetService` works it off. Nothing of a segment is kept.
final class SegmentMaker: Sendable {
    typealias Job = @Sendable () async -> Void

    /// Requests that wait at most, and that are worked on at once.
    private static let capacity = 1024
    static let concurrent = 8
    /// Images whose directories are remembered.
    private static let images = 16

    private let line: AsyncStream<Job>.Continuation
    let jobs: AsyncStream<Job>
    private let directories = Mutex<[Digest: Set<BytePath>]>([:])
    private let secrets = SecretReader()
    private let blobs: BlobStore

    init(blobs: BlobStore) {
        self.blobs = blobs
        (jobs, line) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    /// - Returns: false when too many wait already.
    func submit(_ job: @escaping Job) -> Bool {
        if case .enqueued = line.yield(job) { true } else { false }
    }

    /// The files and the token for one machine.
    /// - Throws: why not, without anything secret in it.
    func segment(_ facts: SegmentTemplates.Facts, image: ImageManifest, token: BootToken) async throws -> [UInt8] {
        var values: [String: String] = [:]
        for (name, reference) in facts.profile.secrets {
            values[name] = try await secrets.read(reference, named: name, for: facts.machine.name)
        }
        let files = try SegmentTemplates.render(facts, secrets: values)
        let present = try await directories(of: image)
        return try MachineSegment(token: token, files: files, present: present).bytes()
    }

    /// What stands in an image where a directory could: known by reading all of its initrd once.
    private func directories(of image: ImageManifest) async throws -> Set<BytePath> {
        let digest = image.digest
        if let known = directories.withLock({ $0[digest] }) { return known }
        let blobs = blobs
        let found = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(
                    with: Result {
                        let contents = try ImageContents(of: image, in: blobs)
                        return Set(contents.files.filter { $0.type != 0o100000 }.map(\.path))
                    }
                )
            }
        }
        directories.withLock { directories in
            if directories.count >= Self.images { directories.removeAll() }
            directories[digest] = found
        }
        return found
    }
}
