import Vocabulary

/// A kernel beside a disk image that holds the root, for `root=` a block device: `kernel+squashfs` and its like.
struct RootFileSystemFormat: ImageFormat {
    enum Kind: String, Sendable, CaseIterable {
        case squashfs
        case erofs
        case iso
    }

    let kind: Kind
    var name: String { "kernel+\(kind.rawValue)" }

    private func file(_ name: String) -> String {
        kind == .iso ? "\(name).iso" : "\(name)-\(kind.rawValue).img"
    }

    func fileNames(for name: String) -> [String] { ["\(name)-kernel", "\(name)-cmdline", file(name)] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await work.writeKernelAndCommandLine(of: image)
        let path = work.output(file(work.name))
        switch kind {
        case .squashfs: try await Self.write(.squashfs, image, identity: image.manifest.digest, at: path, in: work)
        case .erofs: try await Self.write(.erofs, image, identity: image.manifest.digest, at: path, in: work)
        case .iso:
            let (tree, state) = try await work.unpackedRoot(of: image)
            try await BootableISO(image: image, tree: tree, boots: .none, state: state)
                .make(at: path, commandLine: "", initrds: [], in: work)
        }
    }

    /// Writes the root of an image as a file system.
    /// - Parameter identity: what the file system's own identifier is derived from.
    static func write(
        _ type: RootType,
        _ image: BuiltImage,
        identity: Digest,
        at path: String,
        in work: FormatWork
    ) async throws {
        switch type {
        case .squashfs: try await writeSquashFS(image, at: path, in: work)
        case .erofs: try await writeEROFS(image, identity, at: path, in: work)
        }
    }

    /// From a tar archive, so that owners, devices and attributes need no privileges. gzip is what every kernel with
    /// squashfs can read.
    private static func writeSquashFS(_ image: BuiltImage, at path: String, in work: FormatWork) async throws {
        let archive = try await work.rootArchive(of: image)
        let root = "mtime=\(image.modified),uid=0,gid=0,mode=0755"
        try await work.tools.run(
            .tarToSquashFS,
            ["--quiet", "--no-skip", "--compressor", "gzip", "--defaults", root, path],
            epoch: image.newestTime,
            input: archive
        )
    }

    private static func writeEROFS(
        _ image: BuiltImage,
        _ identity: Digest,
        at path: String,
        in work: FormatWork
    ) async throws {
        // mkfs.erofs 1.5 says "No such file or directory" to the longest name that Linux has.
        let tooLong = image.root.entries.first { placed in
            placed.entry.path.bytes.split(separator: UInt8(ascii: "/")).contains { $0.count > 254 }
        }
        if let tooLong {
            throw BuildError(
                .invalidInput,
                "cannot put \(tooLong.entry.path) into an EROFS: mkfs.erofs takes names of up to 254 bytes; "
                    + "kernel+squashfs takes longer ones"
            )
        }
        let (tree, state) = try await work.unpackedRoot(of: image)
        let program = try work.tools.path(of: .makeEROFS)
        let uuid = DerivedIdentity(image: identity).uuid("EROFS")
        try await work.tools.run(
            .fakeroot,
            ["-i", state, "--", program, "--quiet", "-zlz4hc", "-x-1", "-U", uuid, path, tree],
            epoch: image.newestTime
        )
    }
}
