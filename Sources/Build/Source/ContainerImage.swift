import Vocabulary

/// A container image for one architecture, whole on this host: what every source gives and the tree is made of.
public struct ContainerImage: Hashable, Sendable {
    /// As a definition names it.
    public var reference: ImageReference
    /// Of the manifest; the same bytes have the same digest wherever they came from.
    public var digest: Digest
    public var architecture: Architecture
    public var configuration: ImageConfiguration
    /// The lowest first.
    public var layers: [LayerBlob]
    /// The image's manifest and its configuration, as they lie there: what an OCI layout has beside the layers. Empty when
    /// they are not on this host.
    public var documents: [LayerBlob]

    public init(
        reference: ImageReference,
        digest: Digest,
        architecture: Architecture,
        configuration: ImageConfiguration,
        layers: [LayerBlob],
        documents: [LayerBlob] = []
    ) {
        self.reference = reference
        self.digest = digest
        self.architecture = architecture
        self.configuration = configuration
        self.layers = layers
        self.documents = documents
    }
}

/// A layer as it was pulled: a tar archive, most likely compressed, that lies in a file.
public struct LayerBlob: Hashable, Sendable {
    /// Of the bytes as they lie there.
    public var digest: Digest
    /// In bytes.
    public var size: UInt64
    public var mediaType: String
    /// The file. It never changes: blobs are named by their digests.
    public var path: String

    public init(digest: Digest, size: UInt64, mediaType: String, path: String) {
        self.digest = digest
        self.size = size
        self.mediaType = mediaType
        self.path = path
    }
}

/// What an image says about the program in it (OCI image configuration), as far as a definition builds on it.
public struct ImageConfiguration: Hashable, Sendable {
    public var entryPoint: [String] = []
    public var command: [String] = []
    public var environment: [String] = []
    public var workingDirectory = ""
    public var labels: [String: String] = [:]

    public init() {}

    /// The label that holds a container's settings.
    public static let settingsLabel = "org.mobyproject.config"
}
