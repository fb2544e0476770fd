import Vocabulary

/// One thing in a cpio archive: its name, what it is, and who may do what with it.
public struct NewcEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case directory
        /// A regular file of `size` bytes, which follow the header.
        case file(size: UInt64)
        case symbolicLink(target: BytePath)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// Relative to the root; leading slashes are dropped.
    public var path: BytePath
    public var kind: Kind
    /// The low 12 bits of the mode: permissions, set-user-id, set-group-id and sticky.
    public var permissions: UInt16
    public var owner: UInt32
    public var group: UInt32
    /// Seconds since 1970.
    public var modified: UInt32
    /// Further names of the same file. Only regular files have any.
    public var hardLinks: [BytePath]

    public init(
        path: BytePath,
        kind: Kind,
        permissions: UInt16,
        owner: UInt32 = 0,
        group: UInt32 = 0,
        modified: UInt32 = 0,
        hardLinks: [BytePath] = []
    ) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.modified = modified
        self.hardLinks = hardLinks
    }

    public static func directory(_ path: BytePath, permissions: UInt16 = 0o755) -> NewcEntry {
        NewcEntry(path: path, kind: .directory, permissions: permissions)
    }

    public static func symbolicLink(_ path: BytePath, to target: BytePath) -> NewcEntry {
        NewcEntry(path: path, kind: .symbolicLink(target: target), permissions: 0o777)
    }
}

extension NewcEntry {
    /// `st_mode` as the archive carries it: the type's bits (octal 170000) and the permissions.
    var mode: UInt32 {
        let type: UInt32 =
            switch kind {
            case .directory: 0o040000
            case .file: 0o100000
            case .symbolicLink: 0o120000
            case .characterDevice: 0o020000
            case .blockDevice: 0o060000
            case .fifo: 0o010000
            }
        return type | UInt32(permissions & 0o7777)
    }

    /// Major and minor of the device that a device node stands for; zeros for everything else.
    var device: (major: UInt32, minor: UInt32) {
        switch kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor): (major, minor)
        case .directory, .file, .symbolicLink, .fifo: (0, 0)
        }
    }
}
