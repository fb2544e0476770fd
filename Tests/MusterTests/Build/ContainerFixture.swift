import Foundation
import Testing
import Vocabulary

@testable import Build

/// Container images of files that a test says, in the cache: an OCI image layout.
enum ContainerFixture {
    /// Puts images of one layer into the cache of a data directory.
    /// - Parameter images: name → path → text.
    static func fill(
        cacheOf data: String,
        with images: KeyValuePairs<String, [String: String]>,
        in directory: TemporaryDirectory
    ) throws {
        let layout = data + "/cache"
        let blobs = layout + "/blobs/sha256"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        let entries = try images.map { try put(image: $0.key, files: $0.value, in: directory, blobs: blobs) }
        let index: [String: Any] = ["schemaVersion": 2, "manifests": entries]
        try json(index).write(to: URL(fileURLWithPath: layout + "/index.json"))
        try Data(#"{"imageLayoutVersion":"1.0.0"}"#.utf8).write(to: URL(fileURLWithPath: layout + "/oci-layout"))
    }

    /// - Returns: what stands in the index.
    private static func put(
        image name: String,
        files: [String: String],
        in directory: TemporaryDirectory,
        blobs: String
    ) throws -> [String: Any] {
        let base = directory.path + "/" + UUID().uuidString.prefix(8)
        let root = base + "/root"
        for (path, text) in files {
            let url = URL(fileURLWithPath: "\(root)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        try tar(root, to: base + "/layer.tar")
        let layer = try Data(contentsOf: URL(fileURLWithPath: base + "/layer.tar"))
        func put(_ data: Data, _ type: String) throws -> [String: Any] {
            let digest = Digest(of: Array(data))
            try data.write(to: URL(fileURLWithPath: "\(blobs)/\(digest.hex)"))
            return ["mediaType": type, "digest": "\(digest)", "size": data.count]
        }
        let config: [String: Any] = [
            "architecture": "amd64", "os": "linux", "config": ["Cmd": ["/run"]],
            "rootfs": ["type": "layers", "diff_ids": ["\(Digest(of: Array(layer)))"]],
        ]
        let manifest: [String: Any] = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": try put(json(config), "application/vnd.oci.image.config.v1+json"),
            "layers": [try put(layer, "application/vnd.oci.image.layer.v1.tar")],
        ]
        var entry = try put(json(manifest), "application/vnd.oci.image.manifest.v1+json")
        entry["annotations"] = ["org.opencontainers.image.ref.name": name]
        return entry
    }

    private static func json(_ object: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
    }

    private static func tar(_ directory: String, to archive: String) throws {
        let options = ["--sort=name", "--mtime=@1000000000", "--owner=0", "--group=0", "--numeric-owner"]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/tar")
        process.arguments = ["-cf", archive, "-C", directory] + options + ["."]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
