import Vocabulary

extension FileTransport {
    /// What `skopeo copy … dir:` writes: `version`, `manifest.json`, and blobs under the hex of their digests. The
    /// manifests of an index lie beside it as `<hex>.manifest.json`.
    ///
    /// - Returns: the directory, and the descriptor of what its manifest.json holds.
    static func directory(_ path: String) throws -> (FileTransport, OCIDescriptor) {
        let name = "dir:\(path)"
        let files = DirectoryFiles(path: path)
        guard let version = try files.read("version", limit: 1 << 10) else {
            throw BuildError(.notFound, "\(name) is nothing that skopeo wrote: there is no file 'version' in \(path)")
        }
        guard version.starts(with: "Directory Transport Version: 1.".utf8) else {
            throw BuildError(.invalidInput, "cannot read \(name): its file 'version' names no version that is known")
        }
        guard let bytes = try files.read("manifest.json", limit: OCIDocument.longest) else {
            throw BuildError(.invalidInput, "\(name) is incomplete: there is no manifest.json in \(path)")
        }
        let document = try OCIDocument(parsing: bytes, mediaType: nil, name: "manifest.json of \(name)")
        let descriptor = OCIDescriptor(
            mediaType: document.mediaType,
            digest: Digest(of: bytes),
            size: UInt64(bytes.count)
        )
        let transport = FileTransport(name: name, files: files) { blob in
            if blob.digest == descriptor.digest { return "manifest.json" }
            let isManifest = OCIMediaType.isIndex(blob.mediaType) || OCIMediaType.isManifest(blob.mediaType)
            return isManifest ? "\(blob.digest.hex).manifest.json" : blob.digest.hex
        }
        return (transport, descriptor)
    }
}
