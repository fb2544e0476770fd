import Vocabulary

/// One path of a root file system, or of one layer of it.
public struct TreeEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case directory
        case file(FileContent)
        case symbolicLink(target: BytePath)
        /// Another name of a file of the same layer.
        case hardLink(to: BytePath)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// Relative to the root, clean: no empty part, no `.`, no `..`, no slash at either end. Empty for the root itself.
    public var path: BytePath
    public var kind: Kind
    /// The low 12 bits of the mode.
    public var permissions: UInt16
    public var owner: UInt32
    public var group: UInt32
    /// Seconds since 1970.
    public var modified: Int64
    /// Sorted by name.
    public var attributes: [ExtendedAttribute]

    public init(
        path: BytePath,
        kind: Kind,
        permissions: UInt16,
        owner: UInt32 = 0,
        group: UInt32 = 0,
        modified: Int64 = TreeEntry.standardTime,
        attributes: [ExtendedAttribute] = []
    ) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.modified = modified
        self.attributes = attributes
    }

    /// When everything was made that a build makes itself, unless SOURCE_DATE_EPOCH says otherwise:
    /// 2017-04-18T16:30:00Z, LinuxKit's.
    public static let standardTime: Int64 = 1_492_533_000
}

public struct ExtendedAttribute: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]

    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// The bytes of a regular file, without holding them.
public struct FileContent: Hashable, Sendable {
    /// Of the content alone.
    public var digest: Digest
    /// In bytes.
    public var size: UInt64
    public var place: Place

    public enum Place: Hashable, Sendable {
        /// In memory: what the build itself made.
        case bytes([UInt8])
        /// In the unpacked content of a layer, from `offset` on.
        case layer(LayerID, offset: UInt64)
        /// A file of this host.
        case host(path: String)
    }

    public init(digest: Digest, size: UInt64, place: Place) {
        self.digest = digest
        self.size = size
        self.place = place
    }
}

/// Which archive an entry came out of: a layer by the digest of its blob, or an archive that lies in a layer
/// (`kernel.tar`) by the digest of that file.
public struct LayerID: Hashable, Sendable {
    public var digest: Digest

    public init(_ digest: Digest) { self.digest = digest }
}

/// The table of contents of one layer: every entry in the archive's order, whiteouts among them by their names
/// (`.wh.NAME`, `.wh..wh..opq`: OCI image specification, layer).
public struct LayerTable: Hashable, Sendable {
    public var id: LayerID
    public var entries: [TreeEntry]

    public init(id: LayerID, entries: [TreeEntry]) {
        self.id = id
        self.entries = entries
    }
}
