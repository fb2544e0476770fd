import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Names everything that decides which image a build makes: what was asked for, the container images that it names by
/// their manifests' digests, this host's files that it takes by their contents, and the program that builds.
///
/// Layers need not be looked at: a manifest's digest decides them.
enum BuildKey {
    /// - Parameter contents: has the images and the files; what it says of them is what the build takes.
    /// - Returns: nil when this program cannot tell itself from another version of it: then nothing is known of builds
    ///   that were.
    static func of(_ request: BuildRequest, contents: any LayerContents) async throws -> Digest? {
        guard let program = Self.program else { return nil }
        var hash = KeyHash()
        hash.add(text: "muster build")
        for number in program { hash.add(number) }
        hash.add(text: request.architecture.rawValue)
        hash.add((request.isCompact ? 1 : 0) | (request.isStrict ? 2 : 0))
        hash.add(text: request.root?.rawValue ?? "")
        hash.add(text: request.sourceDateEpoch.map(String.init) ?? "")
        hash.add(ValueDigest.of(request.labels))
        hash.add(ValueDigest.of(request.definition))
        for reference in request.definition.images.sorted(by: { $0.description < $1.description }) {
            hash.add(text: reference.description)
            hash.add(try await contents.image(reference).digest)
        }
        for file in request.definition.files {
            guard case .source(let source) = file.content else { continue }
            hash.add(text: source)
            // What cannot be read is left out of the image, or ends the build.
            guard let content = try? contents.hostFile(source) else {
                hash.add(text: "missing")
                continue
            }
            hash.add(content.size)
            hash.add(content.digest)
        }
        return hash.finish()
    }

    /// The file that this process runs: its device, inode, size, and the times of its last changes. Another version of
    /// this program may build something else.
    private static let program: [UInt64]? = {
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return nil }
        let times = [status.st_mtim, status.st_ctim].flatMap { [$0.tv_sec, $0.tv_nsec] }
        return [UInt64(status.st_dev), UInt64(status.st_ino), UInt64(status.st_size)]
            + times.map { UInt64(bitPattern: Int64($0)) }
    }()
}
