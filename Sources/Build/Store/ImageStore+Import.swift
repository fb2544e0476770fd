import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension ImageStore {
    /// Bytes kept free on every kernel command line for what each boot adds (`muster.boot=`, `muster.url=` …) and for a
    /// profile's own arguments.
    public static let commandLineReserve = 256

    /// Makes an image of files and gives it a name: copies them into the blob store, reading each once, and adds a
    /// release to the name.
    ///
    /// - Parameters:
    ///   - initrds: in the order in which the kernel unpacks them; none for a kernel with a built-in one.
    ///   - architecture: nil to read it from the kernel.
    ///   - now: when the release is made, for people; the image does not contain it.
    /// - Returns: the image's digest and manifest. The same files, again, are the same digest and make no new release.
    /// - Throws: `BuildError` for a kernel that is none, a command line that is too long, or a file that cannot be read.
    public func `import`(
        name: String,
        kernel: String,
        initrds: [String] = [],
        commandLine: String = "",
        architecture: Architecture? = nil,
        labels: [String: String] = [:],
        now: Timestamp = Moment.now().wall
    ) throws -> Entry {
        let use = try use()
        defer { use.end() }
        let imageName = try ImageName(name)
        let recognised = try Self.recognise(kernel: kernel, architecture: architecture)
        if let problem = try recognised.image.commandLineProblem(commandLine) {
            throw BuildError(.invalidInput, problem)
        }
        let kernelBlob = try blobs.store(file: kernel)
        let parts = try initrds.enumerated().map { index, path in
            let blob = try blobs.store(file: path)
            guard blob.size > 0 else { throw BuildError(.invalidInput, "the initrd \(path) is empty") }
            let part = initrds.count == 1 ? "initrd" : "initrd-\(index)"
            return ImageManifest.Part(digest: blob.digest, size: blob.size, part: part)
        }
        let manifest = ImageManifest(
            architecture: recognised.image.architecture,
            kernel: kernelBlob,
            initrd: parts,
            commandLine: commandLine,
            labels: labels
        )
        let digest = try blobs.store(manifest.canonicalBytes).digest
        let release = try publish(digest, architecture: manifest.architecture, as: imageName, now: now)
        return Entry(
            name: name,
            release: release.number,
            created: release.created,
            digest: digest,
            manifest: manifest,
            warnings: [recognised.warning].compactMap(\.self)
        )
    }

    /// Makes `digest` what `name` means for its architecture from now on.
    /// - Returns: the new release, or the current one when nothing changed.
    public func publish(
        _ digest: Digest,
        architecture: Architecture,
        as name: ImageName,
        now: Timestamp
    ) throws -> ImageRelease {
        let lock = try POSIXFile(directory.path, flags: O_RDONLY | O_DIRECTORY)
        guard flock(lock.descriptor, LOCK_EX) == 0 else { throw BuildError.system("cannot lock \(directory.path)") }
        var named = try named(name) ?? NamedImage(name: name.description, releases: [])
        var images = named.releases.last?.images ?? [:]
        if let current = named.releases.last, images[architecture.rawValue] == digest { return current }
        images[architecture.rawValue] = digest
        let number = (named.releases.last?.number ?? 0) + 1
        let release = ImageRelease(number: number, created: now, images: images)
        named.releases.append(release)
        try save(named)
        return release
    }

    /// Writes what a name means; whoever calls holds the lock of the directory, or is alone in it.
    func save(_ named: NamedImage) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try directory.replace("\(named.name).json", with: Array(encoder.encode(named)))
    }

    /// What the kernel file is. A file that begins like no kernel is taken for what `architecture` says, else for amd64,
    /// with a warning; one that begins like something else that people have at hand is refused.
    private static func recognise(kernel: String, architecture: Architecture?) throws -> RecognisedKernel {
        let bytes = try KernelImage.header(of: kernel)
        guard !bytes.isEmpty else { throw BuildError(.invalidInput, "the kernel \(kernel) is empty") }
        if let image = KernelImage(header: bytes) {
            if let architecture, image.architecture != architecture {
                throw BuildError(
                    .invalidInput,
                    "the kernel \(kernel) is for \(image.architecture), and \(architecture) was asked for"
                )
            }
            return RecognisedKernel(image: image, warning: nil)
        }
        if let other = KernelImage.whatElse(header: bytes) {
            throw BuildError(.invalidInput, "the kernel \(kernel) is \(other)")
        }
        let assumed = architecture ?? .amd64
        let warning =
            "\(kernel) begins like no Linux kernel (a bzImage, an Image, or an EFI program); taken for \(assumed)"
        return RecognisedKernel(
            image: KernelImage(architecture: assumed, commandLineLimit: KernelImage.limit(assumed)),
            warning: warning
        )
    }

    private struct RecognisedKernel {
        var image: KernelImage
        var warning: String?
    }
}
