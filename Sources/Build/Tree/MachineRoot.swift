import Vocabulary

/// The whole root of a machine: every path once, and which part of the image it belongs to.
public struct MachineRoot: Hashable, Sendable {
    /// What a part of the image is made of: a segment of the initrd each, and one for each of its large layers.
    public struct Part: Hashable, Sendable {
        /// `kernel`, `init`, `volumes/NAME`, `onboot/000-NAME`, `services/NAME`, `files` …
        public var name: String

        public init(name: String) { self.name = name }

        /// `boot`, with the kernel, its command line and microcode: in a tar, and in no initrd.
        public static let boot = Part(name: "boot")
    }

    public var parts: [Part]
    /// Parents before what lies in them, in the order of the bytes of their names; without the root itself.
    public var entries: [PlacedEntry]
    /// nil for an image without one.
    public var kernel: FileContent?
    public var commandLine: String
    /// An uncompressed cpio archive that goes in front of everything.
    public var microcode: FileContent?
    /// What the kernel was configured with (`config-*`), where its image says so.
    public var kernelConfiguration: FileContent?

    public init(
        parts: [Part],
        entries: [PlacedEntry],
        kernel: FileContent?,
        commandLine: String,
        microcode: FileContent?
    ) {
        self.parts = parts
        self.entries = entries
        self.kernel = kernel
        self.commandLine = commandLine
        self.microcode = microcode
    }
}

/// What a root is made of, beside its definition: the images, and what is in their layers.
public protocol LayerContents: Sendable {
    /// The image that a definition names, for the architecture that is built.
    func image(_ reference: ImageReference) async throws -> ContainerImage
    func table(of layer: LayerBlob) async throws -> LayerTable
    /// Of an archive that lies in a layer (`kernel.tar`).
    func table(of archive: FileContent, named name: String) async throws -> LayerTable
    /// All bytes of a small file.
    func bytes(of content: FileContent, limit: Int) async throws -> [UInt8]
    /// A file of this host, `~` for who builds; asked twice it is the same.
    func hostFile(_ source: String) throws -> FileContent
}

extension LayerContents {
    public func hostFile(_ source: String) throws -> FileContent {
        try FileContent(hostFile: FileContent.path(ofHostFile: source))
    }
}
