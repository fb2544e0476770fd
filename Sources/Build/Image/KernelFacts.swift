import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What kernels were found to read, kept on disk by their digests: looking into one takes a good part of a second.
struct KernelFacts: Sendable {
    private let directory: DataDirectory
    private let blobs: BlobStore

    init(dataDirectory: String, blobs: BlobStore) throws {
        directory = try DataDirectory("\(dataDirectory)/kernels")
        self.blobs = blobs
    }

    /// - Parameters:
    ///   - kernel: a blob of the store.
    ///   - configuration: `config-*` beside the kernel, if there is one; `read` hands out its bytes.
    func compression(
        of kernel: Blob,
        configuration: FileContent?,
        read: (FileContent) async throws -> [UInt8]
    ) async throws -> KernelCompression {
        let name = Digest(of: kernel.digest.octets + (configuration?.digest.octets ?? [])).hex
        if let bytes = try directory.read(name, limit: 1000), let known = Self.parse(bytes) { return known }
        let found: KernelCompression
        if let configuration,
            let known = KernelCompression(
                configuration: String(decoding: try await read(configuration), as: UTF8.self)
            )
        {
            found = known
        } else {
            let path = blobs.path(of: kernel.digest)
            found = try await BlockingWork.run { _ in try Self.look(into: path) }
        }
        try directory.replace(name, with: Self.text(found))
        return found
    }

    private static func look(into path: String) throws -> KernelCompression {
        let file = try POSIXFile(path, flags: O_RDONLY)
        let size = try file.regularSize()
        guard size <= UInt64(KernelConfiguration.largestKernel) else { return .unknown }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        guard count == bytes.count else { throw BuildError(.corrupt, "cannot read \(path): it ends before it should") }
        let kernel = KernelConfiguration(kernel: bytes)
        return kernel.text.flatMap { KernelCompression(configuration: $0) }
            ?? kernel.version.flatMap { KernelCompression(version: $0) } ?? .unknown
    }

    /// Names in a line; `unknown` when nobody knows.
    private static func text(_ known: KernelCompression) -> [UInt8] {
        let names = known.readable.map { readable in
            InitrdCompression.allCases.filter(readable.contains).map(\.rawValue)
        }
        return Array(((names ?? ["unknown"]).joined(separator: " ") + "\n").utf8)
    }

    private static func parse(_ bytes: [UInt8]) -> KernelCompression? {
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        if words == ["unknown"] { return .unknown }
        let formats = words.compactMap(InitrdCompression.init)
        return formats.count == words.count ? KernelCompression(readable: Set(formats)) : nil
    }
}
