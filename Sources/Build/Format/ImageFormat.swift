import Vocabulary

/// One way of writing an image out as files (`muster build --format`).
///
/// What it writes depends on the image alone: not on the time, the host, or the directory.
public protocol ImageFormat: Sendable {
    /// What people ask for: `raw-efi`.
    var name: String { get }
    /// Whether it is made of `BuiltImage.root`; the others are made of the manifest and its blobs alone.
    var needsRoot: Bool { get }
    /// The names of the files (or directories) for an image that is called `name`. A file that the image has no use for
    /// (an empty command line) may be missing afterwards.
    func fileNames(for name: String) -> [String]
    /// Writes the files into `work.output`.
    /// - Throws: `BuildError` for what the format cannot carry, and for a program that is missing, with its package.
    func write(_ image: BuiltImage, in work: FormatWork) async throws
}

extension ImageFormat {
    public var needsRoot: Bool { true }
}

/// A format of nothing but the root, which needs no kernel.
public protocol RootFormat: ImageFormat {
    /// As `write(_:in:)` of an image.
    func write(_ root: BuiltRoot, in work: FormatWork) async throws
}

extension RootFormat {
    public func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await write(image.builtRoot, in: work)
    }
}

/// What a format needs beside the image.
public struct FormatWork: Sendable {
    /// What the image is called.
    public var name: String
    /// An empty directory that the files appear in; they are published from there when everything is whole.
    public var output: String
    /// A directory for what is needed meanwhile, empty at first and the format's own.
    public var scratch: String
    /// Holds the image's blobs.
    public var blobs: BlobStore
    public var signing: SigningKey?
    public var tools: FormatTools
    /// What stands where the files will appear.
    let files: OutputFiles

    init(
        name: String,
        output: String,
        scratch: String,
        blobs: BlobStore,
        signing: SigningKey? = nil,
        tools: FormatTools = .host,
        files: OutputFiles
    ) {
        self.name = name
        self.output = output
        self.scratch = scratch
        self.blobs = blobs
        self.signing = signing
        self.tools = tools
        self.files = files
    }
}

/// What EFI programs are signed with, for Secure Boot: PEM files.
public struct SigningKey: Hashable, Sendable {
    /// Paths.
    public var key: String
    public var certificate: String

    public init(key: String, certificate: String) {
        self.key = key
        self.certificate = certificate
    }
}
