import Vocabulary

/// A reference to bytes of a container image: their type, digest and size (OCI image specification 1.1, descriptor).
public struct OCIDescriptor: Hashable, Sendable, Codable {
    public var mediaType: String
    public var digest: Digest
    /// In bytes.
    public var size: UInt64
    public var platform: OCIPlatform?
    public var annotations: [String: String]?
    public var artifactType: String?

    public init(
        mediaType: String,
        digest: Digest,
        size: UInt64,
        platform: OCIPlatform? = nil,
        annotations: [String: String]? = nil,
        artifactType: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
        self.artifactType = artifactType
    }
}

/// What an image of an index runs on.
public struct OCIPlatform: Hashable, Sendable, Codable {
    public var architecture: String
    public var os: String
    public var variant: String?

    public init(architecture: String, os: String = "linux", variant: String? = nil) {
        self.architecture = architecture
        self.os = os
        self.variant = variant
    }
}

/// Several images, by platform or by name (OCI image index, Docker manifest list).
public struct OCIIndex: Hashable, Sendable, Codable {
    public var schemaVersion = 2
    public var mediaType: String?
    public var manifests: [OCIDescriptor]
    public var annotations: [String: String]?

    public init(mediaType: String? = OCIMediaType.index, manifests: [OCIDescriptor] = []) {
        self.mediaType = mediaType
        self.manifests = manifests
    }
}

/// One image: its configuration and its layers, the lowest first (OCI image manifest, Docker schema 2).
public struct OCIManifest: Hashable, Sendable, Codable {
    public var schemaVersion = 2
    public var mediaType: String?
    public var artifactType: String?
    public var config: OCIDescriptor
    public var layers: [OCIDescriptor]
    public var annotations: [String: String]?

    public init(mediaType: String? = OCIMediaType.manifest, config: OCIDescriptor, layers: [OCIDescriptor]) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
    }
}

/// The media types that registries and layouts use.
public enum OCIMediaType {
    public static let index = "application/vnd.oci.image.index.v1+json"
    public static let manifest = "application/vnd.oci.image.manifest.v1+json"
    public static let config = "application/vnd.oci.image.config.v1+json"
    public static let layer = "application/vnd.oci.image.layer.v1.tar"
    public static let layerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let layerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"
    public static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerConfig = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip"

    public static func isIndex(_ type: String?) -> Bool { type == index || type == dockerIndex }
    public static func isManifest(_ type: String?) -> Bool { type == manifest || type == dockerManifest }
}
