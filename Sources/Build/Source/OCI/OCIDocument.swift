import Vocabulary

/// What the name of an image leads to: one image, or an index of several.
enum OCIDocument: Hashable, Sendable {
    case index(OCIIndex)
    case manifest(OCIManifest)

    /// In bytes; registries have to take manifests of this size (OCI distribution specification 1.1, pushing manifests), and
    /// larger ones work nowhere.
    static let longest = 4 << 20

    /// - Parameters:
    ///   - mediaType: what led here said that it is; nil when it said nothing.
    ///   - name: what it is called in errors.
    /// - Throws: `BuildError` for what is no image, and for a document that is several things at once (an index to one
    ///   reader and a manifest to another).
    init(parsing bytes: [UInt8], mediaType: String?, name: String) throws(BuildError) {
        let shape = try decodeJSON(Shape.self, from: bytes, name: name)
        func refuse(_ reason: String) -> BuildError { BuildError(.invalidInput, "cannot use \(name): \(reason)") }
        if shape.schemaVersion == 1 {
            throw refuse("it has Docker's schema 1, which is no longer used: push the image again with a current tool")
        }
        guard shape.schemaVersion == 2 else { throw refuse("it is no container image: 'schemaVersion' is not 2") }
        guard shape.manifests == nil || (shape.layers == nil && shape.config == nil) else {
            throw refuse("it is an index and a manifest at once")
        }
        let told = mediaType.flatMap { OCIMediaType.isIndex($0) || OCIMediaType.isManifest($0) ? $0 : nil }
        if let told, let own = shape.mediaType, told != own {
            throw refuse("it is announced as \(told) and says itself that it is \(own)")
        }
        switch shape.mediaType ?? told {
        case let type? where OCIMediaType.isIndex(type):
            self = .index(try decodeJSON(OCIIndex.self, from: bytes, name: name))
        case let type? where OCIMediaType.isManifest(type):
            self = .manifest(try decodeJSON(OCIManifest.self, from: bytes, name: name))
        case let type?:
            throw refuse("\(type) is no type of a container image")
        case nil where shape.manifests != nil:
            self = .index(try decodeJSON(OCIIndex.self, from: bytes, name: name))
        case nil:
            self = .manifest(try decodeJSON(OCIManifest.self, from: bytes, name: name))
        }
        guard descriptors.allSatisfy({ $0.size <= Self.largestBlob }) else {
            throw refuse("it has a blob of more than \(Self.largestBlob) bytes")
        }
    }

    /// In bytes: 16 TiB. The sum over all that fit into a document is a number still.
    private static let largestBlob: UInt64 = 1 << 44

    /// Everything that it points to.
    private var descriptors: [OCIDescriptor] {
        switch self {
        case .index(let index): index.manifests
        case .manifest(let manifest): [manifest.config] + manifest.layers
        }
    }

    /// The media type that a descriptor of it gives.
    var mediaType: String {
        switch self {
        case .index(let index): index.mediaType ?? OCIMediaType.index
        case .manifest(let manifest): manifest.mediaType ?? OCIMediaType.manifest
        }
    }

    private struct Shape: Decodable {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        var schemaVersion: Int?
        var mediaType: String?
        var manifests: Anything?
        var layers: Anything?
        var config: Anything?
    }
}
