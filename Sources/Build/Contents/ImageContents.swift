import Vocabulary

import struct Crypto.SHA256

/// What lies in an image: every path of its initrd, and the packages that it says are installed.
///
/// It is read out of the image's own blobs, so it is there for every image, also for imported ones, and cannot be wrong.
public struct ImageContents: Hashable, Sendable {
    public struct File: Hashable, Sendable {
        public var path: BytePath
        /// The part that brings it; of a directory, the first that names it.
        public var part: String
        /// `st_mode`: the type's bits (octal 170000) and the permissions.
        public var mode: UInt32
        public var owner: UInt32
        public var group: UInt32
        /// In bytes; 0 for everything but regular files.
        public var size: UInt64
        /// Of a regular file's content.
        public var digest: Digest?
        /// Of a symbolic link.
        public var target: BytePath?
        /// Of a device node.
        public var device: Device?

        public struct Device: Hashable, Sendable {
            public var major: UInt32
            public var minor: UInt32
        }

        /// The type's bits of `mode`.
        public var type: UInt32 { mode & 0o170000 }
        /// The low 12 bits of `mode`.
        public var permissions: UInt32 { mode & 0o7777 }
    }

    /// By path.
    public var files: [File]
    /// By where they are installed, then by name.
    public var packages: [InstalledPackage]

    /// Reads all of an image's initrd.
    /// - Throws: `BuildError` when a part is not what the kernel would unpack, or cannot be read.
    public init(of manifest: ImageManifest, in blobs: BlobStore) throws {
        var reading = Reading()
        for part in manifest.initrd { try reading.read(part: part.part, path: blobs.path(of: part.digest)) }
        files = reading.files.values.sorted { $0.path < $1.path }
        packages = reading.databases.packages
    }
}

/// Files as they come out of one part after the other: what comes later wins, as in the kernel.
private struct Reading {
    var files: [BytePath: ImageContents.File] = [:]
    var databases = PackageDatabases()
    /// Names of a file with several, of the part that is read, whose content has not come yet: only the last one carries
    /// it.
    private var links: [Link: [BytePath]] = [:]

    private struct Link: Hashable {
        var archive: Int
        var inode: UInt32
    }

    mutating func read(part: String, path: String) throws {
        var reader = try NewcReader(path: path)
        links = [:]
        while let header = try reader.next() {
            guard !header.path.bytes.isEmpty, header.path != "." else { continue }
            var file = ImageContents.File(
                path: header.path,
                part: part,
                mode: header.mode,
                owner: header.owner,
                group: header.group,
                size: 0
            )
            switch file.type {
            case 0o100000: try read(&file, header, &reader)
            case 0o120000: file.target = try Self.target(header, &reader)
            case 0o020000, 0o060000:
                file.device = .init(major: header.deviceMajor, minor: header.deviceMinor)
            case 0o040000: if let first = files[file.path], first.type == file.type { file.part = first.part }
            default: break
            }
            files[file.path] = file
        }
    }

    private mutating func read(
        _ file: inout ImageContents.File,
        _ header: NewcReader.Header,
        _ reader: inout NewcReader
    ) throws {
        var hash = SHA256()
        var kept: [UInt8]? = PackageDatabases.holds(file.path) && header.size <= PackageDatabases.largest ? [] : nil
        try reader.content { piece in
            hash.update(bufferPointer: piece)
            kept?.append(contentsOf: piece)
        }
        file.size = UInt64(header.size)
        file.digest = Digest(octets: Array(hash.finalize()))
        if let kept { databases.add(file.path, kept) }
        guard header.links > 1 else { return }
        let link = Link(archive: header.archive, inode: header.inode)
        links[link, default: []].append(file.path)
        guard header.size > 0 else { return }
        for path in links[link] ?? [] {
            files[path]?.size = file.size
            files[path]?.digest = file.digest
        }
    }

    private static func target(_ header: NewcReader.Header, _ reader: inout NewcReader) throws -> BytePath {
        // Linux' PATH_MAX.
        guard header.size < 4096 else {
            throw BuildError(
                .corrupt,
                "the link \(header.path) has a target of \(header.size) bytes, more than Linux has"
            )
        }
        var bytes: [UInt8] = []
        try reader.content { piece in bytes.append(contentsOf: piece) }
        return BytePath(bytes)
    }
}
