import Build
import Foundation
import Vocabulary

/// A container image of one layer, as an OCI archive (OCI image layout 1.1 in a tar file).
enum ContainerArchive {
    /// - Parameters:
    ///   - name: the image's, which `muster cache load` takes from the annotation.
    ///   - root: the directory with the image's files; owners become root.
    static func write(_ name: String, root: String, to path: String) async throws {
        let layout = path + ".layout"
        let blobs = layout + "/blobs/sha256"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: layout) }
        func store(_ bytes: Data) throws -> String {
            let digest = Digest(of: bytes)
            try bytes.write(to: URL(filePath: "\(blobs)/\(digest.hex)"))
            return digest.description
        }
        func descriptor(_ type: String, _ bytes: Data) throws -> String {
            let type = "application/vnd.oci.image.\(type)+json".replacingOccurrences(of: "v1.tar+json", with: "v1.tar")
            return #""mediaType": "\#(type)", "digest": "\#(try store(bytes))", "size": \#(bytes.count)"#
        }
        let tar = layout + "/layer.tar"
        let owners = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"]
        try await HostProgram.run("tar", ["--create", "--file", tar, "--directory", root] + owners + ["."])
        let layer = try Data(contentsOf: URL(filePath: tar))
        try FileManager.default.removeItem(atPath: tar)
        let configuration = Data(
            #"""
            {"architecture": "amd64", "os": "linux", "config": {},
             "rootfs": {"type": "layers", "diff_ids": ["\#(Digest(of: layer))"]}}
            """#.utf8
        )
        let manifest = Data(
            #"""
            {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
             "config": {\#(try descriptor("config.v1", configuration))},
             "layers": [{\#(try descriptor("layer.v1.tar", layer))}]}
            """#.utf8
        )
        let index = Data(
            #"""
            {"schemaVersion": 2, "manifests": [{\#(try descriptor("manifest.v1", manifest)),
             "platform": {"architecture": "amd64", "os": "linux"},
             "annotations": {"io.containerd.image.name": "\#(name)"}}]}
            """#.utf8
        )
        try index.write(to: URL(filePath: layout + "/index.json"))
        try Data(#"{"imageLayoutVersion": "1.0.0"}"#.utf8).write(to: URL(filePath: layout + "/oci-layout"))
        try await HostProgram.run("tar", ["--create", "--file", path, "--directory", layout, "."])
    }
}
