import Dispatch
import Foundation
import Synchronization
import Vocabulary

/// What is in layers: their tables, kept on disk by the layer's digest, and the contents of their files, unpacked at most
/// once into a spool that goes with the store.
///
/// One store serves one build and is dropped with it, which frees the spools' space; tables stay, in `layers/` of the
/// data directory. Layers are unpacked in parallel, on threads of their own. Safe from any thread.
public final class LayerStore: Sendable {
    /// What an archive may be, before it is refused.
    public struct Limits: Hashable, Sendable {
        /// What its files may have together, in bytes.
        public var bytes: UInt64 = 16 << 30
        public var entries = 2_000_000

        public init() {}

        /// Linux' PATH_MAX, NAME_MAX and XATTR_LIST_MAX, in bytes.
        static let path = 4095
        static let name = 255
        static let attributes = 65_536
        /// How long names and attributes may be on the average, in bytes.
        static let metadataPerEntry = 512
    }

    /// Called from any thread while a layer is unpacked, with the compressed bytes so far.
    public typealias Progress = @Sendable (_ layer: LayerBlob, _ read: UInt64) -> Void

    private let directory: DataDirectory
    private let limits: Limits
    private let progress: Progress?
    private let queue: OperationQueue

    /// Where an archive's bytes are.
    private enum Origin {
        case blob(LayerBlob)
        case content(FileContent, name: String)
    }

    private struct State {
        var origins: [LayerID: Origin] = [:]
        var running: [LayerID: Unpacking] = [:]
        var spools: [LayerID: SharedFile] = [:]
    }
    private let state = Mutex(State())

    /// - Throws: `BuildError` when there is no directory and none can be made.
    public init(dataDirectory: String, limits: Limits = Limits(), progress: Progress? = nil) throws {
        directory = try DataDirectory("\(dataDirectory)/layers")
        self.limits = limits
        self.progress = progress
        queue = OperationQueue()
        queue.name = "muster.layers"
        queue.qualityOfService = BuildPriority.quality
        queue.maxConcurrentOperationCount = ProcessInfo.processInfo.activeProcessorCount
    }

    // MARK: Tables

    /// The table of a layer that lies on this host: from the disk, or out of the layer.
    /// - Throws: `BuildError` for a layer that is damaged, holds what no layer may hold or exceeds the limits, and when the
    ///   disk is full.
    public func table(of layer: LayerBlob) async throws -> LayerTable {
        try await table(LayerID(layer.digest), .blob(layer))
    }

    /// The table of an archive that lies in a layer.
    /// - Parameter name: for errors.
    public func table(of archive: FileContent, named name: String) async throws -> LayerTable {
        try await table(LayerID(archive.digest), .content(archive, name: name))
    }

    private func table(_ id: LayerID, _ origin: Origin) async throws -> LayerTable {
        state.withLock { $0.origins[id] = origin }
        if let table = await savedTable(id) { return table }
        if let waiter = join(id) { return try await outcome(waiter).table }
        // Unpacked meanwhile, and saved.
        if let table = await savedTable(id) { return table }
        throw BuildError(.unavailable, "cannot read \(directory.path)/\(id.digest.hex), which was written just now")
    }

    /// Whether the layer's table is on the disk already. What is there may still turn out to be of no use.
    func isKnown(_ layer: LayerBlob) -> Bool { access("\(directory.path)/\(layer.digest.hex)", F_OK) == 0 }

    // MARK: Contents

    /// Unpacks layers that lie on this host, in parallel. Cancelled, it stops at once.
    func unpack(_ layers: [LayerBlob]) async throws {
        state.withLock { state in
            for layer in layers { state.origins[LayerID(layer.digest)] = .blob(layer) }
        }
        try await unpack(Set(layers.map { LayerID($0.digest) }))
    }

    /// Unpacks whatever must be unpacked for these contents, layers in parallel, so that reading them only reads.
    /// Cancelled, it stops at once.
    public func unpack(_ contents: some Sequence<FileContent>) async throws {
        try await unpack(Set(contents.compactMap { if case .layer(let id, _) = $0.place { id } else { nil } }))
    }

    private func unpack(_ needed: Set<LayerID>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for waiter in needed.compactMap({ join($0) }) {
                group.addTask { _ = try await self.outcome(waiter) }
            }
            try await group.waitForAll()
        }
    }

    /// All bytes of a small file.
    /// - Parameter limit: in bytes; what is longer is refused.
    public func bytes(of content: FileContent, limit: Int) async throws -> [UInt8] {
        guard content.size <= UInt64(limit) else {
            throw BuildError(.invalidInput, "a file has \(content.size) bytes, more than the \(limit) expected of it")
        }
        try await unpack(CollectionOfOne(content))
        return try await onQueue {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(Int(content.size))
            try self.read(content) { bytes += $0 }
            return bytes
        }
    }

    // MARK: Unpacking

    /// A place among those who wait for a layer.
    private struct Waiter: Sendable {
        var id: LayerID
        var unpacking: Unpacking
        var ticket: Int
    }

    /// Joins the unpacking of a layer that is under way, or a new one that nobody has started; nil when it is unpacked.
    private func join(_ id: LayerID) -> Waiter? {
        state.withLock { state in
            guard state.spools[id] == nil else { return nil }
            if let running = state.running[id], let ticket = running.join() {
                return Waiter(id: id, unpacking: running, ticket: ticket)
            }
            let unpacking = Unpacking()
            state.running[id] = unpacking
            return Waiter(id: id, unpacking: unpacking, ticket: unpacking.join()!)
        }
    }

    /// Unpacks on the queue, or waits for whoever does.
    private func outcome(_ waiter: Waiter) async throws -> LayerUnpacker.Unpacked {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiter.unpacking.wait(waiter.ticket) { continuation.resume(with: $0) }
                queue.addOperation { self.run(waiter.unpacking, waiter.id) }
            }
        } onCancel: {
            waiter.unpacking.leave(waiter.ticket)
        }
    }

    /// Unpacks on this thread, or waits for whoever does.
    private func spool(_ id: LayerID) throws -> SharedFile {
        guard let waiter = join(id) else { return state.withLock { $0.spools[id]! } }
        let semaphore = DispatchSemaphore(value: 0)
        let outcome = Mutex<Unpacking.Outcome?>(nil)
        waiter.unpacking.wait(waiter.ticket) { result in
            outcome.withLock { $0 = result }
            semaphore.signal()
        }
        run(waiter.unpacking, id)
        semaphore.wait()
        return try outcome.withLock { $0! }.get().spool
    }

    /// Does it, if nobody else has started.
    private func run(_ unpacking: Unpacking, _ id: LayerID) {
        guard unpacking.start() else { return }
        let outcome = Result { try unpack(id) { unpacking.isAbandoned } }
        state.withLock { state in
            if case .success(let unpacked) = outcome { state.spools[id] = unpacked.spool }
            if state.running[id] === unpacking { state.running[id] = nil }
        }
        unpacking.finish(outcome)
    }

    private func unpack(_ id: LayerID, isAbandoned: () -> Bool) throws -> LayerUnpacker.Unpacked {
        guard let origin = state.withLock({ $0.origins[id] }) else {
            throw BuildError(.notFound, "cannot unpack \(id.digest): nobody said where it is")
        }
        let (input, name) = try input(origin)
        let unpacker = LayerUnpacker(id: id, name: name, limits: limits, directory: directory)
        let known = try? readTable(id)
        let unpacked = try unpacker.unpack(input, known: known, isAbandoned: isAbandoned)
        if unpacked.table != known { try save(unpacked.table) }
        return unpacked
    }

    private func input(_ origin: Origin) throws -> (ArchiveInput, name: String) {
        switch origin {
        case .blob(let layer):
            let file = try SharedFile(reading: layer.path)
            guard try file.size == layer.size else {
                throw BuildError(
                    .corrupt,
                    "\(layer.path) was damaged: it has \(try file.size) bytes instead of \(layer.size); remove it and pull its image again"
                )
            }
            let progress = progress.map { progress in { progress(layer, $0) } }
            let input = ArchiveInput(file, size: layer.size, digest: layer.digest, progress: progress)
            return (input, "the layer \(layer.digest)")
        case .content(let content, let name):
            switch content.place {
            case .layer(let id, let offset):
                return (ArchiveInput(try spool(id), offset: offset, size: content.size), name)
            case .host(let path):
                let file = try SharedFile(reading: path)
                return (ArchiveInput(file, size: content.size, digest: content.digest), name)
            case .bytes(let bytes):
                let file = try SharedFile(unnamedIn: directory)
                try bytes.withUnsafeBytes { try file.write($0, at: 0) }
                return (ArchiveInput(file, size: content.size), name)
            }
        }
    }

    // MARK: Tables on disk

    /// nil when there is none, or none that can be used: a damaged one is made anew, and what passes this build's limits
    /// is refused by the unpacking.
    private func savedTable(_ id: LayerID) async -> LayerTable? {
        try? await onQueue { try self.readTable(id) }
    }

    private func readTable(_ id: LayerID) throws -> LayerTable? {
        guard let bytes = try directory.read(id.digest.hex, limit: 1 << 30),
            let table = LayerTable(encoded: bytes, id: id), table.entries.count <= limits.entries,
            table.contentSize <= limits.bytes
        else { return nil }
        return table
    }

    /// All or nothing; not waiting for the disk, because what a power cut damages is found and made anew.
    private func save(_ table: LayerTable) throws {
        let file = try directory.temporaryFile()
        do {
            try table.encoded.withUnsafeBytes { try file.write($0) }
            let path = "\(directory.path)/\(table.id.digest.hex)"
            guard rename(file.path, path) == 0 else { throw BuildError.system("cannot write \(path)") }
        } catch {
            unlink(file.path)
            throw error
        }
    }

    /// Runs what blocks where it may.
    private func onQueue<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.addOperation { continuation.resume(with: Result { try body() }) }
        }
    }
}

extension LayerTable {
    /// Of all files together, in bytes.
    fileprivate var contentSize: UInt64 {
        entries.reduce(0) { if case .file(let content) = $1.kind { $0 + content.size } else { $0 } }
    }
}

// MARK: Reading

extension LayerStore: ContentReader {
    public func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        switch content.place {
        case .bytes(let bytes): try bytes.withUnsafeBytes(body)
        case .layer(let id, let offset):
            try read(try spool(id), offset: offset, size: content.size, body)
        case .host(let path):
            let file = try SharedFile(reading: path)
            guard try file.size == content.size else { throw Self.changed(path) }
            let input = ArchiveInput(file, size: content.size, digest: content.digest)
            while true {
                let bytes = try input.next()
                if bytes.isEmpty { break }
                try body(bytes)
            }
            do { try input.verify() } catch { throw Self.changed(path) }
        }
    }

    private func read(
        _ file: SharedFile,
        offset: UInt64,
        size: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard size > 0 else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(size, 1 << 18)), alignment: 16)
        defer { buffer.deallocate() }
        var position: UInt64 = 0
        while position < size {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(size - position, 1 << 18))])
            try file.read(into: piece, at: offset + position)
            try body(UnsafeRawBufferPointer(piece))
            position += UInt64(piece.count)
        }
    }

    private static func changed(_ path: String) -> BuildError {
        BuildError(.invalidInput, "cannot use \(path): it changed while the image was built; build again")
    }
}
