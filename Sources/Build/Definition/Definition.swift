import StrictYAML

/// What a person says an image is made of: one LinuxKit YAML, or several merged into one.
///
/// The keys and their meaning are LinuxKit's; `docs/images.md` has them. Everything in here was checked when it was
/// read: references parse, modes are octal, no two services share a name.
public struct Definition: Hashable, Sendable {
    public var kernel: KernelEntry?
    /// Unpacked over one another at `/`, in order.
    public var initImages: [ImageEntry] = []
    public var volumes: [VolumeEntry] = []
    /// Run one after the other at boot, each until it ends.
    public var onboot: [ContainerEntry] = []
    /// Run one after the other when the machine goes down.
    public var onshutdown: [ContainerEntry] = []
    /// Run side by side for as long as the machine is up.
    public var services: [ContainerEntry] = []
    public var files: [FileEntry] = []
    /// `muster.kernel.initrd`: what the initrd shall be compressed with, whatever the kernel seems to read.
    public var initrdCompression: InitrdCompression?

    public init() {}
}

/// An image that is named in a list of nothing but images (`init:`).
public struct ImageEntry: Hashable, Sendable {
    public var image: ImageReference
    public var place: SourcePlace

    public init(image: ImageReference, place: SourcePlace) {
        self.image = image
        self.place = place
    }
}

/// `kernel:`. What is not said is nil, so that merging can tell.
public struct KernelEntry: Hashable, Sendable {
    /// No kernel is taken out of no image.
    public var image: ImageReference?
    public var commandLine: String?
    /// The kernel's name in the image; `kernel` unless said otherwise.
    public var binary: String?
    /// The name of the archive with modules; `kernel.tar` unless said otherwise, `none` or empty for no archive.
    public var tar: String?
    /// The name of an uncompressed cpio archive with microcode.
    public var microcode: String?
    public var place: SourcePlace

    public init(place: SourcePlace) { self.place = place }
}

/// One of `volumes:`.
public struct VolumeEntry: Hashable, Sendable {
    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// The image unpacked.
        case filesystem
        /// The image as an OCI layout.
        case oci
    }

    public var name: String
    /// nil for an empty directory.
    public var image: ImageReference?
    /// The image's name as it was written.
    public var imageText: String?
    public var isReadOnly = false
    public var format = Format.filesystem
    /// `linux/amd64` …, for `oci` only; empty for the image's own platform.
    public var platforms: [String] = []
    public var place: SourcePlace

    public init(name: String, place: SourcePlace) {
        self.name = name
        self.place = place
    }
}

/// One of `onboot:`, `onshutdown:` or `services:`.
public struct ContainerEntry: Hashable, Sendable {
    public var name: String
    public var image: ImageReference
    /// As it stands in the YAML: the image's label and configuration fill in what is nil.
    public var settings: ContainerSettings
    public var place: SourcePlace

    public init(name: String, image: ImageReference, settings: ContainerSettings, place: SourcePlace) {
        self.name = name
        self.image = image
        self.settings = settings
        self.place = place
    }
}

/// One of `files:`.
public struct FileEntry: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case directory
        case symbolicLink(target: String)
        case text(String)
        /// A file of the host that builds.
        case source(String)
        /// The merged definition itself.
        case metadata(MetadataFormat)
    }

    public enum MetadataFormat: String, Hashable, Sendable, CaseIterable { case yaml, json }

    /// Relative to the root, without `..`.
    public var path: String
    public var content: Content
    /// A source that cannot be read is left out.
    public var isOptional = false
    /// nil for 0600, and 0700 for a directory.
    public var mode: UInt16?
    public var owner: UserReference?
    public var group: UserReference?
    /// Path and mode as they were written.
    public var pathText: String
    public var modeText: String?
    public var place: SourcePlace

    public init(path: String, content: Content, place: SourcePlace) {
        self.path = path
        self.pathText = path
        self.content = content
        self.place = place
    }
}

/// A user or a group: a number, or the name of an entry, which stands for the number that was allotted to it.
public enum UserReference: Hashable, Sendable {
    case number(UInt32)
    case entry(String)
}

/// How the segments of an initrd are compressed.
public enum InitrdCompression: String, Hashable, Sendable, CaseIterable {
    case zstd, gzip, xz, none
}
