import Vocabulary

/// An OCI image layout in a directory or an archive (OCI image specification 1.1, image layout).
struct ImageLayout: Sendable {
    let transport: FileTransport
    let index: OCIIndex

    /// - Parameter name: as errors call it, such as `oci:/srv/images`.
    /// - Throws: `BuildError` for what is no layout, or one of a version that is not known.
    init(_ files: any NamedFiles, name: String) throws {
        transport = .layout(files, name: name)
        guard let marker = try files.read("oci-layout", limit: 1 << 16) else {
            throw BuildError(.notFound, "\(name) is no OCI image layout: there is no oci-layout in \(files.path)")
        }
        let version = try decodeJSON(Marker.self, from: marker, name: "oci-layout of \(name)").imageLayoutVersion
        guard version.hasPrefix("1.") else {
            throw BuildError(.invalidInput, "cannot read \(name): its layout has version \(version), expected 1.0.0")
        }
        guard let bytes = try files.read("index.json", limit: OCIDocument.longest) else {
            throw BuildError(.invalidInput, "\(name) is no OCI image layout: there is no index.json in \(files.path)")
        }
        index = try decodeJSON(OCIIndex.self, from: bytes, name: "index.json of \(name)")
    }

    private struct Marker: Decodable { var imageLayoutVersion: String }

    /// The images of a name; without one, the only image that there is.
    /// - Throws: `BuildError` `.notFound` or `.ambiguous`, with the names that there are.
    func descriptors(named name: String?) throws -> [OCIDescriptor] {
        let all = index.manifests
        let names = all.map { Self.names(of: $0) }
        let known = Array(Set(names.joined())).sorted().joined(separator: ", ")
        guard let name else {
            if all.isEmpty { throw BuildError(.notFound, "there is no image in \(transport.name)") }
            guard Set(names).count == 1, all.count == 1 || !names[0].isEmpty else {
                throw BuildError(
                    .ambiguous,
                    "\(transport.name) holds several images, say which: \(transport.name):NAME, NAME one of \(known)"
                )
            }
            return all
        }
        let whole = DockerReference(name)
        let found = zip(all, names).filter { _, names in
            names.contains { $0 == name || (whole != nil && DockerReference($0) == whole) }
        }
        guard !found.isEmpty else {
            let hint = known.isEmpty ? "its images have no names" : "it has \(known)"
            throw BuildError(.notFound, "there is no image '\(name)' in \(transport.name): \(hint)")
        }
        return found.map(\.0)
    }

    /// What an image is called in a layout: by containerd, which keeps whole names, then by the specification.
    static func names(of descriptor: OCIDescriptor) -> [String] {
        ["io.containerd.image.name", ContainerCache.nameAnnotation].compactMap { descriptor.annotations?[$0] }
    }
}
