import Foundation
import Testing
import Vocabulary

@testable import Build

/// OCI layouts made by hand, good and bad ones. The layers' bytes are nobody's business here.
struct LayoutFixture {
    let path: String

    init(at path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path + "/blobs/sha256", withIntermediateDirectories: true)
        try write("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    @discardableResult
    func blob(_ bytes: some Sequence<UInt8>, type: String) throws -> OCIDescriptor {
        let bytes = Array(bytes)
        let digest = Digest(of: bytes)
        try Data(bytes).write(to: URL(filePath: "\(path)/blobs/sha256/\(digest.hex)"))
        return OCIDescriptor(mediaType: type, digest: digest, size: UInt64(bytes.count))
    }

    func document(_ value: some Encodable, type: String) throws -> OCIDescriptor {
        try blob(JSONEncoder().encode(value), type: type)
    }

    /// An image with layers of those bytes.
    func image(
        architecture: String? = "amd64",
        variant: String? = nil,
        layers: [String],
        labels: [String: String] = [:],
        configurationType: String = OCIMediaType.config
    ) throws -> OCIDescriptor {
        var configuration: [String: Any] = [
            "os": "linux",
            "config": ["Cmd": ["/bin/true"], "Env": ["PATH=/bin"], "Labels": labels],
            "rootfs": ["type": "layers", "diff_ids": layers.map { Digest(of: Array($0.utf8)).description }],
        ]
        configuration["architecture"] = architecture
        configuration["variant"] = variant
        let config = try blob(
            JSONSerialization.data(withJSONObject: configuration, options: .sortedKeys),
            type: configurationType
        )
        let blobs = try layers.map { try blob($0.utf8, type: OCIMediaType.layer) }
        return try document(OCIManifest(config: config, layers: blobs), type: OCIMediaType.manifest)
    }

    func index(_ manifests: [OCIDescriptor]) throws -> OCIDescriptor {
        try document(OCIIndex(manifests: manifests), type: OCIMediaType.index)
    }

    /// Writes `index.json`; a name goes into the specification's annotation.
    func finish(_ entries: [(name: String?, descriptor: OCIDescriptor)]) throws {
        let manifests = entries.map { name, descriptor in
            var descriptor = descriptor
            descriptor.annotations = name.map { [ContainerCache.nameAnnotation: $0] }
            return descriptor
        }
        try Data(JSONEncoder().encode(OCIIndex(manifests: manifests))).write(to: URL(filePath: path + "/index.json"))
    }

    /// The same in a tar archive.
    func archive(_ options: [String] = []) async throws -> String {
        let file = path + ".tar"
        try await HostProgram.run("bsdtar", options + ["-cf", file, "-C", path, "oci-layout", "index.json", "blobs"])
        return file
    }
}

extension OCIDescriptor {
    func on(_ architecture: String, variant: String? = nil, os: String = "linux") -> OCIDescriptor {
        var descriptor = self
        descriptor.platform = OCIPlatform(architecture: architecture, os: os, variant: variant)
        return descriptor
    }
}

/// The error that `body` has to throw.
func refusal(_ body: () async throws -> Void) async -> BuildError? {
    do {
        try await body()
        Issue.record("nothing was refused")
        return nil
    } catch {
        if !(error is BuildError) { Issue.record("not an error for people: \(error)") }
        return error as? BuildError
    }
}

extension TemporaryDirectory {
    /// The names of the cache's blobs, hidden leftovers included.
    func cachedBlobs(of data: String = ".") throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: path("\(data)/cache/blobs/sha256")))
    }
}

extension LayoutFixture {
    /// A real layer: a tar archive with one file of random bytes, compressed with gzip.
    func archiveLayer(bytes count: Int) async throws -> OCIDescriptor {
        let scratch = try TemporaryDirectory()
        _ = try scratch.file("data", (0..<count).map { _ in UInt8.random(in: 0...255) })
        let file = scratch.path("layer.tar.gz")
        try await HostProgram.run("bsdtar", ["-czf", file, "-C", scratch.path, "data"])
        return try blob(Data(contentsOf: URL(filePath: file)), type: OCIMediaType.layerGzip)
    }

    /// An image of layers that lie here already. The digests of their contents are made up: nobody unpacks them.
    func image(of layers: [OCIDescriptor], architecture: String = "amd64") throws -> OCIDescriptor {
        let configuration: [String: Any] = [
            "os": "linux", "architecture": architecture,
            "rootfs": ["type": "layers", "diff_ids": layers.map(\.digest.description)],
        ]
        let config = try blob(
            JSONSerialization.data(withJSONObject: configuration, options: .sortedKeys),
            type: OCIMediaType.config
        )
        return try document(OCIManifest(config: config, layers: layers), type: OCIMediaType.manifest)
    }

    /// The digest of the largest layer of an image that lies here.
    func bigLayer(of image: OCIDescriptor) throws -> String {
        let bytes = try Data(contentsOf: URL(filePath: "\(path)/blobs/sha256/\(image.digest.hex)"))
        let manifest = try decodeJSON(OCIManifest.self, from: Array(bytes), name: "the manifest")
        return manifest.layers.max { $0.size < $1.size }!.digest.description
    }
}
